"""Fixtures: an app on a freshly migrated database, clients of it, and factories for the models.

`BROKER_TEST_DATABASE_URL` runs everything on PostgreSQL; without it each test has a SQLite file of
its own, copied from one that was migrated once.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from zoneinfo import ZoneInfo

import flask_migrate
import pytest
import sqlalchemy
from flask import Flask, g
from flask.testing import FlaskClient, FlaskCliRunner

import config
from app import create_app
from broker.api import background
from broker.clock import now_s
from broker.models import (
    AccountState,
    Base,
    Group,
    MeterRole,
    MeterUse,
    Register,
    User,
    db,
    dispose_engines,
    writer,
)
from broker.services import meters, passwords, remembered, sessions
from tests.chromium import browse, chromium  # noqa: F401  (fixtures)

TEST_DATABASE_URL = os.environ.get("BROKER_TEST_DATABASE_URL", "")


def settings_in(instance: Path, **changes: object) -> config.Settings:
    """Settings of a house in Germany whose instance folder is of this test alone."""
    given: dict[str, object] = {
        "instance": instance,
        "timezone": ZoneInfo("Europe/Berlin"),
        "secret_key": "only-for-tests",
        "database_url": config.PARSERS["database_url"](TEST_DATABASE_URL),
    }
    return config.Settings(**(given | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance folder whose database has run every migration once."""
    instance = tmp_path_factory.mktemp("migrated")
    app = create_app(settings_in(instance))
    with app.app_context():
        if TEST_DATABASE_URL:
            _empty_schema()
        flask_migrate.upgrade()
        dispose_engines()
    return instance


def _empty_schema() -> None:
    with db.engine.begin() as connection:
        connection.execute(sqlalchemy.text("DROP SCHEMA public CASCADE"))
        connection.execute(sqlalchemy.text("CREATE SCHEMA public"))


@pytest.fixture
def settings(migrated: Path, tmp_path: Path) -> config.Settings:
    """The settings of the test's own installation; parametrise or replace to change some."""
    instance = tmp_path / "instance"
    if TEST_DATABASE_URL:
        instance.mkdir()
    else:
        shutil.copytree(migrated, instance)
    return settings_in(instance)


@pytest.fixture
def app(settings: config.Settings) -> Iterator[Flask]:
    """The app itself, as in production: authentication and CSRF are on."""
    app = create_app(settings)
    remembered.forget_everything()
    app.teardown_request(_forget_the_caller)
    with app.app_context():
        if TEST_DATABASE_URL:
            _empty_tables()
        yield app
        background.finish(app)
        db.session.remove()
        lent = {name: engine.pool.checkedout() for name, engine in db.engines.items()}
        dispose_engines()
        # Told by the test that keeps one, not by chance when another's garbage is collected.
        assert not any(lent.values()), f"connections are still lent: {lent}"


def _forget_the_caller(_error: BaseException | None) -> None:
    """Requests of a test share its app context, where the caller of the last one is still noted."""
    for name in list(g):
        g.pop(name)


def _empty_tables() -> None:
    names = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
    with db.engine.begin() as connection:
        connection.execute(sqlalchemy.text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client without a session."""
    return app.test_client()


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    """Runs the operator's commands."""
    return app.test_cli_runner()


# Groups, accounts and their sessions.

PASSWORD = "eleven-green-kettles"


@dataclass(frozen=True)
class Resident:
    """An account of a test with an open session."""

    id: int
    group_id: int
    mail: str
    token: str
    password: str = PASSWORD
    headers: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="session")
def password_hash() -> str:
    """The hash of every test account's password, at full cost but computed once."""
    return passwords.hashed(PASSWORD)


@pytest.fixture
def make_group(app: Flask) -> Callable[..., int]:
    """Makes a community and returns its id."""
    numbers = itertools.count(1)

    def make(name: str | None = None) -> int:
        values = {"name": name or f"Sonnenweg {next(numbers)}", "created_s": now_s()}
        with writer(db.engine).begin() as connection:
            made = connection.execute(sqlalchemy.insert(Group).values(values).returning(Group.id))
            return made.scalar_one()

    return make


@pytest.fixture
def make_user(
    app: Flask, make_group: Callable[..., int], password_hash: str
) -> Callable[..., Resident]:
    """Makes an active account with a session; columns of `User` can be chosen by keyword."""
    numbers = itertools.count(1)

    def make(group_id: int | None = None, **columns: object) -> Resident:
        number = next(numbers)
        values: dict[str, object] = {
            "group_id": group_id or make_group(),
            "mail": f"resident{number}@example.org",
            "name": "Lovelace",
            "first_name": "Ada",
            "password_hash": password_hash,
            "state": AccountState.ACTIVE.value,
            "is_operator": False,
            "registered_us": now_s() * 1_000_000,
        } | columns
        with writer(db.engine).begin() as connection:
            made = connection.execute(sqlalchemy.insert(User).values(values).returning(User.id))
            user_id = made.scalar_one()
        token, _ = sessions.open_session(user_id, now_s(), session_days=30)
        return Resident(
            id=user_id,
            group_id=values["group_id"],  # type: ignore[arg-type]
            mail=str(values["mail"]),
            token=token,
            headers={"Authorization": f"Bearer {token}"},
        )

    return make


@pytest.fixture
def resident(make_user: Callable[..., Resident]) -> Resident:
    """A resident of a community of one."""
    return make_user()


class Browser:
    """A client that prefers pages, keeps cookies and fills in forms as a person does."""

    headers = {"Accept": "text/html"}  # noqa: RUF012

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()

    def get(self, path: str, **kwargs: object):
        """Opens a page."""
        return self.client.get(path, headers=self.headers, **kwargs)

    def post(self, path: str, form: dict[str, object], page: str | None = None, **kwargs: object):
        """Sends the form of a page, by default of the page at the same path."""
        shown = self.get(page or path).text
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', shown)
        assert found, f"{page or path} has no form"
        return self.client.post(
            path, headers=self.headers, data=form | {"csrf_token": found[1]}, **kwargs
        )

    def log_in(self, resident: Resident, query: str = ""):
        """Logs in by the form."""
        form = {"user": resident.mail, "password": resident.password}
        return self.post("/login" + query, form)


@pytest.fixture
def browser(app: Flask) -> Browser:
    """A browser that nobody has logged in with."""
    return Browser(app)


# Meters and their uses.


@pytest.fixture
def make_meter(app: Flask) -> Callable[..., int]:
    """Makes a meter and returns its id."""
    numbers = itertools.count(1)

    def make(number: str | None = None, **chosen: int) -> int:
        return meters.add(number or f"1EMH{next(numbers):010d}", now_s(), **chosen)

    return make


@pytest.fixture
def assign(app: Flask) -> Callable[..., None]:
    """Lets a meter count: for a resident's flat, or with `group_id` and `role` for a group."""

    def assign_meter(
        meter_id: int, resident: Resident | None = None, begin_s: int = 0, **chosen: object
    ) -> None:
        values: dict[str, object] = {
            "meter_id": meter_id,
            "begin_s": begin_s,
            "role": MeterRole.FLAT.value,
            "register": int(Register.IMPORT),
        }
        if resident is not None:
            values |= {"user_id": resident.id, "group_id": resident.group_id}
        with writer(db.engine).begin() as connection:
            connection.execute(sqlalchemy.insert(MeterUse).values(values | chosen))

    return assign_meter


# A server of its own, as in production: for what needs real connections.

START_S = 30.0


@dataclass(frozen=True)
class LiveServer:
    """A running server; its database is that of the test if the test's settings are these."""

    settings: config.Settings
    log: Path
    process: subprocess.Popen[bytes]

    def request(
        self, method: str, path: str, headers: dict[str, str], document: object = None
    ) -> HTTPResponse:
        """Asks the server by HTTP, with a JSON document if there is one."""
        connection = HTTPConnection(self.settings.bind, timeout=START_S)
        body = None if document is None else json.dumps(document)
        connection.request(method, path, body, {"Content-Type": "application/json"} | headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    def workers(self) -> list[int]:
        """The process ids of its workers."""
        pid = self.process.pid
        return [int(pid) for pid in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def serving(
    settings: config.Settings, log: Path, prefix: Sequence[str] = (), **chosen: str
) -> Iterator[LiveServer]:
    """gunicorn as in production, with more of the environment if a test chooses it."""
    environment = {key: value for key, value in os.environ.items() if key[:7] != "BROKER_"} | {
        "BROKER_INSTANCE": str(settings.instance),
        "BROKER_BIND": settings.bind,
        "BROKER_DATABASE_URL": settings.database_url,
        "BROKER_TIMEZONE": settings.timezone.key,
    }
    command = [*prefix, sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"]
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*command, "app:create_app()"],
            cwd=config.PROJECT,
            env=environment | chosen,
            stdout=file,
            stderr=file,
        )
    try:
        server = LiveServer(settings, log, process)
        _await_answer(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(START_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_address(host: str = "127.0.0.1") -> str:
    """An address where nobody listens."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return f"{host}:{probe.getsockname()[1]}"


@pytest.fixture(scope="module")
def server_process(
    migrated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    """gunicorn on a free port, with a database that keeps what the tests of a module leave."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copytree(migrated, folder / "instance")
    settings = settings_in(folder / "instance", bind=free_address())
    with serving(settings, folder / "log") as server:
        yield server


@pytest.fixture
def serve(settings: config.Settings, tmp_path: Path) -> Iterator[Callable[..., LiveServer]]:
    """Starts servers of the test's installation, each at an address of its own or a given one."""
    with ExitStack() as stack:
        numbers = itertools.count(1)

        def start(bind: str = "", prefix: Sequence[str] = (), **chosen: str) -> LiveServer:
            its = replace(settings, bind=bind or free_address())
            log = tmp_path / f"log {next(numbers)}"
            return stack.enter_context(serving(its, log, prefix, **chosen))

        yield start


def _await_answer(server: LiveServer) -> None:
    give_up_s = time.monotonic() + START_S
    while server.process.poll() is None and time.monotonic() < give_up_s:
        try:
            server.request("GET", "/live", {})
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"The server didn't come up: {server.log.read_text()[-2000:]}")


@pytest.fixture
def live_server(server_process: LiveServer) -> LiveServer:
    """A running server without any data. A module that wants to fill its database overrides the
    fixture `settings` by this one's."""
    if not TEST_DATABASE_URL:
        engine = sqlalchemy.create_engine(server_process.settings.database_url)
        with engine.begin() as connection:
            for table in reversed(Base.metadata.sorted_tables):
                connection.execute(table.delete())
        engine.dispose()
    return server_process

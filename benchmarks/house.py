"""A house to measure: ten flats, common consumption and two production meters, read every minute.

Its database is kept between runs under a name that tells engine and days; it is built anew on
another day, or when the code that fills it has changed, and brought up to the present otherwise.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import flask_migrate
import numpy
import psycopg
from flask import Flask
from sqlalchemy import func, insert, select, text
from sqlalchemy.engine import make_url

import config
from app import create_app
from benchmarks.server import PROJECT
from broker.clock import now_s
from broker.energy.challenges import Target
from broker.energy.standard_load_profile import Profile
from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from broker.models import (
    AccountState,
    Group,
    HouseholdSize,
    Meter,
    MeterRole,
    MeterUse,
    Reading,
    Register,
    User,
    db,
    writer,
)
from broker.services import (
    baselines,
    challenge_catalogue,
    challenge_runs,
    challenges,
    passwords,
    sessions,
)
from broker.services.baselines import Terms
from broker.services.standard_load_profile import StandardHousehold
from broker.units import DAY_S, QUARTER_HOUR_S

FLATS = 10
ROLES = [MeterRole.FLAT] * FLATS + [
    MeterRole.COMMON,
    MeterRole.FIRST_PRODUCTION,
    MeterRole.SECOND_PRODUCTION,
]
INTERVAL_S = 60
DAYS_A_CALL = 7
"""Thirteen meters make 131,040 readings a week: batches large enough for any bulk import."""
PASSWORD = "nine little ducks"
ZONE = ZoneInfo("Europe/Berlin")
CHALLENGES = (1, 6, 8, 10, 15)
"""Weeks of the night, of less than before, of the base load, of the sun, of the community."""
DAYS_IN_A_CHALLENGE = 3
BILL_KWH = Decimal(2900)
OF_USUAL = Target(ratio=1.1, weeks=3)
LEAST_DAYS_OF_CHALLENGES = 7 * OF_USUAL.weeks + DAYS_IN_A_CHALLENGE + 1
"""A shorter history is too short to set targets by."""
FILLED_BY = (
    "broker/models",
    "broker/energy",
    "broker/store",
    "broker/ingest",
    "migrations/versions",
)


@dataclass
class Built:
    """What is known about a kept database."""

    day: str
    code: str
    readings: int = 0
    seconds: float = 0.0
    empty_bytes: int = 0


@dataclass(frozen=True)
class House:
    """A filled database, with the environment in which the app serves it."""

    days: int
    app: Flask
    environment: dict[str, str]
    built: Built
    folder: Path

    @property
    def described(self) -> str:
        """How large it is."""
        return f"{self.days} days stored"

    def tokens(self) -> list[str]:
        """A new session for every resident."""
        with self.app.app_context(), db.engine.connect() as connection:
            ids = connection.scalars(select(User.id).order_by(User.id)).all()
            return [sessions.open_session(user_id, now_s(), 30)[0] for user_id in ids]

    def mails(self) -> list[str]:
        """The mail address of every resident; all have the same password."""
        with self.app.app_context(), db.engine.connect() as connection:
            return list(connection.scalars(select(User.mail).order_by(User.id)))

    def size_bytes(self) -> int:
        """What the database takes on disk, indexes included."""
        with self.app.app_context():
            return database_bytes(self.folder)


@contextmanager
def house(database: str, days: int, results: Path) -> Iterator[House]:
    """The house with that many days of readings, on SQLite or on a PostgreSQL database."""
    name = f"{'postgresql' if database else 'sqlite'}-{days}"
    folder, environment = installation(database, name, results)
    facts = folder / "built.json"
    expected = Built(date.today().isoformat(), digest_of_code(database))
    built = Built(**json.loads(facts.read_text())) if facts.exists() else None
    if built is None or (built.day, built.code) != (expected.day, expected.code):
        empty_installation(folder, environment)
        built = None
    with running_app(environment) as app:
        if built is None:
            built = _filled(expected, days, folder)
            gather_statistics()
            facts.write_text(json.dumps(asdict(built)))
        _bring_up_to_date()
        if days >= LEAST_DAYS_OF_CHALLENGES:
            start_challenges()
        enter_bills()
        yield House(days, app, environment, built, folder)


def installation(database: str, name: str, results: Path) -> tuple[Path, dict[str, str]]:
    """An instance folder and the environment that leads to it, on PostgreSQL to its own schema."""
    folder = results / name
    environment = {"BROKER_INSTANCE": str(folder), "BROKER_TIMEZONE": ZONE.key}
    if database:
        schema = "bench_" + name.replace("-", "_")
        url = make_url(database).update_query_dict({"options": f"-csearch_path={schema}"})
        environment["BROKER_DATABASE_URL"] = url.render_as_string(hide_password=False)
    return folder, environment


def empty_installation(folder: Path, environment: dict[str, str]) -> None:
    """Removes what a former run left and migrates an empty database."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if address := environment.get("BROKER_DATABASE_URL"):
        url = make_url(address)
        schema = str(url.query["options"]).rpartition("=")[2]
        plain = url.difference_update_query(["options"]).render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE'.encode())
            connection.execute(f'CREATE SCHEMA "{schema}"'.encode())
    with running_app(environment):
        flask_migrate.upgrade()


@contextmanager
def running_app(environment: dict[str, str]) -> Iterator[Flask]:
    """The app in this process, inside its context."""
    app = create_app(config.load(environment))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def digest_of_code(database: str) -> str:
    """Tells whether it is still the same code that fills the same database."""
    digest = hashlib.sha256(database.encode())
    for folder in FILLED_BY:
        for path in sorted((PROJECT / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def database_bytes(folder: Path) -> int:
    """Size of the database of the app in whose context this runs."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            sizes = text(
                "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c"
                " WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace"
            )
            return int(connection.scalar(sizes))
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return sum(path.stat().st_size for path in folder.glob("broker.sqlite*"))


def gather_statistics() -> None:
    """What PostgreSQL's autovacuum does by itself some minutes later, where it isn't switched off:
    without, it plans as if tables held nothing."""
    with db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("ANALYZE"))


def _filled(built: Built, days: int, folder: Path) -> Built:
    """Makes the community and gives it its history. Times the readings only."""
    end_s = now_s() // INTERVAL_S * INTERVAL_S
    begin_s = end_s - days * DAY_S
    meters = make_meters(ROLES, begin_s - begin_s % QUARTER_HOUR_S)
    built.empty_bytes = database_bytes(folder)
    for start_s in range(begin_s, end_s, DAYS_A_CALL * DAY_S):
        stop_s = min(start_s + DAYS_A_CALL * DAY_S, end_s)
        batch = {meter_id: minutes(meter_id, start_s, stop_s) for meter_id in meters}
        started_s = time.perf_counter()
        outcome = take_in(batch, now_s())
        built.seconds += time.perf_counter() - started_s
        built.readings += outcome.stored
    if built.readings != len(ROLES) * days * DAY_S // INTERVAL_S:
        raise RuntimeError(f"only {built.readings:,} readings of the house were stored")
    return built


def _bring_up_to_date() -> None:
    """Adds the minutes since the last run, so that the past 24 hours are as full as any."""
    last = select(func.max(Reading.time_s)).where(Reading.meter_id == Meter.id).scalar_subquery()
    with db.engine.connect() as connection:
        nexts_s = {
            meter_id: last_s + INTERVAL_S
            for meter_id, last_s in connection.execute(select(Meter.id, last))
        }
    batch = {
        meter_id: minutes(meter_id, next_s, now_s())
        for meter_id, next_s in nexts_s.items()
        if next_s < now_s()
    }
    take_in(batch, now_s())


def start_challenges() -> None:
    """Lets every resident be in the middle of a challenge, one after the other of `CHALLENGES`."""
    known = challenge_catalogue.read(challenge_catalogue.SHIPPED, {})
    household = StandardHousehold(Profile.H0, None, ZONE)
    with db.engine.connect() as connection:
        residents = connection.execute(select(User.id, User.group_id).order_by(User.id)).all()
    for number, (user_id, group_id) in enumerate(residents):
        if challenge_runs.open_run(user_id) is None:
            challenge = replace(known[CHALLENGES[number % len(CHALLENGES)]], target=OF_USUAL)
            started_s = now_s() - DAYS_IN_A_CHALLENGE * DAY_S
            challenges.start(user_id, group_id, challenge, household, started_s)


def enter_bills() -> None:
    """Gives every resident a baseline: a year of readings seldom covers a whole term before."""
    terms = Terms.at(now_s(), config.Settings.term_start, ZONE)
    with db.engine.connect() as connection:
        mails = connection.scalars(select(User.mail)).all()
    for mail in mails:
        baselines.enter(mail, BILL_KWH, terms.previous_year, terms, now_s())


def make_meters(roles: list[MeterRole], begin_s: int) -> list[int]:
    """A community with a meter for each role and a resident for each flat; the meters' ids."""
    password_hash = passwords.hashed(PASSWORD)
    with writer(db.engine).begin() as connection:
        group_id = connection.scalar(
            insert(Group).values(name="Long Street 1", created_s=begin_s).returning(Group.id)
        )
        ids: list[int] = []
        for number, role in enumerate(roles, 1):
            meter = {"number": f"1EMH00{number:08}", "created_s": begin_s}
            meter_id = connection.scalar(insert(Meter).values(meter).returning(Meter.id))
            user_id = None
            if role == MeterRole.FLAT:
                user_id = connection.scalar(
                    insert(User)
                    .values(_resident(number, password_hash) | {"group_id": group_id})
                    .returning(User.id)
                )
                connection.execute(
                    insert(HouseholdSize).values(
                        user_id=user_id, valid_from=date(2020, 1, 1), inhabitants=1 + number % 4
                    )
                )
            connection.execute(
                insert(MeterUse).values(
                    meter_id=meter_id,
                    group_id=group_id,
                    user_id=user_id,
                    role=role.value,
                    register=int(Register.IMPORT),
                    begin_s=begin_s,
                )
            )
            ids.append(cast(int, meter_id))
    return ids


def _resident(number: int, password_hash: str) -> dict[str, object]:
    return {
        "mail": f"resident{number}@example.org",
        "name": f"Resident {number}",
        "first_name": "Kim",
        "nick": f"Flat {number}",
        "flat_size_m2": 40.0 + number,
        "password_hash": password_hash,
        "state": AccountState.ACTIVE.value,
        "registered_us": 1_600_000_000_000_000,
    }


def minutes(meter_id: int, begin_s: int, end_s: int) -> Columns:
    """A reading a minute in [begin_s, end_s): counter and power of a day's swing with some noise.

    A function of meter and time alone, so that any later part continues the earlier ones.
    """
    times_s = numpy.arange(begin_s, end_s, INTERVAL_S, dtype=numpy.int64)
    mean_mw, swing_mw = 300_000 + 20_000 * meter_id, 200_000
    omega = 2 * math.pi / DAY_S
    # The integral of mean + swing · sin(ωt) in mW·s; 1 mW·s is 25/9 of 0.1 µWh.
    energy_mws = mean_mw * times_s - swing_mw / omega * numpy.cos(omega * times_s)
    # A multiplicative hash for noise, far below what the meter counts in a minute at least.
    noise = (times_s * 2_654_435_761 + meter_id * 40_503) % 4_294_967_296 / 4_294_967_296
    counters = (energy_mws * 25 / 9 + noise * 100_000).astype(numpy.int64)
    powers_mw = (mean_mw + swing_mw * numpy.sin(omega * times_s) + noise * 50_000).astype(
        numpy.int64
    )
    none: list[int | None] = [None] * len(times_s)
    return Columns(times_s.tolist(), counters.tolist(), none, powers_mw.tolist())

"""The demo house behind a server, and everybody who looks at its pages."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import sqlalchemy

import config
from app import create_app
from broker.clock import day_start_s, now_s
from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from broker.models import NoticeKind, User, db, dispose_engines
from broker.services import community, invitations, meters, sessions, unsubscribing
from broker.services.demo import KEY_NAME
from broker.services.mail import Postbox
from broker.sources.simulated_readings import demo_house
from tests.conftest import TEST_DATABASE_URL, free_address, serving, settings_in

DAYS = 100
"""The fewest that the demo builds."""
RESIDENT = "maria.huber@example.org"
OPERATOR = "hausverwaltung@example.org"
NEWCOMER = "neu@example.org"
PASSWORD = "eleven-green-kettles"


@dataclass(frozen=True)
class Sonnenhof:
    """The demo house's server, and what opens its pages."""

    settings: config.Settings
    tokens: dict[str, str]
    """Of the sessions of resident, operator and newcomer, by what they are."""
    invitation: str
    reset: str
    unsubscribe: str
    """Tokens of mailed links."""
    names: tuple[str, ...]
    """What people and things are called, in whatever language."""

    def address(self, path: str) -> str:
        """A path with its placeholders filled: numbers are days ago."""
        zone = self.settings.timezone
        begins_s = [day_start_s(now_s(), zone, days) for days in range(DAYS)]
        links = {name: getattr(self, name) for name in ("invitation", "reset", "unsubscribe")}
        return path.format(*begins_s, **links)


@pytest.fixture(scope="session")
def sonnenhof(migrated: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sonnenhof]:
    """The demo house with a hundred days of readings, behind a server.

    Besides there is a newcomer in a house where nothing was ever measured.
    """
    if TEST_DATABASE_URL:
        pytest.skip("pages look the same on every database")
    folder = tmp_path_factory.mktemp("sonnenhof")
    shutil.copytree(str(migrated), folder / "instance")
    settings = settings_in(folder / "instance", bind=free_address())
    house = _furnished(settings)
    chosen = {"BROKER_GRID_CO2_G_PER_KWH": "363", "BROKER_SECRET_KEY": settings.secret_key}
    with serving(settings, folder / "log", **chosen):
        yield house


def _furnished(settings: config.Settings) -> Sonnenhof:
    app = create_app(settings)
    with app.app_context():
        built = app.test_cli_runner().invoke(args=["demo", "--days", str(DAYS)])
        assert built.exit_code == 0, built.output
        post = Postbox("", "broker@example.org", settings.outbox)
        now_us = now_s() * 1_000_000
        empty = community.add("Gartenhaus", now_s())
        person = {"now_us": now_us, "first_name": "Neu", "name": "Neumann"}
        invitations.activate(empty, NEWCOMER, password=PASSWORD, **person)
        invited = invitations.invite(
            empty, "kim@example.org", **person, days=14, base_url="", postbox=post
        )
        invitations.request_reset(RESIDENT, now_us=now_us, hours=2, base_url="", postbox=post)
        _doubt_a_reading()
        with db.engine.connect() as connection:
            ids = dict(connection.execute(sqlalchemy.select(User.mail, User.id)).tuples().all())
        tokens = {
            who: sessions.open_session(ids[mail], now_s(), session_days=30)[0]
            for who, mail in (
                ("resident", RESIDENT),
                ("operator", OPERATOR),
                ("newcomer", NEWCOMER),
            )
        }
        db.session.remove()
        dispose_engines()
    mails = "".join(path.read_text() for path in settings.outbox.iterdir())
    [reset] = re.findall(r"/password/reset/([\w-]+)", mails)
    ended = unsubscribing.token(settings.secret_key, ids[RESIDENT], NoticeKind.WEEK)
    invitation = invited.link.partition("token=")[2]
    return Sonnenhof(settings, tokens, invitation, reset, ended, tuple(_names()))


def _doubt_a_reading() -> None:
    """10 kWh within a minute would be 600 kW; a meter is believed up to 60."""
    begin_s = now_s() // 60 * 60 - 7200
    jump = Columns([begin_s, begin_s + 60], [10**12, 10**12 + 10**11], [None] * 2, [None] * 2)
    take_in({meters.add("SPARE", now_s()): jump}, now_s())


def _names() -> Iterator[str]:
    yield from (KEY_NAME, invitations.INVITATION_SUBJECT, invitations.RESET_SUBJECT)
    for meter in demo_house().meters:
        if meter.flat:
            yield from (meter.flat.nick, meter.flat.first_name, meter.flat.name)

"""Who may no longer watch. What ends their right happens in another process than they watch at."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy

from broker.clock import now_s
from broker.models import SessionToken, db, writer
from broker.services import accounts, deletion, meters, users
from broker.units import DAY_S

NOT_LOGGED_IN, NOT_YOUR_METER = 4401, 4403
ENDED_WITHIN_S = 5.0
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def settings(live_server):
    """The server's own, so that it knows what a test makes."""
    return live_server.settings


def log_out(flat) -> None:
    with writer(db.engine).begin() as connection:
        connection.execute(sqlalchemy.delete(SessionToken))


def expire(flat) -> None:
    with writer(db.engine).begin() as connection:
        connection.execute(sqlalchemy.update(SessionToken).values(expires_s=now_s()))


def change_the_password(flat) -> None:
    # The session that changes it stays; it isn't the one that watches.
    accounts.change_password(flat.me.id, 0, "seven quiet lanterns")


def be_deactivated(flat) -> None:
    users.deactivate(flat.me.mail)


def be_deleted(flat) -> None:
    tomorrow = datetime.now(BERLIN).date() + timedelta(days=1)
    deletion.delete_account(flat.me.id, flat.me.password, now_s(), tomorrow)


def lose_the_meter(flat) -> None:
    meters.release("MINE", now_s())


@pytest.mark.parametrize(
    ("happen", "code"),
    [
        (log_out, NOT_LOGGED_IN),
        (expire, NOT_LOGGED_IN),
        (change_the_password, NOT_LOGGED_IN),
        (be_deactivated, NOT_LOGGED_IN),
        (be_deleted, NOT_LOGGED_IN),
        (lose_the_meter, NOT_YOUR_METER),
    ],
)
def test_a_live_view_outlives_neither_session_nor_meter(
    flat, live_server, hear, closing, happen, code
):
    with flat.watch(live_server.settings.bind) as socket:
        hear(socket, 0)
        happen(flat)
        assert closing(socket, ENDED_WITHIN_S) == code


def test_a_session_that_is_watched_with_counts_as_used(flat, live_server, hear):
    # It would end in an hour; sessions in use end 30 days from now.
    with writer(db.engine).begin() as connection:
        connection.execute(sqlalchemy.update(SessionToken).values(expires_s=now_s() + 3600))
    with flat.watch(live_server.settings.bind) as socket:
        hear(socket, 0)
        with db.engine.connect() as connection:
            [expires_s] = connection.scalars(sqlalchemy.select(SessionToken.expires_s))
    assert expires_s > now_s() + 29 * DAY_S

"""News between processes and hosts: what one takes in, the live views of all the others hear of.

On PostgreSQL the transaction that stores readings notifies all workers of their meters; the server
passes it on with the commit, so nothing that is committed goes untold and nothing else is told.
SQLite has no such thing, but knows whether another connection has changed the database: workers
look some times a second, and find out for themselves what is new.
"""

from __future__ import annotations

import logging
import os
import secrets
import sqlite3
from collections.abc import Iterable
from time import monotonic
from typing import Any

import psycopg
from gevent import sleep
from sqlalchemy import Connection, Engine, text

from broker.live import hub
from broker.models.readers import sqlite_reader

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.05
CHANNEL = "broker_live"
LONGEST_PAYLOAD = 7900
"""PostgreSQL takes less than 8000 bytes."""
ANY_METER = "*"
SILENCE_S = 10.0
"""A listener that hears nothing for so long asks whether the server is still there."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 4.0
OF_A_LISTENER: dict[str, Any] = {
    "application_name": CHANNEL,
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 10_000,
}

_NOTIFY = text("SELECT pg_notify(:channel, :payload)")
_secret = secrets.token_hex(4)


def announce(connection: Connection, meter_ids: Iterable[int]) -> None:
    """Lets the other processes know of new readings when, and only if, the transaction commits."""
    meters = ",".join(map(str, meter_ids))
    if meters and connection.dialect.name == "postgresql":
        payload = f"{_own_name()} {meters if len(meters) < LONGEST_PAYLOAD else ANY_METER}"
        connection.execute(_NOTIFY, {"channel": CHANNEL, "payload": payload})


def listen(engine: Engine) -> None:
    """Passes on what other processes take in, for ever. A lost connection is made anew, and then
    everybody is told what has changed meanwhile."""
    follow = _look if engine.dialect.name == "sqlite" else _hear
    pause_s = FIRST_PAUSE_S
    while True:
        began_s = monotonic()
        try:
            follow(engine)
        except (sqlite3.Error, psycopg.Error) as error:
            log.warning("No news of other processes for now: %s", error)
        except Exception:
            log.exception("No news of other processes for now")
        if monotonic() - began_s > LONGEST_PAUSE_S:
            pause_s = FIRST_PAUSE_S
        sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def version(engine: Engine) -> object:
    """Changes whenever any other connection has changed the SQLite database: that costs
    microseconds. None on PostgreSQL."""
    if engine.dialect.name != "sqlite":
        return None
    return sqlite_reader(engine).execute("PRAGMA data_version").fetchone()


def _look(engine: Engine) -> None:
    """Looks some times a second whether anybody has changed the SQLite database."""
    while True:
        hub.watched.wait()
        hub.doubt(version(engine))
        sleep(max(LOOK_EVERY_S, hub.rest_s()))


def _hear(engine: Engine) -> None:
    """Hears what other transactions of the PostgreSQL database announce."""
    address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True, **OF_A_LISTENER) as connection:
        connection.execute(f"LISTEN {CHANNEL}")
        hub.doubt()  # nobody listened until now
        while True:
            for notification in connection.notifies(timeout=SILENCE_S):
                _pass_on(notification.payload)
            connection.execute("SELECT 1")


def _pass_on(payload: str) -> None:
    sender, _, meters = payload.partition(" ")
    if sender == _own_name():
        return  # `hub.publish` was quicker
    if meters == ANY_METER:
        hub.doubt()
    else:
        hub.publish(map(int, meters.split(",")))


def _own_name() -> str:
    return f"{_secret}.{os.getpid()}"

"""The database handle and the column types that every table shares."""

from __future__ import annotations

import sqlite3
from typing import Annotated, Any

import flask_sqlalchemy
from sqlalchemy import BigInteger, Connection, Engine, Integer, event
from sqlalchemy.orm import DeclarativeBase, mapped_column

Id = Annotated[int, mapped_column(Integer, primary_key=True)]
TimeS = Annotated[int, mapped_column(BigInteger)]
"""POSIX seconds."""
TenthUwh = Annotated[int, mapped_column(BigInteger)]
"""Energy in 1e-10 kWh: needs 64 bits."""
PowerMw = Annotated[int, mapped_column(BigInteger)]


class Base(DeclarativeBase):
    """The one model layer that API, admin pages and commands share."""


db = flask_sqlalchemy.SQLAlchemy(model_class=Base)

READING = "reading"
"""The key of the pool for `prepared` statements."""

BUSY_TIMEOUT_MS = 15_000


@event.listens_for(Engine, "connect")
def prepare_sqlite(connection: Any, _record: Any) -> None:
    """WAL lets readers go on while one writes; FULL makes a commit survive a power cut.

    Transactions are begun by us (`begin_sqlite`), because the driver's own way begins them too
    late: a transaction that reads first and writes later could then fail instead of waiting.
    """
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "cache_size = -32768",
    ):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def begin_sqlite(connection: Connection) -> None:
    """Begins for writing at once where the caller said so (`writing`), else for reading."""
    if connection.dialect.name == "sqlite":
        options = connection.get_execution_options()
        # By the driver: SQLAlchemy's way of sending one word takes as long as a small query.
        driver = connection.connection.driver_connection
        assert driver is not None
        if not options.get("writes", False):
            driver.execute("BEGIN")
            return
        safe = options.get("survives_power_cut", True)
        driver.execute(f"PRAGMA synchronous = {'FULL' if safe else 'NORMAL'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def engine_settings(url: str) -> dict[str, Any]:
    """What Flask-SQLAlchemy is to know: the database, and a second pool of it for reading only."""
    pool = {"pool_size": 10, "max_overflow": 20}
    reading = {"url": url, "isolation_level": "AUTOCOMMIT", "pool_reset_on_return": None}
    return {
        "SQLALCHEMY_DATABASE_URI": url,
        "SQLALCHEMY_ENGINE_OPTIONS": pool,
        "SQLALCHEMY_BINDS": {READING: reading | pool},
    }


def writer(engine: Engine, survives_power_cut: bool = True) -> Engine:
    """The same engine for transactions that write: they wait their turn instead of failing.

    What need not survive a power cut is on SQLite's disk with the next transaction that has to:
    waiting for the disk stops all greenlets for some milliseconds. It survives everything else.
    """
    return engine.execution_options(writes=True, survives_power_cut=survives_power_cut)

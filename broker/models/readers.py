"""Connections for single statements that only read. A pool that lends for transactions takes longer
to lend one than such a statement takes.
"""

from __future__ import annotations

import sqlite3
from threading import Semaphore
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from broker.models.database import db

MOST_AT_A_TIME = 16
"""Statements of this process that a PostgreSQL server answers at once; others wait their turn."""
PLANNED_ONCE = ("plan_cache_mode = force_generic_plan", "jit = off")
"""These statements seek in indexes whatever is asked for, so one plan fits all. PostgreSQL would
rather make one a call, and its guesses of the costs, not the rows, decide: planning took four times
as long as the rest, and more with a longer history."""


class PostgresReader:
    """Open cursors of autocommitting connections. Each remembers what it has prepared, so the one
    used last is lent first."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: list[Any] = []
        self._turns = Semaphore(MOST_AT_A_TIME)

    def fetch(self, sql: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
        """All rows. Raises what the driver raises, and trusts that connection no more."""
        with self._turns:
            try:
                cursor = self._idle.pop()
            except IndexError:
                cursor = self._open()
            try:
                rows: list[tuple[Any, ...]] = cursor.execute(sql, given).fetchall()
            except BaseException:  # a greenlet may also be killed while it waits
                cursor.connection.close()
                raise
            self._idle.append(cursor)
            return rows

    def close(self) -> None:
        """Closes what is idle."""
        while self._idle:
            self._idle.pop().connection.close()

    def _open(self) -> Any:
        cursor = _detached(self._engine).cursor()
        for setting in PLANNED_ONCE:
            cursor.execute(f"SET {setting}")
        return cursor


_sqlite_readers: WeakKeyDictionary[Engine, sqlite3.Connection] = WeakKeyDictionary()
_postgres_readers: WeakKeyDictionary[Engine, PostgresReader] = WeakKeyDictionary()


def sqlite_reader(engine: Engine) -> sqlite3.Connection:
    """The one connection of this process for reading by single statements.

    SQLite answers without letting anybody else run, so nobody waits for it; threads it serialises
    itself.
    """
    connection = _sqlite_readers.get(engine)
    if connection is None:
        connection = _sqlite_readers[engine] = _detached(engine)
    return connection


def postgres_reader(engine: Engine) -> PostgresReader:
    """What this process reads single statements by."""
    reader = _postgres_readers.get(engine)
    if reader is None:
        reader = _postgres_readers.setdefault(engine, PostgresReader(engine))
    return reader


def dispose_engines() -> None:
    """Closes every idle connection."""
    for engine in db.engines.values():
        for readers in (_sqlite_readers, _postgres_readers):
            if reader := readers.pop(engine, None):
                reader.close()
        engine.dispose()


def _detached(engine: Engine) -> Any:
    lent = engine.raw_connection()
    connection = lent.driver_connection
    lent.detach()
    return connection

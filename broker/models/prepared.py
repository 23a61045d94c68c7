"""Statements that every request needs: compiled once, run by the driver itself.

SQLAlchemy takes ten times as long to run a small statement as SQLite does. These reads go through
a pool of their own whose connections are always in autocommit: a single statement needs no
transaction, and on PostgreSQL each would cost two more round trips.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import orjson
from sqlalchemy import Engine, Select

from broker.models.database import READING, db, sqlite_reader


class Prepared:
    """A Core statement whose parameters are the names of its `bindparam`s.

    Rows are named tuples of what the driver gives: on SQLite a Boolean is 0 or 1, a date is text.
    """

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement
        self._row = _row_type(statement)
        self._compiled: dict[str, tuple[str, dict[str, Any]]] = {}

    def rows(self, **given: Any) -> list[Any]:
        """All rows."""
        return [self._row._make(row) for row in self._run(given)]

    def first(self, **given: Any) -> Any:
        """The first row, or None."""
        for row in self._run(given):
            return self._row._make(row)
        return None

    def _run(self, given: dict[str, Any]) -> list[tuple[Any, ...]]:
        engine = db.engines[READING]
        sql, constants = self._compiled.get(engine.name) or self._compile(engine)
        rows: list[tuple[Any, ...]]
        if engine.name == "sqlite":
            for name, value in given.items():
                if isinstance(value, list):  # it knows no lists but those of JSON
                    given[name] = orjson.dumps(value).decode()
            rows = sqlite_reader(engine).execute(sql, constants | given).fetchall()
            return rows
        lost = engine.dialect.loaded_dbapi.OperationalError
        try:
            return _ask(engine, sql, constants | given)
        except lost:
            # The server has restarted, so no connection of before is any good. What only reads
            # can be asked again.
            engine.dispose()
            return _ask(engine, sql, constants | given)

    def _compile(self, engine: Engine) -> tuple[str, dict[str, Any]]:
        dialect: Any = type(engine.dialect)
        style = "named" if engine.name == "sqlite" else "pyformat"
        compiled = self.statement.compile(dialect=dialect(paramstyle=style))
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        self._compiled[engine.name] = str(compiled), constants
        return self._compiled[engine.name]


def _ask(engine: Engine, sql: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    pooled = engine.raw_connection()
    driver: Any = pooled.driver_connection
    try:
        rows: list[tuple[Any, ...]] = driver.execute(sql, given).fetchall()
        return rows
    finally:
        if driver.closed:
            pooled.invalidate()
        pooled.close()


def _row_type(statement: Select[Any]) -> Any:
    return namedtuple("Row", statement.selected_columns.keys(), rename=True)

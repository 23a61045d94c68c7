"""Statements that every request needs: compiled once, run by the driver itself.

SQLAlchemy takes ten times as long to run a small statement as SQLite does. These reads go by
connections of their own (`readers`) that are always in autocommit: a single statement needs no
transaction, and on PostgreSQL each would cost two more round trips.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import orjson
from sqlalchemy import Engine, Select

from broker.models.database import READING, db
from broker.models.readers import postgres_reader, sqlite_reader


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
        reader = postgres_reader(engine)
        try:
            return reader.fetch(sql, constants | given)
        except lost:
            # The server has restarted, so no connection of before is any good. What only reads
            # can be asked again.
            reader.close()
            return reader.fetch(sql, constants | given)

    def _compile(self, engine: Engine) -> tuple[str, dict[str, Any]]:
        dialect: Any = type(engine.dialect)
        style = "named" if engine.name == "sqlite" else "pyformat"
        compiled = self.statement.compile(dialect=dialect(paramstyle=style))
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        sql = str(compiled)
        if engine.name != "sqlite":
            # A plan for all parameters knows constants only from the statement itself.
            for name, value in constants.items():
                sql = sql.replace(f"%({name})s", _written(value))
            constants = {}
        self._compiled[engine.name] = sql, constants
        return self._compiled[engine.name]


def _written(constant: int | str) -> str:
    """As PostgreSQL reads it in a statement with parameters of the driver."""
    if isinstance(constant, str):
        return "'" + constant.replace("'", "''").replace("%", "%%") + "'"
    return str(constant)


def _row_type(statement: Select[Any]) -> Any:
    return namedtuple("Row", statement.selected_columns.keys(), rename=True)

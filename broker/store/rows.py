"""Many rows at once, as fast as each database takes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.exc import IntegrityError

Row = Sequence[Any]


def fetch(connection: Connection, sql: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of a query in the database's own words, as plain tuples of the driver."""
    rows: list[tuple[Any, ...]] = _driver(connection).execute(sql, given).fetchall()
    return rows


def array(numbers: Iterable[int | None]) -> str:
    """An array of integers as PostgreSQL writes it: the driver takes ten times as long for it."""
    return "{" + ",".join(["NULL" if number is None else str(number) for number in numbers]) + "}"


def insert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Adds new rows whose values stand in the order of the table's columns.

    Raises sqlalchemy.exc.IntegrityError if one of them is there already.
    """
    if not rows:
        return
    try:
        if connection.dialect.name == "postgresql":
            _copy(connection, table, rows)
        else:
            _driver(connection).executemany(_insertion(table, "INSERT"), rows)
    except connection.dialect.loaded_dbapi.IntegrityError as error:
        raise IntegrityError(f"INSERT INTO {table.name}", None, error) from error


def upsert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Adds rows or replaces those with the same primary key."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        columns = [array(column) for column in zip(*rows, strict=True)]
        _driver(connection).execute(_upsertion_of_arrays(table), columns)
    else:
        _driver(connection).executemany(_insertion(table, "INSERT OR REPLACE"), rows)


def _driver(connection: Connection) -> Any:
    """The driver's connection, in the same transaction: SQLAlchemy looks at each row once more."""
    return connection.connection.driver_connection


@lru_cache
def _insertion(table: Table, verb: str) -> str:
    places = ", ".join("?" for _ in table.columns)
    return f"{verb} INTO {table.name} VALUES ({places})"


def _copy(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    """COPY is several times faster than INSERT, and fails on a duplicate just the same."""
    columns = ", ".join(column.name for column in table.columns)
    statement = f"COPY {table.name} ({columns}) FROM STDIN"
    with _driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
        copy.write("".join(map(_copied, rows)))


def _copied(row: Row) -> str:
    return "\t".join(["\\N" if value is None else str(value) for value in row]) + "\n"


@lru_cache
def _upsertion_of_arrays(table: Table) -> str:
    """One statement with an array for each column, instead of one round trip for each row."""
    names = [column.name for column in table.columns]
    keys = [column.name for column in table.primary_key]
    arrays = ", ".join(f"%s::{column.type.compile()}[]" for column in table.columns)
    changes = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys)
    return (
        f"INSERT INTO {table.name} ({', '.join(names)}) SELECT * FROM unnest({arrays}) "
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changes}"
    )

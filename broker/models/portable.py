"""What SQLite and PostgreSQL both can, in the words of each."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType


class JsonList(FunctionElement[str]):
    """A column's values as the text of one JSON list: a row instead of a hundred.

    Fetching rows takes Python longer than finding them takes the database. The second argument is
    what they are ordered by; SQLite before 3.44 can't be told and goes by the index it reads.
    PostgreSQL makes no list of no rows: then it is null.
    """

    type = Text()
    inherit_cache = True


@compiles(JsonList, "sqlite")
def _json_group_array(element: JsonList, compiler: Any, **given: Any) -> str:
    column, _ = (compiler.process(clause, **given) for clause in element.clauses)
    return f"json_group_array({column})"


@compiles(JsonList, "postgresql")
def _json_agg(element: JsonList, compiler: Any, **given: Any) -> str:
    column, order = (compiler.process(clause, **given) for clause in element.clauses)
    return f"CAST(json_agg({column} ORDER BY {order}) AS TEXT)"


class Later(FunctionElement[int]):
    """The later of two times."""

    type = BigInteger()
    inherit_cache = True


class Earlier(FunctionElement[int]):
    """The earlier of two times."""

    type = BigInteger()
    inherit_cache = True


NAMES = {
    (Later, "sqlite"): "max",
    (Later, "postgresql"): "greatest",
    (Earlier, "sqlite"): "min",
    (Earlier, "postgresql"): "least",
}


@compiles(Later)
@compiles(Earlier)
def _one_of_two(element: Later | Earlier, compiler: Any, **given: Any) -> str:
    name = NAMES[type(element), compiler.dialect.name]
    return f"{name}({compiler.process(element.clauses, **given)})"


class Among(FunctionElement[bool]):
    """Whether a column's value is one of a list, a single parameter of any length."""

    type: Any = NullType()  # a Boolean would be compared with 1, which no index understands
    inherit_cache = True


@compiles(Among, "sqlite")
def _in_json(element: Among, compiler: Any, **given: Any) -> str:
    column, values = (compiler.process(clause, **given) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"


@compiles(Among, "postgresql")
def _any(element: Among, compiler: Any, **given: Any) -> str:
    column, values = (compiler.process(clause, **given) for clause in element.clauses)
    return f"{column} = ANY({values})"


def among(column: ColumnElement[Any], name: str) -> Among:
    """The condition that a column is one of the values of a list parameter."""
    return Among(column, bindparam(name))

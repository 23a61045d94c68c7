"""What a kWh from the grid costs and emits in each quarter hour."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, Table, select, text

from broker.models import GridRate, RateKind
from broker.store import rows

TABLE: Table = GridRate.__table__  # type: ignore[assignment]


def lock(connection: Connection) -> None:
    """Lets whoever else stores rates wait until the transaction ends; readers go on.

    SQLite has one writer at a time anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK)


_LOCK = text(f"LOCK TABLE {TABLE.name} IN SHARE ROW EXCLUSIVE MODE")


def between(connection: Connection, kind: RateKind, begin_s: int, end_s: int) -> dict[int, int]:
    """The known rates of the quarter hours that start in [begin_s, end_s), by their start."""
    statement = select(TABLE.c.start_s, TABLE.c.per_kwh).where(
        TABLE.c.kind == int(kind), TABLE.c.start_s >= begin_s, TABLE.c.start_s < end_s
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def put(connection: Connection, kind: RateKind, rates: Mapping[int, int]) -> None:
    """Adds or replaces rates by the start of their quarter hour."""
    rows.upsert(connection, TABLE, [(int(kind), *rate) for rate in rates.items()])

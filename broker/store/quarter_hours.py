"""The rollups: what each register's quarter hours hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, bindparam, delete, func, select, text, update

from broker.energy.quarter_hours import QuarterHour
from broker.models import Meter, Register
from broker.models import QuarterHour as QuarterHourRow
from broker.store import rows

TABLE: Table = QuarterHourRow.__table__  # type: ignore[assignment]
STATE = TABLE.c[2:]
"""The columns of `energy.quarter_hours.QuarterHour`, in its order."""


class MeterState(NamedTuple):
    """What appending a meter's next reading needs to know."""

    meter_id: int
    number: str
    max_power_w: int
    raw_from_s: int | None
    has_suspect: bool
    latest: QuarterHour | None


_METER = """SELECT m.id, m.number, m.max_power_w, m.raw_from_s,
    EXISTS (SELECT 1 FROM quarantined_reading z WHERE z.meter_id = m.id
        AND z.accepted_s IS NULL AND z.time_s > COALESCE(q.last_s, -1)
        AND z.doubted_registers <> 3 - :register),"""
_COLUMNS = ", ".join(f"q.{column.name}" for column in STATE)
# Each database finds the latest row of each meter by index when asked in its own way.
_STATES = {
    "sqlite": f"""{_METER} {_COLUMNS}
        FROM meter m LEFT JOIN quarter_hour q ON q.meter_id = m.id AND q.register = :register
            AND q.start_s = (SELECT MAX(start_s) FROM quarter_hour
                WHERE meter_id = m.id AND register = :register)
        WHERE m.id IN (SELECT value FROM json_each(:ids))""",
    "postgresql": f"""{_METER} {_COLUMNS}
        FROM meter m LEFT JOIN LATERAL (SELECT * FROM quarter_hour h
            WHERE h.meter_id = m.id AND h.register = :register
            ORDER BY h.start_s DESC LIMIT 1) q ON true
        WHERE m.id = ANY(:ids)""",
}
_STATES["postgresql"] = re.sub(r":(\w+)", r"%(\1)s", _STATES["postgresql"])
_LOCK = text("SELECT id FROM meter WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")


def lock(connection: Connection, meter_ids: Iterable[int]) -> None:
    """Keeps others from adding to these meters until the transaction ends.

    SQLite has one writer at a time anyway. Always in the same order, so nobody deadlocks.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK, {"ids": list(meter_ids)})


def states(
    connection: Connection, meter_ids: Sequence[int], register: Register
) -> dict[int, MeterState]:
    """The meters and the latest quarter hour of one of their registers, by meter id."""
    dialect = connection.dialect.name
    ids = str(list(meter_ids)) if dialect == "sqlite" else list(meter_ids)
    found = rows.fetch(connection, _STATES[dialect], {"ids": ids, "register": int(register)})
    return {row[0]: _state(*row) for row in found}


def _state(
    meter_id: int,
    number: str,
    max_power_w: int,
    raw_from_s: int | None,
    has_suspect: bool,
    *latest: Any,
) -> MeterState:
    state = None if latest[0] is None else QuarterHour(*latest)
    return MeterState(meter_id, number, max_power_w, raw_from_s, has_suspect, state)


_WITH_READINGS = select(*STATE).where(
    TABLE.c.meter_id == bindparam("meter_id"),
    TABLE.c.register == bindparam("register"),
    TABLE.c.first_s.is_not(None),
)
LAST_BEFORE = (
    _WITH_READINGS.where(TABLE.c.start_s < bindparam("time_s"))
    .order_by(TABLE.c.start_s.desc())
    .limit(1)
)
FIRST_FROM = (
    _WITH_READINGS.where(TABLE.c.start_s >= bindparam("time_s")).order_by(TABLE.c.start_s).limit(1)
)


def last_before(
    connection: Connection, meter_id: int, register: int, time_s: int
) -> QuarterHour | None:
    """The latest quarter hour with readings that starts before a time."""
    given = {"meter_id": meter_id, "register": int(register), "time_s": time_s}
    row = connection.execute(LAST_BEFORE, given).first()
    return None if row is None else QuarterHour._make(row)


def first_from(
    connection: Connection, meter_id: int, register: int, time_s: int
) -> QuarterHour | None:
    """The earliest quarter hour with readings that starts at a time or later."""
    given = {"meter_id": meter_id, "register": int(register), "time_s": time_s}
    row = connection.execute(FIRST_FROM, given).first()
    return None if row is None else QuarterHour._make(row)


def put(connection: Connection, quarter_hours: Sequence[tuple[object, ...]]) -> None:
    """Adds or replaces rows of (meter id, register, the fields of a QuarterHour)."""
    rows.upsert(connection, TABLE, quarter_hours)


def drop(connection: Connection, meter_id: int, register: int, begin_s: int, end_s: int) -> None:
    """Deletes the quarter hours that start in [begin_s, end_s)."""
    connection.execute(
        delete(TABLE).where(
            TABLE.c.meter_id == meter_id,
            TABLE.c.register == int(register),
            TABLE.c.start_s >= begin_s,
            TABLE.c.start_s < end_s,
        )
    )


def count_revision(connection: Connection, meter_id: int) -> None:
    """Notes that stored quarter hours of a meter are not what they were (`Meter.past_revision`)."""
    connection.execute(
        update(Meter).where(Meter.id == meter_id).values(past_revision=Meter.past_revision + 1)
    )


def count(connection: Connection, meter_id: int) -> int:
    """How many quarter hours a meter has, both registers together."""
    statement = select(func.count()).select_from(TABLE).where(TABLE.c.meter_id == meter_id)
    return connection.scalar(statement) or 0

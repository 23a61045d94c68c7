"""Raw readings and quarantined ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    delete,
    literal,
    select,
    union_all,
    update,
)

from broker.models import QuarantinedReading, Reading
from broker.store import rows

READING: Table = Reading.__table__  # type: ignore[assignment]
QUARANTINED: Table = QuarantinedReading.__table__  # type: ignore[assignment]


class StoredReading(NamedTuple):
    """A reading as received."""

    time_s: int
    energy: int | None
    energy_out: int | None
    power_mw: int | None


class ReadingRow(NamedTuple):
    """A reading with its meter, in the order of the table's columns."""

    meter_id: int
    time_s: int
    energy: int | None
    energy_out: int | None
    power_mw: int | None


class QuarantinedRow(NamedTuple):
    """A reading in quarantine with its meter, in the order of the table's columns."""

    meter_id: int
    time_s: int
    energy: int | None
    energy_out: int | None
    power_mw: int | None
    doubted_registers: int
    accepted_s: int | None


def add(connection: Connection, readings: Sequence[rows.Row]) -> None:
    """Stores new readings. Raises IntegrityError if one has a time that its meter already has."""
    rows.insert(connection, READING, readings)


def quarantine(connection: Connection, readings: Sequence[QuarantinedRow]) -> None:
    """Stores readings that can't be true apart from the others."""
    rows.insert(connection, QUARANTINED, readings)


_OF_METER = ", ".join(column.name for column in READING.c[1:5])
_AT = {
    "sqlite": " UNION ALL ".join(
        f"""SELECT {_OF_METER} FROM {table.name}
        WHERE meter_id = :meter_id AND time_s IN (SELECT value FROM json_each(:times_s))"""
        for table in (READING, QUARANTINED)
    ),
    # Asked this way it looks every time up in the index, whatever it thinks of the table's size.
    "postgresql": " UNION ALL ".join(
        f"""SELECT r.* FROM unnest(%(times_s)s::bigint[]) AS t CROSS JOIN LATERAL
        (SELECT {_OF_METER} FROM {table.name}
            WHERE meter_id = %(meter_id)s AND time_s = t OFFSET 0) AS r"""
        for table in (READING, QUARANTINED)
    ),
}


def at(connection: Connection, meter_id: int, times_s: Sequence[int]) -> dict[int, StoredReading]:
    """What is stored for a meter at certain times, quarantined or not."""
    dialect = connection.dialect.name
    listed = orjson.dumps(times_s).decode() if dialect == "sqlite" else rows.array(times_s)
    found = rows.fetch(connection, _AT[dialect], {"meter_id": meter_id, "times_s": listed})
    return {row[0]: StoredReading._make(row) for row in found}


BETWEEN = union_all(
    select(*READING.c[1:5]).where(
        READING.c.meter_id == bindparam("meter_id"),
        READING.c.time_s >= bindparam("begin_s"),
        READING.c.time_s < bindparam("end_s"),
    ),
    select(*QUARANTINED.c[1:5]).where(
        QUARANTINED.c.meter_id == bindparam("meter_id"),
        QUARANTINED.c.time_s >= bindparam("begin_s"),
        QUARANTINED.c.time_s < bindparam("end_s"),
        QUARANTINED.c.accepted_s.is_(None),
    ),
).order_by("time_s")


def between(connection: Connection, meter_id: int, begin_s: int, end_s: int) -> list[StoredReading]:
    """All readings of a meter in [begin_s, end_s), those in quarantine among them, by time."""
    found = connection.execute(BETWEEN, {"meter_id": meter_id, "begin_s": begin_s, "end_s": end_s})
    return [StoredReading(*row) for row in found]


def page(
    connection: Connection,
    meter_id: int,
    begin_s: int,
    end_s: int,
    most: int,
    *,
    in_quarantine: bool = False,
) -> list[StoredReading]:
    """The first readings of a meter in [begin_s, end_s), at most so many, by time.

    Either those that count or those in quarantine.
    """
    table = QUARANTINED if in_quarantine else READING
    statement = (
        select(*table.c[1:5])
        .where(table.c.meter_id == meter_id, table.c.time_s >= begin_s, table.c.time_s < end_s)
        .order_by(table.c.time_s)
        .limit(most)
    )
    if in_quarantine:
        statement = statement.where(QUARANTINED.c.accepted_s.is_(None))
    return [StoredReading(*row) for row in connection.execute(statement)]


def first_s(connection: Connection, meter_id: int, begin_s: int, end_s: int) -> int | None:
    """The time of the first reading of a meter in [begin_s, end_s), also of one in quarantine."""
    found = [
        one.time_s
        for in_quarantine in (False, True)
        for one in page(connection, meter_id, begin_s, end_s, 1, in_quarantine=in_quarantine)
    ]
    return min(found, default=None)


_COUNTED = {
    "sqlite": f"""SELECT time_s, {READING.c[2].name}, power_mw FROM reading
        WHERE meter_id = :meter_id AND time_s >= :begin_s AND time_s < :end_s ORDER BY time_s"""
}
_COUNTED["postgresql"] = re.sub(r":(\w+)", r"%(\1)s", _COUNTED["sqlite"])


class Counted(NamedTuple):
    """Columns of readings: times in s, imported energies in 0.1 µWh, powers in mW."""

    times_s: list[int]
    energies: list[int | None]
    powers_mw: list[int | None]


def counted(connection: Connection, meter_id: int, begin_s: int, end_s: int) -> Counted:
    """What a meter's readings in [begin_s, end_s) say about what it took, without quarantined."""
    given = {"meter_id": meter_id, "begin_s": begin_s, "end_s": end_s}
    found = rows.fetch(connection, _COUNTED[connection.dialect.name], given)
    return Counted(*map(list, zip(*found, strict=True))) if found else Counted([], [], [])


def accepted_times_s(connection: Connection, meter_id: int) -> set[int]:
    """Times of implausible readings that the operator accepted."""
    statement = select(QUARANTINED.c.time_s).where(
        QUARANTINED.c.meter_id == meter_id, QUARANTINED.c.accepted_s.is_not(None)
    )
    return set(connection.scalars(statement))


def pending(connection: Connection, meter_id: int, begin_s: int, end_s: int) -> dict[int, int]:
    """The registers in doubt by the times of the readings in quarantine in [begin_s, end_s)."""
    statement = select(QUARANTINED.c.time_s, QUARANTINED.c.doubted_registers).where(
        QUARANTINED.c.meter_id == meter_id,
        QUARANTINED.c.accepted_s.is_(None),
        QUARANTINED.c.time_s >= begin_s,
        QUARANTINED.c.time_s < end_s,
    )
    return {row.time_s: row.doubted_registers for row in connection.execute(statement)}


def move_to_quarantine(
    connection: Connection, meter_id: int, doubted_registers: Mapping[int, int]
) -> None:
    """Takes readings out of the sums, given the registers in doubt by their times.

    Those in quarantine already only get their registers in doubt.
    """
    for time_s, registers in sorted(doubted_registers.items()):
        this = and_(QUARANTINED.c.meter_id == meter_id, QUARANTINED.c.time_s == time_s)
        change = update(QUARANTINED).where(this).values(doubted_registers=registers)
        if not connection.execute(change).rowcount:
            _move(connection, meter_id, time_s, READING, QUARANTINED, registers)


def move_from_quarantine(connection: Connection, meter_id: int, times_s: Iterable[int]) -> None:
    """Puts readings back that have turned out to be plausible."""
    for time_s in sorted(times_s):
        _move(connection, meter_id, time_s, QUARANTINED, READING)


def _move(
    connection: Connection,
    meter_id: int,
    time_s: int,
    source: Table,
    target: Table,
    *doubted_registers: int,
) -> None:
    this = and_(source.c.meter_id == meter_id, source.c.time_s == time_s)
    names = [column.name for column in READING.columns]
    values: list[ColumnElement[Any]] = [source.c[name] for name in names]
    if doubted_registers:
        names.append(QUARANTINED.c.doubted_registers.name)
        values += map(literal, doubted_registers)
    connection.execute(target.insert().from_select(names, select(*values).where(this)))
    connection.execute(delete(source).where(this))

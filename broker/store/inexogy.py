"""Which meters inexogy splits by appliance, how far that has been fetched, and what it told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, delete, func, insert, select, update

from broker.energy.disaggregation.kinds import Kind
from broker.energy.disaggregation.told import Key
from broker.models import DisaggregationSource, InexogyEnergy, InexogyMeter, Meter
from broker.store import rows
from broker.store.disaggregation import TABLE as SPLIT

METER: Table = InexogyMeter.__table__  # type: ignore[assignment]
ENERGY: Table = InexogyEnergy.__table__  # type: ignore[assignment]


class Progress(NamedTuple):
    """The columns of `models.InexogyMeter`."""

    meter_id: int
    inexogy_id: str
    from_s: int | None
    until_s: int | None
    asked_s: int | None
    next_s: int
    fetched_s: int | None
    failed_s: int | None
    failure: str | None
    failures: int


def progress(connection: Connection, meter_id: int) -> Progress | None:
    """How far a meter has been fetched; None if inexogy isn't preferred for it."""
    row = connection.execute(select(*METER.c).where(METER.c.meter_id == meter_id)).first()
    return None if row is None else Progress(*row)


def other_called(connection: Connection, inexogy_id: str, meter_id: int) -> str | None:
    """The number of another meter that inexogy is said to call so."""
    statement = (
        select(Meter.number)
        .join(InexogyMeter, InexogyMeter.meter_id == Meter.id)
        .where(InexogyMeter.inexogy_id == inexogy_id, InexogyMeter.meter_id != meter_id)
    )
    number: str | None = connection.scalar(statement)
    return number


def due(connection: Connection, now_s: int) -> list[Progress]:
    """The meters about which inexogy may be asked now, who has waited longest first."""
    statement = (
        select(*METER.c).where(METER.c.next_s <= now_s).order_by(METER.c.next_s, METER.c.meter_id)
    )
    return [Progress(*row) for row in connection.execute(statement)]


def prefer(connection: Connection, meter_id: int, inexogy_id: str) -> None:
    """Has a meter's quarter hours fetched, from the first one on."""
    values = {"meter_id": meter_id, "inexogy_id": inexogy_id, "next_s": 0, "failures": 0}
    connection.execute(insert(METER).values(values))


def forget(connection: Connection, meter_id: int) -> None:
    """Removes a meter's preference and all that was told about it."""
    for table in (METER, ENERGY):
        connection.execute(delete(table).where(table.c.meter_id == meter_id))


def first_shown_s(connection: Connection, meter_id: int) -> int | None:
    """The first quarter hour of a meter that is split as inexogy told."""
    is_told = SPLIT.c.source == int(DisaggregationSource.INEXOGY)
    statement = select(func.min(SPLIT.c.start_s)).where(SPLIT.c.meter_id == meter_id, is_told)
    first_s: int | None = connection.scalar(statement)
    return first_s


def note(connection: Connection, meter_id: int, **changes: Any) -> None:
    """Changes columns of `models.InexogyMeter`."""
    connection.execute(update(METER).where(METER.c.meter_id == meter_id).values(changes))


def told_starts_s(connection: Connection, meter_id: int, begin_s: int, end_s: int) -> set[int]:
    """The quarter hours in [begin_s, end_s) that inexogy has told about."""
    statement = select(ENERGY.c.start_s).where(*_within(meter_id, begin_s, end_s)).distinct()
    return set(connection.scalars(statement))


def energies(
    connection: Connection, meter_id: int, begin_s: int, end_s: int
) -> dict[int, dict[Key, int]]:
    """What inexogy told about [begin_s, end_s): energies by appliance, by start, in order."""
    column = ENERGY.c
    statement = (
        select(column.start_s, column.kind, column.number, column.energy_tenth_uwh)
        .where(*_within(meter_id, begin_s, end_s))
        .order_by(column.start_s, column.kind, column.number)
    )
    found: dict[int, dict[Key, int]] = {}
    for start_s, kind, number, energy in connection.execute(statement):
        found.setdefault(start_s, {})[Kind(kind), number] = energy
    return found


def add(connection: Connection, meter_id: int, told: Mapping[int, Mapping[Key, int]]) -> None:
    """Stores new quarter hours. What took nothing is left out, but for a whole of nothing."""
    nothing = {(Kind.BASE_LOAD, 1): 0}
    rows.insert(
        connection,
        ENERGY,
        [
            (meter_id, start_s, int(kind), number, energy)
            for start_s, by_appliance in told.items()
            for (kind, number), energy in (_taking(by_appliance) or nothing).items()
        ],
    )


def _taking(by_appliance: Mapping[Key, int]) -> dict[Key, int]:
    return {key: energy for key, energy in by_appliance.items() if energy}


def _within(meter_id: int, begin_s: int, end_s: int) -> tuple[Any, ...]:
    column = ENERGY.c
    return column.meter_id == meter_id, column.start_s >= begin_s, column.start_s < end_s

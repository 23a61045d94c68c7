"""C(t), the cumulated energy of a register at chosen times, by index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from broker.clock import FOR_EVER_S
from broker.energy.load_profile import interpolated
from broker.energy.quarter_hours import QuarterHour
from broker.store.meter_uses import Use
from broker.store.quarter_hours import TABLE, first_from, last_before

TIMES_IN_A_QUERY = 400


class Covered(NamedTuple):
    """Where a register's readings begin and end within some time: times in s, C(t) in 0.1 µWh."""

    first_s: int
    first_energy: int
    last_s: int
    last_energy: int


def covered(connection: Connection, use: Use, begin_s: int, end_s: int) -> Covered | None:
    """The span of the readings in the quarter hours of [begin_s, end_s); None if there are none."""
    first = first_from(connection, use.meter_id, use.register, begin_s)
    last = last_before(connection, use.meter_id, use.register, end_s)
    if first is None or last is None or first.start_s > last.start_s:
        return None
    return Covered(*_first(first), *_last(last))


def at(connection: Connection, use: Use, times_s: Sequence[int]) -> dict[int, int]:
    """C(t) in 0.1 µWh of a use's register at quarter-hour boundaries between its readings.

    Interpolated linearly however long the gap: these are for totals, in which energy counts that
    was used while nobody was looking. Times outside the readings are left out.
    """
    known: dict[int, int] = {}
    for begin in range(0, len(times_s), TIMES_IN_A_QUERY):
        statement = select(TABLE.c.start_s, TABLE.c.opening_tenth_uwh).where(
            TABLE.c.meter_id == use.meter_id,
            TABLE.c.register == use.register,
            TABLE.c.start_s.in_(times_s[begin : begin + TIMES_IN_A_QUERY]),
            TABLE.c.opening_tenth_uwh.is_not(None),
        )
        known |= {row[0]: row[1] for row in connection.execute(statement)}
    unknown = [time_s for time_s in times_s if time_s not in known]
    # Years without a meter are no gap: one look at the ends tells, not one at each time.
    if unknown and (ends := _ends(connection, use)) is not None:
        gap = None
        for time_s in sorted(unknown):
            if not ends[0] < time_s <= ends[1]:
                continue
            if gap is None or time_s > gap[1][0]:
                gap = _gap_around(connection, use, time_s)
            if gap is not None:
                known[time_s] = interpolated(time_s, *gap)
    return known


def _ends(connection: Connection, use: Use) -> tuple[int, int] | None:
    """The first and last quarter hour with readings, by their starts in s."""
    first = first_from(connection, use.meter_id, use.register, 0)
    last = last_before(connection, use.meter_id, use.register, FOR_EVER_S)
    return None if first is None or last is None else (first.start_s, last.start_s)


def _gap_around(
    connection: Connection, use: Use, time_s: int
) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """The readings before and after a time: times in s, C(t) in 0.1 µWh."""
    earlier = last_before(connection, use.meter_id, use.register, time_s)
    later = first_from(connection, use.meter_id, use.register, time_s)
    if earlier is None or later is None:
        return None
    return _last(earlier), _first(later)


def _first(quarter_hour: QuarterHour) -> tuple[int, int]:
    assert quarter_hour.first_s is not None and quarter_hour.first is not None
    return quarter_hour.first_s, quarter_hour.first


def _last(quarter_hour: QuarterHour) -> tuple[int, int]:
    assert quarter_hour.last_s is not None and quarter_hour.last is not None
    return quarter_hour.last_s, quarter_hour.last

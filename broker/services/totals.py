"""Energy of whole hours, days and months, and the counters at both ends of each day.

For totals C(t) is interpolated however long the gap: energy counts that was used while nobody was
looking, once the counter is back.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from sqlalchemy import Connection

from broker.store import cumulated
from broker.store.meter_uses import Use
from broker.store.quarter_hours import first_from, last_before

FOR_EVER_S = 2**62


def energies_tenth_uwh(
    connection: Connection, use: Use, boundaries_s: Sequence[int]
) -> dict[int, int]:
    """Energy in 0.1 µWh between neighbouring boundaries, keyed by the later one.

    A period in which the meter came into service counts from there or from its first reading on,
    one in which it went out of service until then. Any other is missing until its end is known.
    """
    is_over = use.end_s is not None and use.end_s <= boundaries_s[-1]
    until_s = use.end_s if is_over and use.end_s is not None else boundaries_s[-1]
    span = cumulated.covered(connection, use, use.begin_s, FOR_EVER_S if not is_over else until_s)
    if span is None:
        return {}
    inside = [time_s for time_s in boundaries_s if use.begin_s <= time_s <= until_s]
    ends_s = [use.begin_s, *([until_s] if is_over else [])]
    stand = cumulated.at(connection, use, sorted({*inside, *ends_s}))
    from_s = use.begin_s
    if from_s not in stand:
        from_s = span.first_s
        stand[from_s] = span.first_energy
    if is_over and until_s not in stand:
        until_s = span.last_s
        stand[until_s] = span.last_energy
    energies: dict[int, int] = {}
    for earlier_s, later_s in pairwise(boundaries_s):
        begin_s, end_s = max(earlier_s, from_s), min(later_s, until_s)
        if begin_s < end_s and begin_s in stand and end_s in stand:
            energies[later_s] = stand[end_s] - stand[begin_s]
    return energies


def day_counters(
    connection: Connection, use: Use, day_starts_s: Sequence[int], end_s: int
) -> dict[int, int]:
    """First and last counter of each day in 0.1 µWh under the readings' own times."""
    counters: dict[int, int] = {}
    for begin_s, next_s in zip(day_starts_s, [*day_starts_s[1:], end_s], strict=True):
        from_s, until_s = use.within(begin_s, next_s)
        first = first_from(connection, use.meter_id, use.register, from_s)
        if first is None or first.start_s >= until_s:
            continue
        last = last_before(connection, use.meter_id, use.register, until_s)
        assert last is not None
        counters[first.first_s] = first.first_counter  # type: ignore[index,assignment]
        counters[last.last_s] = last.last_counter  # type: ignore[index,assignment]
    return counters

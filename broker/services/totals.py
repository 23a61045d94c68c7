"""Energy of whole days and months.

For totals C(t) is interpolated however long the gap: energy counts that was used while nobody was
looking, once the counter is back.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from sqlalchemy import Connection

from broker.clock import FOR_EVER_S
from broker.models import db
from broker.store import cumulated
from broker.store.meter_uses import Use
from broker.units import mean_power_mw


def mean_powers_mw(use: Use, boundaries_s: Sequence[int]) -> dict[int, float]:
    """Mean power in mW between neighbouring boundaries, keyed by the later one.

    Power times duration is the energy of the period: see `energies_tenth_uwh`.
    """
    with db.engine.connect() as connection:
        energies = energies_tenth_uwh(connection, use, boundaries_s)
    return {
        end_s: mean_power_mw(energies[end_s], end_s - begin_s)
        for begin_s, end_s in pairwise(boundaries_s)
        if end_s in energies
    }


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

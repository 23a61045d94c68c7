"""What the plants of a house produced together: when the roof is there to be used."""

from __future__ import annotations

import numpy as np

from broker.energy.series import EnergySeries, in_turn
from broker.store.meter_uses import PLANTS_OF_GROUP, PRODUCING, Stamp, points


def of_group(group_id: int, begin_s: int, end_s: int) -> EnergySeries | None:
    """The energy of each quarter hour that starts in [begin_s, end_s); None without any plant.

    It is known where that of every plant is which was in service then.
    """
    curves = PLANTS_OF_GROUP.curves(group_id, begin_s, end_s, [])
    if not curves:
        return None
    nothing = EnergySeries.unknown(begin_s, end_s)
    starts_s, energies = nothing.starts_s, nothing.energies
    is_known, is_served = ~nothing.known, nothing.known
    for role in PRODUCING:
        uses = [curve for curve in curves if curve.use.role == role]
        series = (
            EnergySeries.of_openings(begin_s, end_s, *points(curve.written)) for curve in uses
        )
        plant = in_turn(series, begin_s, end_s)
        in_service = nothing.known
        for from_s, until_s in (curve.use.within(begin_s, end_s) for curve in uses):
            in_service = in_service | ((starts_s >= from_s) & (starts_s < until_s))
        energies = energies + plant.energies
        is_known = is_known & (plant.known | ~in_service)
        is_served = is_served | in_service
    is_known = is_known & is_served
    return EnergySeries(nothing.begin_s, np.where(is_known, energies, 0), is_known)


def stamp_of_group(group_id: int, begin_s: int, end_s: int) -> Stamp:
    """While this is the same, so is `of_group` of this time."""
    return PLANTS_OF_GROUP.stamp(group_id, begin_s, end_s)

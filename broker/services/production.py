"""What the plants of a house produced together: when the roof is there to be used."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from broker.energy.series import EnergySeries, in_turn
from broker.models import PRODUCTION
from broker.store.meter_uses import PLANTS_OF_GROUP, Stamp, Use, points


def of_group(group_id: int, begin_s: int, end_s: int) -> EnergySeries | None:
    """The energy of each quarter hour that starts in [begin_s, end_s); None without any plant."""
    curves = PLANTS_OF_GROUP.curves(group_id, begin_s, end_s, [])
    served = [
        (curve.use, EnergySeries.of_openings(begin_s, end_s, *points(curve.written)))
        for curve in curves
    ]
    return together(served, begin_s, end_s) if served else None


def together(served: Sequence[tuple[Use, EnergySeries]], begin_s: int, end_s: int) -> EnergySeries:
    """What the plants among the uses of a house's meters produce in [begin_s, end_s).

    It is known where that of every plant is which was in service then; so nowhere without any.
    """
    whole = EnergySeries.unknown(begin_s, end_s)
    starts_s = whole.starts_s
    energies, is_produced = whole.energies.copy(), whole.known.copy()
    is_known = ~whole.known
    for role in PRODUCTION:
        uses = [(use, series) for use, series in served if use.role == role]
        in_service = np.zeros(len(whole), np.bool_)
        for use, _ in uses:
            from_s, until_s = use.within(begin_s, end_s)
            in_service |= (starts_s >= from_s) & (starts_s < until_s)
        plant = in_turn((series for _, series in uses), begin_s, end_s)
        energies += plant.energies
        is_known &= plant.known | ~in_service
        is_produced |= in_service
    is_known &= is_produced
    return EnergySeries(whole.begin_s, np.where(is_known, energies, 0), is_known)


def stamp_of_group(group_id: int, begin_s: int, end_s: int) -> Stamp:
    """While this is the same, so is `of_group` of this time."""
    return PLANTS_OF_GROUP.stamp(group_id, begin_s, end_s)

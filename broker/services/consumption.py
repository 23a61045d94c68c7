"""What a flat and the meters of a house used or produced: the source of every insight.

All of it comes from the stored quarter hours when asked for. A stamp tells cheaply whether
anything has changed since, so that what follows can be remembered (`remembered`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from broker.energy.series import EnergySeries, in_turn
from broker.models import db
from broker.services import totals
from broker.store.meter_uses import FLAT_OF_USER, GROUP, Curve, Owner, Stamp, Use, points


def of_user(user_id: int, begin_s: int, end_s: int) -> EnergySeries:
    """The energy that a flat took in each quarter hour that starts in [begin_s, end_s).

    Its meters in turn, each only while it served the flat. A quarter hour that hasn't ended, lies
    in a longer gap or had no meter is not known.
    """
    served = of_flat(user_id, begin_s, end_s)
    return in_turn((series for _, series in served), begin_s, end_s)


def of_flat(user_id: int, begin_s: int, end_s: int) -> list[tuple[Use, EnergySeries]]:
    """The same for each of a flat's meters, all over the same quarter hours."""
    return _series(FLAT_OF_USER, user_id, begin_s, end_s)


def of_group(group_id: int, begin_s: int, end_s: int) -> list[tuple[Use, EnergySeries]]:
    """The same for each use of a meter in a community, all over the same quarter hours.

    The use says whose flat or which role it was.
    """
    return _series(GROUP, group_id, begin_s, end_s)


def energies_of_user(user_id: int, boundaries_s: Sequence[int]) -> dict[int, int]:
    """Energy in 0.1 µWh that a flat took between neighbouring boundaries, by the later one.

    `boundaries_s` lie on quarter hours. These are totals: a gap of any length counts once the
    counter is back (`services.totals`). A period that one of its meters doesn't tell is missing;
    one in which the flat came to its meter counts from there.
    """
    uses = FLAT_OF_USER.uses(user_id, boundaries_s[0], boundaries_s[-1])
    with db.engine.connect() as connection:
        of_uses = [totals.energies_tenth_uwh(connection, use, boundaries_s) for use in uses]
    energies: dict[int, int] = {}
    for begin_s, end_s in pairwise(boundaries_s):
        served = [
            energies_of_use.get(end_s)
            for use, energies_of_use in zip(uses, of_uses, strict=True)
            if use.is_within(begin_s, end_s)
        ]
        known = [energy for energy in served if energy is not None]
        if known and len(known) == len(served):
            energies[end_s] = sum(known)
    return energies


def stamp_of_user(user_id: int, begin_s: int, end_s: int) -> Stamp:
    """While this is the same, so are `of_user` and `energies_of_user` of this time."""
    return FLAT_OF_USER.stamp(user_id, begin_s, end_s)


def stamp_of_group(group_id: int, begin_s: int, end_s: int) -> Stamp:
    """While this is the same, so is `of_group` of this time."""
    return GROUP.stamp(group_id, begin_s, end_s)


def _series(
    owner: Owner, owner_id: int, begin_s: int, end_s: int
) -> list[tuple[Use, EnergySeries]]:
    if begin_s >= end_s:
        return []
    curves = owner.curves(owner_id, begin_s, end_s, [])
    return [(curve.use, _of_curve(curve, begin_s, end_s)) for curve in curves]


def _of_curve(curve: Curve, begin_s: int, end_s: int) -> EnergySeries:
    return EnergySeries.of_openings(begin_s, end_s, *points(curve.written))

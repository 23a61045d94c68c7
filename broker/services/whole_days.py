"""The energy of whole local days, of one flat or of all flats of a community at once.

A total of `services.totals` may begin with a tenant's moving in or with a meter's first reading.
Beside other homes only days count that a flat was there for from beginning to end.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from sqlalchemy import Connection

from broker.clock import FOR_EVER_S
from broker.energy.quarter_hours import LONGEST_INTERPOLATED_GAP_S
from broker.models import MeterRole, db
from broker.services import totals
from broker.services.remembered import Remembered
from broker.store import cumulated
from broker.store.meter_uses import FLAT_OF_USER, GROUP, Owner, Use

Energies = dict[int, int]
"""Energy in 0.1 µWh by the end of each day in s; days that aren't known lack."""

_of_groups: Remembered[dict[int, Energies]] = Remembered(64)


def of_user(user_id: int, midnights_s: Sequence[int]) -> Energies:
    """What a flat used on each of the days between neighbouring midnights."""
    return _of_flats(FLAT_OF_USER, user_id, midnights_s).get(user_id, {})


def of_group(group_id: int, midnights_s: Sequence[int]) -> dict[int, Energies]:
    """The same for each flat of a community, by the user's id; a few statements for them all."""
    stamp = GROUP.stamp(group_id, midnights_s[0], midnights_s[-1])
    return _of_groups.get(
        (db.engine, group_id, tuple(midnights_s), stamp),
        lambda: _of_flats(GROUP, group_id, midnights_s),
    )


def _of_flats(owner: Owner, owner_id: int, midnights_s: Sequence[int]) -> dict[int, Energies]:
    uses: dict[int, list[tuple[Use, Energies]]] = {}
    openings = owner.openings(owner_id, midnights_s)
    with db.engine.connect() as connection:
        for use in owner.uses(owner_id, midnights_s[0], midnights_s[-1]):
            if use.user_id is None or use.role != MeterRole.FLAT:
                continue
            stand = openings.get(use.id, {})
            if len(stand) == len(midnights_s):
                energies = {
                    later: stand[later] - stand[day] for day, later in pairwise(midnights_s)
                }
            else:
                energies = _of_use(connection, use, midnights_s)
            uses.setdefault(use.user_id, []).append((use, energies))
    return {user_id: _together(of_flat, midnights_s) for user_id, of_flat in uses.items()}


def _of_use(connection: Connection, use: Use, midnights_s: Sequence[int]) -> Energies:
    """Days of a meter that hasn't told every midnight: it came or went, or was silent."""
    energies = totals.energies_tenth_uwh(connection, use, midnights_s)
    told = cumulated.covered(connection, use, 0, FOR_EVER_S)
    if told is None:
        return {}
    end_s = FOR_EVER_S if use.end_s is None else use.end_s
    return {
        later_s: energies[later_s]
        for day_s, later_s in pairwise(midnights_s)
        if later_s in energies
        and told.first_s <= max(day_s, use.begin_s) + LONGEST_INTERPOLATED_GAP_S
        and told.last_s >= min(later_s, end_s) - LONGEST_INTERPOLATED_GAP_S
    }


def _together(of_flat: list[tuple[Use, Energies]], midnights_s: Sequence[int]) -> Energies:
    """A flat's meters added up, on days on which one followed the other without a pause."""
    energies: Energies = {}
    for day_s, later_s in pairwise(midnights_s):
        reached_s = day_s
        known: list[int] = []
        served = [(use, told) for use, told in of_flat if use.is_within(day_s, later_s)]
        for use, told in served:
            if use.begin_s <= reached_s and later_s in told:
                reached_s = max(reached_s, use.within(day_s, later_s)[1])
                known.append(told[later_s])
        if reached_s == later_s and len(known) == len(served):
            energies[later_s] = sum(known)
    return energies

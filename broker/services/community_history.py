"""What a community made of its own generation, as fields that are added to its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from broker.clock import written_utc
from broker.energy.series import step_totals
from broker.services import community_energy, steps
from broker.services.community_energy import Allocation, Consumer
from broker.units import mean_power_mw


def added_to(
    ours: Mapping[str, Any],
    group_id: int,
    begin_s: int,
    end_s: int,
    resolution: str,
    zone: ZoneInfo,
    now_s: int,
) -> dict[str, Any]:
    """A history of `history.of_group` with the community's own energy in the steps that are over.

    `self_sufficiency` and `self_consumption` lie between 0 and 1 or are null, `community_known` is
    the part of the time for which they are known. `allocated_power` is each member's part of the
    generation as mean power in mW. Nothing is added where there is nothing. Raises InvalidInput
    for more than three years.
    """
    boundaries_s = steps.boundaries_s(begin_s, end_s, resolution, zone, now_s)
    if not ours:
        return {}
    window = (boundaries_s[0], boundaries_s[-1]) if boundaries_s else (begin_s, begin_s)
    balance = community_energy.balance_of_group(group_id, *window)
    allocation = community_energy.allocation_of_group(group_id, *window, zone)
    return {
        **ours,
        "self_sufficiency": balance and balance.self_sufficiency,
        "self_consumption": balance and balance.self_consumption,
        "community_known": balance.known_share if balance else 0.0,
        "consumed_allocated_power": _powers(allocation, None, boundaries_s),
        "group_users": {
            user: course | {"allocated_power": _powers(allocation, int(user), boundaries_s)}
            for user, course in ours["group_users"].items()
        },
    }


def _powers(
    allocation: Allocation | None, consumer: Consumer, boundaries_s: Sequence[int]
) -> dict[str, float]:
    """Mean powers in mW by the written end of each step that is wholly known."""
    if allocation is None or (part := allocation.parts.get(consumer)) is None:
        return {}
    known = part.known & allocation.applies
    totals = step_totals(part.starts_s, part.energies, known, boundaries_s)
    lengths_s = {end_s: end_s - begin_s for begin_s, end_s in pairwise(boundaries_s)}
    return {
        written_utc(end_s): mean_power_mw(int(energy), lengths_s[end_s])
        for end_s, energy in totals.items()
    }

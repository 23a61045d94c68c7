"""What a house makes of its own generation, and whose that is, for its page."""

from __future__ import annotations

from contextlib import suppress

from flask_login import current_user

from broker.api.periods import Period
from broker.energy.community import Balance
from broker.errors import InvalidInput
from broker.services import community_energy
from broker.services.community_energy import Consumer


def our_balance(period: Period) -> Balance | None:
    """How generation and consumption met in the steps of a page's period that are over.

    None for a house without generation, and for a time that takes too long to look through.
    """
    over_s = period.over_s
    if len(over_s) < 2:
        return None
    with suppress(InvalidInput):
        return community_energy.balance_of_group(current_user.group_id, over_s[0], over_s[-1])
    return None


def our_parts(period: Period) -> dict[Consumer, int]:
    """Each consumer's part of the generation in a page's period so far, in 0.1 µWh.

    Without those of whom nothing is known. Empty where nothing is shared out, and for a time that
    takes too long to look through.
    """
    over_s = period.over_s
    if len(over_s) < 2:
        return {}
    allocation = None
    with suppress(InvalidInput):
        allocation = community_energy.allocation_of_group(
            current_user.group_id, over_s[0], over_s[-1], period.zone
        )
    if allocation is None:
        return {}
    known = {one: part.known & allocation.applies for one, part in allocation.parts.items()}
    return {
        consumer: int(part.energies[known[consumer]].sum())
        for consumer, part in allocation.parts.items()
        if known[consumer].any()
    }

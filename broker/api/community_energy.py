"""What a house makes of its own generation, for its page."""

from __future__ import annotations

from contextlib import suppress

from flask_login import current_user

from broker.api.periods import Period
from broker.energy.community import Balance
from broker.errors import InvalidInput
from broker.services import community_energy


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

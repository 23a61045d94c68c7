"""What the caller's electricity costs and emits: for the history and for its page."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from flask_login import current_user

from broker.api.periods import Period
from broker.api.session import settings
from broker.errors import InvalidInput
from broker.services import cost_history, costs
from broker.services.costs import Co2Intensities, Flat, Resident, Sum
from broker.services.history import LONGEST_QUARTER_HOURS_S
from broker.units import mg_from_g


def added_to(mine: Mapping[str, Any], wanted: Collection[str], **window: Any) -> dict[str, Any]:
    """A history of the caller's flat with what is wanted of `cost` and `co2`."""
    me = Resident(current_user.id, current_user.group_id)
    answer = cost_history.added_to(mine, wanted, me, co2_intensities(), **window)
    return answer | ({"currency": settings().currency} if answer and "cost" in wanted else {})


def co2_intensities() -> Co2Intensities:
    """What the settings say of the grid and of the roof."""
    grid, pv = settings().grid_co2_g_per_kwh, settings().pv_co2_g_per_kwh
    return Co2Intensities(None if grid is None else mg_from_g(grid), mg_from_g(pv))


def my_cost_and_co2(period: Period) -> tuple[Sum | None, Sum | None]:
    """What the caller's flat cost and emitted in the steps of a page's period that are over.

    Nothing for a time that takes too long to look through, and no CO2 for whoever hides it.
    """
    if period.end_s - period.begin_s > LONGEST_QUARTER_HOURS_S:
        return None, None
    flat = Flat(Resident(current_user.id, current_user.group_id), period.over_s, period.zone)
    with suppress(InvalidInput):
        co2 = None if current_user.hides_co2 else costs.co2(flat, co2_intensities())
        return costs.cost(flat), co2
    return None, None

"""What a flat's electricity costs, and how much CO2 it causes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from broker.energy.series import EnergySeries, step_totals
from broker.energy.tariffs import Rates, base_micros, charged, rates_of, rounded
from broker.models import RateKind
from broker.services import community_energy, consumption, grid_rates, tariffs
from broker.services.community_energy import Allocation


class Resident(NamedTuple):
    """Whose flat, and in which community."""

    user_id: int
    group_id: int


class Co2Intensities(NamedTuple):
    """What a kWh causes, in mg, where nobody tells it for the quarter hour."""

    grid_mg_per_kwh: int | None
    pv_mg_per_kwh: int


class Sum(NamedTuple):
    """What the steps of a history cost in micros of the currency, or emit in mg of CO2.

    Each number is rounded once, from the exact one.
    """

    steps: dict[int, int]
    """By their end; those of which everything is known, with their part of the base price."""
    grid: int
    pv: int
    """For the flat's part of the common generation, where that counts apart."""
    base: int
    total: int
    known_share: float
    """For which part of the time consumption and rate are known."""


class Flat:
    """What a flat used between the boundaries of a history's steps; loaded when it is needed."""

    def __init__(self, resident: Resident, boundaries_s: Sequence[int], zone: ZoneInfo) -> None:
        self.resident, self.boundaries_s, self.zone = resident, boundaries_s, zone

    @cached_property
    def used(self) -> EnergySeries:
        """The consumption of each quarter hour."""
        window = self.boundaries_s[0], self.boundaries_s[-1]
        return consumption.of_user(self.resident.user_id, *window)

    @cached_property
    def allocation(self) -> Allocation | None:
        """Whose the common generation was."""
        window = self.boundaries_s[0], self.boundaries_s[-1]
        return community_energy.allocation_of_group(self.resident.group_id, *window, self.zone)

    @property
    def allocated(self) -> EnergySeries | None:
        """The flat's part of it; None if nothing was shared out."""
        return self.allocation and self.allocation.parts.get(self.resident.user_id)


def cost(flat: Flat) -> Sum | None:
    """What the flat's electricity costs; None if it has no tariff in this time."""
    if len(flat.boundaries_s) < 2:
        return None
    used = flat.used
    held = tariffs.of_user(*flat.resident)
    market = grid_rates.between(RateKind.PRICE, used.begin_s, len(used))
    rates, has_tariff = rates_of(held, used.starts_s, flat.zone, market)
    if not has_tariff.any():
        return None
    return _sum(flat, rates, base_micros(held, flat.boundaries_s, flat.zone))


def co2(flat: Flat, intensities: Co2Intensities) -> Sum | None:
    """The CO2 that the flat's electricity causes; None if no intensity of the grid is known."""
    if len(flat.boundaries_s) < 2:
        return None
    used = flat.used
    grid, known = grid_rates.between(RateKind.CO2, used.begin_s, len(used))
    if intensities.grid_mg_per_kwh is not None:
        grid = np.where(known, grid, intensities.grid_mg_per_kwh)
        known = np.ones_like(known)
    if not known.any():
        return None
    is_split = flat.allocation.applies if flat.allocation else np.zeros_like(known)
    pv = np.full_like(grid, intensities.pv_mg_per_kwh)
    return _sum(flat, Rates(grid, pv, known, is_split), {})


def _sum(flat: Flat, rates: Rates, base: Mapping[int, Fraction]) -> Sum:
    used = flat.used
    allocated = flat.allocated if rates.is_split.any() else None
    grid, pv, known = charged(used, allocated, rates)
    steps = step_totals(used.starts_s, grid + pv, known, flat.boundaries_s)
    of_grid, of_pv, of_base = int(grid.sum()), int(pv.sum()), sum(base.values(), Fraction(0))
    return Sum(
        {end_s: rounded(exact, base.get(end_s, 0)) for end_s, exact in steps.items()},
        rounded(of_grid),
        rounded(of_pv),
        rounded(0, of_base),
        rounded(of_grid + of_pv, of_base),
        float(known.mean()),
    )

"""What electricity costs: tariffs through time, and the exact cost of quarter hours.

Money is counted in micros, millionths of the currency: 1 ct is 10,000. Prices are whole micros per
kWh. An energy in 0.1 µWh times a price is an exact integer; only sums of these are rounded, once.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import isleap, monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from broker.clock import day_starts_s, local_date, midnight_s, next_day_start_s
from broker.energy.series import Booleans, Column, EnergySeries, Integers
from broker.units import ALL_PPM, TENTH_UWH_PER_KWH


class TariffKind(StrEnum):
    """Where the price of a quarter hour comes from."""

    FIXED = "fixed"
    DYNAMIC = "dynamic"


class BasePeriod(StrEnum):
    """What a base price is paid for."""

    YEAR = "year"
    MONTH = "month"


@dataclass(frozen=True, kw_only=True)
class Tariff:
    """What a flat pays from `begin` until the day before `end`, or for ever."""

    begin: date
    end: date | None = None
    kind: TariffKind
    work_price_micros_per_kwh: int
    """Of a dynamic tariff what is added to the price of each quarter hour."""
    base_price_micros: int = 0
    base_period: BasePeriod = BasePeriod.YEAR
    pv_price_micros_per_kwh: int | None = None
    """For the flat's part of the common generation; None: that costs what any energy costs."""
    tax_ppm: int = 0
    """What is added to the price of a quarter hour, which markets give without tax."""

    def holds_on(self, day: date) -> bool:
        """Whether this is the price on a day."""
        return self.begin <= day and (self.end is None or day < self.end)

    def base_micros_of_day(self, day: date) -> Fraction:
        """The base price's part of a day: each day of the year, or of the month, has the same."""
        if self.base_period is BasePeriod.YEAR:
            days = 366 if isleap(day.year) else 365
        else:
            _, days = monthrange(day.year, day.month)
        return Fraction(self.base_price_micros, days)


class Rates(NamedTuple):
    """What a kWh costs or emits in each quarter hour, in some small unit per kWh."""

    grid: Integers
    pv: Integers
    """The same for the part of the common generation that is the flat's."""
    known: Booleans
    is_split: Booleans
    """Where that part counts apart, so that it has to be known."""


class Charged(NamedTuple):
    """Energy times rate in each quarter hour: exact integers, in 1e-10 of the rate's small unit."""

    grid: Column
    pv: Column
    known: Booleans


def tariff_on(tariffs: Sequence[Tariff], day: date) -> Tariff | None:
    """The tariff of a day; of several that hold the last one counts, so a flat's own stand last."""
    return next((tariff for tariff in reversed(tariffs) if tariff.holds_on(day)), None)


def rates_of(
    tariffs: Sequence[Tariff],
    starts_s: Integers,
    zone: ZoneInfo,
    market: tuple[Integers, Booleans],
) -> tuple[Rates, Booleans]:
    """What a kWh costs, in micros, in the quarter hours that start at `starts_s`; and where any
    tariff holds, since a dynamic one's price may be unknown.

    Tariffs change at local midnight; of several that hold the last one counts. `market` are the
    quarter hours' own prices in micros per kWh, and where they are known.
    """
    prices, is_priced = market
    grid, pv = np.zeros_like(starts_s), np.zeros_like(starts_s)
    nowhere = np.zeros(len(starts_s), np.bool_)
    holds, known, is_split = nowhere.copy(), nowhere.copy(), nowhere.copy()
    for tariff in tariffs:
        during = starts_s >= midnight_s(tariff.begin, zone)
        if tariff.end is not None:
            during &= starts_s < midnight_s(tariff.end, zone)
        holds |= during
        grid[during] = tariff.work_price_micros_per_kwh
        known[during] = True
        if tariff.kind is TariffKind.DYNAMIC:
            grid[during] += _taxed(prices[during], tariff.tax_ppm)
            known[during] = is_priced[during]
        own = tariff.pv_price_micros_per_kwh
        pv[during] = grid[during] if own is None else own
        is_split[during] = own is not None
    return Rates(grid, pv, known, is_split), holds


def _taxed(prices: Integers, tax_ppm: int) -> Integers:
    """With tax, rounded to whole micros, halves up."""
    result: Integers = (2 * prices * (ALL_PPM + tax_ppm) + ALL_PPM) // (2 * ALL_PPM)
    return result


def charged(consumption: EnergySeries, allocated: EnergySeries | None, rates: Rates) -> Charged:
    """What each quarter hour of a flat's consumption costs or emits.

    `allocated` is its part of the common generation over the same quarter hours, None if nothing is
    shared out. Unknown is what lacks a consumption, a rate or, where that counts apart, this part.
    """
    known = consumption.known & rates.known
    from_roof = np.zeros_like(consumption.energies)
    if allocated is not None:
        known = known & (allocated.known | ~rates.is_split)
        from_roof = np.where(rates.is_split, allocated.energies, 0)
    # Python's own integers: the products of a few years would not fit into 64 bits.
    grid = np.where(known, consumption.energies - from_roof, 0).astype(object)
    pv = np.where(known, from_roof, 0).astype(object)
    return Charged(grid * rates.grid.astype(object), pv * rates.pv.astype(object), known)


def rounded(exact: int | Fraction, base: Fraction | int = 0) -> int:
    """A sum of `charged`, and perhaps a base price, in the rate's small unit; halves to even."""
    return round(Fraction(exact) / TENTH_UWH_PER_KWH + base)


def base_micros(
    tariffs: Sequence[Tariff], boundaries_s: Sequence[int], zone: ZoneInfo
) -> dict[int, Fraction]:
    """The base price between neighbouring boundaries in micros, exact, keyed by the later one.

    Each day's part is spread evenly over its 23, 24 or 25 hours.
    """
    if len(boundaries_s) < 2:
        return {}
    starts_s = list(day_starts_s(boundaries_s[0], boundaries_s[-1] + 1, zone))
    per_second: list[Fraction] = []
    due = [Fraction(0)]
    for start_s in starts_s:
        day, length_s = local_date(start_s, zone), next_day_start_s(start_s, zone) - start_s
        tariff = tariff_on(tariffs, day)
        of_day = tariff.base_micros_of_day(day) if tariff else Fraction(0)
        per_second.append(of_day / length_s)
        due.append(due[-1] + of_day)

    def due_until(time_s: int) -> Fraction:
        place = bisect_right(starts_s, time_s) - 1
        return due[place] + per_second[place] * (time_s - starts_s[place])

    until = {time_s: due_until(time_s) for time_s in boundaries_s}
    return {end_s: until[end_s] - until[begin_s] for begin_s, end_s in pairwise(boundaries_s)}

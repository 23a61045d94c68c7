"""What a household's last weeks look like in a few numbers, by which hints are chosen.

docs/numbers.md says what each means. A feature that can't be told from what is known is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from broker.energy.series import Booleans, EnergySeries, Integers
from broker.units import HOUR_S, QUARTER_HOUR_S, kwh_from, mean_power_mw, w_from_mw

WINDOW_DAYS = 28
FEWEST_DAYS = 7
"""A few days say more about the weather and a guest than about a home."""
FEWEST_WORKING_DAYS = 5
FEWEST_WEEKEND_DAYS = 2
LEAST_KNOWN = 0.9
"""Share of a day's quarter hours that must be known for the day to count."""

QUARTER_HOURS_OF_AN_HOUR = HOUR_S // QUARTER_HOUR_S
LATEST_QUIET_START_H = 4
"""The hours of the base load lie between 0 and 5 o'clock."""
NIGHT_H = (22, 6)
EVENING_H = (17, 22)
SATURDAY = 5
USUAL_PEAK = 0.9
"""The peak is exceeded on one day in ten."""
SUNNY_OF_BEST = 0.2
"""From which share of its best quarter hour on the roof "produces"."""
LEAST_ROOF_DAY_KWH = 0.1

Floats = np.ndarray[Any, np.dtype[np.float64]]


class Feature(StrEnum):
    """The names that the conditions of hints use; each has its unit."""

    BASE_LOAD_W = "base_load_w"
    NIGHT_SHARE = "night_share"
    EVENING_SHARE = "evening_share"
    SUNNY_SHARE = "sunny_share"
    PEAK_KW = "peak_kw"
    WEEKEND_RATIO = "weekend_ratio"
    PERSON_DAY_KWH = "person_day_kwh"
    USUAL_RATIO = "usual_ratio"
    ROOF_DAY_KWH = "roof_day_kwh"
    INHABITANTS = "inhabitants"
    FLAT_SIZE_M2 = "flat_size_m2"


Features = Mapping[Feature, float]


def features(
    home: EnergySeries,
    roof: EnergySeries | None,
    zone: ZoneInfo,
    *,
    inhabitants: int | None = None,
    flat_size_m2: float | None = None,
    usual_day_kwh: float | None = None,
) -> Features:
    """The features of a home from its quarter hours and, where the house has one, its roof's.

    Both cover the same whole local days. `usual_day_kwh` is what as many people usually use on one
    of these days.
    """
    days = _Days.of(home, home.known, zone)
    day_kwh = days.day_kwh() if days.are_enough else None
    found: dict[Feature, float | None] = {
        Feature.INHABITANTS: inhabitants or None,
        Feature.FLAT_SIZE_M2: flat_size_m2,
        Feature.PERSON_DAY_KWH: day_kwh / inhabitants if day_kwh and inhabitants else None,
        Feature.USUAL_RATIO: day_kwh / usual_day_kwh if day_kwh and usual_day_kwh else None,
    }
    if days.are_enough:
        found |= {
            Feature.BASE_LOAD_W: days.base_load_w(),
            Feature.NIGHT_SHARE: days.share((days.hours >= NIGHT_H[0]) | (days.hours < NIGHT_H[1])),
            Feature.EVENING_SHARE: days.share(
                (days.hours >= EVENING_H[0]) & (days.hours < EVENING_H[1])
            ),
            Feature.PEAK_KW: days.peak_kw(),
            Feature.WEEKEND_RATIO: days.weekend_ratio(),
        }
    if roof is not None:
        found |= _of_the_roof(home, roof, zone)
    return {feature: value for feature, value in found.items() if value is not None}


def _of_the_roof(
    home: EnergySeries, roof: EnergySeries, zone: ZoneInfo
) -> dict[Feature, float | None]:
    produced = _Days.of(roof, roof.known, zone)
    if not produced.are_enough or (day_kwh := produced.day_kwh()) < LEAST_ROOF_DAY_KWH:
        return {}
    both = _Days.of(home, home.known & roof.known, zone)
    sunny = roof.energies >= SUNNY_OF_BEST * roof.energies[produced.used].max()
    return {
        Feature.ROOF_DAY_KWH: day_kwh,
        Feature.SUNNY_SHARE: both.share(sunny) if both.are_enough else None,
    }


@dataclass(frozen=True, eq=False)
class _Days:
    """The quarter hours of a series, by local day and hour; those of the known days are used."""

    energies: Integers
    used: Booleans
    days: Integers
    """The day of each quarter hour, counted from the first one."""
    hours: Floats
    """The local time at which each starts, in hours: 22.25 is a quarter past ten."""
    weekdays: Integers
    """Of each day; Monday is 0."""
    known_days: Booleans

    @classmethod
    def of(cls, series: EnergySeries, known: Booleans, zone: ZoneInfo) -> _Days:
        """The days of a series on which enough quarter hours are `known`."""
        days, hours, weekdays = _calendar(series.begin_s, len(series), zone)
        all_of_day = np.bincount(days, minlength=len(weekdays))
        known_of_day = np.bincount(days, weights=known, minlength=len(weekdays))
        known_days = known_of_day >= LEAST_KNOWN * all_of_day
        used = known & known_days[days]
        return cls(series.energies, used, days, hours, weekdays, known_days)

    @property
    def are_enough(self) -> bool:
        """Whether there are as many known days as a feature needs."""
        return int(self.known_days.sum()) >= FEWEST_DAYS

    def base_load_w(self) -> float | None:
        """The median over the days of the quietest full hour between 0 and 5 o'clock."""
        last = QUARTER_HOURS_OF_AN_HOUR - 1
        starts = np.arange(max(0, len(self.energies) - last))
        sums = sum(self.energies[starts + n] for n in range(last + 1))
        is_quiet = (self.hours[starts] <= LATEST_QUIET_START_H) & np.all(
            [self.used[starts + n] for n in range(last + 1)], axis=0
        )
        none = np.iinfo(np.int64).max
        lowest = np.full(len(self.weekdays), none)
        np.minimum.at(lowest, self.days[starts][is_quiet], np.asarray(sums)[is_quiet])
        lowest = lowest[lowest < none]
        if len(lowest) < FEWEST_DAYS:
            return None
        return w_from_mw(mean_power_mw(round(float(np.median(lowest))), HOUR_S))

    def share(self, counted: Booleans) -> float | None:
        """How much of the energy falls into certain quarter hours, from 0 to 1."""
        whole = int(self.energies[self.used].sum())
        return int(self.energies[self.used & counted].sum()) / whole if whole else None

    def peak_kw(self) -> float:
        """The mean power of the day's highest quarter hour that one day in ten exceeds."""
        highest = np.zeros(len(self.weekdays), np.int64)
        np.maximum.at(highest, self.days[self.used], self.energies[self.used])
        peak = np.quantile(highest[self.known_days], USUAL_PEAK, method="lower")
        return w_from_mw(mean_power_mw(int(peak), QUARTER_HOUR_S)) / 1000

    def day_kwh(self) -> float:
        """The mean energy of a known day; its few unknown quarter hours as the others of it."""
        return float(self._energies_of_days_kwh().mean())

    def weekend_ratio(self) -> float | None:
        """A weekend day's mean energy by that of a day from Monday to Friday."""
        is_weekend = self.weekdays[self.known_days] >= SATURDAY
        energies_kwh = self._energies_of_days_kwh()
        weekend_kwh, working_kwh = energies_kwh[is_weekend], energies_kwh[~is_weekend]
        if len(weekend_kwh) < FEWEST_WEEKEND_DAYS or len(working_kwh) < FEWEST_WORKING_DAYS:
            return None
        return float(weekend_kwh.mean() / working_kwh.mean()) if working_kwh.any() else None

    def _energies_of_days_kwh(self) -> Floats:
        count = len(self.weekdays)
        energies = np.bincount(self.days, weights=self.energies * self.used, minlength=count)
        known = np.bincount(self.days, weights=self.used, minlength=count)
        whole = np.bincount(self.days, minlength=count)
        chosen = self.known_days
        return np.asarray(
            [kwh_from(energy) for energy in energies[chosen] * whole[chosen] / known[chosen]]
        )


@lru_cache(maxsize=8)
def _calendar(begin_s: int, count: int, zone: ZoneInfo) -> tuple[Integers, Floats, Integers]:
    """Day number and local hour of each quarter hour, and the weekday of each day."""
    moments = [
        datetime.fromtimestamp(begin_s + number * QUARTER_HOUR_S, zone) for number in range(count)
    ]
    ordinals = np.array([moment.toordinal() for moment in moments], np.int64)
    hours = np.array([moment.hour + moment.minute / 60 for moment in moments])
    first = int(ordinals[0]) if count else 0
    days = ordinals - first
    present = range(int(days[-1]) + 1) if count else range(0)
    # Day 1 of the proleptic calendar was a Monday.
    weekdays = np.array([(first + day - 1) % 7 for day in present], np.int64)
    return days, hours, weekdays

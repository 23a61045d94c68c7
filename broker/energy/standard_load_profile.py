"""How a standard household spreads its yearly consumption over the year: BDEW's load profiles.

Figures: BDEW (VDEW 1999), standard load profile H0; BDEW 2025, profiles H25, P25 and S25. Each says
what a household takes in each quarter hour of a workday, a Saturday and a Sunday, by season or
month; all four are then dynamised, multiplied by a polynomial of the day of the year.

Everything goes by local clock time. On the day on which summer time begins the skipped hour is
missing, on the day on which it ends the repeated hour counts twice; the year is normalised
afterwards, so neither costs anything.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from broker.clock import midnight_s
from broker.energy.bdew import SLOTS, Floats, tables
from broker.units import QUARTER_HOUR_S


class Profile(StrEnum):
    """Whose habits: of any household, of 1999 or 2025, and of 2025 with a roof or a battery too."""

    H0 = "h0"
    H25 = "h25"
    P25 = "p25"
    S25 = "s25"


class Season(IntEnum):
    """The seasons of H0; the other profiles go by month."""

    WINTER = 0
    SUMMER = 1
    TRANSITION = 2


class DayType(IntEnum):
    """What kind of day it is for a household."""

    WORKDAY = 0
    SATURDAY = 1
    SUNDAY = 2


LIKE_SATURDAYS = {(12, 24), (12, 31)}
"""Christmas Eve and New Year's Eve are taken as Saturdays, unless they are Sundays."""


@dataclass(frozen=True, eq=False)
class StandardYear:
    """The course of a standard household's consumption through a local calendar year."""

    begin_s: int
    cumulated: Floats
    """Share of the year's consumption until the start of each quarter hour; from 0 to 1."""

    def share_until(self, time_s: float) -> float:
        """Share of the year's consumption from its beginning until a time in POSIX seconds.

        Rises evenly within a quarter hour. 0 before the year and 1 after it.
        """
        place = (time_s - self.begin_s) / QUARTER_HOUR_S
        if place <= 0:
            return 0.0
        slot = int(place)
        if slot >= len(self.cumulated) - 1:
            return 1.0
        earlier, later = float(self.cumulated[slot]), float(self.cumulated[slot + 1])
        return min(earlier + (later - earlier) * (place - slot), later)


def standard_year(
    profile: Profile, year: int, holidays: AbstractSet[date], zone: ZoneInfo
) -> StandardYear:
    """The course of a calendar year of `zone`, with the days in `holidays` taken as Sundays."""
    first, next_first = date(year, 1, 1), date(year + 1, 1, 1)
    days = [first + timedelta(days=number) for number in range((next_first - first).days)]
    table = tables()[profile.value]
    energies = []
    for day in days:
        row = season(day) if profile is Profile.H0 else day.month - 1
        of_day = table[row, day_type(day, holidays)] * dynamisation(day)
        energies.append(of_day[_slots(day, zone)])
    cumulated = np.concatenate([[0.0], np.cumsum(np.concatenate(energies))])
    return StandardYear(midnight_s(first, zone), cumulated / cumulated[-1])


def day_type(day: date, holidays: AbstractSet[date]) -> DayType:
    """What a day counts as: holidays are Sundays, 24 and 31 December Saturdays on a workday."""
    if day.weekday() == 6 or day in holidays:
        return DayType.SUNDAY
    if day.weekday() == 5 or (day.month, day.day) in LIKE_SATURDAYS:
        return DayType.SATURDAY
    return DayType.WORKDAY


def season(day: date) -> Season:
    """Winter from 1 November to 20 March, summer from 15 May to 14 September, else transition."""
    month_and_day = day.month, day.day
    if month_and_day >= (11, 1) or month_and_day <= (3, 20):
        return Season.WINTER
    if (5, 15) <= month_and_day <= (9, 14):
        return Season.SUMMER
    return Season.TRANSITION


def dynamisation(day: date) -> float:
    """VDEW's factor of a day t of the year, 1 to 366, rounded to four decimals as is its custom:

    −3.92E−10 t⁴ + 3.2E−7 t³ − 7.02E−5 t² + 2.1E−3 t + 1.24
    """
    t = day.timetuple().tm_yday
    return round(-3.92e-10 * t**4 + 3.2e-7 * t**3 - 7.02e-5 * t**2 + 2.1e-3 * t + 1.24, 4)


def _slots(day: date, zone: ZoneInfo) -> Any:
    """Which of the 96 slots of the clock each quarter hour of a local day is."""
    begin_s, end_s = midnight_s(day, zone), midnight_s(day + timedelta(days=1), zone)
    if end_s - begin_s == SLOTS * QUARTER_HOUR_S:
        return slice(None)
    times = (datetime.fromtimestamp(at_s, zone) for at_s in range(begin_s, end_s, QUARTER_HOUR_S))
    return np.array([time.hour * 4 + time.minute // 15 for time in times], np.int64)

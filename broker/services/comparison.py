"""Do I use much: a resident's month beside similar homes, their own last year and the standard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select

from broker.clock import local_date, midnight_s
from broker.energy.comparison import (
    FEWEST_DAYS,
    STANDARD_SOURCE,
    STANDARD_YEARLY_KWH,
    Home,
    judged,
    neighbours,
    per_person_tenth_uwh,
    percent_more,
)
from broker.models import User, db
from broker.services import household_sizes, whole_days
from broker.services.history import MEMBERS
from broker.services.household_sizes import Sizes
from broker.services.standard_load_profile import StandardHousehold, years_between
from broker.services.whole_days import Energies
from broker.units import tenth_uwh_from_kwh

SAME_WEEKDAY = timedelta(weeks=52)
"""A year ago and the same weekday; so a leap February has as many days in both years."""
NOBODY = Sizes([], [])

_FLAT_SIZES = select(User.id, User.flat_size_m2).where(
    User.group_id == bindparam("group_id"), User.id.in_(MEMBERS.statement)
)


class Missing(StrEnum):
    """Why something isn't compared."""

    TOO_FEW_DAYS = "too_few_days"
    NO_HOUSEHOLD_SIZE = "no_household_size"
    HOUSEHOLD_TOO_LARGE = "household_too_large"
    TOO_FEW_HOMES = "too_few_homes"
    NO_DATA_OF_LAST_YEAR = "no_data_of_last_year"
    NOTHING_USED = "nothing_used"


@dataclass(frozen=True)
class Days:
    """The days of a month that are over."""

    dates: list[date]
    midnights_s: list[int]
    """One more: the last one ends the last day."""

    @classmethod
    def of(cls, dates: list[date], zone: ZoneInfo) -> Days:
        """These days, which follow each other."""
        after = dates[-1] + timedelta(days=1)
        return cls(dates, [midnight_s(day, zone) for day in [*dates, after]])

    @classmethod
    def of_month(cls, first: date, now_s: int, zone: ZoneInfo) -> Days | None:
        """The days of a month that are over; None if there aren't any."""
        next_month = (first + timedelta(days=32)).replace(day=1)
        end = min(next_month, local_date(now_s, zone))
        count = (end - first).days
        return (
            cls.of([first + timedelta(days=n) for n in range(count)], zone) if count > 0 else None
        )

    def earlier(self, by: timedelta, zone: ZoneInfo) -> Days:
        """As many days, some time before."""
        return Days.of([day - by for day in self.dates], zone)


@dataclass(frozen=True)
class Flat:
    """A home's known days and who lived there; both by the end of the day in s."""

    energies: Energies
    inhabitants: dict[int, int]
    flat_size_m2: float | None

    @classmethod
    def of(cls, days: Days, energies: Energies, sizes: Sizes, flat_size_m2: float | None) -> Flat:
        """A flat in some days."""
        told = zip(days.midnights_s[1:], sizes.on(days.dates), strict=True)
        return cls(energies, {end_s: n for end_s, n in told if n is not None}, flat_size_m2)

    @property
    def counted(self) -> set[int]:
        """The days of which the energy per person is known."""
        return self.energies.keys() & self.inhabitants.keys()

    def home(self, days: set[int]) -> Home:
        """The flat during some of the days that are counted."""
        energies = {end_s: self.energies[end_s] for end_s in sorted(days)}
        return Home(
            self.inhabitants[max(days)],
            self.flat_size_m2,
            per_person_tenth_uwh(energies, self.inhabitants),
        )


def of_user(
    user_id: int, group_id: int, month: date | None, now_s: int, household: StandardHousehold
) -> dict[str, Any]:
    """The comparisons of a month, given by its first day, or of the running and the last one.

    Energies in 0.1 µWh, differences in percent, times in s. Months of which no day of the resident
    is known are left out; empty if there is no other.
    """
    zone = household.zone
    running = local_date(now_s, zone).replace(day=1)
    last = (running - timedelta(days=1)).replace(day=1)
    asked = [running, last] if month is None else [month]
    spans = [Days.of_month(first, now_s, zone) for first in asked]
    compared = [_month(user_id, group_id, days, household) for days in spans if days is not None]
    months = [one for one in compared if one is not None]
    return {"months": months} if months else {}


def _month(
    user_id: int, group_id: int, days: Days, household: StandardHousehold
) -> dict[str, Any] | None:
    flats = _flats(group_id, days)
    mine = flats.pop(user_id, None)
    if mine is None or not mine.energies:
        return None
    parts = {
        "similar": _similar(mine, flats),
        "last_year": _last_year(user_id, mine, days, household.zone),
        "standard": _standard(mine, days, household),
    }
    return {
        "month": f"{days.dates[0]:%Y-%m}",
        "begin": days.midnights_s[0],
        "end": days.midnights_s[-1],
        "days": len(days.dates),
        "known_days": len(mine.energies),
        "energy": sum(mine.energies.values()),
        **{name: part if isinstance(part, dict) else None for name, part in parts.items()},
        "missing": {name: part.value for name, part in parts.items() if isinstance(part, Missing)},
        **_judgement(parts),
    }


def _flats(group_id: int, days: Days) -> dict[int, Flat]:
    """The flats of all members, by the user's id."""
    energies = whole_days.of_group(group_id, days.midnights_s)
    sizes = household_sizes.of_group(group_id)
    with db.engine.connect() as connection:
        members = connection.execute(_FLAT_SIZES, {"group_id": group_id}).all()
    return {
        user_id: Flat.of(days, energies.get(user_id, {}), sizes.get(user_id, NOBODY), flat_size_m2)
        for user_id, flat_size_m2 in members
    }


def _similar(mine: Flat, others: Mapping[int, Flat]) -> dict[str, Any] | Missing:
    """Beside homes of which all of my days are known: the same weather, the same weekdays."""
    days = mine.counted
    if len(mine.energies) < FEWEST_DAYS:
        return Missing.TOO_FEW_DAYS
    if len(days) < FEWEST_DAYS:
        return Missing.NO_HOUSEHOLD_SIZE
    me = mine.home(days)
    homes = [flat.home(days) for flat in others.values() if days <= flat.counted]
    found = neighbours(homes, me.inhabitants, me.flat_size_m2)
    if found is None:
        return Missing.TOO_FEW_HOMES
    percent = percent_more(me.per_person_tenth_uwh, found.mean_tenth_uwh)
    if percent is None:
        return Missing.NOTHING_USED
    return {
        "days": len(days),
        "per_person": round(me.per_person_tenth_uwh),
        "homes": found.homes,
        "likeness": found.likeness.value,
        "mean_per_person": found.mean_tenth_uwh,
        "frugal_per_person": found.frugal_tenth_uwh,
        "difference": percent,
    }


def _last_year(user_id: int, mine: Flat, days: Days, zone: ZoneInfo) -> dict[str, Any] | Missing:
    """Beside the same weekdays 52 weeks before, as far as both days of a pair are known."""
    if len(mine.energies) < FEWEST_DAYS:
        return Missing.TOO_FEW_DAYS
    then = days.earlier(SAME_WEEKDAY, zone)
    before = whole_days.of_user(user_id, then.midnights_s)
    pairs = [
        (mine.energies[now_s], before[then_s])
        for now_s, then_s in zip(days.midnights_s[1:], then.midnights_s[1:], strict=True)
        if now_s in mine.energies and then_s in before
    ]
    if len(pairs) < FEWEST_DAYS:
        return Missing.NO_DATA_OF_LAST_YEAR
    energy, energy_before = (sum(energies) for energies in zip(*pairs, strict=True))
    percent = percent_more(energy, energy_before)
    if percent is None:
        return Missing.NOTHING_USED
    return {
        "begin": then.midnights_s[0],
        "end": then.midnights_s[-1],
        "days": len(pairs),
        "energy": energy,
        "energy_last_year": energy_before,
        "difference": percent,
    }


def _standard(mine: Flat, days: Days, household: StandardHousehold) -> dict[str, Any] | Missing:
    """Beside a flat with as many people that spreads its year as the standard household does."""
    if len(mine.energies) < FEWEST_DAYS:
        return Missing.TOO_FEW_DAYS
    if len(mine.counted) < FEWEST_DAYS:
        return Missing.NO_HOUSEHOLD_SIZE
    standard = 0.0
    for day_s, end_s in pairwise(days.midnights_s):
        if end_s in mine.counted:
            yearly_kwh = STANDARD_YEARLY_KWH.get(mine.inhabitants[end_s])
            if yearly_kwh is None:
                return Missing.HOUSEHOLD_TOO_LARGE
            standard += yearly_kwh * years_between(household, day_s, end_s)
    energy = sum(mine.energies[end_s] for end_s in mine.counted)
    percent = percent_more(energy, tenth_uwh_from_kwh(standard))
    assert percent is not None
    return {
        "days": len(mine.counted),
        "energy": energy,
        "energy_standard": tenth_uwh_from_kwh(standard),
        "difference": percent,
        "source": STANDARD_SOURCE,
    }


def _judgement(parts: Mapping[str, dict[str, Any] | Missing]) -> dict[str, str | None]:
    """By the first comparison that there is: the one with the neighbours moves people most."""
    for name, part in parts.items():
        if isinstance(part, dict):
            judgement = judged(
                part["difference"],
                own=part.get("per_person", 0),
                frugal=part.get("frugal_per_person"),
            )
            return {"judgement": judgement.value, "judged_by": name}
    return {"judgement": None, "judged_by": None}

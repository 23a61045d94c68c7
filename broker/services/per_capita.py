"""What a person in a home uses in a year, from the days of this term that are known."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from broker.clock import FOR_EVER_S, day_start_s, day_starts_s, local_date, term_start_s
from broker.energy import per_capita
from broker.models import db
from broker.services import consumption, household_sizes, whole_days
from broker.services.household_sizes import Sizes
from broker.services.remembered import Remembered
from broker.store.meter_uses import FLAT_OF_USER, Use
from broker.store.quarter_hours import first_from


class PerCapita(NamedTuple):
    """kWh per person and year, as of the end of the last day in it, in POSIX seconds."""

    time_s: int
    yearly_kwh: int
    days: int


_remembered: Remembered[PerCapita | None] = Remembered(2048)


def of_user(
    user_id: int, now_s: int, term_start: tuple[int, int], zone: ZoneInfo
) -> PerCapita | None:
    """A resident's consumption per person and year in this term; None if no day is known."""
    begin_s = term_start_s(now_s, term_start, zone)
    end_s = day_start_s(now_s, zone)
    sizes = household_sizes.of_user(user_id)
    if begin_s == end_s or not sizes.inhabitants:
        return None
    stamp = consumption.stamp_of_user(user_id, begin_s, end_s)
    told = (*sizes.valid_from, *sizes.inhabitants)
    key = (db.engine, user_id, begin_s, end_s, zone, told, stamp)
    return _remembered.get(key, lambda: _computed(user_id, begin_s, end_s, zone, sizes))


def _computed(
    user_id: int, begin_s: int, end_s: int, zone: ZoneInfo, sizes: Sizes
) -> PerCapita | None:
    midnights_s = [*day_starts_s(begin_s, end_s, zone), end_s]
    energies = whole_days.of_user(user_id, midnights_s)
    known = [day_s for day_s, later_s in pairwise(midnights_s) if later_s in energies]
    silent = _silent(user_id, midnights_s)
    told = [day_s for day_s in known if day_s not in silent]
    inhabitants = sizes.on([local_date(day_s, zone) for day_s in told])
    ends_s = dict(pairwise(midnights_s))
    yearly_kwh = per_capita.yearly_kwh(
        zip((energies[ends_s[day_s]] for day_s in told), inhabitants, strict=True)
    )
    if yearly_kwh is None:
        return None
    counted = [day_s for day_s, size in zip(told, inhabitants, strict=True) if size]
    return PerCapita(ends_s[counted[-1]], yearly_kwh, len(counted))


def _silent(user_id: int, midnights_s: Sequence[int]) -> set[int]:
    """The days without any reading, by their start: their energy would be nothing but a guess.

    Where C(t) is known at a midnight without a longer gap, a reading has come soon after it.
    """
    openings = FLAT_OF_USER.openings(user_id, midnights_s)
    soon_after = {time_s for of_use in openings.values() for time_s in of_use}
    uses = FLAT_OF_USER.uses(user_id, midnights_s[0], midnights_s[-1])
    silent, silent_until_s = set(), 0
    with db.engine.connect() as connection:
        for day_s, later_s in pairwise(midnights_s):
            if day_s in soon_after:
                continue
            if later_s > silent_until_s:
                nexts_s = [_next_s(connection, use, day_s) for use in uses]
                silent_until_s = min([next_s for next_s in nexts_s if next_s], default=FOR_EVER_S)
            if later_s <= silent_until_s:
                silent.add(day_s)
    return silent


def _next_s(connection: Connection, use: Use, time_s: int) -> int | None:
    """Where the first quarter hour with readings starts that a use has from a time on."""
    found = first_from(connection, use.meter_id, use.register, max(time_s, use.begin_s))
    is_its = found is not None and (use.end_s is None or found.start_s < use.end_s)
    return found.start_s if found is not None and is_its else None

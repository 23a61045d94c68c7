"""Curves as columns, for charts and tables: what a flat, or a whole house, used and made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from broker.clock import written_utc
from broker.energy.series import Booleans, Column, EnergySeries
from broker.errors import InvalidInput
from broker.models import PRODUCTION
from broker.services import consumption, history, steps
from broker.services.courses import Resolution
from broker.services.remembered import Remembered
from broker.store.meter_uses import Use
from broker.units import DAY_S, TENTH_UWH_PER_MW_QUARTER_HOUR

Powers = list[float | None]
"""Mean powers in mW, None where nothing is known."""


class Curves(NamedTuple):
    """Mean powers in mW between neighbouring boundaries."""

    boundaries_s: list[int]
    consumption: Powers
    production: Powers | None
    """None for a flat, and for a house without a plant."""


NOTHING = Curves([], [], None)
_of_groups: Remembered[Curves] = Remembered(8)
"""Neighbours look at the same: a year of a house takes ten times as long to gather as to send."""


def of_user(
    user_id: int, begin_s: int, end_s: int, resolution: str, zone: ZoneInfo, now_s: int
) -> Curves:
    """What a resident's flat used in each step that is over.

    Raises InvalidInput for an empty time or more than three years.
    """
    boundaries_s = _boundaries_s(begin_s, end_s, resolution, zone, now_s)
    if len(boundaries_s) < 2:
        return NOTHING
    if resolution == Resolution.QUARTER_HOUR:
        used = consumption.of_user(user_id, boundaries_s[0], boundaries_s[-1])
        return Curves(boundaries_s, _powers([used]), None)
    mine = history.of_user(user_id, begin_s, end_s, resolution, zone, now_s)
    return Curves(boundaries_s, _of_keys([mine.get("power")], boundaries_s), None)


def of_group(
    group_id: int, begin_s: int, end_s: int, resolution: str, zone: ZoneInfo, now_s: int
) -> Curves:
    """What all flats and common meters used together, and what the plants made.

    A step counts as far as any meter is known. Raises InvalidInput as `of_user` does.
    """
    boundaries_s = _boundaries_s(begin_s, end_s, resolution, zone, now_s)
    if len(boundaries_s) < 2:
        return NOTHING
    if resolution == Resolution.QUARTER_HOUR:
        window = boundaries_s[0], boundaries_s[-1]
        stamp = consumption.stamp_of_group(group_id, *window)
        key = (group_id, *window, stamp)
        return _of_groups.get(key, lambda: _quarter_hours(group_id, boundaries_s))
    ours = history.of_group(group_id, begin_s, end_s, resolution, zone, now_s)
    flats = [course["power"] for course in ours.get("group_users", {}).values()]
    used_by = [ours.get("consumed_power"), ours.get("other_flats_power"), *flats]
    made_by = [ours.get(f"produced_{plant}_meter_power") for plant in ("first", "second")]
    made_power = _of_keys(made_by, boundaries_s) if any(made_by) else None
    return Curves(boundaries_s, _of_keys(used_by, boundaries_s), made_power)


def _quarter_hours(group_id: int, boundaries_s: list[int]) -> Curves:
    window = boundaries_s[0], boundaries_s[-1]
    served = consumption.of_group(group_id, *window)
    made = [_served(use, one) for use, one in served if use.role in PRODUCTION]
    used = [_served(use, one) for use, one in served if use.role not in PRODUCTION]
    unknown = EnergySeries.unknown(*window)
    return Curves(boundaries_s, _powers([unknown, *used]), _powers(made) if made else None)


def _boundaries_s(
    begin_s: int, end_s: int, resolution: str, zone: ZoneInfo, now_s: int
) -> list[int]:
    if end_s <= begin_s and begin_s <= now_s:
        raise InvalidInput("end: must lie after begin.")
    if end_s - begin_s > history.LONGEST_QUARTER_HOURS_S:
        years = history.LONGEST_QUARTER_HOURS_S // (366 * DAY_S)
        raise InvalidInput(f"begin: at most {years} years at a time.")
    return steps.boundaries_s(begin_s, end_s, resolution, zone, now_s)


def _served(use: Use, series: EnergySeries) -> EnergySeries:
    """Only what a meter said while it served this purpose."""
    starts_s = series.starts_s
    inside: Booleans = starts_s >= use.begin_s
    if use.end_s is not None:
        inside = inside & (starts_s < use.end_s)
    known = series.known & inside
    return EnergySeries(series.begin_s, np.where(known, series.energies, 0), known)


def _powers(served: Sequence[EnergySeries]) -> Powers:
    energies: Column = np.sum([one.energies for one in served], axis=0)
    known = np.logical_or.reduce([one.known for one in served])
    powers = np.where(known, energies / TENTH_UWH_PER_MW_QUARTER_HOUR, np.nan).tolist()
    return [None if mw != mw else mw for mw in powers]


def _of_keys(series: Iterable[Mapping[str, Any] | None], boundaries_s: Sequence[int]) -> Powers:
    """The sum of histories by the ends of their steps."""
    given = [one for one in series if one]
    powers: Powers = []
    for end_s in boundaries_s[1:]:
        key = written_utc(end_s)
        known = [one[key] for one in given if key in one]
        powers.append(sum(known) if known else None)
    return powers

"""The course of each meter: its mean powers and its counters through some time.

What is asked for most, the quarter hours and hours of the last days, is remembered as far as it is
closed. A small question tells each time whether that still holds: how far the meters have come,
and how often their past was computed anew. Only the last counter of the day moves with every
reading, and it comes with that question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from broker.clock import day_starts_s, month_starts_s, written_utc
from broker.energy.load_profile import hourly_mean_powers_mw, mean_powers_mw
from broker.services import day_counters, totals
from broker.services.remembered import Remembered
from broker.services.written_series import WrittenSeries
from broker.store import meter_uses
from broker.store.meter_uses import NO_POINTS, Counters, Curve, Owner, Points, Use
from broker.units import DAY_S, HOUR_S, QUARTER_HOUR_S

LONGEST_REMEMBERED_S = 3 * DAY_S
MOST_REMEMBERED = 512
"""A day of a meter takes some 10 kB."""

Powers = Mapping[str, float]
DayCounters = dict[str, int]


class Resolution(StrEnum):
    """How finely power is averaged."""

    QUARTER_HOUR = "quarter_hour"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


class Window(NamedTuple):
    """The asked-for time, until now at most."""

    begin_s: int
    end_s: int
    resolution: Resolution
    zone: ZoneInfo


class Course(NamedTuple):
    """A register's powers in mW and counters in 0.1 µWh, by written time."""

    energy: DayCounters
    power: Powers


class _Closed(NamedTuple):
    """What stays as it is while the newest quarter hour remains the newest."""

    power: WrittenSeries
    energy: DayCounters
    """The first and the last reading of each day, without the last one of all."""
    last_s: int
    last_counter: int
    """The last reading of all; its quarter hour may get more of them."""


NOTHING = _Closed(WrittenSeries({}), {}, 0, 0)

_remembered: Remembered[_Closed] = Remembered(MOST_REMEMBERED)


def of_owner(owner: Owner, owner_id: int, window: Window) -> list[tuple[Use, Course]]:
    """What each meter measured while it served the owner."""
    if window.begin_s >= window.end_s:
        return []
    by_time = window.resolution in (Resolution.QUARTER_HOUR, Resolution.HOUR)
    if by_time and window.end_s - window.begin_s <= LONGEST_REMEMBERED_S:
        return _remembered_courses(owner, owner_id, window)
    looked_up = _looked_up(owner, owner_id, window)
    return [(use, _course(closed, None)) for use, closed in looked_up.items()]


def _remembered_courses(owner: Owner, owner_id: int, window: Window) -> list[tuple[Use, Course]]:
    begin_s, end_s, resolution, zone = window
    # Until the quarter hour is over, the newest one alone tells whether there is more to show.
    shown = begin_s, -(-end_s // QUARTER_HOUR_S), resolution, zone
    present: dict[Use, _Closed] = {}

    def looked_up(use: Use) -> _Closed:
        if not present:  # one look at the database for all meters
            present.update(_looked_up(owner, owner_id, window))
        return present.get(use, NOTHING)

    courses = []
    for use, past_revision, newest_s, readings in owner.standings(owner_id, begin_s, end_s):
        key = use, past_revision, newest_s, shown
        closed = _remembered.get(key, partial(looked_up, use))
        courses.append((use, _course(closed, readings)))
    return courses


def _course(closed: _Closed, newest: Counters | None) -> Course:
    """A course of its own for each answer: what is remembered stays, whatever becomes of it."""
    power, energy, last_s, last_counter = closed
    energy = energy.copy()
    if last_s:
        if newest and newest.last_s // QUARTER_HOUR_S == last_s // QUARTER_HOUR_S:
            _, _, last_s, last_counter = newest
        energy[written_utc(last_s)] = last_counter
    return Course(energy, power.copy())


def _looked_up(owner: Owner, owner_id: int, window: Window) -> dict[Use, _Closed]:
    begin_s, end_s, resolution, zone = window
    days = list(day_starts_s(begin_s, end_s, zone))
    bounds_s = [begin_s, *days[1:], end_s]
    starts: Sequence[Sequence[int]]
    if resolution in (Resolution.QUARTER_HOUR, Resolution.HOUR):
        edges_s = day_counters.usual_edges_s(bounds_s, begin_s)
        curves = owner.curves(owner_id, begin_s, end_s, edges_s)
        points = [meter_uses.points(curve.written) for curve in curves]
        is_hourly = resolution is Resolution.HOUR
        phase_s = days[0] % HOUR_S
        powers = [_hourly(known, phase_s) if is_hourly else _powers(known) for known in points]
        starts = [known.starts_s for known in points]
    else:  # whole days and months, also those that begin lies in
        bounds_s[0] = days[0]
        curves = [Curve(use, NO_POINTS, {}) for use in owner.uses(owner_id, begin_s, end_s)]
        starts_s = day_starts_s if resolution is Resolution.DAY else month_starts_s
        boundaries_s = list(starts_s(begin_s, end_s + 1, zone))
        powers = [_totals(curve.use, boundaries_s) for curve in curves]
        starts = [[] for _ in curves]
    counters = day_counters.of_curves(owner, owner_id, curves, starts, bounds_s)
    return {
        curve.use: _closed(power, counters[curve.use.id])
        for curve, power in zip(curves, powers, strict=True)
    }


def _powers(points: Points) -> dict[str, float]:
    means = mean_powers_mw(*points)
    ends = islice(points.starts_s, 1, None)
    return {written_utc(end_s): mw for end_s, mw in zip(ends, means, strict=True) if mw is not None}


def _hourly(points: Points, phase_s: int) -> dict[str, float]:
    means = hourly_mean_powers_mw(*points, phase_s)
    return {written_utc(end_s): mw for end_s, mw in means.items()}


def _totals(use: Use, boundaries_s: list[int]) -> dict[str, float]:
    means = totals.mean_powers_mw(use, boundaries_s)
    return {written_utc(end_s): mw for end_s, mw in means.items()}


def _closed(power: dict[str, float], days: list[Counters]) -> _Closed:
    if not days:
        return _Closed(WrittenSeries(power), {}, 0, 0)
    energy: DayCounters = {}
    for day in days:
        energy[written_utc(day.first_s)] = day.first_counter
        energy[written_utc(day.last_s)] = day.last_counter
    last = days[-1]
    if last.first_s != last.last_s:
        del energy[written_utc(last.last_s)]
    return _Closed(WrittenSeries(power), energy, last.last_s, last.last_counter)

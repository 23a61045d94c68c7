"""What the meter showed: the first and the last counter of each day, under their own times."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from broker.clock import FOR_EVER_S
from broker.energy.quarter_hours import QuarterHour
from broker.models import db
from broker.store.meter_uses import Counters, Curve, Owner, Use
from broker.store.quarter_hours import first_from, last_before
from broker.units import QUARTER_HOUR_S


class _Day(NamedTuple):
    """The part of a day that belongs to a use, and its first and last quarter hour."""

    begin_s: int
    end_s: int
    first_start_s: int
    last_start_s: int


def usual_edges_s(bounds_s: Sequence[int], begin_s: int) -> list[int]:
    """The quarter hours in which the first and last readings of days usually lie.

    `bounds_s` are the midnights of the days and the end of the last one, which may be now: then
    the last reading may as well lie in the quarter hour before.
    """
    first_s = begin_s + -begin_s % QUARTER_HOUR_S
    last_s = (bounds_s[-1] - 1) // QUARTER_HOUR_S * QUARTER_HOUR_S
    edges_s = {first_s, last_s, last_s - QUARTER_HOUR_S}
    for midnight_s in bounds_s[1:-1]:
        edges_s |= {midnight_s, midnight_s - QUARTER_HOUR_S}
    return sorted(edges_s)


def of_curves(
    owner: Owner,
    owner_id: int,
    curves: Sequence[Curve],
    starts_s: Sequence[Sequence[int]],
    bounds_s: Sequence[int],
) -> dict[int, list[Counters]]:
    """The first and the last reading of each day that has any, for each use by its id.

    `starts_s` holds the quarter hours of each curve, as far as they are known;
    `bounds_s` are the midnights of the days and the end of the last one.
    """
    days = _days_of(curves, starts_s, bounds_s)
    missing = {
        start_s
        for curve, day in days
        for start_s in (day.first_start_s, day.last_start_s)
        if start_s not in curve.edges
    }
    others = owner.counters(owner_id, missing) if missing else {}
    counters: dict[int, list[Counters]] = {curve.use.id: [] for curve in curves}
    silent_until_s = dict.fromkeys(counters, 0)
    for (use, _, edges), day in days:
        if day.end_s <= silent_until_s[use.id]:
            continue
        first = edges.get(day.first_start_s) or others.get((use.id, day.first_start_s))
        last = edges.get(day.last_start_s) or others.get((use.id, day.last_start_s))
        if first is None or last is None:
            found = _sought(use, day)
            if isinstance(found, int):
                silent_until_s[use.id] = found
                continue
            first, last = found
        counters[use.id].append(Counters(*first[:2], *last[2:]))
    return counters


def _days_of(
    curves: Sequence[Curve], starts_s: Sequence[Sequence[int]], bounds_s: Sequence[int]
) -> list[tuple[Curve, _Day]]:
    """The days of every curve. The meters of a house mostly have the same, so one look does."""
    of_all: list[tuple[Curve, _Day]] = []
    latest: tuple[Sequence[int], tuple[int, int]] | None = None
    days: list[_Day] = []
    for curve, starts in zip(curves, starts_s, strict=True):
        this = starts, curve.use.within(bounds_s[0], bounds_s[-1])
        if this != latest:
            latest, days = this, _days(curve.use, starts, bounds_s)
        of_all += [(curve, day) for day in days]
    return of_all


def _days(use: Use, starts_s: Sequence[int], bounds_s: Sequence[int]) -> list[_Day]:
    """Where the first and last reading of each day usually are: in its outermost quarter hours."""
    days = []
    for day_s, next_s in pairwise(bounds_s):
        begin_s, end_s = use.within(day_s, next_s)
        first_s, last_s = begin_s, end_s - QUARTER_HOUR_S
        if starts_s:
            begin, end = bisect_left(starts_s, begin_s), bisect_left(starts_s, end_s)
            if begin < end:
                first_s, last_s = starts_s[begin], starts_s[end - 1]
        if begin_s < end_s:
            days.append(_Day(begin_s, end_s, first_s, last_s))
    return days


def _sought(use: Use, day: _Day) -> tuple[Counters, Counters] | int:
    """The quarter hours of a day with its first and last reading, when they lie elsewhere.

    Of a day without any, until when the silence lasts, so that nobody asks for each of its days.
    """
    meter_id, register = use.meter_id, use.register
    with db.engine.connect() as connection:
        first = first_from(connection, meter_id, register, day.begin_s)
        last = last_before(connection, meter_id, register, day.end_s)
    if first is None:
        return FOR_EVER_S
    if last is None or first.start_s > last.start_s:
        return first.start_s
    return _counters(first), _counters(last)


def _counters(quarter_hour: QuarterHour) -> Counters:
    return Counters(*quarter_hour[2:4], *quarter_hour[5:7])  # type: ignore[arg-type]

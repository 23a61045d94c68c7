"""From a meter's readings, however irregular, to mean powers in even steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from broker.energy.disaggregation.features import Floats
from broker.energy.quarter_hours import LONGEST_INTERPOLATED_GAP_S, LONGEST_POWER_GAP_S
from broker.units import MINUTE_S, mw_from_w

Integers = np.ndarray[Any, np.dtype[np.int64]]
Booleans = np.ndarray[Any, np.dtype[np.bool_]]
Floats64 = np.ndarray[Any, np.dtype[np.float64]]

COARSE_W = 15
"""A counter is coarse if its smallest step looks like this much power, or more, from one reading
(or minute) to the next."""
LEAST_GAP_S, GAP_INTERVALS = 600, 4
"""A pause between readings is a gap from so many usual intervals on, and from ten minutes on."""
MW_S_PER_TENTH_UWH = 0.36
WS_PER_TENTH_UWH = MW_S_PER_TENTH_UWH / mw_from_w(1)


class Course(NamedTuple):
    """What a meter counted: times in s, energy in W·s that never falls, and the longest gap in s
    over which it may be interpolated."""

    times_s: Integers
    energies_ws: Floats64
    longest_gap_s: int


class Steps(NamedTuple):
    """Mean powers in W of even steps from `begin_s` on; where unknown, they say nothing."""

    begin_s: int
    step_s: int
    powers_w: Floats
    known: Booleans
    interval_s: float = 60
    """How often the meter is usually read."""
    times_s: Integers = np.zeros(0, np.int64)
    """When it was."""
    switched_w: Floats = np.zeros(0, np.float32)
    """The powers as they probably were between readings that are rarer than the steps."""


def course(
    times_s: Sequence[int],
    energies_tenth_uwh: Sequence[int | None],
    powers_mw: Sequence[int | None],
) -> Course | None:
    """What readings in order of time say about consumption; None if there are fewer than two.

    By the counter, since no energy is lost between its readings. A counter that shows only coarse
    steps is replaced by the powers if the meter sends them; else its energy is spread between the
    readings at which it moved. A fall is a new register: it counts as 0.
    """
    powered = np.array([power is not None for power in powers_mw], bool)
    counted = np.array([energy is not None for energy in energies_tenth_uwh], bool)
    times = np.asarray(times_s, np.int64)
    if counted.sum() >= 2:
        counters = np.array([energy or 0 for energy in energies_tenth_uwh], np.int64)[counted]
        moved = np.maximum(np.diff(counters), 0)
        least_ws = int(np.gcd.reduce(moved)) * WS_PER_TENTH_UWH
        is_coarse = least_ws >= COARSE_W * max(MINUTE_S, typical_interval_s(times))
        if not (is_coarse and powered.sum() > 0.9 * len(times)):
            return _counted(times[counted], moved, is_coarse)
    if powered.sum() >= 2:
        return _integrated(times[powered], [power for power in powers_mw if power is not None])
    return None


def _counted(times: Integers, moved: Integers, is_coarse: bool) -> Course:
    energies = np.concatenate([[0.0], np.cumsum(moved, dtype=np.float64)]) * WS_PER_TENTH_UWH
    if is_coarse:
        kept = np.concatenate([[True], moved > 0])
        kept[-1] = True
        times, energies = times[kept], energies[kept]
    return Course(times, energies, LONGEST_INTERPOLATED_GAP_S)


def _integrated(times: Integers, powers_mw: Sequence[int]) -> Course:
    powers_w = np.maximum(np.asarray(powers_mw, np.float64) / mw_from_w(1), 0)
    trapezoids = (powers_w[1:] + powers_w[:-1]) / 2 * np.diff(times)
    return Course(times, np.concatenate([[0.0], np.cumsum(trapezoids)]), LONGEST_POWER_GAP_S)


def typical_interval_s(times_s: Integers) -> float:
    """The median time between readings."""
    return float(np.median(np.diff(times_s)))


def stepped(course: Course, begin_s: int, end_s: int, step_s: int) -> Steps:
    """Mean powers of the steps of [begin_s, end_s), which lie on multiples of `step_s`.

    A step that touches a gap, or lies outside the readings, is unknown: a mean over much longer
    than the meter's own interval looks like an appliance that isn't there.
    """
    edges = np.arange(begin_s, end_s + 1, step_s, dtype=np.int64)
    # Rarer readings than steps are left as they are: so the networks have learned to read them.
    interval_s = typical_interval_s(course.times_s)
    powers = switched = _powers(edges, course.times_s, course.energies_ws)
    if interval_s > step_s / 2:
        switched = _powers(edges, *_with_switchings(course))
        is_rarer = interval_s >= step_s * 3 / 2
        powers = powers if is_rarer else switched
    known = (edges[:-1] >= course.times_s[0]) & (edges[1:] <= course.times_s[-1])
    intervals = np.diff(course.times_s)
    blind_s = max(LEAST_GAP_S, GAP_INTERVALS * interval_s)
    gaps = np.flatnonzero(intervals > min(blind_s, course.longest_gap_s))
    for gap in gaps:
        first = np.searchsorted(edges, course.times_s[gap], side="right") - 1
        last = np.searchsorted(edges, course.times_s[gap + 1], side="left")
        known[max(first, 0) : last] = False
    return Steps(begin_s, step_s, powers, known, interval_s, course.times_s, switched)


def _powers(edges_s: Integers, times_s: Integers | Floats64, energies_ws: Floats64) -> Floats:
    energies = np.interp(edges_s, times_s, energies_ws)
    return (np.diff(energies) / np.diff(edges_s)).astype(np.float32)


def _with_switchings(course: Course) -> tuple[Floats64, Floats64]:
    """Times and energies with a point where an appliance seems to have switched between readings.

    Where the mean power lies between those before and after, it went from the one to the other at
    the moment at which the energy comes out right.
    """
    times, energies = course.times_s.astype(np.float64), course.energies_ws
    powers = np.diff(energies) / np.diff(times)
    before, mean, after = powers[:-2], powers[1:-1], powers[2:]
    switches = np.flatnonzero((before < mean) & (mean < after) | (before > mean) & (mean > after))
    first, last = before[switches], after[switches]
    part = (last - mean[switches]) / (last - first)
    length = part * (times[switches + 2] - times[switches + 1])
    places = switches + 2
    return (
        np.insert(times, places, times[switches + 1] + length),
        np.insert(energies, places, energies[switches + 1] + first * length),
    )

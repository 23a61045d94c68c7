"""Quarter hours of one register: what is kept of the readings, and the mean power it yields.

All energies are in 0.1 µWh. "Counter" is what the meter displayed; "cumulated" is C(t), the same
without its jitter, resets and implausible steps, so that it never runs backwards.
"""

from __future__ import annotations

from typing import NamedTuple

from broker.units import HOUR_S, QUARTER_HOUR_S

LONGEST_INTERPOLATED_GAP_S = 2 * HOUR_S
LONGEST_POWER_GAP_S = QUARTER_HOUR_S
"""Without a counter nobody knows what happened in between, so a longer gap adds nothing."""


class QuarterHour(NamedTuple):
    """A register during [start_s, start_s + 900): enough to interpolate C at any boundary.

    It is also the state from which the next reading goes on, so that appending needs no look at
    raw readings. Inside a gap that is short enough to interpolate there are quarter hours without
    readings: their `first_s` is None.
    """

    start_s: int
    opening: int | None
    """C(start_s); None inside a longer gap and before the first reading."""
    first_s: int | None = None
    first_counter: int | None = None
    first: int | None = None
    last_s: int | None = None
    last_counter: int | None = None
    last: int | None = None
    offset: int | None = None
    """Cumulated energy minus the register's highest counter; None while power is integrated."""
    carry: int = 0
    """What `last` lacks of the integral of power, in eighteenths of 0.1 µWh."""
    last_power: int | None = None
    power_sum: int = 0
    power_count: int = 0
    power_max: int | None = None


class Stretch(NamedTuple):
    """One or more consecutive readings within one quarter hour, already cumulated."""

    first_s: int
    first_counter: int
    first: int
    last_s: int
    last_counter: int
    last: int
    offset: int | None
    carry: int
    last_power: int | None
    power_sum: int
    power_count: int
    power_max: int | None


def start_of(time_s: int) -> int:
    """The start of the quarter hour that a time falls into."""
    return time_s - time_s % QUARTER_HOUR_S


def longest_gap_s(earlier_offset: int | None, later_offset: int | None) -> int:
    """The longest time between two readings that is interpolated."""
    if earlier_offset is None or later_offset is None:
        return LONGEST_POWER_GAP_S
    return LONGEST_INTERPOLATED_GAP_S


def appended(before: QuarterHour | None, stretch: Stretch) -> list[QuarterHour]:
    """The quarter hours that a stretch changes or adds after `before`, the newest one last.

    `before` is the latest quarter hour that has readings. Those between it and the stretch are
    interpolated linearly if the gap is short enough, else they stay missing.
    """
    start_s = start_of(stretch.first_s)
    if before is not None and before.start_s == start_s:
        return [_extended(before, stretch)]
    quarter_hours: list[QuarterHour] = []
    opening = stretch.first if stretch.first_s == start_s else None
    if before is not None:
        assert before.last_s is not None and before.last is not None
        gap_s = stretch.first_s - before.last_s
        if gap_s <= longest_gap_s(before.offset, stretch.offset):
            rise = stretch.first - before.last
            for boundary_s in range(before.start_s + QUARTER_HOUR_S, start_s, QUARTER_HOUR_S):
                between = before.last + rise * (boundary_s - before.last_s) // gap_s
                quarter_hours.append(QuarterHour(boundary_s, between))
            opening = before.last + rise * (start_s - before.last_s) // gap_s
    quarter_hours.append(QuarterHour(start_s, opening, *stretch))
    return quarter_hours


def _extended(quarter_hour: QuarterHour, stretch: Stretch) -> QuarterHour:
    maxima = [power for power in (quarter_hour.power_max, stretch.power_max) if power is not None]
    return QuarterHour(
        quarter_hour.start_s,
        quarter_hour.opening,
        quarter_hour.first_s,
        quarter_hour.first_counter,
        quarter_hour.first,
        stretch.last_s,
        stretch.last_counter,
        stretch.last,
        stretch.offset,
        stretch.carry,
        stretch.last_power,
        quarter_hour.power_sum + stretch.power_sum,
        quarter_hour.power_count + stretch.power_count,
        max(maxima, default=None),
    )

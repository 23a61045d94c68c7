"""Many readings of a register at once: the same quarter hours as `register.continued`, sooner.

Most batches hold nothing special: a counter that only rises, or nothing but power. Those are
summed up as columns. Anything else goes through the definition, reading by reading; a property
test holds the two together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from broker.energy.quarter_hours import (
    LONGEST_POWER_GAP_S,
    QuarterHour,
    Stretch,
    appended,
    longest_gap_s,
)
from broker.energy.register import Continued, RegisterReading, Suspect, continued
from broker.units import EIGHTEENTHS_PER_TRAPEZOID_MWS, MW_PER_W, QUARTER_HOUR_S

FEW = 12
"""Below this many readings, setting up the columns costs more than it saves."""
MOST = 8192
"""Readings summed up in one go, so that sums of eighteenths stay far from 64 bits."""
LONGEST_PLAIN_S = 1_000_000

Integers = np.ndarray[Any, np.dtype[np.int64]]


class RegisterColumns(NamedTuple):
    """Readings of one register as columns of equal length, in order of time."""

    times_s: list[int]
    counters: list[int | None]
    powers_mw: list[int | None]

    def readings(self) -> Iterator[RegisterReading]:
        """The same, reading by reading."""
        return map(RegisterReading, *self)

    def part(self, begin: int, end: int) -> RegisterColumns:
        """Some of the rows."""
        return RegisterColumns(
            self.times_s[begin:end], self.counters[begin:end], self.powers_mw[begin:end]
        )

    def at(self, places: Sequence[int]) -> RegisterColumns:
        """The rows at these places."""
        return RegisterColumns(
            [self.times_s[place] for place in places],
            [self.counters[place] for place in places],
            [self.powers_mw[place] for place in places],
        )


class _Plain(NamedTuple):
    """Columns of a run in which nothing special happens."""

    times_s: Integers
    counters: Integers
    cumulated: Integers
    carries: Integers | None
    offset: int | None
    powers_mw: Integers | None


def rolled_up(
    before: QuarterHour | None,
    columns: RegisterColumns,
    *,
    max_power_w: int,
    suspect: Suspect | None = None,
    accepted: Collection[int] = (),
) -> Continued:
    """The quarter hours that later readings change or add: see `register.continued`."""
    if len(columns.times_s) < FEW:
        return continued(
            before,
            columns.readings(),
            max_power_w=max_power_w,
            suspect=suspect,
            accepted=accepted,
        )
    total = Continued([], [], [])
    for begin in range(0, len(columns.times_s), MOST):
        part = columns.part(begin, begin + MOST)
        plain = None
        if len(part.times_s) >= FEW and suspect is None and not accepted:
            plain = _plain(before, part, max_power_w)
        if plain is not None:
            step = Continued(_quarter_hours(before, plain), [], [])
        else:
            step = continued(
                before,
                part.readings(),
                max_power_w=max_power_w,
                suspect=suspect,
                accepted=accepted,
            )
            suspect = _pending(part, step) if step.implausible else None
        before = _join(total, step) or before
    return total


def _join(total: Continued, step: Continued) -> QuarterHour | None:
    """Adds a part's outcome to the whole; its latest quarter hour."""
    total.implausible.extend(step.implausible)
    total.events.extend(step.events)
    added = step.quarter_hours
    if not added:
        return None
    if total.quarter_hours and total.quarter_hours[-1].start_s == added[0].start_s:
        total.quarter_hours.pop()
    total.quarter_hours.extend(added)
    return added[-1]


def _pending(part: RegisterColumns, step: Continued) -> Suspect | None:
    """The suspect that a part ends with: an implausible counter that nothing has followed yet."""
    latest_s = step.quarter_hours[-1].last_s if step.quarter_hours else None
    time_s = step.implausible[-1]
    counter = part.counters[part.times_s.index(time_s)]
    if counter is None or (latest_s is not None and latest_s > time_s):
        return None
    return Suspect(time_s, counter)


def _plain(before: QuarterHour | None, part: RegisterColumns, max_power_w: int) -> _Plain | None:
    powers: Integers | None = None
    if None not in part.powers_mw:
        powers = np.array(part.powers_mw, dtype=np.int64)
    elif part.powers_mw.count(None) != len(part.powers_mw):
        return None
    times = np.array(part.times_s, dtype=np.int64)
    if None not in part.counters:
        counters = np.array(part.counters, dtype=np.int64)
        return _plainly_counted(before, times, counters, powers, max_power_w)
    if powers is not None and part.counters.count(None) == len(part.counters):
        return _plainly_integrated(before, times, powers, max_power_w)
    return None


def _plainly_counted(
    before: QuarterHour | None,
    times: Integers,
    counters: Integers,
    powers: Integers | None,
    max_power_w: int,
) -> _Plain | None:
    offset, counter, time_s = 0, int(counters[0]), int(times[0])
    if before is not None:
        if before.offset is None or before.last is None or before.last_s is None:
            return None
        offset, counter, time_s = before.offset, before.last - before.offset, before.last_s
        if counter != before.last_counter:
            return None  # within a dip: the definition knows how it ends
    steps = np.diff(counters, prepend=counter)
    durations = np.minimum(np.diff(times, prepend=time_s), LONGEST_PLAIN_S)
    limits = max_power_w * MW_PER_W * 25 * durations // 9
    if (steps < 0).any() or (steps > limits).any():
        return None
    return _Plain(times, counters, counters + offset, None, offset, powers)


def _plainly_integrated(
    before: QuarterHour | None, times: Integers, powers: Integers, max_power_w: int
) -> _Plain | None:
    if before is not None and before.offset is not None:
        return None
    if (np.abs(powers) > max_power_w * MW_PER_W).any():
        return None
    energy, carry, time_s, power = 0, 0, int(times[0]), 0
    if before is not None:
        assert before.last is not None and before.last_s is not None
        energy, carry, time_s = before.last, before.carry, before.last_s
        power = max(before.last_power or 0, 0)
    positive = np.maximum(powers, 0)
    durations = np.diff(times, prepend=time_s)
    durations[durations > LONGEST_POWER_GAP_S] = 0
    trapezoids = (positive + np.concatenate(([power], positive[:-1]))) * durations
    eighteenths = np.cumsum(trapezoids * EIGHTEENTHS_PER_TRAPEZOID_MWS) + carry
    cumulated = energy + eighteenths // 18
    return _Plain(times, cumulated, cumulated, eighteenths % 18, None, powers)


def _quarter_hours(before: QuarterHour | None, plain: _Plain) -> list[QuarterHour]:
    """Cuts plain columns at the quarter hours and appends them one after the other."""
    starts = plain.times_s // QUARTER_HOUR_S
    begins = np.concatenate(([0], np.flatnonzero(np.diff(starts)) + 1))
    lasts = np.concatenate((begins[1:] - 1, [len(starts) - 1]))
    count = len(begins)
    columns: list[list[Any]] = [
        plain.times_s[begins].tolist(),
        plain.counters[begins].tolist(),
        plain.cumulated[begins].tolist(),
        plain.times_s[lasts].tolist(),
        plain.counters[lasts].tolist(),
        plain.cumulated[lasts].tolist(),
        [plain.offset] * count,
        [0] * count if plain.carries is None else plain.carries[lasts].tolist(),
    ]
    if plain.powers_mw is None:
        columns += [[None] * count, [0] * count, [0] * count, [None] * count]
    else:
        columns += [
            plain.powers_mw[lasts].tolist(),
            np.add.reduceat(plain.powers_mw, begins).tolist(),
            (lasts - begins + 1).tolist(),
            np.maximum.reduceat(plain.powers_mw, begins).tolist(),
        ]
    first = appended(before, Stretch(*(column[0] for column in columns)))
    openings = _openings(plain, begins, lasts)
    if openings is not None:
        bounds = (starts[begins[1:]] * QUARTER_HOUR_S).tolist()
        return first + list(map(QuarterHour, bounds, openings, *(of[1:] for of in columns)))
    quarter_hours = first
    for stretch in islice(map(Stretch, *columns), 1, None):
        quarter_hours += appended(quarter_hours[-1], stretch)
    return quarter_hours


def _openings(plain: _Plain, begins: Integers, lasts: Integers) -> list[int] | None:
    """C at the start of every quarter hour but the first, if none between them is without readings.

    In 64 bits: a plain step is at most what the meter's greatest power (10 MW) gives in two hours,
    2e14, times 7200 s.
    """
    before, after = lasts[:-1], begins[1:]
    gaps_s = plain.times_s[after] - plain.times_s[before]
    bounds_s = plain.times_s[after] // QUARTER_HOUR_S * QUARTER_HOUR_S
    is_next = bounds_s - plain.times_s[before] <= QUARTER_HOUR_S
    if not is_next.all() or (gaps_s > longest_gap_s(plain.offset, plain.offset)).any():
        return None
    rises = plain.cumulated[after] - plain.cumulated[before]
    energies = plain.cumulated[before] + rises * (bounds_s - plain.times_s[before]) // gaps_s
    openings: list[int] = energies.tolist()
    return openings

"""When the people of a household get up, leave, come back and go to bed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from broker.sources.simulator.local_day import HOUR_S, LocalDay

Anchor = Literal["clock", "wake", "back", "bed"]
Span = tuple[float, float]
_LAST_CLOCK_H = 23.99


@dataclass(frozen=True, slots=True)
class Routine:
    """A kind of day in hours of the wall clock; a bed time beyond 24 is in the next morning."""

    wake_h: float
    bed_h: float
    leave_h: float | None = None
    back_h: float | None = None
    works: bool = False
    """Whether the things of a working day happen, be it at home or outside."""


@dataclass(frozen=True, slots=True)
class DayPlan:
    """What the day brings for a household, in seconds since local midnight."""

    day: LocalDay
    sunrise_s: float
    sunset_s: float
    mean_temperature_c: float
    works: bool = False
    wake_s: float = 0.0
    back_s: float = 0.0
    bed_s: float = 0.0
    awake: tuple[Span, ...] = ()
    """Spans in which somebody is up and at home; none when everybody is away."""

    @property
    def absent(self) -> bool:
        """Nobody is at home all day."""
        return not self.awake

    def anchor_s(self, anchor: Anchor, offset_h: float) -> float:
        """The instant that lies `offset_h` hours after an event of the day, or on the clock."""
        if anchor == "clock":
            return self.day.elapsed_s(offset_h)
        event_s = {"wake": self.wake_s, "back": self.back_s, "bed": self.bed_s}[anchor]
        return event_s + offset_h * HOUR_S

    def at_home_s(self, wish_s: float, patience_h: float) -> float | None:
        """The wished instant, or the next at which somebody is up, unless that is too long off."""
        for begin_s, end_s in self.awake:
            if wish_s < end_s:
                wait_s = max(0.0, begin_s - wish_s)
                return wish_s + wait_s if wait_s <= patience_h * HOUR_S else None
        return None


@dataclass(frozen=True, slots=True)
class Habit:
    """How often and around when something is done."""

    anchor: Anchor
    offset_h: float
    spread_h: float
    on_workdays: float
    """Expected number of times on a working day."""
    on_free_days: float
    patience_h: float = 1.0

    def occasions(self, plan: DayPlan, rng: np.random.Generator) -> Iterator[float]:
        """The instants at which it is done on this day, in seconds since local midnight."""
        expected = self.on_workdays if plan.works else self.on_free_days
        for _ in range(int(expected + rng.random())):
            wish_s = plan.anchor_s(self.anchor, rng.normal(self.offset_h, self.spread_h))
            begin_s = plan.at_home_s(wish_s, self.patience_h)
            if begin_s is not None:
                yield begin_s


def planned(
    routine: Routine | None, outlook: DayPlan, rng: np.random.Generator, delay_h: float
) -> DayPlan:
    """Today's plan: the routine, somewhat earlier or later than usual; without one all are away."""
    if routine is None:
        return outlook
    today = _as_it_turns_out(routine, rng, delay_h)
    elapsed = outlook.day.elapsed_s
    return replace(
        outlook,
        works=today.works,
        wake_s=elapsed(today.wake_h),
        back_s=elapsed(today.wake_h if today.back_h is None else today.back_h),
        bed_s=elapsed(min(today.bed_h, _LAST_CLOCK_H)),
        awake=tuple((elapsed(begin_h), elapsed(end_h)) for begin_h, end_h in _awake_h(today)),
    )


def _as_it_turns_out(routine: Routine, rng: np.random.Generator, delay_h: float) -> Routine:
    """A late day is late all day; besides, nothing happens to the minute."""
    wake, leave, back, bed = rng.normal(0, 0.2, 4).tolist()
    return Routine(
        wake_h=routine.wake_h + delay_h * 0.5 + wake,
        leave_h=None if routine.leave_h is None else routine.leave_h + delay_h * 0.3 + leave,
        back_h=None if routine.back_h is None else routine.back_h + delay_h + back,
        bed_h=routine.bed_h + delay_h * 0.7 + bed,
        works=routine.works,
    )


def _awake_h(today: Routine) -> list[Span]:
    """Spans of the clock in which somebody is up and at home."""
    # Who only leaves is gone for the night, who only arrives was away in the morning.
    if today.leave_h is None and today.back_h is None:
        spans = [(today.wake_h, today.bed_h)]
    else:
        spans = [] if today.leave_h is None else [(today.wake_h, today.leave_h)]
        spans += [] if today.back_h is None else [(today.back_h, today.bed_h)]
    # The small hours of a late night belong to the morning of the same date.
    spans.insert(0, (0.0, today.bed_h - 24))
    ends_h = [(begin_h, min(end_h, _LAST_CLOCK_H)) for begin_h, end_h in spans]
    return [(begin_h, end_h) for begin_h, end_h in ends_h if end_h - begin_h > 0.1]

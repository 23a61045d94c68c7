"""When the people of a household get up, leave, come back and go to bed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
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
    awake: tuple[Span, ...] = field(default=())
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
    day = outlook.day
    wake_h, leave_h, back_h, bed_h = (
        hour + delay_h * factor + rng.normal(0, 0.2)
        for hour, factor in (
            (routine.wake_h, 0.5),
            (routine.leave_h if routine.leave_h is not None else 24.0, 0.3),
            (routine.back_h if routine.back_h is not None else routine.wake_h, 1.0),
            (routine.bed_h, 0.7),
        )
    )
    bed_s = day.elapsed_s(min(bed_h, _LAST_CLOCK_H))
    wake_s, back_s = day.elapsed_s(wake_h), day.elapsed_s(back_h)
    awake = [(0.0, day.elapsed_s(bed_h - 24))] if bed_h > 24.1 else []
    if routine.leave_h is None and routine.back_h is None:
        back_s = wake_s
        awake.append((wake_s, bed_s))
    else:
        # Who only leaves is gone for the night, who only arrives was away in the morning.
        if routine.leave_h is not None:
            awake.append((wake_s, day.elapsed_s(min(leave_h, _LAST_CLOCK_H))))
        if routine.back_h is not None:
            awake.append((back_s, bed_s))
    spans = tuple((begin, end) for begin, end in awake if begin < end)
    return DayPlan(
        day, outlook.sunrise_s, outlook.sunset_s, outlook.mean_temperature_c,
        routine.works, wake_s, back_s, bed_s, spans,
    )

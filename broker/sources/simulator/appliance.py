"""Appliances: what runs by itself, what people start, and what follows them through the day."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from broker.sources.simulator.curve import PowerCanvas, Powers
from broker.sources.simulator.local_day import HOUR_S, SLOT_S
from broker.sources.simulator.routine import DayPlan, Habit, Span

_DAY_S = 24 * HOUR_S


class Appliance(Protocol):
    """Anything that draws power on a day."""

    @property
    def label(self) -> str:
        """What a resident calls it."""
        ...

    def draw(self, canvas: PowerCanvas, plan: DayPlan, rng: np.random.Generator) -> None:
        """Add the day's power to the canvas."""
        ...


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a programme: a power that is on all the time or switched by a thermostat."""

    power_w: float
    shortest_min: float
    longest_min: float
    duty: float = 1.0
    period_s: float = 60.0
    flicker: float = 0.0
    """Standard deviation of the power from half minute to half minute, as a share."""

    def samples_w(self, rng: np.random.Generator, strength: float) -> Powers:
        """The power of one run of this phase, slot by slot, in W."""
        minutes = rng.uniform(self.shortest_min, self.longest_min)
        samples = np.full(max(1, round(minutes * 60 / SLOT_S)), self.power_w * strength)
        if self.duty < 1:
            elapsed_s = np.arange(len(samples)) * SLOT_S
            samples[elapsed_s % self.period_s >= self.duty * self.period_s] = 0
        if self.flicker:
            wobble = rng.normal(1, self.flicker, len(samples) // 3 + 1).repeat(3)[: len(samples)]
            samples *= np.maximum(wobble, 0.2)
        return samples


@dataclass(frozen=True, slots=True)
class ProgrammedAppliance:
    """Something people start by habit and that then runs through its phases."""

    label: str
    phases: Sequence[Phase]
    habits: Sequence[Habit]

    def draw(self, canvas: PowerCanvas, plan: DayPlan, rng: np.random.Generator) -> None:
        """Add every run of the day; a run that would pass midnight starts earlier."""
        if plan.absent:
            return
        occasions = sorted(
            begin_s for habit in self.habits for begin_s in habit.occasions(plan, rng)
        )
        # One appliance runs once at a time: a second start waits for the first run's end.
        free_s = 0.0
        for begin_s in occasions:
            strength = rng.normal(1, 0.02)
            run_w = np.concatenate([phase.samples_w(rng, strength) for phase in self.phases])
            duration_s = len(run_w) * SLOT_S
            start_s = min(max(begin_s, free_s), plan.day.duration_s - duration_s)
            if start_s >= free_s:
                canvas.add_samples(start_s, run_w)
                free_s = start_s + duration_s


@dataclass(frozen=True, slots=True)
class Fridge:
    """A compressor that cycles day and night, longer when it is warm and people open the door."""

    label: str
    power_w: float
    duty: float = 0.3
    """Share of the time it runs at 20 °C in the kitchen."""
    cycle_min: float = 48.0

    def draw(self, canvas: PowerCanvas, plan: DayPlan, rng: np.random.Generator) -> None:
        """Add the day's compressor runs."""
        # Kitchens follow the weather by about a third; 4 % more per degree of difference.
        kitchen_c = 20 + max(0.0, plan.mean_temperature_c - 14) / 3
        duty = min(0.8, self.duty * (1 + 0.04 * (kitchen_c - 20)) * (0.85 if plan.absent else 1))
        cycles = int(_DAY_S / (self.cycle_min * 60) * 1.6)
        lengths_s = self.cycle_min * 60 * np.maximum(rng.normal(1, 0.08, cycles), 0.5)
        begins_s = np.cumsum(lengths_s) - lengths_s[0] * (1 + rng.random())
        # A compressor starts a quarter stronger, runs, rests; the last cycle is after midnight.
        edges_s = np.stack((begins_s, begins_s + 120, begins_s + lengths_s * duty), axis=1)
        powers_w = np.tile(np.array((1.25, 1.0, 0.0)) * self.power_w, cycles)
        canvas.add_sequence(edges_s.ravel(), powers_w[:-1])


@dataclass(frozen=True, slots=True)
class Standby:
    """What is never switched off: router, clocks, sets that wait for a remote control."""

    label: str
    power_w: float
    noise_w: float = 1.5

    def draw(self, canvas: PowerCanvas, plan: DayPlan, rng: np.random.Generator) -> None:
        """Add a power that trembles a little from minute to minute."""
        minutes = plan.day.slots // 6
        wobble = rng.normal(self.power_w, self.noise_w, minutes)
        canvas.power_w += np.maximum(wobble, self.power_w / 2).repeat(6)


@dataclass(frozen=True, slots=True)
class Lighting:
    """Lamps: on where it is dark and somebody is up."""

    label: str
    power_w: float
    """All lamps that are usually on in an evening."""

    def draw(self, canvas: PowerCanvas, plan: DayPlan, rng: np.random.Generator) -> None:
        """Add light before sunrise and after sunset, room by room."""
        for span in plan.awake:
            for begin_s, end_s in _dark_parts(span, plan):
                self._light(canvas, begin_s, end_s, rng)

    def _light(
        self, canvas: PowerCanvas, begin_s: float, end_s: float, rng: np.random.Generator
    ) -> None:
        rooms = int((end_s - begin_s) / 1500) + 1
        edges_s = np.sort(np.append(rng.uniform(begin_s, end_s, rooms), (begin_s, end_s)))
        canvas.add_sequence(edges_s, self.power_w * rng.uniform(0.35, 1.0, rooms + 1))


def _dark_parts(span: Span, plan: DayPlan) -> list[Span]:
    """The parts of a span that lie before full daylight or after it."""
    morning = (span[0], min(span[1], plan.sunrise_s + 900))
    evening = (max(span[0], plan.sunset_s - 900), span[1])
    return [part for part in (morning, evening) if part[0] < part[1]]

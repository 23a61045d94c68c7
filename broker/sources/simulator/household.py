"""A household: its rhythm, its absences and its appliances."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from broker.sources.simulator.appliance import Appliance
from broker.sources.simulator.curve import PowerCanvas
from broker.sources.simulator.randomness import VACATION_STREAM, generator
from broker.sources.simulator.routine import DayPlan, Routine, planned

_SUNDAY = 6


@dataclass(frozen=True, slots=True)
class Vacation:
    """A yearly absence that begins on some day of a season."""

    earliest_month: int
    earliest_day: int
    choice_days: int
    """By how many days its begin differs from year to year."""
    duration_days: int

    def covers(self, day: date, seed: int, stream: int) -> bool:
        """Whether the household is away on this day, also across the turn of a year."""
        return any(self._covers(day, year, seed, stream) for year in (day.year - 1, day.year))

    def _covers(self, day: date, year: int, seed: int, stream: int) -> bool:
        earliest = date(year, self.earliest_month, self.earliest_day)
        if not earliest <= day < earliest + timedelta(days=self.choice_days + self.duration_days):
            return False
        rng = generator(seed, VACATION_STREAM + stream, year * 100 + self.earliest_month)
        begin = earliest + timedelta(days=int(rng.integers(self.choice_days + 1)))
        return begin <= day < begin + timedelta(days=self.duration_days)


@dataclass(frozen=True, slots=True)
class Household:
    """People, their routines and their appliances."""

    appliances: Sequence[Appliance]
    cycle: Sequence[Routine | None]
    """Seven routines from Monday on, or a roster of another length that repeats; None: away."""
    vacations: Sequence[Vacation] = ()

    def routine_on(self, day: date, holiday: bool, seed: int, stream: int) -> Routine | None:
        """The routine of a day; a public holiday is a Sunday for everybody without a roster."""
        if any(vacation.covers(day, seed, stream) for vacation in self.vacations):
            return None
        if len(self.cycle) != 7:
            return self.cycle[day.toordinal() % len(self.cycle)]
        today = self.cycle[day.weekday()]
        return self.cycle[_SUNDAY] if holiday and today is not None else today

    def draw(
        self,
        canvases: Mapping[str, PowerCanvas],
        routine: Routine | None,
        outlook: DayPlan,
        rng: np.random.Generator,
    ) -> None:
        """Draw the day's power of each appliance on the canvas of its label."""
        plan = planned(routine, outlook, rng, _delay_h(rng))
        for appliance in self.appliances:
            appliance.draw(canvases[appliance.label], plan, rng)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the appliances, each once."""
        return tuple(dict.fromkeys(appliance.label for appliance in self.appliances))


def _delay_h(rng: np.random.Generator) -> float:
    """How much later than usual the day goes, in hours."""
    return float(rng.normal(0, 0.35))

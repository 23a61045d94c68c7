"""What the house uses together: lift, stairwell, heating and laundry room."""

from dataclasses import dataclass

import numpy as np

from broker.sources.simulator import catalogue as has
from broker.sources.simulator.appliance import Standby
from broker.sources.simulator.curve import PowerCanvas
from broker.sources.simulator.household import Household
from broker.sources.simulator.local_day import HOUR_S, SLOT_S
from broker.sources.simulator.routine import DayPlan, Routine

# Share of a day's ways through the house per hour of the clock, from midnight on.
_TRAFFIC = np.array(
    [4, 2, 1, 1, 3, 8, 25, 45, 40, 28, 26, 30, 34, 32, 30, 34, 44, 56, 58, 44, 32, 24, 18, 10],
    dtype=np.float64,
)
_TRAFFIC_SHARE = _TRAFFIC / _TRAFFIC.sum()
_HEATING_LIMIT_C = 15.0


def _ways_s(plan: DayPlan, rng: np.random.Generator, expected: float) -> list[float]:
    """When people pass through the house, in seconds since local midnight."""
    count = int(rng.poisson(expected))
    hours = rng.choice(24, size=count, p=_TRAFFIC_SHARE) + rng.random(count)
    return [plan.day.elapsed_s(hour) for hour in hours.tolist()]


@dataclass(frozen=True, slots=True)
class Lift:
    """A rope lift: much power upwards, little when the counterweight pulls, and its control."""

    label: str
    waiting_w: float
    trips_per_workday: float
    trips_per_free_day: float

    def draw(self, canvas: PowerCanvas, plan: DayPlan, rng: np.random.Generator) -> None:
        """Add every trip of the day."""
        trips_w = np.full(plan.day.slots, self.waiting_w)
        expected = self.trips_per_workday if plan.works else self.trips_per_free_day
        for begin_s in _ways_s(plan, rng, expected):
            slot, slots = int(begin_s // SLOT_S), int(rng.integers(1, 4))
            # One cabin: two calls at once are one trip.
            trips_w[slot : slot + slots] = rng.choice((900.0, 3800.0, 5200.0))
        canvas.power_w += trips_w


@dataclass(frozen=True, slots=True)
class StairwellLight:
    """Lamps on a timer, besides the emergency lights that are always on."""

    label: str
    power_w: float
    emergency_w: float
    on_s: int = 180

    def draw(self, canvas: PowerCanvas, plan: DayPlan, rng: np.random.Generator) -> None:
        """Add the light for everybody who passes in the dark; pressing again prolongs it."""
        lit = np.zeros(plan.day.slots, dtype=np.bool_)
        for begin_s in _ways_s(plan, rng, 90):
            if begin_s < plan.sunrise_s + HOUR_S / 2 or begin_s > plan.sunset_s - HOUR_S / 2:
                slot = int(begin_s // SLOT_S)
                lit[slot : slot + self.on_s // SLOT_S] = True
        canvas.power_w += lit * self.power_w + self.emergency_w


@dataclass(frozen=True, slots=True)
class HeatingPump:
    """Pumps and control of the central heating: hot water all year, radiators when it is cold."""

    label: str
    control_w: float
    hot_water_w: float
    radiators_w: float
    """Power of the radiators' pump on a day of −10 °C."""

    def draw(self, canvas: PowerCanvas, plan: DayPlan, rng: np.random.Generator) -> None:
        """Add control, circulation of hot water by day, and radiators by the day's temperature."""
        elapsed = plan.day.elapsed_s
        canvas.power_w += self.control_w
        canvas.add(elapsed(5), elapsed(23), self.hot_water_w)
        need = (_HEATING_LIMIT_C - plan.mean_temperature_c) / (_HEATING_LIMIT_C + 10)
        if need <= 0:
            return
        by_day_w = self.radiators_w * min(1.0, 0.35 + 0.65 * need)
        canvas.add(0, elapsed(5), by_day_w * 0.4)
        canvas.add(elapsed(5), elapsed(22), by_day_w)
        canvas.add(elapsed(22), plan.day.duration_s, by_day_w * 0.4)
        # Burner and its fan: short runs all day, more of them when it is colder.
        for begin_s in (rng.random(int(8 + 40 * need)) * plan.day.duration_s).tolist():
            canvas.add(begin_s, begin_s + rng.uniform(240, 900), 55)


COMMON_AREA = Household(
    appliances=(
        Lift("Aufzug-1", 32, 56, 42),
        StairwellLight("Treppenhaus-1", 130, 16),
        HeatingPump("Heizungspumpe-1", 11, 22, 95),
        Standby("Grundlast-1", 14),
        has.washing_machine(5.0, 15.0),
        has.dryer(2.6),
    ),
    cycle=(Routine(6.5, 21.5, works=True),) * 5 + (Routine(8.0, 21.5),) * 2,
)

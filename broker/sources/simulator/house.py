"""The simulated house: power and counters of its meters at any time, from a seed alone."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
import numpy as np

from broker.sources.simulator.curve import Counts, DayCurve, PowerCanvas, Powers
from broker.sources.simulator.household import Household
from broker.sources.simulator.local_day import LocalDay
from broker.sources.simulator.meter import SimulatedMeter, meters_of
from broker.sources.simulator.photovoltaics import Irradiance, irradiance
from broker.sources.simulator.randomness import day_generator
from broker.sources.simulator.routine import DayPlan
from broker.sources.simulator.sonnenhof import SONNENHOF_12, HouseDescription
from broker.sources.simulator.sun import extraterrestrial_w_m2, sun_path, sunrise_and_sunset_s
from broker.sources.simulator.weather import Weather, clearness, weather_of

# Some days of every meter: live values stay quick while somebody else looks at last week.
_CURVES_KEPT = 64
_DAYS_KEPT = 1500


class SimulatedHouse:
    """A house whose meters can be asked for any time, past or future, in any order.

    Everything follows from (seed, meter, local day), so two processes agree without talking.
    Curves of the last days asked for are kept; a kept curve costs about 140 kB.
    """

    def __init__(self, seed: int = 12, description: HouseDescription = SONNENHOF_12) -> None:
        self.seed = seed
        self.description = description
        self.meters: tuple[SimulatedMeter, ...] = meters_of(description)
        self._zone = ZoneInfo(description.zone)
        self._holidays = holidays.country_holidays(
            description.country, subdiv=description.federal_state
        )
        self._day = lru_cache(_DAYS_KEPT)(self._local_day)
        self._weather = lru_cache(_DAYS_KEPT)(lambda day: weather_of(seed, day))
        self._sky = lru_cache(4)(self._irradiance)
        self._curve = lru_cache(_CURVES_KEPT)(self._simulated)
        self._totals: dict[tuple[int, date], int] = {}

    def power_w(self, meter: SimulatedMeter, day: date) -> Powers:
        """Power in W of each ten-second slot of a local day: 8640 values, 8280 or 9000 on DST days.

        Production is positive too. Values are multiples of 9 mW: see `curve.STEP_MW`.
        """
        return self._curve(meter.number, day).power_w

    def power_by_label_w(self, meter: SimulatedMeter, day: date) -> dict[str, Powers]:
        """The same day split by appliance, before rounding; nothing for a production meter."""
        household = self._household(meter.number)
        if household is None:
            return {}
        canvases = {label: PowerCanvas(self._day(day)) for label in household.labels}
        self._draw(household, canvases, meter.number, day)
        return {label: canvas.power_w for label, canvas in canvases.items()}

    def power_mw(self, meter: SimulatedMeter, time_s: int) -> int:
        """Power at an instant in mW."""
        return self._curve(meter.number, self._date(time_s)).power_mw(time_s)

    def energy_tenth_uwh(self, meter: SimulatedMeter, begin_s: int, end_s: int) -> int:
        """Energy between two instants in 1e-10 kWh; e(a, b) + e(b, c) equals e(a, c) exactly."""
        if end_s < begin_s:
            return -self.energy_tenth_uwh(meter, end_s, begin_s)
        first, last = self._date(begin_s), self._date(end_s)
        energy = self._curve(meter.number, last).energy_until(end_s)
        energy += sum(self._total(meter.number, day) for day in _days(first, last))
        return energy - self._curve(meter.number, first).energy_until(begin_s)

    def counters(
        self, meter: SimulatedMeter, times_s: Counts, *, anchor_s: int, anchor_tenth_uwh: int
    ) -> Counts:
        """The counter at each of the sorted instants, in 1e-10 kWh, given what it shows at one.

        A day between the anchor and the first instant costs a millisecond once, later nothing.
        """
        counters = np.empty(len(times_s), dtype=np.int64)
        if len(times_s) == 0:
            return counters
        first, last = self._date(int(times_s[0])), self._date(int(times_s[-1]))
        first_s = self._day(first).begin_s
        at_midnight = anchor_tenth_uwh + self.energy_tenth_uwh(meter, anchor_s, first_s)
        done = 0
        for day in _days(first, last + timedelta(days=1)):
            until = int(np.searchsorted(times_s, self._day(day).end_s, side="left"))
            if until > done:
                curve = self._curve(meter.number, day)
                counters[done:until] = at_midnight + curve.energies_until(times_s[done:until])
            at_midnight += self._total(meter.number, day)
            done = until
        return counters

    def weather(self, day: date) -> Weather:
        """The weather over the house on a day."""
        return self._weather(day)

    def _date(self, time_s: int) -> date:
        return datetime.fromtimestamp(time_s, self._zone).date()

    def _local_day(self, day: date) -> LocalDay:
        return LocalDay.of(day, self._zone)

    def _total(self, number: int, day: date) -> int:
        total = self._totals.get((number, day))
        return self._curve(number, day).total_tenth_uwh if total is None else total

    def _simulated(self, number: int, day: date) -> DayCurve:
        curve = DayCurve.of(self._day(day), self._simulated_w(number, day))
        self._totals[number, day] = curve.total_tenth_uwh
        return curve

    def _simulated_w(self, number: int, day: date) -> Powers:
        household = self._household(number)
        if household is not None:
            # All on one canvas: adding up a canvas per appliance takes three times as long.
            canvas = PowerCanvas(self._day(day))
            self._draw(household, dict.fromkeys(household.labels, canvas), number, day)
            return canvas.power_w
        plants = {
            "first_production": self.description.first_production,
            "second_production": self.description.second_production,
        }
        return plants[self.meters[number].role].power_w(self._sky(day))

    def _household(self, number: int) -> Household | None:
        meter = self.meters[number]
        if meter.flat is not None:
            return meter.flat.household
        return self.description.common if meter.role == "common" else None

    def _draw(
        self, household: Household, canvases: dict[str, PowerCanvas], number: int, day: date
    ) -> None:
        routine = household.routine_on(day, day in self._holidays, self.seed, number)
        rng = day_generator(self.seed, number, day)
        household.draw(canvases, routine, self._outlook(day), rng)

    def _outlook(self, day: date) -> DayPlan:
        local_day = self._day(day)
        sunrise_s, sunset_s = sunrise_and_sunset_s(local_day, self.description.location)
        return DayPlan(local_day, sunrise_s, sunset_s, self._weather(day).mean_temperature_c)

    def _irradiance(self, day: date) -> Irradiance:
        local_day, weather = self._day(day), self._weather(day)
        return irradiance(
            sun_path(local_day, self.description.location),
            clearness(self.seed, local_day, weather),
            extraterrestrial_w_m2(local_day),
            weather.temperature_c(local_day),
        )


def _days(first: date, end: date) -> list[date]:
    """The days from `first` up to, without, `end`."""
    return [first + timedelta(days=count) for count in range((end - first).days)]

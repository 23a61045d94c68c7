"""The day's weather, shared by everything in the house: sky, clouds and temperature."""

import math
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

import numpy as np

from broker.sources.simulator.curve import Powers
from broker.sources.simulator.local_day import SLOT_S, LocalDay
from broker.sources.simulator.randomness import WEATHER_STREAM, day_generator

# Weights of today's chance and that of the days before: a moving average makes fair and foul
# spells of some days without having to know any earlier day's result. Their squares add up to 1.
_MEMORY = (0.76, 0.5, 0.33, 0.2, 0.15)
_COLDEST_DAY_OF_YEAR = 20
_WARMEST_HOUR = 15


class Sky(Enum):
    """What the sky looks like most of the day."""

    CLEAR = "clear"
    MIXED = "mixed"
    OVERCAST = "overcast"


@dataclass(frozen=True, slots=True)
class Weather:
    """One day's weather at the house."""

    sky: Sky
    mean_temperature_c: float
    daily_swing_c: float

    def temperature_c(self, day: LocalDay) -> Powers:
        """Outdoor temperature of each slot in °C: warmest at three in the afternoon."""
        hours = np.arange(day.slots) * (SLOT_S / 3600)
        phase = (hours - day.elapsed_s(_WARMEST_HOUR) / 3600) * (2 * math.pi / 24)
        swing_c: Powers = self.daily_swing_c * np.cos(phase)
        return self.mean_temperature_c + swing_c


def weather_of(seed: int, day: date) -> Weather:
    """The weather of a day, the same for every meter of the house."""
    sunniness, warmth = _spell(seed, day)
    summer = summerliness(day)
    # Limits on a standard normal variable: 30 % overcast days in July, 60 % in December.
    if sunniness < 0.25 - 0.75 * summer:
        sky = Sky.OVERCAST
    elif sunniness < 0.95 - 0.6 * summer:
        sky = Sky.MIXED
    else:
        sky = Sky.CLEAR
    swing = {Sky.CLEAR: 5.5, Sky.MIXED: 4.0, Sky.OVERCAST: 1.8}[sky]
    # Means of a town in the Alpine foreland: 0 °C in January, 19 °C in July. Sun warms a summer's
    # day and a clear sky cools a winter's.
    mean = 19 * summer + 2.8 * warmth + 1.5 * sunniness * (2 * summer - 1)
    return Weather(sky, mean, swing * (0.6 + 0.4 * summer))


def clearness(seed: int, local_day: LocalDay, weather: Weather) -> Powers:
    """Share of the clear sky's irradiance that passes the clouds in each slot."""
    rng = day_generator(seed, WEATHER_STREAM + 1, local_day.day)
    slow = _smooth_noise(rng, local_day, 5400)
    middle = _smooth_noise(rng, local_day, 900)
    fast = _smooth_noise(rng, local_day, 90)
    if weather.sky is Sky.CLEAR:
        return np.clip(0.99 + 0.015 * slow + 0.003 * fast, 0.8, 1.03)
    if weather.sky is Sky.OVERCAST:
        thickness = 0.22 + 0.09 * rng.random()
        return np.clip(thickness * np.exp(0.38 * slow + 0.16 * middle + 0.03 * fast), 0.06, 0.9)
    # Cumulus: the sun is either behind a cloud or beside it, where edges add up to 6 %.
    gap = 0.9 * slow + 0.9 * middle + 0.35 * fast + rng.normal(0.25, 0.5)
    sunny = 1 / (1 + np.exp(-5 * gap))
    return np.clip(0.33 + 0.05 * slow + sunny * (0.66 + 0.04 * fast), 0.12, 1.06)


def summerliness(day: date) -> float:
    """0 on the coldest day of the average year, 1 half a year later."""
    angle = 2 * math.pi * (day.timetuple().tm_yday - _COLDEST_DAY_OF_YEAR) / 365.25
    return (1 - math.cos(angle)) / 2


def _spell(seed: int, day: date) -> tuple[float, float]:
    """Two standard normal values that change slowly from day to day."""
    draws = [
        weight * day_generator(seed, WEATHER_STREAM, day - timedelta(days=age)).normal(size=2)
        for age, weight in enumerate(_MEMORY)
    ]
    sunniness, warmth = np.sum(draws, axis=0)
    return float(sunniness), float(warmth)


def _smooth_noise(rng: np.random.Generator, day: LocalDay, spacing_s: int) -> Powers:
    """Normal noise between knots that are `spacing_s` apart."""
    knots = np.arange(0, day.duration_s + 2 * spacing_s, spacing_s)
    slots_s = np.arange(day.slots) * SLOT_S
    return np.interp(slots_s, knots, rng.normal(size=len(knots)))

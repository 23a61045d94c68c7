"""Where the sun stands: textbook formulas that are right to about half a degree."""

import math
from dataclasses import dataclass

import numpy as np

from broker.sources.simulator.curve import Powers
from broker.sources.simulator.local_day import SLOT_S, LocalDay

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Location:
    """A point on earth, in degrees north and east."""

    latitude_deg: float
    longitude_deg: float


@dataclass(frozen=True, slots=True)
class SunPath:
    """Direction of the sun in each slot of a day, as unit vector to east, north and up."""

    east: Powers
    north: Powers
    up: Powers


def declination_rad(day_of_year: int) -> float:
    """Declination of the sun in radians (Spencer 1971)."""
    angle = _year_angle(day_of_year)
    return (
        0.006918
        - 0.399912 * math.cos(angle)
        + 0.070257 * math.sin(angle)
        - 0.006758 * math.cos(2 * angle)
        + 0.000907 * math.sin(2 * angle)
    )


def equation_of_time_s(day_of_year: int) -> float:
    """How far a sundial is ahead of mean time, in seconds (Spencer 1971)."""
    angle = _year_angle(day_of_year)
    minutes = 229.18 * (
        0.000075
        + 0.001868 * math.cos(angle)
        - 0.032077 * math.sin(angle)
        - 0.014615 * math.cos(2 * angle)
        - 0.040849 * math.sin(2 * angle)
    )
    return minutes * 60


def solar_noon_s(day: LocalDay, where: Location) -> float:
    """Seconds from local midnight to the sun's highest stand."""
    noon_utc_s = _DAY_S / 2 - where.longitude_deg * 240 - equation_of_time_s(_day_of_year(day))
    return (noon_utc_s - day.begin_s) % _DAY_S


def sunrise_and_sunset_s(day: LocalDay, where: Location) -> tuple[float, float]:
    """Seconds from local midnight to sunrise and to sunset, without refraction."""
    noon_s = solar_noon_s(day, where)
    latitude = math.radians(where.latitude_deg)
    cosine = -math.tan(latitude) * math.tan(declination_rad(_day_of_year(day)))
    # Beyond the polar circles the cosine leaves -1 … 1: the day lasts 0 or 24 hours.
    half_day_s = math.acos(min(1.0, max(-1.0, cosine))) / math.pi * _DAY_S / 2
    return noon_s - half_day_s, noon_s + half_day_s


def sun_path(day: LocalDay, where: Location) -> SunPath:
    """The sun's direction in the middle of each slot (Duffie & Beckman, section 1.6)."""
    declination = declination_rad(_day_of_year(day))
    latitude = math.radians(where.latitude_deg)
    middle_s = (np.arange(day.slots) + 0.5) * SLOT_S
    hour_angle = (middle_s - solar_noon_s(day, where)) * (2 * math.pi / _DAY_S)
    cosine = np.cos(hour_angle)
    return SunPath(
        east=-math.cos(declination) * np.sin(hour_angle),
        north=math.sin(declination) * math.cos(latitude)
        - math.cos(declination) * math.sin(latitude) * cosine,
        up=math.sin(declination) * math.sin(latitude)
        + math.cos(declination) * math.cos(latitude) * cosine,
    )


def extraterrestrial_w_m2(day: LocalDay) -> float:
    """Irradiance above the atmosphere, normal to the beam, in W/m² (solar constant 1361)."""
    return 1361 * (1 + 0.033 * math.cos(_year_angle(_day_of_year(day))))


def _day_of_year(day: LocalDay) -> int:
    return day.day.timetuple().tm_yday


def _year_angle(day_of_year: int) -> float:
    return 2 * math.pi * (day_of_year - 1) / 365

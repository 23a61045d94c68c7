"""The plants yield what plants of their size and orientation yield in Bavaria."""

from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from broker.sources.simulator import SONNENHOF_12
from broker.sources.simulator.local_day import LocalDay
from broker.sources.simulator.sun import solar_noon_s, sunrise_and_sunset_s
from broker.sources.simulator.weather import Sky

FIRST, SECOND = 11, 12


def local_day(day):
    return LocalDay.of(day, ZoneInfo("Europe/Berlin"))


def mean_kwh(house, number, days):
    powers_w = [house.power_w(house.meters[number], day).sum() for day in days]
    return float(np.mean(powers_w)) / 360_000


@pytest.mark.parametrize(
    ("number", "peak_kw", "lowest", "highest"),
    [
        pytest.param(FIRST, 9.8, 950, 1050, id="south"),
        pytest.param(SECOND, 5.4, 800, 900, id="east and west"),
    ],
)
def test_a_year_yields_what_is_usual_per_kwp(house, number, peak_kw, lowest, highest):
    # Every fourth day of three years.
    days = [date(2024, 1, 1) + timedelta(days=4 * count) for count in range(274)]
    assert lowest < 365 * mean_kwh(house, number, days) / peak_kw < highest


@pytest.mark.parametrize("number", [FIRST, SECOND], ids=["first", "second"])
@pytest.mark.parametrize("month", [3, 6, 10, 12])
def test_there_is_no_sun_at_night(house, number, month):
    day = date(2026, month, 27)
    power_w = house.power_w(house.meters[number], day)
    sunrise_s, sunset_s = sunrise_and_sunset_s(local_day(day), SONNENHOF_12.location)
    assert not power_w[: int(sunrise_s // 10)].any()
    assert not power_w[int(sunset_s // 10) + 1 :].any()
    assert power_w.any()


def test_a_clear_day_s_energy_is_centred_on_solar_noon(house):
    days = [date(2026, 1, 1) + timedelta(days=count) for count in range(365)]
    clear = [day for day in days if house.weather(day).sky is Sky.CLEAR]
    assert len(clear) > 40
    for day in clear[::4]:
        power_w = house.power_w(house.meters[FIRST], day)
        centre_s = 10 * float((power_w * np.arange(len(power_w))).sum() / power_w.sum())
        noon_s = solar_noon_s(local_day(day), SONNENHOF_12.location)
        # Thin clouds and the warmer afternoon shift it by a few minutes.
        assert abs(centre_s - noon_s) < 15 * 60


def test_solar_noon_in_landshut():
    # 12.15° E is 2.85° west of the zone's meridian: 11.4 min late. 11 February: sundials are 14.2
    # min slow, so 12:25:36. 3 November: 16.4 min fast, so 11:55.
    def noon_min(*day):
        return solar_noon_s(local_day(date(*day)), SONNENHOF_12.location) / 60

    assert noon_min(2026, 2, 11) == pytest.approx(12 * 60 + 25.6, abs=0.7)
    assert noon_min(2026, 11, 3) == pytest.approx(11 * 60 + 55, abs=0.7)


def test_days_are_long_in_summer():
    def hours(*day):
        sunrise_s, sunset_s = sunrise_and_sunset_s(local_day(date(*day)), SONNENHOF_12.location)
        return (sunset_s - sunrise_s) / 3600

    # cos H = −tan 48.54° · tan 23.45°: H = 119.4°, so 15.9 h, and 24 h less that in December.
    assert hours(2026, 6, 21) == pytest.approx(15.9, abs=0.1)
    assert hours(2026, 12, 21) == pytest.approx(8.1, abs=0.1)


def test_summer_yields_more_than_winter(house):
    june = [date(2026, 6, day) for day in range(1, 29)]
    december = [date(2026, 12, day) for day in range(1, 29)]
    assert mean_kwh(house, FIRST, june) > 2.5 * mean_kwh(house, FIRST, december)
    # A flat roof to east and west suffers more from a low sun.
    assert mean_kwh(house, SECOND, june) > 4 * mean_kwh(house, SECOND, december)


def test_both_plants_see_the_same_clouds(house):
    days = [date(2026, 5, 1) + timedelta(days=count) for count in range(31)]
    mixed = next(day for day in days if house.weather(day).sky is Sky.MIXED)
    noon = slice(4_300, 5_700)
    first, second = (
        np.diff(house.power_w(house.meters[number], mixed)[noon]) for number in (FIRST, SECOND)
    )
    assert np.corrcoef(first, second)[0, 1] > 0.9


def test_the_inverter_limits_the_power(house):
    days = [date(2026, 4, 1) + timedelta(days=count) for count in range(90)]
    peaks_w = [house.power_w(house.meters[SECOND], day).max() for day in days]
    assert max(peaks_w) <= 4_600.01
    assert max(peaks_w) > 3_500


def test_weather_comes_in_spells(house):
    days = [date(2024, 1, 1) + timedelta(days=count) for count in range(730)]
    skies = [house.weather(day).sky for day in days]
    same = np.mean([today is tomorrow for today, tomorrow in pairwise(skies)])
    shares = [skies.count(sky) / len(skies) for sky in Sky]
    # Independent days would repeat by the sum of the squared shares.
    assert same > sum(share**2 for share in shares) + 0.08
    assert min(shares) > 0.15

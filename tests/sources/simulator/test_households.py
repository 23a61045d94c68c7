"""The flats consume what flats of their kind consume, at the hours at which they do."""

from datetime import date, timedelta

import numpy as np
import pytest

SENIOR, CAR, FLOW_HEATER, NURSE, FRUGAL, OWL, COMMUTER = 2, 4, 5, 6, 7, 8, 9
COMMON = 10


def consumption_kwh(house, number, day):
    meter = house.meters[number]
    return float(house.power_w(meter, day).sum()) / 360_000  # ten-second slots, W → kWh


def mean_kwh(house, number, days):
    return float(np.mean([consumption_kwh(house, number, day) for day in days]))


@pytest.mark.parametrize(
    ("number", "lowest", "highest"),
    [
        pytest.param(0, 3300, 4400, id="family with three children"),
        pytest.param(1, 2100, 3000, id="couple working from home"),
        pytest.param(SENIOR, 1200, 1700, id="senior"),
        pytest.param(3, 2500, 3500, id="flat share"),
        pytest.param(CAR, 4300, 5800, id="family with car"),
        pytest.param(FLOW_HEATER, 2200, 3100, id="flow heaters"),
        pytest.param(NURSE, 1100, 1700, id="nurse"),
        pytest.param(FRUGAL, 800, 1050, id="frugal"),
        pytest.param(OWL, 1600, 2300, id="night owl"),
        pytest.param(COMMUTER, 850, 1300, id="commuter"),
        pytest.param(COMMON, 1600, 2050, id="common"),
    ],
)
def test_a_year_s_consumption_fits_the_kind_of_household(house, number, lowest, highest):
    # Every fifth day: five and seven have no common divisor, so all weekdays count alike.
    days = [date(2026, 1, 1) + timedelta(days=5 * count) for count in range(73)]
    assert lowest < 365 * mean_kwh(house, number, days) < highest


def test_the_commuter_is_away_from_tuesday_to_thursday(house):
    tuesdays = [date(2026, 1, 13) + timedelta(weeks=week) for week in range(12)]
    saturdays = [day + timedelta(days=4) for day in tuesdays]
    # Fridge and standby on a Tuesday: 54 W all day. Three times that when the week's wash is due.
    assert mean_kwh(house, COMMUTER, tuesdays) < 1.5
    assert mean_kwh(house, COMMUTER, saturdays) > 3 * mean_kwh(house, COMMUTER, tuesdays)


def test_on_a_public_holiday_nobody_works_at_home(house):
    couple = house.meters[1]
    # Monday to Friday; the Friday is Labour Day. About every tenth day they are at the office.
    week = [date(2026, 4, 27) + timedelta(days=count) for count in range(5)]
    at_work = [house.power_by_label_w(couple, day)["Arbeitsplatz-1"].max() > 100 for day in week]
    assert sum(at_work[:4]) >= 2
    assert not at_work[4]


def test_the_family_is_away_for_two_weeks_in_summer(house):
    summer = [date(2026, 7, 20) + timedelta(days=count) for count in range(50)]
    cooking_w = [house.power_by_label_w(house.meters[0], day)["Kochfeld-1"].max() for day in summer]
    days = "".join("x" if power_w > 0 else "." for power_w in cooking_w)
    assert "." * 14 in days
    assert "x" in days[:8]
    assert "x" in days[-8:]


def test_only_standby_and_cold_are_left_when_everybody_is_away(house):
    # Neither the lights nor a stove on a Wednesday without the commuter, 24 hours of it.
    parts = house.power_by_label_w(house.meters[COMMUTER], date(2026, 2, 11))
    assert {label for label, power_w in parts.items() if power_w.any()} == {
        "Kühlschrank-1", "Grundlast-1",
    }  # fmt: skip


def test_the_wallbox_charges_with_11_kw_for_hours_some_days_a_week(house):
    days = [date(2026, 2, 2) + timedelta(days=count) for count in range(56)]
    hours = [
        float((house.power_by_label_w(house.meters[CAR], day)["Wallbox-1"] > 10_000).sum()) / 360
        for day in days
    ]
    sessions = [length for length in hours if length > 0]
    assert 8 <= len(sessions) <= 28  # one to three and a half times in each of eight weeks
    assert min(sessions) > 0.8
    assert max(sessions) < 4.5


def test_a_shower_takes_about_20_kw_for_some_minutes(house):
    days = [date(2026, 2, 2) + timedelta(days=count) for count in range(14)]
    meter = house.meters[FLOW_HEATER]
    power_w = np.concatenate(
        [house.power_by_label_w(meter, day)["Durchlauferhitzer-1"] for day in days]
    )
    on = np.flatnonzero(np.diff(np.concatenate(([0], power_w > 0, [0])).astype(int)))
    minutes = (on[1::2] - on[::2]) / 6
    assert 18_000 < power_w.max() < 22_500
    assert minutes.min() >= 2
    # Two showers one right after the other look like one.
    assert minutes.max() <= 18


def test_the_night_owl_consumes_at_one_in_the_morning_what_others_do_not(house):
    days = [date(2026, 2, 2) + timedelta(days=count) for count in range(28)]

    def at_one_w(number):
        meter = house.meters[number]
        return np.mean([house.power_w(meter, day)[360:540].mean() for day in days])

    assert at_one_w(OWL) > 2 * at_one_w(SENIOR)


def test_the_heating_pump_runs_in_winter(house):
    def pump_kwh(day):
        return house.power_by_label_w(house.meters[COMMON], day)["Heizungspumpe-1"].sum() / 360_000

    january = np.mean([pump_kwh(date(2026, 1, day)) for day in range(5, 25)])
    july = np.mean([pump_kwh(date(2026, 7, day)) for day in range(5, 25)])
    assert january > 2.5 * july


def test_evenings_need_more_light_in_winter(house):
    def light_kwh(month):
        days = [date(2026, month, day) for day in range(3, 23)]
        return sum(house.power_by_label_w(house.meters[0], day)["Licht-1"].sum() for day in days)

    assert light_kwh(1) > 2 * light_kwh(6)


def test_meals_keep_their_hour_when_the_clock_changes(house):
    # 25 hours on 25 October 2026: lunch is one hour of elapsed time later, not one by the clock.
    def lunch_slot(day):
        sunny = [house.power_by_label_w(meter, day)["Kochfeld-1"] for meter in house.meters[:10]]
        early = sum(sunny)[: 15 * 360]
        return float((early * np.arange(len(early))).sum() / early.sum()) / 360

    sundays = [date(2026, 10, 4), date(2026, 10, 11), date(2026, 10, 18)]
    usual_h = np.mean([lunch_slot(day) for day in sundays])
    assert 0.4 < lunch_slot(date(2026, 10, 25)) - usual_h < 1.6

"""Targets follow from a home's own weeks before, here until Monday, 23 November 2026, 18:00."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from broker.clock import midnight_s
from broker.energy.challenge_rules import (
    BaseLoad,
    CommunityGoal,
    Consumption,
    Peak,
    Rule,
    Seen,
    SunnyShare,
)
from broker.energy.challenge_targets import terms
from broker.energy.challenge_times import Times
from broker.energy.challenges import Challenge, Target, Terms
from broker.energy.series import EnergySeries
from broker.errors import Unmeasurable
from broker.units import DAY_S, HOUR_S

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = date(2026, 11, 23)
FIRST = TODAY - timedelta(weeks=6)
WHOLE_DAYS = Times()
NOW_S = midnight_s(TODAY, BERLIN) + 18 * HOUR_S
W = 2_500_000
WEEKEND_W = 800
WEEKDAY_W = 500
EVEN = DAY_S * 365


def evenly(begin_s: int, end_s: int) -> float:
    """A standard household that always uses the same."""
    return (end_s - begin_s) / EVEN


def colder(begin_s: int, end_s: int) -> float:
    """One that uses a tenth more from the next midnight on."""
    return evenly(begin_s, end_s) * (1.1 if begin_s >= midnight_s(TODAY, BERLIN) + DAY_S else 1)


def weeks(shift: float = 0.0) -> EnergySeries:
    """500 W on weekdays and 800 W on weekends: 12 and 19.2 kWh a day; `shift` W more each day."""
    begin_s = midnight_s(FIRST, BERLIN)
    starts_s = np.arange(begin_s, NOW_S, 900)
    days = [FIRST + timedelta(days=n) for n in range(43)]
    midnights = np.array([midnight_s(day, BERLIN) for day in days])
    places = np.searchsorted(midnights, starts_s, side="right") - 1
    watts = np.array([WEEKEND_W if day.weekday() >= 5 else WEEKDAY_W for day in days], float)
    watts += shift * np.arange(len(days))
    energies = (watts[places] * W).astype(np.int64)
    return EnergySeries(begin_s, energies, np.ones(len(energies), np.bool_))


def agreed(
    rule: Rule, target: Target, count: int = 1, times: Times = WHOLE_DAYS, share=evenly, **seen
) -> Terms:
    challenge = Challenge(1, {}, {}, rule, times, count, target)
    return terms(challenge, Seen(**({"home": weeks()} | seen)), NOW_S, BERLIN, share)


def without_days(series: EnergySeries, *days: int) -> EnergySeries:
    """Whole days after the first are missing."""
    numbers = (series.starts_s - series.begin_s + HOUR_S) // DAY_S
    gap = np.isin(numbers, days)
    return EnergySeries(series.begin_s, np.where(gap, 0, series.energies), series.known & ~gap)


def test_a_ratio_of_the_same_weekdays():
    run = agreed(Consumption(), Target(ratio=0.9), 7)
    # From Tuesday on: four weekdays, the weekend, Monday; and once more in case of gaps.
    assert run.limits == pytest.approx([*[10.8] * 4, *[17.28] * 2, 10.8] * 2)
    assert run.target(run.limits[:7]) == pytest.approx(0.9 * (5 * 12 + 2 * 19.2))
    assert run.begin_s == midnight_s(TODAY + timedelta(days=1), BERLIN)


def test_the_season_is_no_merit():
    run = agreed(Consumption(), Target(ratio=1.0), 1, share=colder)
    assert run.limits[0] == pytest.approx(13.2)  # a tenth more than 12


def test_the_day_of_25_hours_is_compared_by_the_hour():
    # The Sunday of 25 October has 25 h · 800 W = 20 kWh, five others 19.2; by share of the year
    # all are the same.
    run = agreed(Consumption(), Target(ratio=1.0), 1, Times(weekdays=(6,)))
    assert run.limits == pytest.approx([19.2, 19.2])


def test_a_percentile_of_what_runs_would_have_come_to():
    # One weekday or weekend day each: 42 days, two of seven at 800 W. 29 whole weeks are of
    # 98.4 kWh each, so every percentile is that.
    week = agreed(Consumption(), Target(percentile=35), 7)
    assert week.target(week.limits[:7]) == pytest.approx(98.4, rel=0.01)
    # Of single days 30 of 42 are of 12 kWh: the 80th percentile lies among the others.
    assert agreed(Consumption(), Target(percentile=60)).limits[0] == pytest.approx(12)
    assert agreed(Consumption(), Target(percentile=80)).limits[0] == pytest.approx(19.2)


def test_a_rising_home_and_its_percentile():
    # 500, 501, … W on the weekdays of the last two weeks: day 28 has 528 W, 12.672 kWh.
    run = agreed(
        Consumption(),
        Target(percentile=50, weeks=2),
        1,
        Times(weekdays=(0,)),
        home=weeks(shift=1),
    )
    # Mondays are day 28 and 35 (today isn't over): 528 and 535 W; their median is 531.5 W.
    assert run.limits[0] == pytest.approx(0.5315 * 24)


def test_peaks_and_base_loads_are_no_sums():
    peak = agreed(Peak(), Target(ratio=0.9), 3)
    assert peak.limits == pytest.approx([720.0] * 6)
    base = agreed(BaseLoad(), Target(percentile=50), 1)
    assert base.limits == pytest.approx([500.0] * 2)


def test_a_fixed_value_holds_for_each_day():
    run = agreed(Consumption(), Target(value=9.5), 2)
    assert run.limits == (9.5,) * 4


def test_the_sun_is_a_fifth_of_the_best_quarter_hour():
    roof = weeks()
    hours = (roof.starts_s - roof.begin_s) // HOUR_S % 24
    roof = EnergySeries(roof.begin_s, np.where(hours == 12, 3000 * W, 0), roof.known)
    run = agreed(SunnyShare(), Target(percentile=50), roof=roof)
    assert isinstance(run.rule, SunnyShare)
    assert run.rule.from_w == 600
    assert run.limits[0] == pytest.approx(100 / 24)  # one even hour of 24


def test_nobody_is_asked_for_more_than_all():
    # The roof always produces, so 100 % are usual; 1.5 times that can't be.
    run = agreed(SunnyShare(), Target(ratio=1.5), roof=weeks())
    assert run.limits[0] == 100


def test_the_community_is_those_whose_past_is_known():
    new = without_days(weeks(), *range(36))
    run = agreed(CommunityGoal(), Target(ratio=0.95), members={1: weeks(), 2: weeks(), 3: new})
    assert isinstance(run.rule, CommunityGoal)
    assert set(run.rule.usual_kwh) == {1, 2}
    assert run.limits == pytest.approx([0.95 * 24] * 2)


class TestWhoseMeterLacksTheData:
    @pytest.mark.parametrize(
        ("missing", "measurable"),
        [
            pytest.param(range(21), True, id="half"),
            pytest.param(range(22), False, id="less-than-half"),
        ],
    )
    def test_half_of_the_days_before(self, missing, measurable):
        home = without_days(weeks(), *missing)
        if measurable:
            assert agreed(Peak(), Target(percentile=50), home=home)
        else:
            with pytest.raises(Unmeasurable):
                agreed(Peak(), Target(percentile=50), home=home)

    def test_each_weekday_twice(self):
        mondays = without_days(weeks(), 0, 7, 14, 21, 28)
        with pytest.raises(Unmeasurable, match="same weekdays"):
            agreed(Consumption(), Target(ratio=0.9), 7, home=mondays)

    def test_a_silent_meter(self):
        with pytest.raises(Unmeasurable, match="two days"):
            agreed(Consumption(), Target(value=5), home=without_days(weeks(), 40, 41, 42))

    def test_an_empty_flat(self):
        nothing = weeks()
        nothing.energies[:] = 0
        with pytest.raises(Unmeasurable, match="no use"):
            agreed(Consumption(), Target(percentile=50), home=nothing)

    def test_a_house_without_a_roof(self):
        with pytest.raises(Unmeasurable, match="No production"):
            agreed(SunnyShare(), Target(percentile=50))

    def test_a_house_of_which_nothing_is_known(self):
        with pytest.raises(Unmeasurable):
            agreed(CommunityGoal(), Target(ratio=0.95), members={})

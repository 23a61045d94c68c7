"""How runs of challenges stand, with numbers by hand: nights of 8 and days of 24 hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from broker.energy.challenge_rules import (
    BaseLoad,
    CommunityGoal,
    Consumption,
    Peak,
    Rule,
    Seen,
    SunnyShare,
)
from broker.energy.challenge_times import Times
from broker.energy.challenges import Status, Terms, judge
from broker.energy.series import EnergySeries
from broker.units import DAY_S, HOUR_S, QUARTER_HOUR_S, TENTH_UWH_PER_KWH

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 11, 23)
QH = QUARTER_HOUR_S
NIGHT = Times(22, 6)
WHOLE_DAYS = Times()
W = 2_500_000
"""1 W during a quarter hour is 0.25 Wh, 2,500,000 · 1e-10 kWh."""


def terms(rule: Rule, count: int, *limits: float, times: Times = WHOLE_DAYS, day: date = MONDAY):
    """A run of whole days from a Monday on; the last limit holds for all further ones."""
    spans = tuple(times.span(day + timedelta(days=number), BERLIN) for number in range(2 * count))
    return Terms(rule, count, spans, (*limits, *limits[-1:] * (len(spans) - len(limits))))


def begin_s(day: date = MONDAY) -> int:
    return Times().span(day, BERLIN).begin_s


def power(watts: float | Sequence[float], hours: float, begin: int | None = None) -> EnergySeries:
    """So many hours of a constant power in W, or of one for each quarter hour, from Monday on."""
    energies = np.empty(round(hours * 4), np.int64)
    energies[:] = np.asarray(watts) * W
    return EnergySeries(begin or begin_s(), energies, np.ones(len(energies), np.bool_))


def seen_until(series: EnergySeries, hours: float, **others: object) -> Seen:
    """What is known so many hours after the begin: later quarter hours are unknown."""
    later = series.starts_s >= series.begin_s + hours * HOUR_S
    return Seen(
        EnergySeries(series.begin_s, np.where(later, 0, series.energies), series.known & ~later),
        **others,  # type: ignore[arg-type]
    )


def without(series: EnergySeries, from_h: float, until_h: float) -> EnergySeries:
    """The same with a gap."""
    hours = (series.starts_s - series.begin_s) / HOUR_S
    gap = (hours >= from_h) & (hours < until_h)
    return EnergySeries(series.begin_s, np.where(gap, 0, series.energies), series.known & ~gap)


def stand(run: Terms, series: EnergySeries, hours: float):
    """The verdict so many hours after Monday's midnight, when all until then is known."""
    return judge(run, seen_until(series, hours), series.begin_s + round(hours * HOUR_S))


class TestAWholeDayUnderALimit:
    """500 W are 12 kWh a day."""

    RUN = terms(Consumption(), 1, 11.0)

    def test_it_is_lost_with_the_quarter_hour_that_exceeds_the_limit(self):
        # 11 kWh at 22:00: still kept. The next quarter hour exceeds it.
        kept = stand(self.RUN, power(500, 48), 22)
        assert (kept.status, kept.value, kept.progress) == (Status.RUNNING, 11.0, 0.0)
        lost = stand(self.RUN, power(500, 48), 22.25)
        assert (lost.status, lost.is_over) == (Status.FAILED, True)
        assert lost.progress == pytest.approx(-0.125)

    def test_it_is_won_with_its_last_quarter_hour_and_not_before(self):
        day = power(100, 48)  # 2.4 kWh
        assert stand(self.RUN, day, 23.75).status is Status.RUNNING
        won = stand(self.RUN, day, 24)
        assert (won.status, won.value, won.done) == (Status.SUCCEEDED, pytest.approx(2.4), 1)

    def test_after_its_end_it_waits_for_the_last_quarter_hour(self):
        seen = seen_until(power(100, 48), 23.75)
        waiting = judge(self.RUN, seen, begin_s() + 30 * HOUR_S)
        assert (waiting.status, waiting.is_over) == (Status.RUNNING, False)
        assert waiting.end_s == begin_s() + DAY_S

    def test_a_day_with_a_gap_neither_wins_nor_loses_the_next_one_decides(self):
        gap = without(power(100, 48), 10, 14)
        replaced = stand(self.RUN, gap, 26)
        assert (replaced.status, replaced.left_out, replaced.done) == (Status.RUNNING, 1, 0)
        assert replaced.end_s == begin_s() + 2 * DAY_S
        assert replaced.value == pytest.approx(0.2)  # two hours of Tuesday
        assert stand(self.RUN, gap, 48).status is Status.SUCCEEDED

    def test_two_days_with_gaps_make_it_void(self):
        gap = without(without(power(100, 72), 10, 14), 30, 33)
        void = stand(self.RUN, gap, 60)
        assert (void.status, void.is_void, void.is_over) == (Status.RUNNING, True, True)

    def test_silence_for_a_day_after_the_end_is_a_gap_as_well(self):
        seen = seen_until(power(100, 48), 20)
        assert judge(self.RUN, seen, begin_s() + 2 * DAY_S - 1).left_out == 0
        assert judge(self.RUN, seen, begin_s() + 2 * DAY_S).left_out == 1
        assert judge(self.RUN, seen, begin_s() + 3 * DAY_S).is_void

    def test_a_gap_after_it_was_lost_changes_nothing(self):
        # 1 kW: the limit is exceeded at 11:15, the meter falls silent at 20:00.
        assert stand(self.RUN, without(power(1000, 48), 20, 24), 40).status is Status.FAILED

    def test_late_readings_decide_it_anew(self):
        day = power(100, 24)
        without_them = judge(self.RUN, Seen(without(day, 10, 14)), begin_s() + 3 * DAY_S)
        with_them = judge(self.RUN, Seen(day), begin_s() + 3 * DAY_S)
        assert without_them.is_void
        assert with_them.status is Status.SUCCEEDED

    @pytest.mark.parametrize(
        ("day", "hours", "kwh"),
        [
            pytest.param(date(2026, 3, 29), 23, 2.3, id="23-hours"),
            pytest.param(date(2026, 10, 25), 25, 2.5, id="25-hours"),
        ],
    )
    def test_on_the_days_of_the_change_of_time(self, day, hours, kwh):
        run = terms(Consumption(), 1, 11.0, day=day)
        series = power(100, 48, begin_s(day))
        assert stand(run, series, hours - 0.25).status is Status.RUNNING
        won = stand(run, series, hours)
        assert (won.status, won.value) == (Status.SUCCEEDED, pytest.approx(kwh))


class TestNightConsumption:
    """200 W by night are 1.6 kWh in eight hours; what happens by day doesn't count."""

    RUN = terms(Consumption(), 3, 1.7, times=NIGHT)

    def nights(self, *watts: float) -> EnergySeries:
        """2 kW by day, and for each night of the run another power."""
        hours = 24 * (len(watts) + 1)
        series = power(2000, hours)
        for number, of_night in enumerate(watts):
            begin = 88 + 96 * number
            series.energies[begin : begin + 32] = of_night * W
        return series

    def test_the_nights_add_up_and_so_do_their_limits(self):
        # 1.6 + 2.0 + 1.2 = 4.8 of 5.1 kWh: a bad night is made good by another one.
        won = stand(self.RUN, self.nights(200, 250, 150), 78)
        assert (won.status, won.value, won.target) == (
            Status.SUCCEEDED,
            pytest.approx(4.8),
            pytest.approx(5.1),
        )

    def test_it_is_decided_in_the_morning_of_the_last_night(self):
        nights = self.nights(200, 200, 200)
        assert stand(self.RUN, nights, 77.75).status is Status.RUNNING
        assert stand(self.RUN, nights, 78).status is Status.SUCCEEDED

    def test_it_is_lost_in_the_middle_of_a_night(self):
        # 400 W, 3.2 kWh a night: 5.1 kWh are exceeded 4.75 h into the second, at 2:45 + 0:15.
        nights = self.nights(400, 400, 400)
        assert stand(self.RUN, nights, 22 + 24 + 4.75).status is Status.RUNNING
        assert stand(self.RUN, nights, 22 + 24 + 5).status is Status.FAILED

    def test_in_the_night_that_has_nine_hours(self):
        # Clocks go back on 25 October 2026: 100 W make 0.9 kWh.
        saturday = date(2026, 10, 24)
        run = terms(Consumption(), 1, 0.85, times=NIGHT, day=saturday)
        series = power(100, 48, begin_s(saturday))
        assert stand(run, series, 30.75).status is Status.FAILED
        run = replace(run, limits=(0.9, 0.9))
        assert stand(run, series, 30.75).status is Status.RUNNING
        assert stand(run, series, 31).status is Status.SUCCEEDED


class TestLessThanMyOwnComparablePeriod:
    """Each day has a limit of its own: 10 kWh on Monday, 14 on Tuesday, 12 and 8 behind them."""

    RUN = terms(Consumption(), 2, 10.0, 14.0, 12.0, 8.0)

    def test_the_limits_of_the_days_that_count_add_up(self):
        # 450 W are 10.8 kWh a day: 21.6 of 24.
        won = stand(self.RUN, power(450, 96), 48)
        assert (won.status, won.value, won.target) == (Status.SUCCEEDED, pytest.approx(21.6), 24.0)

    def test_a_day_that_is_left_out_takes_its_limit_with_it(self):
        # Without Monday, 14 + 12: 500 W make 24 kWh in two days.
        gap = without(power(500, 96), 2, 6)
        won = stand(self.RUN, gap, 72)
        assert (won.status, won.value, won.target) == (Status.SUCCEEDED, pytest.approx(24.0), 26.0)

    def test_it_is_not_lost_while_other_days_could_still_raise_the_target(self):
        # 1100 W: 25.3 kWh on Monday at 23:00 are more than 10 + 14, but less than 10 + 14 + …:
        # were Tuesday left out, 10 + 12 would count. The most that can be is 24.
        run = terms(Consumption(), 2, 10.0, 9.0, 12.0, 8.0)
        # 10 + 9 = 19 is exceeded at 17:30, 10 + 12 = 22 only at 20:15.
        assert stand(run, power(1100, 96), 19.75).status is Status.RUNNING
        assert stand(run, power(1100, 96), 20.25).status is Status.FAILED


class TestPeakUnderALimit:
    """The highest mean power of a quarter hour, in W."""

    RUN = terms(Peak(), 2, 2000.0)

    def test_one_quarter_hour_loses_it(self):
        powers = [300.0] * 192
        powers[130] = 2000
        assert stand(self.RUN, power(powers, 48), 48).status is Status.SUCCEEDED
        powers[130] = 2000.5
        # Its end is at 130.25 / 4 = 32.75 h.
        assert stand(self.RUN, power(powers, 48), 32.5).status is Status.RUNNING
        lost = stand(self.RUN, power(powers, 48), 32.75)
        assert (lost.status, lost.value, lost.progress) == (Status.FAILED, 2000.5, -0.5)

    def test_it_is_won_only_when_all_of_it_is_known(self):
        assert stand(self.RUN, power(300, 96), 47.75).status is Status.RUNNING
        assert stand(self.RUN, without(power(300, 96), 30, 34), 60).status is Status.RUNNING
        assert stand(self.RUN, without(power(300, 96), 30, 34), 72).status is Status.SUCCEEDED


class TestBaseLoadUnderALimit:
    """The mean of the quietest three hours of each day, in W."""

    RUN = terms(BaseLoad(), 2, 100.0)

    @staticmethod
    def days(*quiet_w: float) -> EnergySeries:
        """500 W, but from 2 to 5 o'clock something else each day."""
        powers = np.full(96 * len(quiet_w), 500.0)
        for number, of_day in enumerate(quiet_w):
            powers[96 * number + 8 : 96 * number + 20] = of_day
        return power(powers.tolist(), 24 * len(quiet_w))

    def test_the_days_are_averaged(self):
        # (110 + 80) / 2 = 95
        won = stand(self.RUN, self.days(110, 80), 48)
        assert (won.status, won.value) == (Status.SUCCEEDED, pytest.approx(95))

    def test_it_is_won_as_soon_as_the_last_day_has_been_quiet_for_long_enough(self):
        # At 5 o'clock the three quietest hours so far have 80 W; more can only lower that.
        assert stand(self.RUN, self.days(110, 80), 24 + 4.75).status is Status.RUNNING
        assert stand(self.RUN, self.days(110, 80), 24 + 5).status is Status.SUCCEEDED
        # What comes afterwards doesn't count, not even silence.
        assert stand(self.RUN, without(self.days(110, 80), 33, 40), 48).status is Status.SUCCEEDED

    def test_it_is_lost_when_nothing_could_make_the_mean_good(self):
        # 201 W on the first day: (201 + 0) / 2 is more than 100. 199 isn't.
        assert stand(self.RUN, self.days(201, 0), 23.75).status is Status.RUNNING
        assert stand(self.RUN, self.days(201, 0), 24).status is Status.FAILED
        assert stand(self.RUN, self.days(199, 0), 24).status is Status.RUNNING


class TestSunnyShare:
    """Use while the roof produces: from 10 to 14 o'clock 2 kW, before and after nothing."""

    RUN = terms(SunnyShare(from_w=400), 1, 30.0)

    @staticmethod
    def roof(hours: float = 48) -> EnergySeries:
        powers = np.zeros(round(hours * 4))
        powers[40:56] = powers[136:152] = 2000
        return power(powers.tolist(), hours)

    def test_a_share_of_all_energy(self):
        # 300 W all day is 7.2 kWh, of which 4 h · 300 W = 1.2 fall into the sun: 16.7 %. Another
        # 500 W in these hours make it 3.2 of 9.2 kWh: 34.8 %.
        powers = np.full(192, 300.0)
        poor = judge(self.RUN, Seen(power(powers.tolist(), 48), self.roof()), begin_s() + DAY_S)
        assert (poor.status, poor.value) == (Status.FAILED, pytest.approx(100 * 1.2 / 7.2))
        assert poor.progress == pytest.approx(30 - 100 * 1.2 / 7.2)
        powers[40:56] += 500
        rich = judge(self.RUN, Seen(power(powers.tolist(), 48), self.roof()), begin_s() + DAY_S)
        assert (rich.status, rich.value) == (Status.SUCCEEDED, pytest.approx(100 * 3.2 / 9.2))

    def test_nothing_is_certain_before_the_end(self):
        seen = seen_until(power(300, 48), 23.75, roof=self.roof())
        assert judge(self.RUN, seen, begin_s() + DAY_S).status is Status.RUNNING

    def test_a_day_on_which_the_roof_says_nothing_is_replaced(self):
        roof = seen_until(without(self.roof(), 11, 15), 30).home
        replaced = judge(
            self.RUN, seen_until(power(300, 48), 30, roof=roof), begin_s() + 30 * HOUR_S
        )
        assert (replaced.status, replaced.left_out) == (Status.RUNNING, 1)

    def test_a_roof_that_sends_later_than_the_flat_is_waited_for(self):
        # The flat is known until 26:00, the roof only until 22:00.
        roof = seen_until(self.roof(), 22).home
        waiting = judge(
            self.RUN, seen_until(power(300, 48), 26, roof=roof), begin_s() + 26 * HOUR_S
        )
        assert (waiting.status, waiting.left_out) == (Status.RUNNING, 0)


class TestTheCommunitysGoal:
    """Three members, who usually use 10, 10 and 20 kWh a day; 38 together are the goal."""

    USUAL = {1: 10.0, 2: 10.0, 3: 20.0}  # noqa: RUF012
    RUN = terms(CommunityGoal(usual_kwh=USUAL), 1, 38.0)

    def verdict(self, hours: float, *members: EnergySeries):
        known = dict(enumerate(members, 1))
        return judge(
            self.RUN,
            Seen(EnergySeries.unknown(begin_s(), begin_s() + 2 * DAY_S), members=known),
            begin_s() + round(hours * HOUR_S),
        )

    def test_all_members_together(self):
        # 400 + 400 + 750 W: 9.6 + 9.6 + 18 = 37.2 kWh
        won = self.verdict(24, power(400, 24), power(400, 24), power(750, 24))
        assert (won.status, won.value) == (Status.SUCCEEDED, pytest.approx(37.2))
        lost = self.verdict(24, power(400, 24), power(400, 24), power(800, 24))
        assert (lost.status, lost.value) == (Status.FAILED, pytest.approx(38.4))

    def test_a_neighbour_who_moved_in_later_does_not_count(self):
        others = [power(400, 24), power(400, 24), power(750, 24), power(5000, 24)]
        assert self.verdict(24, *others).status is Status.SUCCEEDED

    def test_too_few_known_members_make_no_day(self):
        # Without the third, half of the usual consumption isn't measured.
        gap = without(power(750, 30), 3, 9)
        replaced = self.verdict(30, power(400, 30), power(400, 30), gap)
        assert (replaced.status, replaced.left_out) == (Status.RUNNING, 1)

    def test_a_small_member_who_is_missing_goes_with_the_others(self):
        usual = {1: 5.0, 2: 15.0, 3: 20.0}
        run = terms(CommunityGoal(usual_kwh=usual), 1, 38.0)
        # The others, 35 of the usual 40 kWh, used 14.4 + 18 = 32.4: as 37.03 for all.
        members = {1: without(power(200, 48), 3, 9), 2: power(600, 48), 3: power(750, 48)}
        home = EnergySeries.unknown(begin_s(), begin_s() + 2 * DAY_S)
        won = judge(run, Seen(home, members=members), begin_s() + DAY_S)
        assert (won.status, won.value) == (Status.SUCCEEDED, pytest.approx(32.4 * 40 / 35))

    def test_what_was_measured_before_a_gap_is_not_taken_back(self):
        # The first one used 8 kWh until eight, then fell silent. By the others, 20 of their usual
        # 35 kWh, all would have used 22.9; but 28 kWh have been measured.
        run = terms(CommunityGoal(usual_kwh={1: 5.0, 2: 15.0, 3: 20.0}), 1, 25.0)
        members = {
            1: without(power(1000, 48), 8, 40),
            2: power(10_000 / 24, 48),
            3: power(10_000 / 24, 48),
        }
        home = EnergySeries.unknown(begin_s(), begin_s() + 2 * DAY_S)
        lost = judge(run, Seen(home, members=members), begin_s() + DAY_S)
        assert (lost.status, lost.value) == (Status.FAILED, pytest.approx(28))


def test_energy_of_a_whole_house_fits_into_the_sums():
    # 60 kW for four weeks are 40,320 kWh: 4e14 · 1e-10 kWh, far from the end of 64 bits.
    run = terms(Consumption(), 28, 2000.0)
    verdict = stand(run, power(60_000, 28 * 24), 28 * 24)
    assert verdict.status is Status.SUCCEEDED
    assert verdict.value * TENTH_UWH_PER_KWH == pytest.approx(4.032e14)

"""What a home's last weeks say, with numbers by hand; on days of 23 and 25 hours and with gaps."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from broker.clock import midnight_s
from broker.energy.household_features import Feature, features
from broker.energy.series import EnergySeries
from broker.units import TENTH_UWH_PER_WH

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 2, 2)


def series(power_w_at, first_day=MONDAY, days=28, unknown=lambda moment: False):
    """Quarter hours of whole local days in Berlin; `power_w_at` gives the power at their start.

    1 W for a quarter hour is a quarter of a watt-hour.
    """
    begin_s = midnight_s(first_day, BERLIN)
    end_s = midnight_s(first_day + timedelta(days=days), BERLIN)
    moments = [datetime.fromtimestamp(at_s, BERLIN) for at_s in range(begin_s, end_s, 900)]
    known = np.array([not unknown(moment) for moment in moments])
    energies = np.array([round(power_w_at(moment) * TENTH_UWH_PER_WH / 4) for moment in moments])
    return EnergySeries(begin_s, np.where(known, energies, 0), known)


def found(home, roof=None, **told):
    return features(home, roof, BERLIN, **told)


def test_a_steady_home():
    # 100 W day and night: 2.4 kWh a day for two people, a third of it in the 8 of 24 hours of the
    # night and 5/24 in those of the evening.
    # Two people usually use 3.2 kWh on such a day, so this is three quarters of it.
    told = found(series(lambda moment: 100), inhabitants=2, flat_size_m2=60.0, usual_day_kwh=3.2)
    assert told == {
        Feature.BASE_LOAD_W: pytest.approx(100),
        Feature.NIGHT_SHARE: pytest.approx(8 / 24),
        Feature.EVENING_SHARE: pytest.approx(5 / 24),
        Feature.PEAK_KW: pytest.approx(0.1),
        Feature.WEEKEND_RATIO: pytest.approx(1),
        Feature.PERSON_DAY_KWH: pytest.approx(1.2),
        Feature.USUAL_RATIO: pytest.approx(0.75),
        Feature.INHABITANTS: 2,
        Feature.FLAT_SIZE_M2: 60.0,
    }


def test_the_base_load_is_the_quietest_hour_of_the_night_on_most_days():
    # A fridge: 120 W for the first half of each hour and 0 in the other, beside 50 W that always
    # run: any full hour has 50 + 60 = 110 W. A machine of 1 kW ran from 0 to 5 in three nights.
    def power_w(moment):
        machine = 1000 if moment.day in (4, 9, 20) and moment.hour < 5 else 0
        return 50 + (120 if moment.minute < 30 else 0) + machine

    assert found(series(power_w))[Feature.BASE_LOAD_W] == pytest.approx(110)


def test_quiet_hours_of_the_day_are_no_base_load():
    # Nobody is at home from 9 to 16 and nothing runs; at night a pump of 80 W does.
    told = found(series(lambda moment: 0 if 9 <= moment.hour < 16 else 80))
    assert told[Feature.BASE_LOAD_W] == pytest.approx(80)


@pytest.mark.parametrize(
    ("first_day", "hours_of_night", "hours"),
    [
        # 29 March 2026 has no hour from 2 to 3: 7 hours of night and 23 of day.
        pytest.param(date(2026, 3, 9), 28 * 8 - 1, 28 * 24 - 1, id="summer-time-begins"),
        # 25 October 2026 has the hour from 2 to 3 twice.
        pytest.param(date(2026, 10, 5), 28 * 8 + 1, 28 * 24 + 1, id="summer-time-ends"),
    ],
)
def test_days_of_23_and_25_hours(first_day, hours_of_night, hours):
    told = found(series(lambda moment: 100, first_day), inhabitants=1)
    assert told[Feature.BASE_LOAD_W] == pytest.approx(100)
    assert told[Feature.NIGHT_SHARE] == pytest.approx(hours_of_night / hours)
    assert told[Feature.PERSON_DAY_KWH] == pytest.approx(0.1 * hours / 28)


def test_the_hours_are_those_of_the_clock_on_the_wall_on_both_sides_of_the_change():
    # 1 kW from 17 to 22 o'clock and nothing else: all of it is evening, in summer time as well.
    told = found(series(lambda m: 1000 if 17 <= m.hour < 22 else 0, date(2026, 3, 9)))
    assert told[Feature.EVENING_SHARE] == pytest.approx(1)
    assert told[Feature.NIGHT_SHARE] == 0


def test_a_day_with_a_gap_is_left_out_and_a_short_gap_is_filled_evenly():
    # 200 W, but on the 10th only half of the day is known: it doesn't count. On the 11th two hours
    # (8 of 96 quarter hours, less than a tenth) are missing: the day still has 4.8 kWh.
    def gap(moment):
        return (moment.day == 10 and moment.hour < 12) or (
            moment.day == 11 and moment.hour in (8, 9)
        )

    told = found(series(lambda moment: 200, unknown=gap), inhabitants=1)
    assert told[Feature.PERSON_DAY_KWH] == pytest.approx(4.8)
    assert told[Feature.BASE_LOAD_W] == pytest.approx(200)


def test_an_unknown_night_is_not_taken_for_a_quiet_one():
    # Silent from 0 to 2 o'clock, 8 of 96 quarter hours: the hours from 2 to 5 tell the base load.
    told = found(series(lambda moment: 150, unknown=lambda moment: moment.hour < 2))
    assert told[Feature.BASE_LOAD_W] == pytest.approx(150)


def test_less_than_seven_known_days_tell_nothing_but_what_people_said():
    def known_until(day):
        return series(lambda moment: 300, unknown=lambda moment: moment.date() > day)

    # From 2 to 7 February there are six days, to the 8th seven.
    assert found(known_until(date(2026, 2, 7)), inhabitants=3) == {Feature.INHABITANTS: 3}
    assert Feature.BASE_LOAD_W in found(known_until(date(2026, 2, 8)))


def test_a_home_without_readings_says_nothing():
    nothing = EnergySeries.unknown(midnight_s(MONDAY, BERLIN), midnight_s(date(2026, 3, 2), BERLIN))
    assert found(nothing) == {}
    assert found(nothing, nothing, inhabitants=0) == {}


def test_a_home_that_uses_nothing_has_no_shares():
    told = found(series(lambda moment: 0), inhabitants=2)
    assert told == {Feature.BASE_LOAD_W: 0, Feature.PEAK_KW: 0, Feature.INHABITANTS: 2}


def test_one_party_makes_no_peak():
    # Every day cooks with 2 kW at noon; on two of 28 days there were 9 kW: one day in ten may
    # be higher.
    def power_w(moment):
        if moment.hour != 12 or moment.minute:
            return 100
        return 9000 if moment.day in (14, 15) else 2000

    assert found(series(power_w))[Feature.PEAK_KW] == pytest.approx(2)


def test_weekends():
    # 3 kWh on Saturdays and Sundays, 2 kWh from Monday to Friday
    told = found(series(lambda moment: 125 if moment.weekday() >= 5 else 250 / 3))
    assert told[Feature.WEEKEND_RATIO] == pytest.approx(1.5)


def sun_w(moment):
    """A clear day: nothing before 8 and from 18 on, 500 W at the edges, 5 kW from 10 to 16."""
    if 10 <= moment.hour < 16:
        return 5000
    return 500 if 8 <= moment.hour < 18 else 0


def test_the_sunny_share_counts_while_the_roof_makes_a_fifth_of_its_best():
    # 100 W all day: 6 of 24 hours are sunny; the 500 W at the edges are a tenth of the best.
    # The roof makes 6 · 5 + 4 · 0.5 = 32 kWh a day.
    told = found(series(lambda moment: 100), series(sun_w))
    assert told[Feature.SUNNY_SHARE] == pytest.approx(6 / 24)
    assert told[Feature.ROOF_DAY_KWH] == pytest.approx(32)


def test_where_the_roof_is_silent_nobody_knows_the_sunny_share():
    home = series(lambda moment: 100)
    silent = series(sun_w, unknown=lambda moment: True)
    assert not {Feature.SUNNY_SHARE, Feature.ROOF_DAY_KWH} & found(home, silent).keys()
    # Known for ten days only: these ten count.
    ten_days = series(sun_w, unknown=lambda moment: moment.date() > date(2026, 2, 11))
    assert found(home, ten_days)[Feature.SUNNY_SHARE] == pytest.approx(6 / 24)
    # A plant that doesn't run is no roof to tell of.
    assert Feature.ROOF_DAY_KWH not in found(home, series(lambda moment: 0))

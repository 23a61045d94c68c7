"""BDEW's profiles: their tables, types of day, seasons and what becomes of them on odd days."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

import config
from broker.clock import midnight_s
from broker.energy.bdew import tables
from broker.energy.standard_load_profile import (
    DayType,
    Profile,
    Season,
    day_type,
    dynamisation,
    season,
    standard_year,
)

BERLIN = ZoneInfo("Europe/Berlin")
PUBLISHED = config.PROJECT.parent / "shared" / "data" / "bdew_slp"
CHRISTMAS = {date(2026, 12, 25), date(2026, 12, 26)}


def published(name: str) -> list[list[str]]:
    path: Path = PUBLISHED / name
    if not path.exists():
        pytest.skip(f"{path} is not here; it isn't part of the repository")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def energies(profile: Profile, year: int, zone: ZoneInfo = BERLIN) -> np.ndarray:
    """Shares of the year of each quarter hour, without holidays."""
    return np.diff(standard_year(profile, year, frozenset(), zone).cumulated)


@pytest.mark.parametrize(
    ("profile", "row", "kind", "slot", "value"),
    [
        # From BDEW's workbooks: H0 in tenths of a watt, so 67.6 W at 0:00 on a winter workday;
        # the others in Wh, so 20.126 kWh from 0:00 to 0:15 on a workday of January.
        pytest.param("h0", Season.WINTER, DayType.WORKDAY, 0, 676, id="H0"),
        pytest.param("h0", Season.SUMMER, DayType.SUNDAY, 0, 1001, id="H0, summer Sunday"),
        pytest.param("h25", 0, DayType.WORKDAY, 0, 20_126, id="H25"),
        pytest.param("p25", 0, DayType.SATURDAY, 0, 36_049, id="P25"),
        pytest.param("s25", 11, DayType.SUNDAY, 2, 57_912, id="S25"),
    ],
)
def test_the_tables_are_bdews(profile, row, kind, slot, value):
    assert tables()[profile][row, kind, slot] == value


@pytest.mark.parametrize("profile", ["h25", "p25", "s25"])
def test_the_tables_of_2025_agree_with_another_copy_of_them(profile):
    rows = published(f"demandlib_{profile}.csv")
    columns = {"WT": 0, "SA": 1, "FT": 2}
    copied = np.empty((12, 3, 96))
    for column, day in enumerate(rows[1][1:]):
        copied[column // 3, columns[day]] = [float(row[1 + column]) for row in rows[2:]]
    np.testing.assert_allclose(tables()[profile] / 1000, copied, atol=0.0006)


def test_h0_agrees_with_another_copy_of_it():
    seasons = {"winter": Season.WINTER, "summer": Season.SUMMER, "transition": Season.TRANSITION}
    rows = published("demandlib_selp_series.csv")[1:]
    for time, period, weekday, h0, *_ in rows:
        kind = {6: DayType.SATURDAY, 7: DayType.SUNDAY}.get(int(weekday), DayType.WORKDAY)
        slot = int(time[11:13]) * 4 + int(time[14:16]) // 15
        # That copy has another decimal, BDEW's workbook whole tenths of a watt.
        assert tables()["h0"][seasons[period], kind, slot] / 10 == pytest.approx(
            float(h0) * 1000, abs=0.11
        )


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        pytest.param(date(2026, 11, 24), DayType.WORKDAY, id="Tuesday"),
        pytest.param(date(2026, 11, 28), DayType.SATURDAY, id="Saturday"),
        pytest.param(date(2026, 11, 29), DayType.SUNDAY, id="Sunday"),
        pytest.param(date(2026, 12, 25), DayType.SUNDAY, id="holiday on a Friday"),
        pytest.param(date(2026, 12, 26), DayType.SUNDAY, id="holiday on a Saturday"),
        pytest.param(date(2026, 12, 24), DayType.SATURDAY, id="Christmas Eve on a Thursday"),
        pytest.param(date(2026, 12, 31), DayType.SATURDAY, id="New Year's Eve on a Thursday"),
        pytest.param(date(2028, 12, 24), DayType.SUNDAY, id="Christmas Eve on a Sunday"),
    ],
)
def test_types_of_day(day, kind):
    assert day_type(day, CHRISTMAS) == kind


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        pytest.param((11, 1), (3, 20), Season.WINTER, id="winter"),
        pytest.param((3, 21), (5, 14), Season.TRANSITION, id="spring"),
        pytest.param((5, 15), (9, 14), Season.SUMMER, id="summer"),
        pytest.param((9, 15), (10, 31), Season.TRANSITION, id="autumn"),
    ],
)
def test_seasons_of_h0_end_where_bdew_says(first, last, expected):
    assert season(date(2026, *first)) == season(date(2026, *last)) == expected


def test_the_dynamisation_is_vdews_polynomial():
    # t = 1: 1.24 + .0021 − .0000702 + … = 1.2420; t = 182 (1 July): 1.24 + .3822 − 2.32530
    # + 1.92914 − .43011 = 0.7959; both to four decimals.
    assert dynamisation(date(2026, 1, 1)) == 1.2420
    assert dynamisation(date(2026, 7, 1)) == 0.7959


def test_a_quarter_hour_is_the_tables_value_times_the_days_factor():
    # Two Tuesdays, 1 December (day 335) and 30 June (181), 19:00 to 19:15, slot 76.
    year = standard_year(Profile.H0, 2026, frozenset(), BERLIN)
    shares = np.diff(year.cumulated)
    winter = (midnight_s(date(2026, 12, 1), BERLIN) - year.begin_s) // 900 + 76
    summer = (midnight_s(date(2026, 6, 30), BERLIN) - year.begin_s) // 900 + 76
    table = tables()["h0"][:, DayType.WORKDAY, 76]
    factors = dynamisation(date(2026, 12, 1)) / dynamisation(date(2026, 6, 30))
    expected = table[Season.WINTER] / table[Season.SUMMER] * factors
    assert shares[winter] / shares[summer] == pytest.approx(expected)


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize(
    ("year", "zone"),
    [(2024, BERLIN), (2026, BERLIN), (2026, ZoneInfo("UTC")), (2150, BERLIN)],
    ids=["leap year", "common year", "without summer time", "far ahead"],
)
def test_every_quarter_hour_goes_by_the_clock(profile, year, zone):
    # The same, one quarter hour after the other, by nothing but the clock on the wall.
    holidays = {date(year, 5, 1)}
    begin_s, end_s = midnight_s(date(year, 1, 1), zone), midnight_s(date(year + 1, 1, 1), zone)
    expected = []
    for start_s in range(begin_s, end_s, 900):
        local = datetime.fromtimestamp(start_s, UTC).astimezone(zone)
        row = season(local.date()) if profile is Profile.H0 else local.month - 1
        slot = (local.hour * 60 + local.minute) // 15
        of_slot = tables()[profile.value][row, day_type(local.date(), holidays), slot]
        expected.append(of_slot * dynamisation(local.date()))
    made = standard_year(profile, year, holidays, zone)
    np.testing.assert_allclose(np.diff(made.cumulated), np.array(expected) / sum(expected))


def test_days_of_23_and_25_hours_lack_an_hour_and_repeat_one():
    shares = energies(Profile.H25, 2026)
    begin_s = midnight_s(date(2026, 1, 1), BERLIN)

    def of_day(day: date) -> np.ndarray:
        first, last = (
            (midnight_s(at, BERLIN) - begin_s) // 900 for at in (day, day + timedelta(days=1))
        )
        return shares[first:last] / dynamisation(day)

    # 29 March 2026 jumps from 2:00 to 3:00; 25 October has 2:00 to 3:00 twice. Both are Sundays,
    # and so are those a week before, which have all 24 hours.
    spring, before = of_day(date(2026, 3, 29)), of_day(date(2026, 3, 22))
    np.testing.assert_allclose(spring, np.delete(before, range(8, 12)))
    autumn, before = of_day(date(2026, 10, 25)), of_day(date(2026, 10, 18))
    np.testing.assert_allclose(autumn, np.insert(before, 12, before[8:12]))


def test_a_roof_and_a_battery_move_consumption_into_winter_and_night():
    # Shares of June to August: H25 uses about a quarter then, with a battery nearly nothing.
    summers = {}
    for profile in Profile:
        year = standard_year(profile, 2026, frozenset(), BERLIN)
        begin_s, end_s = midnight_s(date(2026, 6, 1), BERLIN), midnight_s(date(2026, 9, 1), BERLIN)
        summers[profile] = year.share_until(end_s) - year.share_until(begin_s)
    assert summers[Profile.H0] == pytest.approx(0.22, abs=0.02)
    assert summers[Profile.H25] == pytest.approx(0.22, abs=0.02)
    assert summers[Profile.S25] < summers[Profile.P25] < summers[Profile.H25]


def test_within_a_quarter_hour_it_rises_evenly():
    year = standard_year(Profile.H0, 2026, frozenset(), BERLIN)
    begin_s = year.begin_s + 900 * 5000
    start, middle, end = (year.share_until(begin_s + s) for s in (0, 450, 900))
    assert start < middle < end
    assert middle == pytest.approx((start + end) / 2, rel=1e-12)


def test_a_year_begins_at_0_and_ends_at_1():
    year = standard_year(Profile.P25, 2024, frozenset(), BERLIN)
    end_s = midnight_s(date(2025, 1, 1), BERLIN)
    assert len(year.cumulated) == 366 * 96 + 1
    assert [year.share_until(t) for t in (year.begin_s - 1, year.begin_s)] == [0, 0]
    assert [year.share_until(t) for t in (end_s, end_s + 1)] == [1, 1]

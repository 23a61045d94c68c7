from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from broker.api import periods

BERLIN = ZoneInfo("Europe/Berlin")


def at(*parts):
    return int(datetime(*parts, tzinfo=BERLIN).timestamp())


NOW_S = at(2026, 11, 23, 10, 12)


def asked_for(now_s=NOW_S, **query):
    return periods.asked_for({name: str(value) for name, value in query.items()}, now_s, BERLIN)


def test_without_a_wish_it_is_the_whole_of_today():
    period = asked_for()
    assert (period.kind, period.begin_s, period.end_s) == (
        "day",
        at(2026, 11, 23),
        at(2026, 11, 24),
    )


@pytest.mark.parametrize(
    ("day", "quarter_hours"),
    [
        pytest.param((2026, 3, 29), 92, id="spring"),
        pytest.param((2026, 6, 1), 96, id="summer"),
        pytest.param((2026, 10, 25), 100, id="autumn"),
    ],
)
def test_a_day_has_as_many_quarter_hours_as_the_clock_gives_it(day, quarter_hours):
    assert len(asked_for(begin=at(*day)).boundaries_s) == quarter_hours + 1


def test_a_running_month_is_drawn_to_its_end_in_whole_days():
    period = asked_for(begin=at(2026, 11, 1), resolution="day")
    assert period.kind == "month"
    assert period.boundaries_s[-1] == at(2026, 12, 1)
    assert len(period.boundaries_s) == 31


def test_a_year_is_drawn_in_months():
    period = asked_for(begin=at(2025, 1, 1), end=at(2026, 1, 1), resolution="month")
    assert period.boundaries_s[:2] == [at(2025, 1, 1), at(2025, 2, 1)]
    assert len(period.boundaries_s) == 13


def test_the_day_before_ends_where_this_one_begins():
    assert asked_for().earlier == {
        "begin": at(2026, 11, 22),
        "end": at(2026, 11, 23),
        "resolution": "quarter_hour",
    }


def test_nobody_is_led_into_the_future():
    assert asked_for().later is None
    yesterday = asked_for(begin=at(2026, 11, 22), end=at(2026, 11, 23))
    # Today is still running, so the way to it names no end.
    assert yesterday.later == {"begin": at(2026, 11, 23), "resolution": "quarter_hour"}


def test_from_a_month_the_week_is_the_one_of_its_last_day_that_has_begun():
    november = asked_for(begin=at(2026, 11, 1), resolution="day")
    assert november.query_of("week")["begin"] == at(2026, 11, 23)
    october = asked_for(begin=at(2026, 10, 1), end=at(2026, 11, 1), resolution="day")
    # 31 October 2026 is a Saturday; its week began on Monday, the 26th.
    assert october.query_of("week")["begin"] == at(2026, 10, 26)


@pytest.mark.parametrize(
    ("resolution", "day", "begin", "end"),
    [
        # Tuesday beside Tuesday, also where summer time begins a week later or earlier.
        pytest.param("quarter_hour", (2026, 11, 24), (2025, 11, 25), (2025, 11, 26), id="day"),
        pytest.param("quarter_hour", (2026, 3, 29), (2025, 3, 30), (2025, 3, 31), id="spring"),
        pytest.param("hour", (2026, 10, 26), (2025, 10, 27), (2025, 11, 3), id="week"),
        pytest.param("day", (2026, 11, 1), (2025, 11, 2), (2025, 12, 2), id="month"),
        pytest.param("month", (2026, 1, 1), (2025, 1, 1), (2026, 1, 1), id="year"),
        pytest.param("month", (2024, 2, 29), (2023, 2, 28), (2024, 1, 1), id="leap-day"),
    ],
)
def test_a_year_before_are_the_same_weekdays_or_the_calendar_year(resolution, day, begin, end):
    before = asked_for(begin=at(*day), resolution=resolution).year_before
    assert (before.begin_s, before.end_s) == (at(*begin), at(*end))

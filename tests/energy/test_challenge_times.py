"""The hours that a challenge looks at, on ordinary days and on those of the change of time."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from broker.energy.challenge_times import Times

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Times(22, 6)
HOUR_S = 3600


def at(written: str) -> int:
    return int(datetime.fromisoformat(written).replace(tzinfo=BERLIN).timestamp())


@pytest.mark.parametrize(
    ("day", "night_h", "day_h"),
    [
        pytest.param(date(2026, 3, 27), 8, 24, id="ordinary"),
        # On 29 March 2026 clocks go from 2 to 3, on 25 October from 3 back to 2.
        pytest.param(date(2026, 3, 28), 7, 24, id="the-night-to-summer-time"),
        pytest.param(date(2026, 3, 29), 8, 23, id="the-first-day-of-summer-time"),
        pytest.param(date(2026, 10, 24), 9, 24, id="the-night-to-winter-time"),
        pytest.param(date(2026, 10, 25), 8, 25, id="the-first-day-of-winter-time"),
    ],
)
def test_nights_and_days_are_as_long_as_the_clock_makes_them(day, night_h, day_h):
    night, whole = NIGHT.span(day, BERLIN), Times().span(day, BERLIN)
    assert (night.end_s - night.begin_s) / HOUR_S == night_h
    assert (whole.end_s - whole.begin_s) / HOUR_S == day_h


def test_a_night_goes_from_the_evening_to_the_morning():
    night = NIGHT.span(date(2026, 1, 31), BERLIN)
    assert night == (at("2026-01-31 22:00"), at("2026-02-01 06:00"))
    evening = Times(17, 24).span(date(2026, 1, 31), BERLIN)
    assert evening == (at("2026-01-31 17:00"), at("2026-02-01 00:00"))


def test_what_follows_begins_with_the_next_whole_one():
    # At 21:50 tonight still counts, at 22:01 it doesn't.
    assert NIGHT.following(at("2026-11-24 21:50"), 1, BERLIN)[0].begin_s == at("2026-11-24 22:00")
    assert NIGHT.following(at("2026-11-24 22:01"), 1, BERLIN)[0].begin_s == at("2026-11-25 22:00")
    assert Times().following(at("2026-11-24 00:00"), 2, BERLIN) == (
        (at("2026-11-24 00:00"), at("2026-11-25 00:00")),
        (at("2026-11-25 00:00"), at("2026-11-26 00:00")),
    )


def test_weekdays_are_those_on_which_a_span_begins():
    # 24 November 2026 is a Tuesday.
    weekend = Times(weekdays=(5, 6)).following(at("2026-11-24 12:00"), 3, BERLIN)
    assert [datetime.fromtimestamp(begin_s, UTC).day for begin_s, _ in weekend] == [27, 28, 4]


def test_what_precedes_is_over_and_within_the_weeks():
    before = NIGHT.preceding(at("2026-11-24 05:00"), 1, BERLIN)
    # The nights that began on the 17th to the 22nd; that of the 23rd is going on.
    assert [begin_s for begin_s, _ in before] == [
        at(f"2026-11-{day} 22:00") for day in range(17, 23)
    ]

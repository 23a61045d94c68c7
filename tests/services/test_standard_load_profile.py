"""r(t), the standard household's course through a term, by the holidays of the federal states."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from broker.clock import midnight_s
from broker.energy.standard_load_profile import Profile
from broker.services.standard_load_profile import StandardHousehold, term_share, years_between

BERLIN = ZoneInfo("Europe/Berlin")
NATIONWIDE = StandardHousehold(Profile.H0, None, BERLIN)
BAVARIA = NATIONWIDE._replace(federal_state="BY")

households = st.builds(
    StandardHousehold,
    st.sampled_from(Profile),
    st.sampled_from([None, "BY", "BE", "SN"]),
    st.sampled_from([BERLIN, ZoneInfo("UTC"), ZoneInfo("America/New_York")]),
)


def term(year: int, month: int = 3, day: int = 12, zone: ZoneInfo = BERLIN) -> tuple[int, int]:
    return midnight_s(date(year, month, day), zone), midnight_s(date(year + 1, month, day), zone)


@settings(max_examples=60, deadline=None)
@given(households, st.integers(1975, 2120), st.dates(date(2023, 1, 1), date(2023, 12, 31)))
@example(NATIONWIDE, 2023, date(2023, 3, 12))  # holds the leap day
@example(NATIONWIDE, 2026, date(2023, 3, 29))  # begins on the day on which summer time begins
@example(NATIONWIDE, 2026, date(2023, 10, 25))  # and on which it ends
@example(NATIONWIDE, 2026, date(2023, 1, 1))  # a calendar year
def test_r_is_0_at_the_start_of_a_term_and_1_at_its_end_and_never_falls(household, year, start):
    begin_s, end_s = term(year, start.month, start.day, household.zone)
    times_s = [*range(begin_s, end_s, 86_400 * 3 + 1_234), end_s]
    shares = [term_share(household, begin_s, end_s, time_s) for time_s in times_s]
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert all(later > earlier for earlier, later in pairwise(shares))


@settings(max_examples=30, deadline=None)
@given(households, st.integers(2024, 2030), st.lists(st.integers(0, 366 * 86_400), max_size=6))
def test_the_parts_of_a_term_add_up(household, year, offsets):
    begin_s, end_s = term(year)
    bounds = sorted({begin_s, end_s, *(min(begin_s + offset, end_s) for offset in offsets)})
    parts = [years_between(household, earlier, later) for earlier, later in pairwise(bounds)]
    assert sum(parts) == pytest.approx(years_between(household, begin_s, end_s), abs=1e-12)


def of_day(household: StandardHousehold, day: date) -> float:
    begin_s, end_s = (midnight_s(at, BERLIN) for at in (day, day + timedelta(days=1)))
    return years_between(household, begin_s, end_s)


def test_a_holiday_of_one_state_is_a_workday_in_the_others():
    # Epiphany, 6 January 2026, is a Tuesday: in Bavaria a Sunday's consumption, elsewhere not.
    epiphany, sunday_before = date(2026, 1, 6), date(2026, 1, 4)
    in_bavaria, elsewhere = of_day(BAVARIA, epiphany), of_day(NATIONWIDE, epiphany)
    assert in_bavaria > elsewhere * 1.03
    # Two days later in the year the factor of the dynamisation is 1.2501 instead of 1.2473.
    assert in_bavaria == pytest.approx(of_day(BAVARIA, sunday_before) * 1.2501 / 1.2473)


def test_nationwide_holidays_count_everywhere():
    # 1 May 2026 is a Friday, and like the Sunday after but for the factors 0.9492 and 0.9420.
    household = BAVARIA._replace(federal_state="HH")
    may_day, sunday_after = of_day(household, date(2026, 5, 1)), of_day(household, date(2026, 5, 3))
    assert may_day == pytest.approx(sunday_after * 0.9492 / 0.9420)


def test_a_calendar_year_is_one_years_consumption_and_a_term_nearly():
    assert years_between(NATIONWIDE, *term(2026, 1, 1)) == 1
    assert years_between(NATIONWIDE, *term(2026)) == pytest.approx(1, abs=0.002)
    assert years_between(NATIONWIDE, term(2026, 1, 1)[0], term(2028, 1, 1)[1]) == 3


def test_no_table_ends():
    # 2150 has no known holidays but is a year like any other: winter begins in November.
    begin_s, end_s = term(2150)
    half = term_share(BAVARIA, begin_s, end_s, midnight_s(date(2150, 9, 12), BERLIN))
    assert half == pytest.approx(0.46, abs=0.01)

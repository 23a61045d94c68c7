"""A resident's month beside similar homes and their own last year: worked examples by hand.

Meters tell their counters at local midnights, so that the energy of a day is the difference of two.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.clock import midnight_s
from broker.energy.standard_load_profile import Profile
from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from broker.models import AccountState, HouseholdSize, User, db, writer
from broker.services import comparison, meters
from broker.services.standard_load_profile import StandardHousehold, years_between
from broker.units import TENTH_UWH_PER_KWH as KWH

BERLIN = ZoneInfo("Europe/Berlin")
STANDARD = StandardHousehold(Profile.H0, "BY", BERLIN)
NOW_S = int(datetime(2026, 11, 24, 10, tzinfo=BERLIN).timestamp())
"""Of November, 23 days are over."""
NOVEMBER, OCTOBER = date(2026, 11, 1), date(2026, 10, 1)
LONG_AGO = date(2020, 1, 1)


def at(day: date, hour: float = 0) -> int:
    return midnight_s(day, BERLIN) + round(hour * 3600)


def say(meter_id: int, *told: tuple[int, float], now_s: int = NOW_S) -> None:
    """Counters in kWh at times in s."""
    nothing = [None] * len(told)
    counters = [round(kwh * KWH) for _, kwh in told]
    take_in({meter_id: Columns([at for at, _ in told], counters, nothing, nothing)}, now_s)


def daily(begin: date, end: date, kwh_a_day: float) -> list[tuple[int, float]]:
    """A counter at every midnight from the beginning of a day to that of another."""
    days = (end - begin).days
    return [(at(begin + timedelta(days=n)), 100 + n * kwh_a_day) for n in range(days + 1)]


def lives_there(resident: Any, inhabitants: int, since: date = LONG_AGO) -> None:
    """So many people live in a flat from a day on."""
    values = {"user_id": resident.id, "valid_from": since, "inhabitants": inhabitants}
    with writer(db.engine).begin() as connection:
        connection.execute(sqlalchemy.insert(HouseholdSize).values(values))


def change(resident: Any, **columns: object) -> None:
    with writer(db.engine).begin() as connection:
        connection.execute(sqlalchemy.update(User).where(User.id == resident.id).values(**columns))


@pytest.fixture
def move_in(
    resident: Any,
    make_user: Callable[..., Any],
    make_meter: Callable[..., int],
    assign: Callable[..., None],
) -> Callable[..., int]:
    """A flat of my house with people, whose meter tells so much a day; gives the meter."""

    def move(
        kwh_a_day: float,
        inhabitants: int | None = None,
        *,
        who: Any = None,
        begin: date = NOVEMBER,
        end: date = date(2026, 11, 24),
    ) -> int:
        who = who or make_user(resident.group_id)
        meter_id = make_meter()
        assign(meter_id, who)
        if inhabitants:
            lives_there(who, inhabitants)
        say(meter_id, *daily(begin, end, kwh_a_day))
        return meter_id

    return move


@pytest.fixture
def four_homes(move_in: Callable[..., int]) -> list[int]:
    """Per person and day they use 3, 2.5, 2 and 1.5 kWh: on average 2.25."""
    return [move_in(3, 1), move_in(5, 2), move_in(6, 3), move_in(3, 2)]


def compared(resident: Any, month: date | None = NOVEMBER, now_s: int = NOW_S) -> dict[str, Any]:
    """The comparisons of one month."""
    found = comparison.of_user(resident.id, resident.group_id, month, now_s, STANDARD)
    [one] = found["months"]
    return one


def kwh(energy: int | None) -> float | None:
    return None if energy is None else energy / KWH


def test_a_month_beside_similar_homes(resident, move_in, four_homes):
    move_in(4, 2, who=resident)
    month = compared(resident)
    # 23 days of 4 kWh; 46 kWh for each of us two beside 23 · 2.25 = 51.75, told as 52.
    assert (month["days"], month["known_days"], kwh(month["energy"])) == (23, 23, 92)
    similar = month["similar"]
    assert (similar["homes"], similar["days"], similar["likeness"]) == (4, 23, "house")
    assert (kwh(similar["per_person"]), kwh(similar["mean_per_person"])) == (46, 52)
    assert similar["frugal_per_person"] is None
    assert similar["difference"] == -12  # −6 / 52
    assert (month["judgement"], month["judged_by"]) == ("good", "similar")
    assert month["missing"] == {"last_year": "no_data_of_last_year"}
    # Two people usually use 1900 kWh a year; 23 days of November are 6.54 % of it.
    standard = month["standard"]
    assert (standard["days"], kwh(standard["energy"])) == (23, 92)
    assert kwh(standard["energy_standard"]) == pytest.approx(1900 * 0.0654, abs=0.1)
    assert standard["difference"] == -26  # (92 − 124.2) / 124.2


def test_the_running_month_and_the_last_one_are_shown(resident, move_in):
    move_in(4, 2, who=resident, begin=OCTOBER)
    months = comparison.of_user(resident.id, resident.group_id, None, NOW_S, STANDARD)["months"]
    assert [(one["month"], one["days"]) for one in months] == [("2026-11", 23), ("2026-10", 31)]
    # On the first of a month none of its days is over.
    first_s = at(NOVEMBER, 12)
    months = comparison.of_user(resident.id, resident.group_id, None, first_s, STANDARD)["months"]
    assert [one["month"] for one in months] == ["2026-10"]
    december = comparison.of_user(
        resident.id, resident.group_id, date(2026, 12, 1), NOW_S, STANDARD
    )
    assert december == {}


def test_the_frugal_are_shown_where_there_are_enough(resident, move_in):
    move_in(2, 2, who=resident)
    for kwh_a_day in range(3, 12):  # nine homes of two with 3 … 11 kWh a day
        move_in(kwh_a_day, 2)
    similar = compared(resident)["similar"]
    # On average 7 / 2 · 23 = 80.5, told as 80; the four with 3 to 6 kWh 4.5 / 2 · 23 = 51.75.
    assert (similar["homes"], kwh(similar["mean_per_person"])) == (9, 80)
    assert kwh(similar["frugal_per_person"]) == 52
    assert compared(resident)["judgement"] == "great"


def test_fewer_than_four_other_homes_are_not_told(resident, make_user, move_in):
    move_in(4, 2, who=resident)
    for _ in range(3):
        move_in(5, 2)
    assert compared(resident)["missing"]["similar"] == "too_few_homes"
    fourth = make_user(resident.group_id)
    move_in(5, 2, who=fourth)
    assert compared(resident)["similar"]["homes"] == 4
    # Who has left the house counts no longer, at once.
    change(fourth, state=AccountState.DEACTIVATED.value)
    assert compared(resident)["similar"] is None
    change(fourth, state=AccountState.ACTIVE.value)
    assert compared(resident)["similar"]["homes"] == 4


def test_a_home_that_can_not_be_compared_does_not_count(resident, make_user, move_in, four_homes):
    move_in(4, 2, who=resident)
    move_in(50)  # nobody told how many live there
    move_in(50, 2, begin=date(2026, 11, 10))  # moved in on the tenth
    move_in(50, 2, end=date(2026, 11, 20))  # silent for four days
    operator = make_user(resident.group_id, is_operator=True)
    lives_there(operator, 1)
    elsewhere = make_user()
    move_in(50, 1, who=elsewhere)
    assert kwh(compared(resident)["similar"]["mean_per_person"]) == 52
    assert compared(resident)["similar"]["homes"] == 4
    # In a house of their own they see nobody else.
    assert compared(elsewhere)["missing"]["similar"] == "too_few_homes"


def test_a_household_that_grew_within_the_month(resident, move_in, four_homes):
    move_in(4, 1, who=resident)
    lives_there(resident, 2, since=date(2026, 11, 14))
    # 13 days of 4 kWh for one, ten days of 2 kWh for each of two.
    assert kwh(compared(resident)["similar"]["per_person"]) == 13 * 4 + 10 * 2


def test_days_before_a_household_size_was_told_are_left_out(resident, move_in, four_homes):
    move_in(4, who=resident)
    assert compared(resident)["missing"]["similar"] == "no_household_size"
    lives_there(resident, 2, since=date(2026, 11, 18))  # six days: not a week yet
    assert compared(resident)["missing"]["similar"] == "no_household_size"
    lives_there(resident, 2, since=date(2026, 11, 17))
    # Seven days: 14 kWh for each of us beside 7 · 2.25 = 15.75, told as 16.
    similar = compared(resident)["similar"]
    assert (similar["days"], kwh(similar["per_person"])) == (7, 14)
    assert kwh(similar["mean_per_person"]) == 16


def test_a_tenant_who_moved_in_within_the_month(
    resident, make_user, make_meter, assign, move_in, four_homes
):
    moved_s = at(date(2026, 11, 10), 15)
    before, meter_id = make_user(resident.group_id), make_meter()
    assign(meter_id, before, end_s=moved_s)
    assign(meter_id, resident, begin_s=moved_s)
    lives_there(resident, 2)
    lives_there(before, 2)
    say(meter_id, *daily(NOVEMBER, date(2026, 11, 24), 4))
    # The tenth was shared with the tenant before: from the eleventh to the 23rd are 13 days.
    month = compared(resident)
    assert (month["days"], month["known_days"], kwh(month["energy"])) == (23, 13, 52)
    similar = month["similar"]
    # The other tenant isn't compared with: 26 kWh beside 13 · 2.25 = 29.25 of the four.
    assert (similar["homes"], similar["days"], kwh(similar["per_person"])) == (4, 13, 26)
    assert kwh(similar["mean_per_person"]) == 29


def test_a_meter_that_was_exchanged_within_the_month(
    resident, make_meter, assign, move_in, four_homes
):
    swapped_s = at(date(2026, 11, 10), 12)
    old, new = make_meter("OLD"), make_meter("NEW")
    assign(old, resident)
    lives_there(resident, 2)
    meters.swap("OLD", "NEW", swapped_s)
    # Nine days of 4 kWh and half a day of 2; half a day of 3 and 13 days of 4: 93 kWh.
    say(old, *daily(NOVEMBER, date(2026, 11, 10), 4), (swapped_s, 138))
    later = [(time_s, kwh - 97) for time_s, kwh in daily(date(2026, 11, 11), date(2026, 11, 24), 4)]
    say(new, (swapped_s, 0), *later)
    month = compared(resident)
    assert (month["known_days"], kwh(month["energy"])) == (23, 93)
    assert kwh(month["similar"]["per_person"]) == 46.5


def test_the_standard_household_grows_with_mine(resident, move_in):
    move_in(4, 1, who=resident)
    lives_there(resident, 5, since=date(2026, 11, 14))
    bounds = at(NOVEMBER), at(date(2026, 11, 14)), at(date(2026, 11, 24))
    # 13 days of one person's 1200 kWh a year, then ten days of five people's 3100.
    alone, together = (years_between(STANDARD, *bounds[n : n + 2]) for n in (0, 1))
    month = compared(resident)
    usual = kwh(month["standard"]["energy_standard"])
    assert usual == pytest.approx(1200 * alone + 3100 * together)
    # Nobody else is there, and nobody was a year ago: this is what is judged by.
    assert (month["judgement"], month["judged_by"]) == ("great", "standard")
    lives_there(resident, 6, since=date(2026, 11, 23))
    assert compared(resident)["missing"]["standard"] == "household_too_large"


def test_missing_days_are_compared_on_neither_side(resident, move_in, four_homes):
    """My meter is silent since the 16th: 15 days count, of the others as well."""
    meter_id = move_in(4, 2, who=resident, end=date(2026, 11, 16))
    month = compared(resident)
    assert (month["known_days"], kwh(month["energy"])) == (15, 60)
    similar = month["similar"]
    # 15 · 2.25 = 33.75, told as 34.
    assert (similar["days"], kwh(similar["per_person"])) == (15, 30)
    assert kwh(similar["mean_per_person"]) == 34
    # Once the counter is back, at 100 + 116 kWh, all 23 days are known: (116 − 0) / 2 for each.
    say(meter_id, (at(date(2026, 11, 24)), 216))
    month = compared(resident)
    assert (month["known_days"], kwh(month["energy"])) == (23, 116)


def test_days_before_the_first_reading_are_missing(resident, make_meter, assign, four_homes):
    meter_id = make_meter()
    assign(meter_id, resident, begin_s=at(NOVEMBER))
    lives_there(resident, 2)
    # Hung up on the first, but it says nothing before the evening of the fifth.
    say(meter_id, (at(date(2026, 11, 5), 18), 1), *daily(date(2026, 11, 6), date(2026, 11, 24), 4))
    assert compared(resident)["known_days"] == 18  # from the sixth to the 23rd


def test_a_few_days_are_not_judged(resident, move_in, four_homes):
    move_in(4, 2, who=resident, begin=date(2026, 10, 20))
    week_s = at(date(2026, 11, 8), 3)
    assert compared(resident, now_s=week_s)["similar"]["days"] == 7
    month = compared(resident, now_s=week_s - 86_400)
    assert month["missing"] == dict.fromkeys(("similar", "last_year", "standard"), "too_few_days")
    assert (month["judgement"], month["judged_by"]) == (None, None)


def test_last_year_is_the_same_weekdays(resident, move_in):
    # From Sunday, 1 November 2026 it is 52 weeks to Sunday, 2 November 2025.
    meter_id = move_in(4, who=resident)
    last = date(2025, 11, 2), date(2025, 11, 25)
    say(meter_id, *[(at, kwh - 100) for at, kwh in daily(*last, 5)])
    month = compared(resident)
    last_year = month["last_year"]
    assert (last_year["begin"], last_year["end"]) == tuple(map(at, last))
    assert (last_year["days"], kwh(last_year["energy"])) == (23, 92)
    # The counter stood at 115 then and at 100 now: a smaller one again, a new register.
    assert (kwh(last_year["energy_last_year"]), last_year["difference"]) == (115, -20)
    assert (month["judgement"], month["judged_by"]) == ("great", "last_year")


def test_only_days_known_in_both_years_are_compared(resident, make_meter, assign):
    # A year ago they moved in on the 12th: twelve pairs, from Thursday, 12 to the 23rd.
    meter_id = make_meter()
    moved = date(2025, 11, 13)
    assign(meter_id, resident, begin_s=at(moved))
    say(meter_id, *daily(moved, date(2025, 11, 25), 2))
    say(meter_id, *[(at, kwh + 400) for at, kwh in daily(NOVEMBER, date(2026, 11, 24), 3)])
    last_year = compared(resident)["last_year"]
    assert (last_year["days"], kwh(last_year["energy"])) == (12, 36)
    assert (kwh(last_year["energy_last_year"]), last_year["difference"]) == (24, 50)


def test_a_month_in_which_summer_time_ends_has_an_hour_more(resident, make_meter, assign):
    meter_id = make_meter()
    assign(meter_id, resident)
    # 100 W at all times, a reading an hour: 31 days and the hour of 25 October 2026 are 745 hours.
    begin_s = at(date(2025, 10, 1))
    hours = (at(NOVEMBER) - begin_s) // 3600
    told = [(begin_s + n * 3600, n / 10) for n in range(hours + 1)]
    for begin in range(0, len(told), 5000):
        say(meter_id, *told[begin : begin + 5000])
    month = compared(resident, OCTOBER)
    assert (month["days"], kwh(month["energy"])) == (31, 74.5)
    # 2 October to 1 November 2025 hold the long day of that year, 26 October.
    last_year = month["last_year"]
    assert (kwh(last_year["energy_last_year"]), last_year["difference"]) == (74.5, 0)
    # March 2026 has 743 hours; a year before, 31 March 2025 … are not known.
    assert kwh(compared(resident, date(2026, 3, 1))["energy"]) == 74.3


def test_a_leap_february_has_as_many_days_a_year_before(resident, move_in):
    begin, end = date(2027, 1, 1), date(2028, 3, 2)
    now_s = at(date(2028, 3, 2), 10)
    meter_id = move_in(1, who=resident)
    say(meter_id, *daily(begin, end, 2), now_s=now_s)
    month = compared(resident, date(2028, 2, 1), now_s)
    # 29 days from Tuesday, 1 February 2028 and from Tuesday, 2 February 2027.
    assert (month["days"], kwh(month["energy"])) == (29, 58)
    assert month["last_year"]["begin"] == at(date(2027, 2, 2))
    assert kwh(month["last_year"]["energy_last_year"]) == 58


def test_a_late_reading_shows_at_once(resident, move_in):
    move_in(4, 2, who=resident)
    for kwh_a_day, inhabitants in ((5, 2), (6, 3), (3, 2)):
        move_in(kwh_a_day, inhabitants)
    late = move_in(3, 1, end=date(2026, 11, 23))
    assert compared(resident)["missing"]["similar"] == "too_few_homes"
    # Its last midnight arrives: 23 · 2.25 = 51.75.
    say(late, (at(date(2026, 11, 24)), 100 + 23 * 3))
    assert kwh(compared(resident)["similar"]["mean_per_person"]) == 52


def test_a_late_reading_within_a_gap_moves_energy_to_its_days(resident, make_meter, assign):
    meter_id = make_meter()
    assign(meter_id, resident)
    # 60 kWh from 2 October to 1 December, evenly: one on each of the 60 days.
    december_s = at(date(2026, 12, 1))
    say(meter_id, (at(date(2026, 10, 2)), 100), (december_s, 160), now_s=december_s)
    assert kwh(compared(resident, now_s=december_s)["energy"]) == pytest.approx(30, abs=0.1)
    # Then it is known that October took 50 of them.
    say(meter_id, (at(NOVEMBER), 150), now_s=december_s)
    assert kwh(compared(resident, now_s=december_s)["energy"]) == 10


def test_without_a_flat_there_is_nothing(resident, make_user, four_homes):
    assert comparison.of_user(resident.id, resident.group_id, NOVEMBER, NOW_S, STANDARD) == {}
    operator = make_user(resident.group_id, is_operator=True)
    assert comparison.of_user(operator.id, operator.group_id, None, NOW_S, STANDARD) == {}


def test_forty_homes_take_a_few_statements(resident, move_in):
    """Not one a home and day."""
    move_in(4, 2, who=resident)
    for number in range(40):
        move_in(3 + number % 3, 2)
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    sqlalchemy.event.listen(db.engine, "before_cursor_execute", note)
    assert compared(resident)["similar"]["homes"] == 40
    assert 0 < len(statements) < 12


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_splitting_or_delaying_readings_changes_nothing(
    app, make_user, make_group, make_meter, assign, data
):
    """The same readings in any order and any parcels: the same comparison."""
    told = {}
    for home in range(6):
        kwh_a_day = data.draw(st.floats(0.5, 20))
        silent = data.draw(st.integers(0, 20))
        for begin in (date(2025, 11, 2), NOVEMBER):
            end = begin + timedelta(days=23)
            rows = daily(begin, end, kwh_a_day)
            base = 0 if begin < NOVEMBER else 1000
            rows = [(time_s, base + kwh) for time_s, kwh in rows]
            told.setdefault(home, []).extend(rows[:silent] + rows[silent + 1 :])
    found = []
    for delays in (False, True):
        group_id = make_group()
        people = [make_user(group_id) for _ in told]
        parcels = []
        for home, who in enumerate(people):
            meter_id = make_meter()
            assign(meter_id, who)
            lives_there(who, home % 3 + 1)
            rows = told[home]
            if not delays:
                parcels.append((meter_id, rows))
                continue
            shuffled = data.draw(st.permutations(rows))
            cut = data.draw(st.integers(0, len(rows)))
            parcels += [(meter_id, shuffled[:cut]), (meter_id, shuffled[cut:])]
        if delays:
            parcels = data.draw(st.permutations(parcels))
        for meter_id, rows in parcels:
            if rows:
                say(meter_id, *rows)
            # Somebody looks in between, and what they saw is remembered.
            comparison.of_user(people[0].id, group_id, NOVEMBER, NOW_S, STANDARD)
        found.append(
            [comparison.of_user(w.id, group_id, NOVEMBER, NOW_S, STANDARD) for w in people]
        )
    assert found[0] == found[1]
    assert found[0][0]["months"][0]["similar"]["homes"] == 5

"""kWh per person and year, with numbers by hand."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy
import time_machine
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from broker.clock import midnight_s
from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from broker.models import HouseholdSize, db, writer
from broker.services import meters, per_capita
from broker.units import TENTH_UWH_PER_KWH as KWH

BERLIN = ZoneInfo("Europe/Berlin")
TERM_START = (3, 12)
FIRST_DAY = date(2026, 3, 12)


def at(day: date, hour: int = 0) -> int:
    return midnight_s(day, BERLIN) + hour * 3600


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(at(date(2026, 12, 1)), tick=False) as travelled:
        yield travelled


@pytest.fixture
def meter_id(make_meter, assign, resident) -> int:
    meter_id = make_meter("1EMH001")
    assign(meter_id, resident)
    return meter_id


def say(meter_id: int, *rows: tuple[int, float]) -> None:
    """Counters in kWh at times."""
    nothing = [None] * len(rows)
    counters = [round(kwh * KWH) for _, kwh in rows]
    columns = Columns([time_s for time_s, _ in rows], counters, nothing, nothing)
    take_in({meter_id: columns}, at(date(2026, 12, 1)))


def say_days(meter_id: int, first: date, kwh: list[float], start_kwh: float = 0.0) -> float:
    """A counter at every midnight, from days of so many kWh; where it stands afterwards."""
    rows, stand = [(at(first), start_kwh)], start_kwh
    for number, energy in enumerate(kwh, 1):
        stand += energy
        rows.append((at(first + timedelta(days=number)), stand))
    say(meter_id, *rows)
    return stand


def lives(resident, since: date, inhabitants: int) -> None:
    values = {"user_id": resident.id, "valid_from": since, "inhabitants": inhabitants}
    with writer(db.engine).begin() as connection:
        connection.execute(sqlalchemy.insert(HouseholdSize).values(values))


def asked(resident, day: date, hour: int = 12) -> tuple[int, int] | None:
    """kWh per person and year, and of how many days, as asked on a day."""
    found = per_capita.of_user(resident.id, at(day, hour), TERM_START, BERLIN)
    return None if found is None else (found.yearly_kwh, found.days)


def test_a_household_that_grows_in_june_keeps_its_past(resident, meter_id):
    # 81 days from 12 March to 31 May of 4 kWh for two: 2 a head. 30 days of June, 9 kWh for three:
    # 3 a head. (81 · 2 + 30 · 3) / 111 · 365 = 828.6.
    lives(resident, date(2026, 1, 1), 2)
    say_days(meter_id, FIRST_DAY, [4.0] * 81 + [9.0] * 30)
    assert asked(resident, date(2026, 6, 1)) == (730, 81)
    lives(resident, date(2026, 6, 1), 3)
    assert asked(resident, date(2026, 6, 1)) == (730, 81)
    assert asked(resident, date(2026, 7, 1)) == (829, 111)


def test_a_silent_week_is_left_out_and_the_days_at_its_edges_are_not(resident, meter_id):
    # Ten days of 4 kWh, seven silent ones from noon to noon in which the counter rises by 70 kWh,
    # and after them 4 kWh a day again. Six days lie wholly in the silence. The two at its edges
    # have 2 kWh measured and half of the 10 kWh a day of the gap: 7 each.
    lives(resident, date(2026, 1, 1), 1)
    say_days(meter_id, FIRST_DAY, [4.0] * 10)
    silent = FIRST_DAY + timedelta(days=10)
    say(meter_id, (at(silent, 12), 42.0))
    back = silent + timedelta(days=7)
    # The change to summer time lies within: the gap has 167 hours.
    say(meter_id, (at(back, 12), 112.0))
    say_days(meter_id, back + timedelta(days=1), [4.0] * 3, 114.0)
    yearly_kwh, days = asked(resident, back + timedelta(days=4))
    assert days == 10 + 2 + 3
    assert yearly_kwh == pytest.approx((13 * 4 + 2 * 7) / 15 * 365, abs=3)


def test_today_is_no_day_yet_and_yesterday_needs_its_end(resident, meter_id):
    lives(resident, date(2026, 1, 1), 1)
    say_days(meter_id, FIRST_DAY, [1.0, 2.0])
    say(meter_id, (at(FIRST_DAY, 2 * 24 + 9), 9.0))
    # On the third day: (1 + 2) / 2 · 365 = 547.5, rounded to even.
    assert asked(resident, FIRST_DAY + timedelta(days=2)) == (548, 2)
    assert asked(resident, FIRST_DAY + timedelta(days=3)) == (548, 2)


def test_nothing_without_inhabitants_meter_readings_or_a_day(resident, make_user, meter_id):
    assert asked(resident, date(2026, 6, 1)) is None
    lives(resident, date(2026, 1, 1), 2)
    assert asked(resident, date(2026, 6, 1)) is None
    assert asked(resident, FIRST_DAY, hour=1) is None
    say_days(meter_id, FIRST_DAY, [4.0] * 3)
    assert asked(resident, date(2026, 6, 1)) == (730, 3)
    stranger = make_user()
    lives(stranger, date(2026, 1, 1), 2)
    assert asked(stranger, date(2026, 6, 1)) is None


def test_days_before_anybody_told_a_size_are_left_out(resident, meter_id):
    say_days(meter_id, FIRST_DAY, [50.0] * 5 + [3.0] * 5)
    lives(resident, FIRST_DAY + timedelta(days=5), 3)
    assert asked(resident, date(2026, 6, 1)) == (365, 5)


def test_a_meter_swap_at_noon_belongs_to_one_day(resident, meter_id, app):
    # 3 kWh until noon on the old meter, 2 on the new one, then 5 a day.
    lives(resident, date(2026, 1, 1), 1)
    noon_s = at(FIRST_DAY, 12)
    say(meter_id, (at(FIRST_DAY), 100), (noon_s, 103))
    meters.add("1EMHNEW", noon_s)
    meters.swap("1EMH001", "1EMHNEW", noon_s)
    new_id = meters.numbered("1EMHNEW")
    say(new_id, (noon_s, 0.5), (at(FIRST_DAY, 24), 2.5), (at(FIRST_DAY, 48), 7.5))
    assert asked(resident, FIRST_DAY + timedelta(days=2)) == (5 * 365, 2)


def test_the_days_of_23_and_25_hours_are_days(resident, meter_id):
    lives(resident, date(2026, 1, 1), 1)
    first = date(2026, 10, 24)  # summer time ends on the 25th
    say_days(meter_id, first, [4.0, 4.0, 4.0])
    assert asked(resident, date(2026, 10, 27)) == (1460, 3)


def test_a_late_reading_shows_at_once(resident, meter_id):
    lives(resident, date(2026, 1, 1), 1)
    rows = [(at(FIRST_DAY), 0.0), (at(FIRST_DAY, 48), 8.0)]
    say(meter_id, *rows)
    # Neither day has a reading of its own but at its edges; the first one begins with one.
    before = asked(resident, FIRST_DAY + timedelta(days=2))
    say(meter_id, (at(FIRST_DAY, 24), 2.0))
    assert asked(resident, FIRST_DAY + timedelta(days=2)) == (1460, 2)
    assert before != (1460, 2)


def test_the_call_answers_as_the_contract_says(client, resident, meter_id, clock):
    def call():
        answer = client.get("/per-capita-consumption", headers=resident.headers)
        return answer.status_code, answer.json

    assert call() == (206, {})
    lives(resident, date(2026, 1, 1), 2)
    say_days(meter_id, FIRST_DAY, [4.0] * 3)
    # The end of 14 March in Berlin.
    assert call() == (200, {"2026-03-14 23:00:00": 730})


@hypothesis_settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.integers(0, 24 * 30), min_size=2, max_size=14, unique=True),
    st.randoms(use_true_random=False),
)
def test_splitting_or_delaying_readings_changes_nothing(
    make_user, make_meter, assign, hours, random
):
    rows = [(at(FIRST_DAY) + hour * 3600, hour**1.1) for hour in sorted(hours)]
    now_s = at(date(2026, 4, 20))
    found = []
    for is_split in (False, True):
        user, meter_id = make_user(), make_meter()
        assign(meter_id, user)
        lives(user, date(2025, 1, 1), 2)
        for row in random.sample(rows, len(rows)) if is_split else []:
            say(meter_id, row)
            per_capita.of_user(user.id, now_s, TERM_START, BERLIN)
        if not is_split:
            say(meter_id, *rows)
        found.append(per_capita.of_user(user.id, now_s, TERM_START, BERLIN))
    assert found[0] == found[1]

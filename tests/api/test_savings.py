"""The global challenge and the baseline it is against, with numbers by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import holidays
import numpy as np
import pytest
import sqlalchemy
import time_machine
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from broker.clock import midnight_s, written_utc
from broker.energy.bdew import tables
from broker.energy.standard_load_profile import (
    Profile,
    day_type,
    dynamisation,
    season,
)
from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from broker.models import AccountState, MeterUse, User, db, writer
from broker.services import baselines, meters, savings
from broker.services.baselines import Terms
from broker.services.remembered import forget_everything
from broker.services.standard_load_profile import StandardHousehold, term_share
from broker.units import TENTH_UWH_PER_KWH as KWH
from tests.conftest import settings_in

BERLIN = ZoneInfo("Europe/Berlin")
HOUSEHOLD = StandardHousehold(Profile.H0, None, BERLIN)
HOUR_S, DAY_S = 3600, 86_400


def midnight(year: int, month: int, day: int) -> int:
    return midnight_s(date(year, month, day), BERLIN)


PREVIOUS_S, BEGIN_S, END_S = midnight(2025, 3, 12), midnight(2026, 3, 12), midnight(2027, 3, 12)
NOW_S = midnight(2026, 11, 18) + 12 * HOUR_S


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW_S, tick=False) as travelled:
        yield travelled


def say(meter_id: int, *rows: tuple[int, float]) -> None:
    """Counters in kWh at times."""
    nothing = [None] * len(rows)
    counters = [round(kwh * KWH) for _, kwh in rows]
    take_in({meter_id: Columns([at for at, _ in rows], counters, nothing, nothing)}, NOW_S)


def r(time_s: int, begin_s: int = BEGIN_S, end_s: int = END_S) -> float:
    return term_share(HOUSEHOLD, begin_s, end_s, time_s)


@pytest.fixture
def meter_id(make_meter, assign, resident) -> int:
    meter_id = make_meter("1EMH001")
    assign(meter_id, resident)
    return meter_id


@pytest.fixture
def ask(client, resident):
    """Asks for the saving; gives status, kWh saved by time, baseline in kWh and its source."""

    def asked(path: str = "/individual-global-challenge"):
        answer = client.get(path, headers=resident.headers)
        return answer.status_code, answer.json

    return asked


def kwh_of(answer) -> tuple[str, float, float, str]:
    """The only saving with its key, baseline and source; energies in kWh."""
    status, body = answer
    assert status == 200
    assert isinstance(body["baseline"], int)
    ((key, saving),) = body["saving"].items()
    return key, saving / KWH, body["baseline"] / KWH, body["baselineSource"]


def test_a_saving_is_the_share_of_last_years_energy_less_what_was_used(ask, meter_id):
    # Last term 3000 − 1000 = 2000 kWh; since 12 March 2026 4100 − 3000 = 1100 kWh.
    newest_s = NOW_S - 300
    say(meter_id, (PREVIOUS_S, 1000), (BEGIN_S, 3000), (newest_s, 4100))
    key, saved, baseline, source = kwh_of(ask())
    assert (key, baseline, source) == (written_utc(newest_s), 2000, "measured")
    assert saved == pytest.approx(r(newest_s) * 2000 - 1100)
    # By 18 November the standard household has used some 64 % of a term, as the
    # dark months are still to come: 1276 − 1100.
    assert saved == pytest.approx(176, abs=10)


def test_the_first_page_says_what_was_saved_or_nothing(browser, resident, meter_id):
    browser.log_in(resident)
    assert "Saved so far" not in browser.get("/").text
    say(meter_id, (PREVIOUS_S, 1000), (BEGIN_S, 3000), (NOW_S, 4100))
    saved = r(NOW_S) * 2000 - 1100
    page = browser.get("/").text
    assert "Saved so far" in page
    assert f">{saved:.1f}\N{NO-BREAK SPACE}kWh<" in page
    # A term begins on 12 March unless the house says otherwise; nobody has to know that word.
    assert "Since March 12, 2026, compared" in page


def test_nothing_is_known_without_a_meter_or_readings_or_a_baseline(ask, resident, make_meter):
    assert ask() == (206, {})
    meter_id = make_meter()
    assert ask() == (206, {})
    with writer(db.engine).begin() as connection:
        values = {"meter_id": meter_id, "user_id": resident.id, "group_id": resident.group_id}
        connection.execute(
            sqlalchemy.insert(MeterUse).values(
                values | {"role": "flat", "register": 1, "begin_s": 0}
            )
        )
    assert ask() == (206, {})
    say(meter_id, (BEGIN_S, 10), (NOW_S, 20))
    assert ask() == (206, {})


def test_a_silence_since_before_the_term_is_no_saving(ask, meter_id):
    say(meter_id, (PREVIOUS_S, 1000), (BEGIN_S - HOUR_S, 3000))
    assert ask() == (206, {})


@pytest.mark.parametrize(("hours", "is_known"), [(36, True), (37, False)])
def test_a_reading_within_36_hours_stands_for_a_boundary(ask, meter_id, hours, is_known):
    # The first reading ever comes 36 hours after the term began; 37 are too many.
    first_s = PREVIOUS_S + hours * HOUR_S
    say(meter_id, (first_s, 1000), (BEGIN_S, 2990), (NOW_S, 4000))
    status, _ = answer = ask()
    assert status == (200 if is_known else 206)
    if is_known:
        assert kwh_of(answer)[2] == 1990


def test_between_two_readings_the_boundary_is_interpolated(ask, meter_id):
    # 20 hours before the boundaries and 28 after: 20/48 of 48 kWh belong to the time before.
    for boundary_s, kwh in ((PREVIOUS_S, 100), (BEGIN_S, 2100)):
        say(meter_id, (boundary_s - 20 * HOUR_S, kwh), (boundary_s + 28 * HOUR_S, kwh + 48))
    say(meter_id, (NOW_S, 3000))
    _, saved, baseline, _ = kwh_of(ask())
    assert baseline == 2000
    assert saved == pytest.approx(r(NOW_S) * 2000 - (3000 - 2120))


def test_a_meter_swap_in_the_term_goes_on_where_the_old_one_ended(ask, meter_id, app):
    # Old: 3000 on 12 March, 3600 when it goes at 10:07 on 20 August. New: 0.2 → 400.2 kWh.
    swapped_s = midnight(2026, 8, 20) + 10 * HOUR_S + 7 * 60
    say(meter_id, (PREVIOUS_S, 1000), (BEGIN_S, 3000), (swapped_s, 3600))
    meters.add("1EMHNEW", NOW_S)
    meters.swap("1EMH001", "1EMHNEW", swapped_s)
    say(meters.numbered("1EMHNEW"), (swapped_s, 0.2), (NOW_S, 400.2))
    key, saved, baseline, _ = kwh_of(ask())
    assert (key, baseline) == (written_utc(NOW_S), 2000)
    assert saved == pytest.approx(r(NOW_S) * 2000 - (600 + 400))


def test_a_meter_swap_in_the_last_term_adds_both_up(ask, meter_id, app):
    swapped_s = midnight(2025, 8, 20)
    say(meter_id, (PREVIOUS_S, 1000), (swapped_s, 1900))
    meters.add("1EMHNEW", NOW_S)
    meters.swap("1EMH001", "1EMHNEW", swapped_s)
    say(meters.numbered("1EMHNEW"), (swapped_s, 5), (BEGIN_S, 1105), (NOW_S, 2000))
    _, saved, baseline, _ = kwh_of(ask())
    assert baseline == 900 + 1100
    assert saved == pytest.approx(r(NOW_S) * 2000 - 895)


def test_a_week_without_readings_counts_once_the_counter_is_back(ask, meter_id):
    silent_s = midnight(2026, 7, 1)
    say(meter_id, (PREVIOUS_S, 0), (BEGIN_S, 2000), (silent_s, 2600))
    assert kwh_of(ask())[1] == pytest.approx(r(silent_s) * 2000 - 600)
    back_s = silent_s + 7 * DAY_S
    say(meter_id, (back_s, 2640))
    assert kwh_of(ask())[1] == pytest.approx(r(back_s) * 2000 - 640)


class TestTermThatBeginsOnADaylightSavingWeekend:
    """29 March 2026 has 23 hours, the term's first day; the term before began on a Saturday."""

    @pytest.fixture
    def settings(self, settings):
        return settings_in(settings.instance, term_start=(3, 29))

    def test_the_day_of_23_hours_counts_whole(self, ask, meter_id):
        before_s, begin_s = midnight(2025, 3, 29), midnight(2026, 3, 29)
        next_s = midnight(2026, 3, 30)
        assert next_s - begin_s == 23 * HOUR_S
        say(meter_id, (before_s, 0), (begin_s, 1825), (next_s, 1829))
        key, saved, baseline, _ = kwh_of(ask())
        assert (key, baseline) == ("2026-03-29 22:00:00", 1825)
        # A Sunday in the transition, day 88, without the hour from 2 to 3 (slots 8 to 11), of a
        # year of about 1000 kWh: so r(t) · 1825 is some 5.3 kWh, of which 4 were used.
        shown = np.delete(tables()["h0"][2, 2], range(8, 12)) * dynamisation(date(2026, 3, 29))
        expected_kwh = shown.sum() / 10 / 4 / 1000 * 1.825
        assert saved == pytest.approx(expected_kwh - 4, abs=0.02)


class TestBill:
    @pytest.fixture
    def enter(self, resident):
        def entered(kwh: str, year: int = 2025) -> None:
            terms = Terms.at(NOW_S, (3, 12), BERLIN)
            baselines.enter(resident.mail, Decimal(kwh), year, terms, NOW_S)

        return entered

    def test_a_bill_is_replaced_as_soon_as_both_boundaries_are_measured(
        self, ask, client, resident, meter_id, enter
    ):
        enter("2200")
        assert ask() == (206, {})  # no reading yet
        say(meter_id, (BEGIN_S, 3000), (NOW_S, 4100))
        _, saved, baseline, source = kwh_of(ask())
        assert (baseline, source) == (2200, "bill")
        assert saved == pytest.approx(r(NOW_S) * 2200 - 1100)
        # The readings of the year before arrive late, from an import.
        say(meter_id, (PREVIOUS_S, 1000))
        _, saved, baseline, source = kwh_of(ask())
        assert (baseline, source) == (2000, "measured")
        assert saved == pytest.approx(r(NOW_S) * 2000 - 1100)
        profile = client.get("/profile", headers=resident.headers).json
        assert (profile["baseline_state"], profile["baselineSource"]) == ("READY", "measured")

    def test_a_home_that_is_read_since_june_is_compared_since_june(self, ask, meter_id, enter):
        june_s = midnight(2026, 6, 1)
        enter("2000")
        say(meter_id, (june_s, 10), (NOW_S, 510))
        assert kwh_of(ask())[1] == pytest.approx((r(NOW_S) - r(june_s)) * 2000 - 500)

    def test_the_latest_bill_counts_until_there_is_a_newer_one(self, ask, meter_id, enter):
        enter("1800", 2024)
        say(meter_id, (BEGIN_S, 0), (NOW_S, 1))
        assert kwh_of(ask())[2:] == (1800, "bill")
        enter("1900.5", 2025)
        assert kwh_of(ask())[2:] == (1900.5, "bill")
        enter("1950", 2025)  # a correction
        assert kwh_of(ask())[2:] == (1950, "bill")

    def test_a_bill_makes_the_state_ready(self, client, resident, enter):
        before = client.get("/profile", headers=resident.headers).json
        enter("2000")
        after = client.get("/profile", headers=resident.headers).json
        states = [(one["baseline_state"], one["baselineSource"]) for one in (before, after)]
        assert states == [("WAITING_FOR_DATA", "none"), ("READY", "bill")]


def on_profile(year: int, state: str) -> dict[int, float]:
    """r(t) of each midnight of a term, from the tables and the clock on the wall alone."""
    days_off = holidays.country_holidays("DE", subdiv=state, years=[year, year + 1])
    yearly: dict[int, float] = {}
    energies: dict[date, float] = {}
    day = date(year, 1, 1)
    while day < date(year + 2, 1, 1):
        table = tables()["h0"][season(day), day_type(day, set(days_off))]
        moment = datetime(day.year, day.month, day.day, tzinfo=BERLIN).timestamp()
        end = datetime.combine(day + timedelta(days=1), datetime.min.time(), BERLIN).timestamp()
        kwh = 0.0
        for start_s in range(int(moment), int(end), 900):
            local = datetime.fromtimestamp(start_s, BERLIN)
            kwh += table[local.hour * 4 + local.minute // 15]
        energies[day] = kwh * dynamisation(day)
        yearly[day.year] = yearly.get(day.year, 0) + energies[day]
        day += timedelta(days=1)
    total, sums = 0.0, {}
    day = date(year, 3, 12)
    while True:
        sums[midnight_s(day, BERLIN)] = total
        if day == date(year + 1, 3, 12):
            return {at: so_far / total for at, so_far in sums.items()}
        total += energies[day] / yearly[day.year]
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("year", "state"),
    [(2026, "BY"), (2026, "BE"), (2025, "SN"), (2027, "BY")],
    ids=["Bavaria", "Berlin", "Saxony", "with a leap day"],
)
def test_a_home_on_profile_saves_nothing_on_every_day_of_the_year(
    year, state, resident, meter_id, clock
):
    household = HOUSEHOLD._replace(federal_state=state)
    shares = on_profile(year, state)
    begin_s = next(iter(shares))
    clock.move_to(begin_s + 400 * DAY_S)
    say_at(meter_id, begin_s - 365 * DAY_S, 0)
    days = 0
    for time_s, share in list(shares.items())[:-1]:
        say_at(meter_id, time_s, 2000 + 2000 * share)
        saving = savings.of_user(resident.id, time_s + 60, (3, 12), household)
        if days == 0:
            assert saving.baseline_tenth_uwh == 2000 * KWH
        # 0.1 % of 2000 kWh are 2 kWh; it is nearer than a tenth of that.
        assert saving.time_s == time_s
        assert abs(saving.saving_tenth_uwh) < 0.2 * KWH, time_s
        days += 1
    assert days == (366 if year == 2027 else 365)


def say_at(meter_id: int, time_s: int, kwh: float) -> None:
    columns = Columns([time_s], [round(kwh * KWH)], [None], [None])
    take_in({meter_id: columns}, time_s + 60)


@hypothesis_settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.integers(0, 600 * 24), min_size=3, max_size=12, unique=True),
    st.randoms(use_true_random=False),
)
def test_splitting_or_delaying_readings_changes_nothing(
    make_user, make_meter, assign, hours, random
):
    # Counters of 0.2 kWh an hour from 10 hours before the last term on, told all at once by one
    # meter, and in any order, one by one and twice, by another.
    times_s = sorted({PREVIOUS_S - 10 * HOUR_S, *(PREVIOUS_S + hour * HOUR_S for hour in hours)})
    rows = [(at, (at - PREVIOUS_S) / HOUR_S * 0.2 + 10) for at in times_s]
    found = []
    for is_split in (False, True):
        user, meter_id = make_user(), make_meter()
        assign(meter_id, user)
        if is_split:
            shuffled = random.sample(rows, len(rows))
            for row in [*shuffled, shuffled[0]]:
                say(meter_id, row)
                savings.of_user(user.id, NOW_S, (3, 12), HOUSEHOLD)  # what it remembers is dropped
        else:
            say(meter_id, *rows)
        found.append(savings.of_user(user.id, NOW_S, (3, 12), HOUSEHOLD))
    assert found[0] == found[1]


class TestCommunity:
    @pytest.fixture
    def settings(self, settings):
        return settings_in(settings.instance, community_minimum=2)

    @pytest.fixture
    def member(self, make_user, make_meter, assign):
        """Makes a member who has used so many kWh of a baseline of 2000 by now."""

        def make(group_id: int, used: float | None, time_s: int = NOW_S):
            user, meter_id = make_user(group_id), make_meter()
            assign(meter_id, user)
            if used is not None:
                say(meter_id, (PREVIOUS_S, 0), (BEGIN_S, 2000), (time_s, 2000 + used))
            return user

        return make

    def sum_of(self, client, query: str = ""):
        answer = client.get("/community-global-challenge" + query)
        if answer.status_code == 206:
            assert answer.json == {}
            return None
        ((key, saving),) = answer.json.items()
        return key, saving / KWH

    def test_it_is_public_and_only_the_sum(self, client, make_group, member):
        house = make_group("H")
        member(house, 1000, NOW_S - 900)
        member(house, 1200)
        member(house, None)  # without readings: left out, not 0
        key, saved = self.sum_of(client)
        assert key == written_utc(NOW_S)
        assert saved == pytest.approx((r(NOW_S) + r(NOW_S - 900)) * 2000 - 2200)

    def test_below_the_minimum_nothing_is_said(self, client, make_group, member):
        house = make_group("H")
        assert self.sum_of(client) is None
        member(house, 1000)
        forget_everything()
        assert self.sum_of(client) is None
        member(house, 1000)
        forget_everything()
        assert self.sum_of(client) is not None

    def test_a_small_community_cannot_be_computed_from_the_sums_of_the_others(
        self, client, make_group, member
    ):
        large, small = make_group("Large"), make_group("Small")
        member(large, 1000), member(large, 1100), member(small, 500)
        assert self.sum_of(client, "?group=Small") is None
        assert self.sum_of(client, "?group=Nowhere") is None
        assert self.sum_of(client, "?group=Large") == self.sum_of(client)

    def test_a_correction_shows_within_a_minute(self, client, clock, make_group, member):
        house = make_group("H")
        first, _ = member(house, 1000), member(house, 1000)
        before = self.sum_of(client)
        with db.engine.connect() as connection:
            meter_id = connection.scalar(
                sqlalchemy.select(MeterUse.meter_id).where(MeterUse.user_id == first.id)
            )
        # 0.4 kWh more within half a minute, of which the profile grants some 2 Wh.
        take_in({meter_id: Columns([NOW_S + 30], [30004 * KWH // 10], [None], [None])}, NOW_S + 30)
        clock.move_to(NOW_S + 59)
        assert self.sum_of(client) == before
        clock.move_to(NOW_S + 60)
        key, saved = self.sum_of(client)
        assert key == written_utc(NOW_S + 30)
        assert saved == pytest.approx(before[1] - 0.4, abs=0.01)

    def test_closed_accounts_are_no_members(self, client, make_group, member):
        house = make_group("H")
        member(house, 1000), member(house, 1000)
        gone = member(house, 1)
        with writer(db.engine).begin() as connection:
            connection.execute(
                sqlalchemy.update(User)
                .where(User.id == gone.id)
                .values(state=AccountState.DEACTIVATED.value)
            )
        assert self.sum_of(client)[1] == pytest.approx(r(NOW_S) * 4000 - 2000)

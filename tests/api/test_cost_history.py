"""`/individual-consumption-history?include=cost,co2`: what electricity cost and caused."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

import pytest
import time_machine

from broker.energy.community import AllocationKind
from broker.energy.tariffs import Tariff, TariffKind
from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from broker.models import MeterRole, RateKind
from broker.services import allocation, grid_rates, sessions, tariffs
from broker.units import TENTH_UWH_PER_KWH

BERLIN = ZoneInfo("Europe/Berlin")
KWH = TENTH_UWH_PER_KWH
CT = 10_000
EURO = 1_000_000
QH = 900
MINE = "/individual-consumption-history"
NEW_YEAR = date(2026, 1, 1)


def at(local: str) -> int:
    """A time of a Berlin clock in POSIX seconds."""
    return int(datetime.fromisoformat(local).replace(tzinfo=BERLIN).timestamp())


@pytest.fixture
def settings(settings):
    """A German house whose grid causes 400 g/kWh."""
    object.__setattr__(settings, "grid_co2_g_per_kwh", Decimal(400))
    return settings


@pytest.fixture
def clock():
    """It is 20 January 2026, 12:00 in Berlin."""
    with time_machine.travel(at("2026-01-20 12:00"), tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def me(clock, make_group, make_user, make_meter, assign):
    me = make_user(make_group("H"))
    assign(make_meter("mine"), me)
    return me


@pytest.fixture
def ask(client, me):
    def get(status: int = 200, **query) -> dict:
        for name in {"begin", "end"} & query.keys():
            query[name] = at(query[name])
        now_s = int(datetime.now(BERLIN).timestamp())
        token, _ = sessions.open_session(me.id, now_s, session_days=1)
        query = {"include": "cost,co2"} | query
        if query["include"] is None:
            del query["include"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = client.get(MINE, query_string=query, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json

    return get


def steadily(meter_id: int, begin: str, end: str, kwh: float) -> None:
    """The meter counts the same energy in each quarter hour from a time until another."""
    times_s = list(range(at(begin), at(end) + 1, QH))
    counters = [round((100 + kwh * place) * KWH) for place in range(len(times_s))]
    nothing = [None] * len(times_s)
    now_s = int(datetime.now(BERLIN).timestamp())
    take_in({meter_id: Columns(times_s, counters, nothing, nothing)}, now_s)


def enter(begin: date = NEW_YEAR, end: date | None = None, ct: float = 30, **chosen) -> int:
    tariff = Tariff(
        begin=begin,
        end=end,
        kind=chosen.pop("kind", TariffKind.FIXED),
        work_price_micros_per_kwh=round(ct * CT),
        **chosen,
    )
    return tariffs.add(tariff, NEW_YEAR, group="H")


def test_nothing_is_added_unless_asked_for(me, ask):
    steadily(1, "2026-01-20 00:00", "2026-01-20 12:00", 0.1)
    enter()
    plain = ask(include=None)
    assert plain.keys() == {"energy", "power"}
    assert ask(include="co2").keys() - plain.keys() == {"co2", "co2_total"}
    with_cost = ask(include="cost")
    assert with_cost.keys() - plain.keys() == {"cost", "cost_total", "currency"}
    assert with_cost | plain == with_cost


def test_cost_and_co2_of_today_by_the_quarter_hour(me, ask):
    # 0.1 kWh in each of 48 quarter hours, for 30 ct and with 400 g a kWh: 3 ct and 40 g. Of the
    # base price of 73 € a year, 20 ct a day, each quarter hour of 96 has 2083⅓ micros.
    steadily(1, "2026-01-20 00:00", "2026-01-20 12:00", 0.1)
    enter(base_price_micros=73 * EURO)
    answer = ask()
    assert answer["cost"].keys() == answer["co2"].keys() == answer["power"].keys()
    assert set(answer["cost"].values()) == {3 * CT + 2083}
    assert set(answer["co2"].values()) == {40_000}
    assert answer["currency"] == "EUR"
    # 4.8 kWh: 144 ct, and half a day's base price. Rounded once, the 16 micros are there.
    assert answer["cost_total"] == {
        "grid": 144 * CT,
        "pv": 0,
        "base": 10 * CT,
        "total": 154 * CT,
        "known_share": 1,
        "is_complete": True,
    }
    assert answer["co2_total"] == {
        "grid": 1_920_000,
        "pv": 0,
        "total": 1_920_000,
        "known_share": 1,
        "is_complete": True,
    }


def test_a_flat_without_a_tariff_has_no_cost(me, ask):
    steadily(1, "2026-01-20 00:00", "2026-01-20 12:00", 0.1)
    answer = ask()
    assert answer["cost"] == {}
    assert answer["cost_total"] is None


def test_a_tariff_changes_at_midnight_in_every_resolution(clock, me, ask):
    # 0.1 kWh a quarter hour, 9.6 kWh a day: 288 ct at 30, 384 ct at 40.
    clock.move_to(at("2026-01-21 12:00"), tick=False)
    steadily(1, "2026-01-19 00:00", "2026-01-21 12:00", 0.1)
    enter(end=date(2026, 1, 20))
    enter(date(2026, 1, 20), ct=40)
    days = ask(begin="2026-01-19", resolution="day")
    assert days["cost"] == {
        "2026-01-19 23:00:00": 288 * CT,
        "2026-01-20 23:00:00": 384 * CT,
    }
    # The day that isn't over is in neither.
    assert days["cost_total"]["total"] == 672 * CT
    hours = ask(begin="2026-01-19 23:00", end="2026-01-20 01:00", resolution="hour")
    assert list(hours["cost"].values()) == [12 * CT, 16 * CT]
    quarters = ask(begin="2026-01-19 23:45", end="2026-01-20 00:15")
    assert list(quarters["cost"].values()) == [3 * CT, 4 * CT]


@pytest.mark.parametrize(
    ("day", "after", "ct"),
    [
        pytest.param("2026-03-29", "2026-03-30", 276, id="23-hours"),
        pytest.param("2026-10-25", "2026-10-26", 300, id="25-hours"),
    ],
)
def test_a_day_of_any_length_costs_what_its_hours_cost(clock, me, ask, day, after, ct):
    # 0.1 kWh in 92 or 100 quarter hours at 30 ct; the base price of a day is always 20 ct.
    clock.move_to(at(f"{after} 12:00"), tick=False)
    steadily(1, f"{day} 00:00", f"{after} 12:00", 0.1)
    enter(base_price_micros=73 * EURO)
    assert list(ask(begin=day, resolution="day")["cost"].values()) == [(ct + 20) * CT]


def test_a_month_is_the_sum_of_its_days(clock, me, ask):
    # February 2026: 28 days of 9.6 kWh at 30 ct, and 28 of 365 parts of 73 €.
    clock.move_to(at("2026-03-02 12:00"), tick=False)
    steadily(1, "2026-02-01 00:00", "2026-03-02 12:00", 0.1)
    enter(base_price_micros=73 * EURO)
    answer = ask(begin="2026-02-10", resolution="month")
    assert answer["cost"] == {"2026-02-28 23:00:00": 28 * (288 + 20) * CT}


def test_missing_and_negative_dynamic_prices(me, ask):
    # 1 kWh in each of 4 quarter hours at 18 ct and the market's price: 10, −20, unknown, 0 ct.
    steadily(1, "2026-01-20 00:00", "2026-01-20 01:00", 1)
    enter(ct=18, kind=TariffKind.DYNAMIC)
    begin_s = at("2026-01-20 00:00")
    grid_rates.take_in(
        RateKind.PRICE, {begin_s: 10 * CT, begin_s + QH: -20 * CT, begin_s + 3 * QH: 0}
    )
    answer = ask(end="2026-01-20 01:00")
    assert answer["cost"] == {
        "2026-01-19 23:15:00": 28 * CT,
        "2026-01-19 23:30:00": -2 * CT,
        "2026-01-20 00:00:00": 18 * CT,
    }
    assert answer["cost_total"]["total"] == 44 * CT
    assert answer["cost_total"]["known_share"] == 0.75
    assert answer["cost_total"]["is_complete"] is False
    # An hour that lacks a quarter is missing as well.
    assert ask(end="2026-01-20 01:00", resolution="hour")["cost"] == {}
    # The price comes late.
    grid_rates.take_in(RateKind.PRICE, {begin_s + 2 * QH: 2 * CT})
    assert list(ask(end="2026-01-20 01:00", resolution="hour")["cost"].values()) == [64 * CT]


def test_a_gap_has_no_cost_and_a_late_reading_fills_it(me, ask):
    steadily(1, "2026-01-20 00:00", "2026-01-20 01:00", 0.1)
    # Silent for four hours, then 0.3 kWh more: 100.7.
    late = Columns([at("2026-01-20 05:00")], [1_007 * KWH // 10], [None], [None])
    take_in({1: late}, at("2026-01-20 12:00"))
    enter()
    answer = ask(end="2026-01-20 05:00")
    assert len(answer["cost"]) == 4
    assert answer["cost_total"]["total"] == 12 * CT
    assert answer["cost_total"]["known_share"] == 0.2
    assert answer["co2_total"]["is_complete"] is False
    # At 3:00 it had been 100.5: now the 16 quarter hours are known, 0.3 kWh at 30 ct.
    between = Columns([at("2026-01-20 03:00")], [1_005 * KWH // 10], [None], [None])
    take_in({1: between}, at("2026-01-20 12:00"))
    answer = ask(end="2026-01-20 05:00")
    assert answer["cost_total"]["total"] == 21 * CT
    assert answer["cost_total"]["is_complete"] is True


@pytest.mark.parametrize("seed", range(4))
def test_readings_may_come_in_any_order_and_pieces(me, ask, seed):
    # Counters at every half hour: 0.2 kWh each, 0.1 a quarter hour; 3 ct and 40 g.
    enter()
    begin_s, nothing = at("2026-01-20 00:00"), [None]
    readings = [
        Columns([begin_s + 2 * QH * place], [(1000 + 2 * place) * KWH // 10], nothing, nothing)
        for place in range(25)
    ]
    Random(seed).shuffle(readings)
    for place, reading in enumerate(readings):
        take_in({1: reading}, at("2026-01-20 12:00"))
        if place % 5 == 0:
            ask()  # so that what is remembered could be wrong
    answer = ask()
    assert list(answer["cost"].values()) == [3 * CT] * 48
    assert list(answer["co2"].values()) == [40_000] * 48
    assert answer["cost_total"]["total"] == 144 * CT


def test_own_pv_is_priced_and_counted_apart(me, ask, make_meter, assign):
    # The flat takes 1 kWh in a quarter hour, the stairs 1, the roof makes 1: half a kWh is the
    # flat's. 0.5 · 20 + 0.5 · 30 ct; 400 g for the grid's half and nothing for the roof's.
    for name, role in (("stairs", MeterRole.COMMON), ("roof", MeterRole.FIRST_PRODUCTION)):
        assign(make_meter(name), group_id=me.group_id, role=role.value)
    for meter_id in (1, 2, 3):
        steadily(meter_id, "2026-01-20 00:00", "2026-01-20 12:00", 1)
    allocation.choose("H", AllocationKind.DYNAMIC, NEW_YEAR, NEW_YEAR)
    enter(pv_price_micros_per_kwh=20 * CT)
    answer = ask()
    assert set(answer["cost"].values()) == {25 * CT}
    assert answer["cost_total"]["pv"] == 48 * 10 * CT
    assert answer["cost_total"]["grid"] == 48 * 15 * CT
    assert set(answer["co2"].values()) == {200_000}


def test_a_pushed_intensity_goes_before_the_setting(me, ask):
    steadily(1, "2026-01-20 00:00", "2026-01-20 00:30", 1)
    grid_rates.take_in(RateKind.CO2, {at("2026-01-20 00:15"): 90_000})
    assert list(ask(end="2026-01-20 00:30")["co2"].values()) == [400_000, 90_000]


def test_a_later_tariff_leaves_the_past_as_it_was(clock, me, ask):
    steadily(1, "2026-01-19 00:00", "2026-01-20 12:00", 0.123)
    first = enter(ct=31.4159, base_price_micros=99 * EURO)
    past = {"begin": "2026-01-19 00:00", "end": "2026-01-20 00:00", "include": "cost"}
    before = [ask(**past, resolution=resolution) for resolution in ("quarter_hour", "hour", "day")]
    today = date(2026, 1, 20)
    tariffs.end(first, today, today)
    tariffs.add(
        Tariff(begin=today, kind=TariffKind.FIXED, work_price_micros_per_kwh=99 * CT),
        today,
        group="H",
    )
    after = [ask(**past, resolution=resolution) for resolution in ("quarter_hour", "hour", "day")]
    assert after == before
    assert before[0]["cost_total"]["total"] == before[2]["cost_total"]["total"]


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"include": "community"}, id="another-word"),
        pytest.param({"include": "cost,"}, id="half"),
        pytest.param({"include": "co2", "begin": "2020-01-01", "resolution": "day"}, id="too-long"),
    ],
)
def test_what_can_not_be_included_is_said(ask, query):
    assert "include" in ask(400, **query)["errorDescription"]


def test_without_data_there_is_nothing(ask):
    assert ask(206) == {}


def test_before_the_first_step_is_over(clock, me, ask):
    clock.move_to(at("2026-01-20 00:10"), tick=False)
    steadily(1, "2026-01-19 23:00", "2026-01-20 00:00", 0.1)
    enter()
    answer = ask()
    assert (answer["cost"], answer["cost_total"], answer["co2"]) == ({}, None, {})


def page(client, me, **query) -> str:
    token, _ = sessions.open_session(me.id, int(datetime.now(BERLIN).timestamp()), session_days=1)
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/html"}
    answer = client.get(MINE, query_string=query, headers=headers)
    assert answer.status_code == 200
    return answer.text.replace("\N{NO-BREAK SPACE}", " ")


def test_the_page_shows_what_the_period_cost_and_caused(client, me):
    # 4.8 kWh for 30 ct are 1.44 €, half a day's base price 0.10 €; 1.92 kg.
    steadily(1, "2026-01-20 00:00", "2026-01-20 12:00", 0.1)
    enter(base_price_micros=73 * EURO)
    shown = page(client, me, lang="en")
    assert "€1.54" in shown
    assert "Grid €1.44, base price €0.10" in shown
    assert "1.9 kg" in shown
    assert "is missing here" not in shown
    shown = page(client, me, lang="de")
    assert "Netz 1,44 €, Grundpreis 0,10 €" in shown
    assert "Verursachtes CO₂" in shown


def test_the_page_says_for_how_much_of_the_time_that_is(client, me):
    steadily(1, "2026-01-20 00:00", "2026-01-20 06:00", 0.1)
    enter()
    # Six of twelve hours.
    assert "known for 50% of this time" in page(client, me, lang="en")


def test_the_page_of_a_flat_without_tariff_says_nothing_of_money(client, me):
    steadily(1, "2026-01-20 00:00", "2026-01-20 12:00", 0.1)
    shown = page(client, me, lang="en")
    assert "€" not in shown
    assert "CO₂ caused" in shown


def test_a_page_of_fifteen_years_shows_no_cost_but_all_the_rest(client, me):
    steadily(1, "2026-01-20 00:00", "2026-01-20 12:00", 0.1)
    enter()
    shown = page(client, me, resolution="month", begin=at("2014-01-01"))
    assert "€" not in shown

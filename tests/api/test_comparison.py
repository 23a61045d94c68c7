"""`/comparison` as programs and browsers get it."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy
import time_machine

from broker.clock import midnight_s
from broker.ingest.intake import Columns, take_in
from broker.models import HouseholdSize, db, writer

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 10, tzinfo=BERLIN)
KWH = 10**10


@pytest.fixture
def now():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def house(now, make_group, make_user, make_meter, assign):
    """Six homes of two people, who use 2, 3, … kWh a day since the first of November."""
    group_id, homes = make_group("Zypressenhof"), []
    for place in range(6):
        home = make_user(group_id, nick=f"Nick{place}", name=f"Name{place}")
        meter_id = make_meter(f"9ZZZ{place}")
        assign(meter_id, home)
        days = [date(2026, 11, 1) + timedelta(days=n) for n in range(24)]
        times = [midnight_s(day, BERLIN) for day in days]
        energies = [(1000 + n * (2 + place)) * KWH for n in range(24)]
        nothing = [None] * 24
        take_in({meter_id: Columns(times, energies, nothing, nothing)}, int(NOW.timestamp()))
        size = {"user_id": home.id, "valid_from": date(2020, 1, 1), "inhabitants": 2}
        with writer(db.engine).begin() as connection:
            connection.execute(sqlalchemy.insert(HouseholdSize).values(size))
        homes.append(home)
    return homes


def ask(client, who, month=None, **headers):
    query = {} if month is None else {"month": month}
    return client.get("/comparison", query_string=query, headers=who.headers | headers)


def test_a_month_in_the_contracts_units(client, house):
    answer = ask(client, house[0])
    assert answer.status_code == 200
    assert {"Accept", "Accept-Language", "Cookie"} <= set(answer.vary)
    [month] = answer.json["months"]
    text, standard = month.pop("text"), month.pop("standard")
    assert standard["source"] == "Stromspiegel für Deutschland 2025, co2online"
    assert standard["energy"] == 46 * KWH
    assert standard.keys() == {"days", "energy", "energy_standard", "difference", "source"}
    assert text == "Great! You use clearly less than usual. Keep it up!"
    # 23 days of 2 kWh for two. The others: (3 + 4 + 5 + 6 + 7) / 5 / 2 · 23 = 57.5, told as 58.
    assert month == {
        "month": "2026-11",
        "begin": midnight_s(date(2026, 11, 1), BERLIN),
        "end": midnight_s(date(2026, 11, 24), BERLIN),
        "days": 23,
        "known_days": 23,
        "energy": 46 * KWH,
        "similar": {
            "days": 23,
            "per_person": 23 * KWH,
            "homes": 5,
            "likeness": "house",
            "mean_per_person": 58 * KWH,
            "frugal_per_person": None,
            "difference": -60,
        },
        "last_year": None,
        "missing": {"last_year": "no_data_of_last_year"},
        "judgement": "great",
        "judged_by": "similar",
    }
    assert ask(client, house[0], "2026-11").json == answer.json


def test_nobody_is_named(client, browser, house):
    browser.log_in(house[0])
    told = json.dumps(ask(client, house[0]).json) + browser.get("/comparison").text
    for place, home in enumerate(house[1:], 1):
        for secret in (f"Nick{place}", f"Name{place}", f"9ZZZ{place}", home.mail):
            assert secret not in told


def test_nobody_sees_another_community(client, house, resident):
    answer = ask(client, resident)
    assert (answer.status_code, answer.json) == (206, {})
    for name in ("group_id", "user_id", "group", "id"):
        query = {name: house[0].group_id}
        refused = client.get("/comparison", query_string=query, headers=resident.headers)
        assert (refused.status_code, refused.json) == (206, {})


def test_strangers_are_refused(client):
    assert client.get("/comparison").status_code == 401


@pytest.mark.parametrize(
    "month",
    [
        "",
        "2026",
        "2026-13",
        "2026-00",
        "2026-1",
        "202611",
        "26-11",
        "1969-12",
        "3000-01",
        "2026-11-01",
        "2026-W1",
        "now",
        "٢٠٢٦-11",
        "-026-11",
    ],
)
def test_what_is_no_month_is_refused(client, house, month):
    answer = ask(client, house[0], month)
    assert answer.status_code == 400
    assert "month" in answer.json["errorDescription"]


@pytest.mark.parametrize("month", ["1970-01", "2026-12", "2999-12"])
def test_a_month_without_data_is_empty(client, house, month):
    answer = ask(client, house[0], month)
    assert (answer.status_code, answer.json) == (206, {})


def test_the_words_are_in_the_readers_language(client, house):
    german = {"Accept-Language": "de"}
    assert "mehr als üblich" in ask(client, house[5], **german).json["months"][0]["text"]
    assert ask(client, house[0], **german).json["months"][0]["text"].startswith("Großartig")


class TestPage:
    def test_a_page_for_people(self, browser, house):
        browser.log_in(house[0])
        page = browser.get("/comparison").text
        assert "<h1>Comparison</h1>" in page
        assert "November 2026" in page
        assert "You used 60 % less." in page
        assert "58.0\N{NO-BREAK SPACE}kWh" in page
        assert 'href="/comparison?month=2026-10"' in page
        assert "There is no data of the same days a year ago." in page
        assert "Stromspiegel für Deutschland 2025, co2online" in page

    def test_a_month_of_my_consumption_stands_beside_similar_homes(self, browser, house):
        browser.log_in(house[0])
        begin_s = midnight_s(date(2026, 11, 1), BERLIN)
        path = "/individual-consumption-history"
        month = browser.get(f"{path}?begin={begin_s}&resolution=day").text
        assert "Similar homes on average" in month
        assert "You used 60 % less." in month
        assert "Similar homes on average" not in browser.get(path).text

    def test_in_german(self, browser, house):
        browser.log_in(house[5])
        page = browser.get("/comparison?lang=de").text
        assert "<h1>Vergleich</h1>" in page
        # 7 · 23 / 2 = 80.5 beside (2 + 3 + 4 + 5 + 6) / 5 / 2 · 23 = 46: 75 % more.
        assert "Sie haben 75 % mehr verbraucht." in page

    def test_a_month_without_data(self, browser, house):
        browser.log_in(house[0])
        answer = browser.get("/comparison?month=2026-10")
        assert answer.status_code == 200
        assert "There is no data for this time." in answer.text

    def test_whoever_lives_nowhere_is_told_so(self, browser, now, resident):
        browser.log_in(resident)
        assert "There is no data for this time." in browser.get("/comparison").text

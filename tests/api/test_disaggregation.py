"""Appliances by call and by page: an estimate, and what residents say about it."""

from __future__ import annotations

import numpy as np
import pytest

from broker.api.formats import seconds
from broker.clock import day_start_s, now_s
from broker.energy.disaggregation.kinds import Kind
from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from broker.services import inexogy
from broker.units import DAY_S, HOUR_S

HTML = {"Accept": "text/html"}


@pytest.fixture
def evenings_s(resident, make_meter, assign, settings) -> list[int]:
    """Three days up to now: 120 W and, from the day before yesterday, an 11-kW car at midnight
    for two hours. Where its charges begin, in POSIX seconds."""
    now = now_s()
    midnight_s = day_start_s(now, settings.timezone)
    begin_s, end_s = midnight_s - 4 * DAY_S, now - now % 900
    starts = [midnight_s - days * DAY_S + 2 * HOUR_S for days in (3, 2, 1)]
    times = np.arange(begin_s, end_s + 1, 60)
    powers = 120 + 3 * np.sin(times / 50)
    for start_s in starts:
        powers[(times >= start_s) & (times < start_s + 2 * HOUR_S)] += 11_000
    counters = 10**13 + np.concatenate([[0], np.cumsum(powers[:-1] * 10**7 / 60)]).astype(int)
    meter_id = make_meter("1EMH001")
    assign(meter_id, resident, begin_s)
    nothing = [None] * len(times)
    take_in({meter_id: Columns(times.tolist(), counters.tolist(), nothing, nothing)}, now)
    return starts


def test_from_two_days_ago_by_default(client, resident, evenings_s, settings):
    answer = client.get("/individual-disaggregation", headers=resident.headers)
    assert answer.status_code == 200
    begin_s = day_start_s(now_s(), settings.timezone, days_before=2)
    keys = list(answer.json)
    assert seconds(keys[0]) == begin_s + 900
    # Two charges of 22 kWh, at 02:00 of the day before yesterday and of yesterday.
    car = sum(step["Elektroauto-1"] for step in answer.json.values())
    assert car / 10**10 == pytest.approx(44, rel=0.05)
    assert all(isinstance(value, int) for step in answer.json.values() for value in step.values())


def test_the_house_names_kinds_without_numbers(client, resident, evenings_s):
    mine = client.get("/individual-disaggregation", headers=resident.headers).json
    ours = client.get("/group-disaggregation", headers=resident.headers).json
    assert mine.keys() == ours.keys()
    for key, step in ours.items():
        assert sum(step.values()) == sum(mine[key].values())
        assert not any(label[-1].isdigit() for label in step)


def test_begin_end_and_resolution_as_in_the_histories(client, resident, evenings_s, settings):
    begin_s = day_start_s(now_s(), settings.timezone, days_before=2)
    query = f"begin={begin_s}&end={begin_s + DAY_S}&resolution=day"
    answer = client.get(f"/individual-disaggregation?{query}", headers=resident.headers)
    assert [seconds(key) for key in answer.json] == [begin_s + DAY_S]


@pytest.mark.parametrize("path", ["/individual-disaggregation", "/group-disaggregation"])
def test_nothing_there_is_206(client, resident, path):
    answer = client.get(path, headers=resident.headers)
    assert (answer.status_code, answer.json) == (206, {})


@pytest.mark.parametrize("path", ["/individual-disaggregation", "/group-disaggregation"])
@pytest.mark.parametrize(
    "query", ["begin=x", "begin=-1", "begin=9&end=3", "resolution=year", "begin=0&end=99999999"]
)
def test_bad_times_are_refused(client, resident, path, query):
    answer = client.get(f"{path}?{query}", headers=resident.headers)
    assert answer.status_code == 400
    assert answer.json["errorDescription"]


def test_statistics_are_a_call_too(client, resident, evenings_s):
    client.get("/individual-disaggregation?resolution=day", headers=resident.headers)
    car = client.get("/appliances", headers=resident.headers).json[0]
    assert car["label"] == "Elektroauto-1"
    assert car["energyPerRun"] / 10**10 == pytest.approx(22, rel=0.05)
    assert abs(car["lastBegin"] - evenings_s[-1]) <= 120


def test_a_resident_corrects_and_takes_it_back(client, resident, evenings_s):
    def cars() -> int:
        steps = client.get("/individual-disaggregation", headers=resident.headers).json
        return sum(step.get("Elektroauto-1", 0) for step in steps.values())

    assert cars() > 0
    said = client.post(
        "/appliance-corrections", json={"label": "Elektroauto"}, headers=resident.headers
    )
    assert said.status_code == 201
    assert said.json["appliance"] is None
    assert cars() == 0
    assert client.get("/appliance-corrections", headers=resident.headers).json == [said.json]
    path = f"/appliance-corrections/{said.json['id']}"
    assert client.delete(path, headers=resident.headers).status_code == 200
    assert client.delete(path, headers=resident.headers).status_code == 404
    assert cars() > 0


def test_what_a_run_really_was(client, resident, evenings_s):
    client.get("/individual-disaggregation", headers=resident.headers)
    named = {
        "label": "Elektroauto-1",
        "time": evenings_s[-1] + HOUR_S,
        "appliance": "Durchlauferhitzer",
    }
    said = client.post("/appliance-corrections", json=named, headers=resident.headers)
    assert said.status_code == 201
    assert said.json["begin"] <= evenings_s[-1] + HOUR_S < said.json["end"]
    steps = client.get("/individual-disaggregation", headers=resident.headers).json
    energy = sum(step.get("Durchlauferhitzer-1", 0) for step in steps.values())
    assert energy / 10**10 == pytest.approx(22, rel=0.05)


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"label": "Toaster"},
        {"label": "Grundlast"},
        {"label": 5},
        {"label": "Elektroauto-1", "time": 5},
        {"label": "Elektroauto-1", "appliance": "Backofen"},
        {"label": "Elektroauto", "time": 5, "appliance": "Backofen"},
        {"label": "Elektroauto-1", "time": "x", "appliance": "Backofen"},
        {"label": "Elektroauto-1", "time": 5, "appliance": "Elektroauto"},
        {"label": "\0", "time": 5, "appliance": "Backofen"},
        [],
    ],
    ids=str,
)
def test_corrections_that_mean_nothing_are_refused(client, resident, sent):
    answer = client.post("/appliance-corrections", json=sent, headers=resident.headers)
    assert answer.status_code == 400
    assert answer.json["errorDescription"]
    assert client.get("/appliance-corrections", headers=resident.headers).json == []


def test_a_run_that_never_was_can_not_be_corrected(client, resident, evenings_s):
    named = {"label": "Elektroauto-1", "time": 5, "appliance": "Backofen"}
    answer = client.post("/appliance-corrections", json=named, headers=resident.headers)
    assert answer.status_code == 404


def test_the_page_says_that_it_is_an_estimate(client, resident, evenings_s):
    for path in ("/individual-disaggregation", "/group-disaggregation"):
        page = client.get(f"{path}?lang=en", headers=resident.headers | HTML)
        assert page.status_code == 200
        assert "This is an estimate" in page.text
        assert "Electric car" in page.text
        # Without a choice it begins two days ago: that is none of day, week, month and year.
        assert ">Day</a>" in page.text
        assert 'aria-current="true">Day</a>' not in page.text
        day = f"begin={evenings_s[0]}&resolution=quarter_hour"
        chosen = client.get(f"{path}?lang=en&{day}", headers=resident.headers | HTML)
        assert 'aria-current="true">Day</a>' in chosen.text
        german = client.get(f"{path}?lang=de", headers=resident.headers | HTML)
        assert "Elektroauto" in german.text
        assert "Schätzung" in german.text


def test_the_page_says_how_much_of_it_is_inexogys(client, resident, evenings_s, settings):
    headers = resident.headers | HTML
    day = f"begin={evenings_s[0]}&end={evenings_s[0] + HOUR_S}"
    for path in ("/individual-disaggregation", "/group-disaggregation"):
        assert "inexogy" not in client.get(f"{path}?{day}&lang=en", headers=headers).text
    # Three quarter hours of an hour of the same power are told.
    inexogy.prefer("1EMH001", "8fa37290")
    call = inexogy.next_call(now_s())
    told = {evenings_s[0] + 900 * n: {(Kind.ELECTRIC_CAR, 1): 10**10} for n in (1, 2, 3)}
    inexogy.take_in(call._replace(begin_s=evenings_s[0], end_s=evenings_s[0] + HOUR_S), told, 0)
    for path in ("/individual-disaggregation", "/group-disaggregation"):
        english = client.get(f"{path}?{day}&lang=en", headers=headers).text
        assert "75% of it is split as the meter operator inexogy says" in english
        german = client.get(f"{path}?{day}&lang=de", headers=headers).text
        assert "75\xa0% davon sind so aufgeteilt, wie es der Messstellenbetreiber inexogy" in german
        answer = client.get(f"{path}?{day}", headers=resident.headers)
        assert [set(map(type, step.values())) for step in answer.json.values()] == [{int}] * 4


def test_a_page_without_an_estimate_says_why(client, resident):
    page = client.get("/individual-disaggregation", headers=resident.headers | HTML)
    assert page.status_code == 200
    assert "There is no estimate for this time." in page.text
    assert "In my flat there is no" in page.text


def test_forms_of_the_page_correct_and_take_back(client, resident, evenings_s):
    headers = resident.headers | HTML
    page = client.get("/individual-disaggregation", headers=headers)
    run = page.text.partition('<option value="')[2].partition('"')[0]
    assert run.endswith("Elektroauto-1")
    sent = client.post(
        "/appliance-corrections", data={"run": run, "appliance": "Wärmepumpe"}, headers=headers
    )
    assert (sent.status_code, sent.location) == (303, "/individual-disaggregation")
    sent = client.post("/appliance-corrections", data={"label": "Mikrowelle"}, headers=headers)
    assert sent.status_code == 303
    page = client.get("/individual-disaggregation", headers=headers)
    assert "not Electric car but Heat pump" in page.text
    assert "There is none: Microwave oven" in page.text
    for said in client.get("/appliance-corrections", headers=resident.headers).json:
        assert (
            client.post(f"/appliance-corrections/{said['id']}", headers=headers).status_code == 303
        )
    assert client.get("/appliance-corrections", headers=resident.headers).json == []

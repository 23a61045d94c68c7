"""Hints: chosen by the home's own readings, in its resident's language, and marked as read."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy

from broker.energy.household_features import WINDOW_DAYS
from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from broker.models import HintRead, HouseholdSize, MeterRole, db, writer
from broker.services import hint_catalogue

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 10, 12, tzinfo=BERLIN)
NOW_S = int(NOW.timestamp())
MIDNIGHT_S = int(datetime(2026, 11, 23, tzinfo=BERLIN).timestamp())
BEGIN_S = int(datetime(2026, 10, 26, tzinfo=BERLIN).timestamp())
"""28 days before, and after the end of summer time."""
SOCKET_STRIP = 1
IN_GERMAN = {"Accept-Language": "de-DE,de;q=0.9"}


@pytest.fixture(autouse=True)
def the_morning_of_23_november(time_machine):
    time_machine.move_to(NOW, tick=False)


def steady(power_w, begin_s=BEGIN_S, end_s=MIDNIGHT_S + 3600, start=10**12):
    """A counter each quarter hour. 1 W for a quarter hour is 2.5e6 times 0.1 µWh."""
    times = list(range(begin_s, end_s + 1, 900))
    counters = [start + number * power_w * 2_500_000 for number in range(len(times))]
    nothing = [None] * len(times)
    return Columns(times, counters, nothing, nothing)


@pytest.fixture
def home(make_user, make_meter, assign):
    """A resident whose flat took 250 W day and night for the last four weeks."""
    resident = make_user()
    meter_id = make_meter()
    assign(meter_id, resident)
    take_in({meter_id: steady(250)}, NOW_S)
    return resident, meter_id


def hints(client, resident, **headers):
    answer = client.get("/hints", headers=resident.headers | headers)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    return answer.json


def test_the_base_load_leads_to_the_first_hint_and_is_its_reason(client, home):
    first = hints(client, home[0])[0]
    assert first["id"] == SOCKET_STRIP
    assert first["headline"] == "Put television, console and speakers on a switched socket strip"
    assert first["reason"] == "because your base load is 250\N{NO-BREAK SPACE}W"
    assert (
        first["saving"] == "90 to 260 kWh a year: 10 to 30\N{NO-BREAK SPACE}W less, all year round"
    )
    assert first["source"] == "co2online, Stromspartipps; saving: own calculation"
    assert first["read"] is False
    assert first["icon"] == hint_catalogue.icons()["socket-strip"]


def test_german_for_a_client_that_prefers_it(client, home):
    answer = client.get("/hints", headers=home[0].headers | IN_GERMAN)
    first = answer.json[0]
    assert first["headline"].startswith("Fernseher, Konsole und Lautsprecher")
    assert first["reason"] == "weil Ihre Grundlast 250\N{NO-BREAK SPACE}W beträgt"
    assumption = "10 bis 30\N{NO-BREAK SPACE}W weniger, das ganze Jahr über"
    assert first["saving"] == f"90 bis 260 kWh im Jahr: {assumption}"
    assert answer.headers["Content-Language"] == "de"
    assert {"Accept", "Accept-Language"} <= set(answer.vary)
    # A remembered answer of one language is not given to the other.
    assert hints(client, home[0])[0]["headline"].startswith("Put television")


def test_numbers_of_reasons_by_language(client, home):
    with writer(db.engine).begin() as connection:
        connection.execute(
            sqlalchemy.insert(HouseholdSize),
            {"user_id": home[0].id, "valid_from": NOW.date(), "inhabitants": 1},
        )
    # 250 W are 6 kWh a day, all of one person.
    [german] = [one for one in hints(client, home[0], **IN_GERMAN) if one["id"] == 42]
    assert german["reason"] == "weil Sie je Person und Tag 6,00\N{NO-BREAK SPACE}kWh verbrauchen"
    # In these four weeks they are 168 kWh. One person usually uses 1200 kWh a year, 8 % of it in
    # them: 95.5 kWh.
    [english] = [one for one in hints(client, home[0]) if one["id"] == 95]
    assert english["reason"] == "because you use 76% more than is usual for so many people"
    # A third of it from 22 to 6 o'clock.
    [english] = [one for one in hints(client, home[0]) if one["id"] == 91]
    assert english["reason"] == "because you use 33% of your electricity from 22 to 6 o'clock"


def test_a_new_resident_gets_general_hints_without_a_made_up_reason(client, resident):
    shown = hints(client, resident)
    assert len(shown) >= 40
    assert {one["reason"] for one in shown} == {None, "because it is November"}
    # Nothing about a roof that the house doesn't have.
    assert not {80, 81, 82, 83, 84} & {one["id"] for one in shown}
    assert hints(client, resident, **IN_GERMAN)[1]["reason"] == "weil November ist"


def test_what_people_tell_of_their_flat_shows_at_once(client, home):
    hints(client, home[0])
    changed = client.put("/profile", headers=home[0].headers, json={"flatSize": 120.5})
    assert changed.status_code == 200
    [large] = [one for one in hints(client, home[0]) if one["id"] == 66]
    assert large["reason"] == "because your flat has 120.5 m²"


def test_late_readings_change_the_hints(client, make_user, make_meter, assign):
    resident, meter_id = make_user(), make_meter()
    assign(meter_id, resident)
    ends = steady(250)
    take_in({meter_id: Columns(*([column[0], column[-1]] for column in ends))}, NOW_S)
    # One long gap: nothing is known of any quarter hour.
    assert hints(client, resident)[0]["reason"] is None
    take_in({meter_id: Columns(*(column[1:-1] for column in ends))}, NOW_S)
    assert (
        hints(client, resident)[0]["reason"] == "because your base load is 250\N{NO-BREAK SPACE}W"
    )


def test_only_the_last_four_weeks_count(client, make_user, make_meter, assign):
    assert WINDOW_DAYS == 28
    resident, meter_id = make_user(), make_meter()
    assign(meter_id, resident)
    # 400 W until four weeks ago, 150 W since.
    before = steady(400, BEGIN_S - 28 * 86_400, BEGIN_S)
    take_in({meter_id: before}, NOW_S)
    since = steady(150, BEGIN_S + 900, start=before.energies_tenth_uwh[-1] + 150 * 2_500_000)
    take_in({meter_id: since}, NOW_S)
    [strip] = [one for one in hints(client, resident) if one["id"] == SOCKET_STRIP]
    assert strip["reason"] == "because your base load is 150\N{NO-BREAK SPACE}W"


def test_who_uses_little_under_the_sun_is_told_what_the_roof_makes(
    client, home, make_meter, assign
):
    roof = make_meter()
    assign(roof, group_id=home[0].group_id, role=MeterRole.FIRST_PRODUCTION.value)
    # 2 kW from 11 to 13 o'clock only: of 24 hours of 250 W 2 are sunny, 8 %.
    noon = 11 * 3600
    times, counters = [BEGIN_S], [0]
    for day in range(28):
        for number in range(1, 97):
            times.append(BEGIN_S + day * 86_400 + number * 900)
            is_sunny = noon < number * 900 <= noon + 7200
            counters.append(counters[-1] + (2000 * 2_500_000 if is_sunny else 0))
    nothing = [None] * len(times)
    take_in({roof: Columns(times, counters, nothing, nothing)}, NOW_S)
    [one] = [one for one in hints(client, home[0]) if one["id"] == 84]
    assert one["reason"] == ("because you use only 8% of your electricity while the roof produces")


class TestReading:
    def mark(self, client, resident, number):
        return client.post(f"/hint/mark-read/{number}", headers=resident.headers)

    def test_what_is_read_goes_to_the_end_and_stays_there(self, client, home):
        first, second, *_ = hints(client, home[0])
        answer = self.mark(client, home[0], first["id"])
        assert (answer.status_code, answer.json) == (202, {})
        shown = hints(client, home[0])
        assert shown[0]["id"] == second["id"]
        assert shown[-1] == first | {"read": True}
        assert [one["read"] for one in shown].count(True) == 1

    def test_again_changes_nothing(self, client, home):
        for _ in range(2):
            assert self.mark(client, home[0], 5).status_code == 202
        with db.engine.connect() as connection:
            rows = connection.execute(sqlalchemy.select(HintRead.user_id, HintRead.hint_id)).all()
        assert rows == [(home[0].id, 5)]

    def test_it_is_each_residents_own(self, client, home, make_user):
        neighbour = make_user(home[0].group_id)
        self.mark(client, home[0], SOCKET_STRIP)
        assert not any(one["read"] for one in hints(client, neighbour))

    @pytest.mark.parametrize("number", [0, 999, 2**31, 2**63, 10**40, "-1", "x", "1.5", "%00"])
    def test_an_unknown_id_is_not_found(self, client, home, number):
        answer = self.mark(client, home[0], number)
        assert answer.status_code == 404
        assert answer.json.keys() == {"errorName", "errorDescription"}
        with db.engine.connect() as connection:
            assert not connection.execute(sqlalchemy.select(HintRead)).all()

    def test_strangers_mark_nothing(self, client, home):
        assert client.post("/hint/mark-read/1").status_code == 401
        assert client.get("/hints").status_code == 401

    def test_getting_marks_nothing(self, client, home):
        answer = client.get("/hint/mark-read/1", headers=home[0].headers)
        assert answer.status_code == 405


def test_an_operators_hint_is_offered_and_marked(client, home, settings):
    icon = 'icon = "dryer"\nsaving_kwh = [20, 20]\n'
    texts = '\nheadline = "H"\ndescription = "D."\nassumption = "a"\nsource = "S"\n'
    own = f"[[hint]]\nid = 1000\ngeneral = 1\n{icon}[hint.en]{texts}[hint.de]{texts}"
    (settings.instance / "hints.toml").write_text(own)
    first, second, *_ = hints(client, home[0])
    # Both fit fully; the shipped one saves more.
    assert (first["id"], second["id"]) == (SOCKET_STRIP, 1000)
    assert second["saving"] == "20 kWh a year: a"
    assert client.post("/hint/mark-read/1000", headers=home[0].headers).status_code == 202


class TestThePage:
    @pytest.fixture
    def signed_in(self, browser, home):
        browser.client.set_cookie("broker_session", home[0].token)
        return browser

    @pytest.mark.parametrize(
        ("language", "heading", "reason"),
        [
            ("en", "Hints", "Shown because your base load is 250\N{NO-BREAK SPACE}W."),
            ("de", "Spartipps", "Angezeigt, weil Ihre Grundlast 250\N{NO-BREAK SPACE}W beträgt."),
        ],
    )
    def test_it_tells_why(self, signed_in, language, heading, reason):
        page = signed_in.get(f"/hints?lang={language}").text
        assert f"<h1>{heading}</h1>" in page
        assert reason in page
        assert 'style="' not in page and "<script>" not in page
        assert page.count("<svg") >= 40

    def test_eight_are_enough_at_a_glance(self, signed_in):
        hint = '<li class="panel"'
        at_once, more = signed_in.get("/hints").text.split("<summary>More hints (")
        assert at_once.count(hint) == 8
        assert more.startswith(f"{more.count(hint)})</summary>")

    def test_a_button_marks_as_read(self, signed_in):
        answer = signed_in.post("/hint/mark-read/1", {}, page="/hints")
        assert (answer.status_code, answer.location) == (303, "/hints")
        page = signed_in.get("/hints").text
        assert "Marked as read." in page
        assert "<summary>Read (1)</summary>" in page
        assert 'action="/hint/mark-read/1"' not in page

    def test_without_the_forms_token_nothing_is_marked(self, signed_in):
        answer = signed_in.client.post("/hint/mark-read/1", headers={"Accept": "application/json"})
        assert (answer.status_code, answer.json["errorName"]) == (400, "CsrfFailed")
        assert "<summary>Read" not in signed_in.get("/hints").text

    def test_the_first_page_shows_the_best_one_until_it_is_read(self, signed_in):
        def shown():
            return re.findall(r'<h2 id="hint">(.*?)</h2>', signed_in.get("/").text)

        assert shown() == ["Put television, console and speakers on a switched socket strip"]
        signed_in.post("/hint/mark-read/1", {}, page="/hints")
        assert shown() == ["Go on a hunt for your base load"]

    def test_who_has_read_all_is_told_so(self, signed_in, home):
        with writer(db.engine).begin() as connection:
            for number in hint_catalogue.shipped():
                given = {"user_id": home[0].id, "hint_id": number, "read_s": 1}
                connection.execute(sqlalchemy.insert(HintRead), given)
        assert "You have read them all." in signed_in.get("/hints").text
        assert 'id="hint"' not in signed_in.get("/").text

"""Every page, for a resident with a browser, in both languages, with and without data."""

from __future__ import annotations

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy

from broker.ingest.intake import Columns, take_in
from broker.models import AllocationRule, Avatar, MeterRole, MeterUse, db, writer
from broker.store.meter_uses import FLAT_OF_USER

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 10, 12, tzinfo=BERLIN)
MIDNIGHT_S = int(datetime(2026, 11, 23, tzinfo=BERLIN).timestamp())
HTML = {"Accept": "text/html"}

SIGNED_IN = ["/", "/individual-consumption-history", "/group-consumption-history", "/live"]
SIGNED_IN += ["/hints", "/profile", "/update-password"]
FOR_STRANGERS = ["/login", "/set-password?token=abc", "/password/request-reset-token"]
HEADINGS = {
    "/": ("Hello", "Hallo"),
    "/individual-consumption-history": ("My consumption", "Mein Verbrauch"),
    "/group-consumption-history": ("Our house", "Unser Haus"),
    "/live": ("Live", "Live"),
    "/hints": ("Hints", "Spartipps"),
    "/profile": ("Profile", "Profil"),
    "/update-password": ("Change your password", "Passwort ändern"),
    "/login": ("Log in", "Anmelden"),
    "/set-password?token=abc": ("Welcome!", "Willkommen!"),
    "/password/request-reset-token": ("Forgotten your password?", "Passwort vergessen?"),
}


@pytest.fixture(autouse=True)
def the_morning_of_23_november(time_machine):
    time_machine.move_to(NOW, tick=False)


def use(meter_id, group_id, role, user_id=None):
    with writer(db.engine).begin() as connection:
        connection.execute(
            sqlalchemy.insert(MeterUse),
            {
                "meter_id": meter_id,
                "group_id": group_id,
                "user_id": user_id,
                "role": role,
                "register": 1,
                "begin_s": 0,
            },
        )


def steady(power_w, begin_s, end_s):
    """A reading each 15 minutes of a counter that runs evenly. 1 W for 1 s is 25000/9 · 0.1 µWh."""
    times_s = list(range(begin_s, end_s + 1, 900))
    energies = [10**12 + power_w * 25_000 * (time_s - MIDNIGHT_S) // 9 for time_s in times_s]
    empty = [None] * len(times_s)
    return Columns(times_s, energies, empty, empty)


@pytest.fixture
def house(make_group, make_user, make_meter):
    """Ada uses 500 W from midnight on, her neighbour has no readings, the roof makes 2 kW."""
    group_id = make_group("House of Ada")
    ada = make_user(group_id, first_name="Ada")
    neighbour = make_user(group_id, first_name="Grace", nick="<b>Gracie</b>")
    flats = [make_meter(), make_meter()]
    roof = make_meter()
    use(flats[0], group_id, MeterRole.FLAT.value, ada.id)
    use(flats[1], group_id, MeterRole.FLAT.value, neighbour.id)
    use(roof, group_id, MeterRole.FIRST_PRODUCTION.value)
    now_s = int(NOW.timestamp())
    take_in({flats[0]: steady(500, MIDNIGHT_S, MIDNIGHT_S + 8 * 3600)}, now_s)
    take_in({roof: steady(2000, MIDNIGHT_S, MIDNIGHT_S + 10 * 3600)}, now_s)
    return ada, neighbour


@pytest.fixture
def signed_in(browser):
    """A browser of a resident, in a language."""

    def sign_in(resident, language="en"):
        browser.client.set_cookie("broker_session", resident.token)
        browser.client.set_cookie("broker_language", language)
        return browser

    return sign_in


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("path", SIGNED_IN)
def test_every_page_renders_with_data(signed_in, house, path, language):
    response = signed_in(house[0], language).get(path)
    assert response.status_code == 200
    assert response.mimetype == "text/html"
    assert f'<html lang="{language}">' in response.text
    assert f"<h1>{HEADINGS[path][language == 'de']}" in response.text
    assert "Accept" in response.vary


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("path", SIGNED_IN)
def test_every_page_renders_without_any_data(signed_in, resident, path, language):
    response = signed_in(resident, language).get(path)
    assert response.status_code == 200
    assert f"<h1>{HEADINGS[path][language == 'de']}" in response.text


@pytest.mark.parametrize("path", ["/", "/individual-consumption-history"])
def test_an_empty_page_says_what_it_waits_for(signed_in, make_user, make_meter, assign, path):
    resident = make_user()
    without_meter = signed_in(resident, "en").get(path).text
    assert "The people who run Broker in your house can assign one to it." in without_meter
    assert "Your flat uses" not in without_meter
    assign(make_meter(), resident)
    waiting = signed_in(resident, "en").get(path).text
    assert "as soon as it is over and your meter has sent" in waiting
    operator = make_user(is_operator=True)
    assert 'href="/operator/meters">Assign a meter</a>' in signed_in(operator, "en").get(path).text


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("path", FOR_STRANGERS)
def test_a_stranger_finds_the_ways_in(client, path, language):
    client.set_cookie("broker_language", language)
    response = client.get(path, headers=HTML)
    assert response.status_code == 200
    assert f"<h1>{HEADINGS[path][language == 'de']}" in response.text


@pytest.mark.parametrize("path", SIGNED_IN)
def test_a_stranger_is_led_to_the_login(client, path):
    response = client.get(path, headers=HTML)
    assert response.status_code == 303
    assert response.location.startswith("/login?next=")


@pytest.mark.parametrize("period", ["day", "week", "month", "year"])
@pytest.mark.parametrize("path", SIGNED_IN[1:3])
def test_one_walks_from_day_to_year_by_links(signed_in, house, path, period):
    browser = signed_in(house[0])
    resolution = {"day": "quarter_hour", "week": "hour", "month": "day", "year": "month"}[period]
    page = browser.get(path).text
    link = next(
        part.split('"')[0].replace("&amp;", "&")
        for part in page.split('href="')[1:]
        if f"resolution={resolution}" in part.split('"')[0]
    )
    shown = browser.get(link)
    assert shown.status_code == 200
    assert 'rel="prev"' in shown.text
    # A month or year shows whole days or months only, and the first day of this house still runs.
    has_values = period in ("day", "week")
    assert ('<svg class="chart' in shown.text) == has_values


def test_a_program_gets_json_unless_it_asks_for_pages(client):
    response = client.get("/")
    assert response.json == {
        "name": "Broker",
        "documentation": "/docs",
        "openapi": "/openapi.json",
    }
    assert "Accept" in response.vary


def test_home_says_what_today_was_so_far(signed_in, house):
    page = re.sub("<[^>]+>", "", signed_in(house[0]).get("/").text)
    # 500 W until 08:00 are 4 kWh, 2 kW until 10:00 are 20 kWh.
    assert "You used 4.00\xa0kWh." in page
    assert "Made on the roof: 20.0\xa0kWh." in page
    assert "Hello Ada" in page


def test_home_shows_where_electricity_flows_right_now(signed_in, house):
    page = signed_in(house[0]).get("/").text
    # Ada's 500 W are all that is known to be used; of the roof's 2 kW 1.5 are left for the grid.
    assert page.count("2.00\xa0kW<") == 1
    assert "To the grid</span>" in page
    assert "1.50\xa0kW<" in page
    assert "The roof covers all that the house uses" in page
    # The neighbour's meter has said nothing, so nobody knows how self-sufficient the house is.
    assert 'class="ring' not in page


def test_my_consumption_shows_the_counter_and_the_missing_quarter_hours(signed_in, house):
    page = signed_in(house[0], "de").get("/individual-consumption-history").text
    # The counter stood at 100 kWh at midnight and at 104 at 08:00, when it fell silent: from
    # 08:00 to 10:00 eight of the day's 96 quarter hours are missing.
    assert "100,00\xa0kWh" in page
    assert "104,00\xa0kWh" in page
    assert page.count("<td>500\xa0W</td>") == 32
    assert page.count("<td>keine Daten</td>") == 8
    assert 'class="gap" x="33.333%" y="0" width="8.33' in page


def test_my_consumption_stands_beside_the_same_weekday_a_year_before(signed_in, house):
    ada, _ = house
    # The Monday 52 weeks before: 1000 W until 04:00, while she uses 500 W until 08:00 today.
    before_s = MIDNIGHT_S - 364 * 86_400
    [use] = FLAT_OF_USER.uses(ada.id, MIDNIGHT_S, MIDNIGHT_S + 900)
    empty = [None] * 17
    times_s = list(range(before_s, before_s + 4 * 3600 + 1, 900))
    energies = [9 * 10**11 + 1000 * 25_000 * (time_s - before_s) // 9 for time_s in times_s]
    take_in({use.meter_id: Columns(times_s, energies, empty, empty)}, int(NOW.timestamp()))
    page = signed_in(ada).get("/individual-consumption-history").text
    # In the four hours that both know: 4 kWh then, 2 kWh now.
    assert "Same time last year" in page
    assert ">4.00\xa0kWh<" in page
    assert "You used 50 % less." in page
    assert "Only times count that are known of both years: 2.00\xa0kWh now." in page
    drawn = signed_in(ada).get("/individual-consumption-history?compare=last_year").text
    assert drawn.count('class="outline earlier"') == 1
    assert drawn.count("<td>1.00\xa0kW</td>") == 16


def test_a_chart_is_told_in_words_and_saved_as_a_file(signed_in, house):
    browser = signed_in(house[0])
    page = browser.get("/individual-consumption-history").text
    assert "Highest: 500\xa0W, 00:00–00:15; on average 500\xa0W." in page
    link = re.search(r'href="(/individual-consumption-curve[^"]+)"', page)[1]
    file = browser.get(link.replace("&amp;", "&"))
    assert file.mimetype == "text/csv"
    # A head, and ten hours of which the last two are unknown.
    assert len(file.text.splitlines()) == 1 + 40


def test_our_house_names_the_neighbours_and_escapes_them(signed_in, house):
    page = signed_in(house[0]).get("/group-consumption-history").text
    assert "Ada (you)" in page
    assert "&lt;b&gt;Gracie&lt;/b&gt;" in page
    assert "<b>Gracie" not in page


def test_our_house_says_what_happens_now_and_whose_the_roofs_electricity_was(signed_in, house):
    ada, neighbour = house
    page = signed_in(ada).get("/group-consumption-history").text
    assert "the roof makes 2.00\xa0kW and the house uses 500\xa0W." in page
    assert "of it from the roof" not in page  # nobody has decided yet how it is shared out
    with writer(db.engine).begin() as connection:
        connection.execute(
            sqlalchemy.insert(AllocationRule).values(
                group_id=ada.group_id, valid_from=date(2026, 1, 1), kind="dynamic"
            )
        )
    # Nobody knows what is whose as long as one meter has said nothing.
    assert "of it from the roof" not in signed_in(ada).get("/group-consumption-history").text
    [use] = FLAT_OF_USER.uses(neighbour.id, MIDNIGHT_S, MIDNIGHT_S + 900)
    take_in({use.meter_id: steady(100, MIDNIGHT_S, MIDNIGHT_S + 8 * 3600)}, int(NOW.timestamp()))
    page = signed_in(ada).get("/group-consumption-history").text
    # The roof makes more than both use: Ada's 4 kWh and the neighbour's 0.8 all come from it.
    assert "of it from the roof: 4.00\xa0kWh" in page
    assert "of it from the roof: 0.80\xa0kWh" in page


def test_a_neighbours_picture_is_theirs_and_nobody_elses(signed_in, house, make_user):
    ada, neighbour = house
    with writer(db.engine).begin() as connection:
        connection.execute(
            sqlalchemy.insert(Avatar), {"user_id": neighbour.id, "image": b"RIFF-webp"}
        )
    path = f"/members/{neighbour.id}/avatar"
    assert path in signed_in(ada).get("/group-consumption-history").text
    picture = signed_in(ada).get(path)
    assert (picture.data, picture.mimetype) == (b"RIFF-webp", "image/webp")
    assert signed_in(make_user()).get(path).status_code == 404


def test_pages_of_a_resident_stay_out_of_caches(signed_in, house):
    assert signed_in(house[0]).get("/profile").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_wrong_address_says_what_to_do(client, language):
    client.set_cookie("broker_language", language)
    response = client.get("/nothing-here", headers=HTML)
    assert response.status_code == 404
    assert {"en": "Check the address", "de": "Sehen Sie nach, ob"}[language] in response.text


@pytest.mark.parametrize("language", ["en", "de"])
def test_when_the_database_is_away_a_page_says_what_to_do(signed_in, resident, language):
    browser = signed_in(resident, language)
    with db.engine.begin() as connection:
        connection.execute(sqlalchemy.text("ALTER TABLE session_token RENAME TO elsewhere"))
    try:
        response = browser.get("/profile")
        as_json = browser.client.get("/profile")
    finally:
        with db.engine.begin() as connection:
            connection.execute(sqlalchemy.text("ALTER TABLE elsewhere RENAME TO session_token"))
    assert (response.status_code, as_json.status_code) == (500, 500)
    assert as_json.json["errorName"] == "InternalServerError"
    expected = {"en": "Something broke on our side", "de": "Bei uns ist etwas kaputtgegangen"}
    assert f"<h1>{expected[language]}" in response.text
    # The time helps to find the failure in the log.
    assert "10:12" in response.text
    assert 'href="/profile">' in response.text


def test_forms_help_a_password_manager(client):
    page = client.get("/login", headers=HTML).text
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page
    assert 'autocomplete="new-password"' in client.get("/set-password", headers=HTML).text

"""What residents choose has an effect wherever it is said to have one."""

from __future__ import annotations

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine

from broker.energy.tariffs import Tariff, TariffKind
from broker.ingest.intake import Columns, take_in
from broker.services import tariffs
from tests.conftest import Browser, settings_in

BERLIN = ZoneInfo("Europe/Berlin")
NOON_S = int(datetime(2026, 11, 23, 12, tzinfo=BERLIN).timestamp())
DEFAULTS = {
    "language": None,
    "moneyFirst": False,
    "hideCo2": False,
    "mailChallenge": False,
    "mailSilence": False,
    "mailWeek": False,
}


@pytest.fixture
def settings(settings):
    return settings_in(settings.instance, grid_co2_g_per_kwh=363)


@pytest.fixture
def noon():
    with time_machine.travel(NOON_S, tick=False) as clock:
        yield clock


@pytest.fixture
def home(noon, make_group, make_user, make_meter, assign):
    """A resident who has used 6 kWh today at 30 ct."""
    me = make_user(make_group("Sonnenweg 4"))
    meter_id = make_meter()
    assign(meter_id, me)
    midnight_s = NOON_S - 12 * 3600
    times = list(range(midnight_s, NOON_S + 1, 900))
    energies = [10**12 + 125 * 10**7 * number for number, _ in enumerate(times)]
    take_in({meter_id: Columns(times, energies, [None] * len(times), [None] * len(times))}, NOON_S)
    price = {"kind": TariffKind.FIXED, "work_price_micros_per_kwh": 300_000}
    first = date(2026, 1, 1)
    tariffs.add(Tariff(begin=first, **price), first, group="Sonnenweg 4")
    return me


def choose(client, who, **chosen):
    return client.put("/profile/settings", json=chosen, headers=who.headers)


def test_nothing_is_chosen_at_first_and_any_subset_can_be(client, resident):
    def chosen():
        return client.get("/profile/settings", headers=resident.headers).json

    assert chosen() == DEFAULTS
    assert choose(client, resident, moneyFirst=True, mailWeek=True).json == {}
    assert choose(client, resident, language="de").status_code == 200
    assert chosen() == DEFAULTS | {"moneyFirst": True, "mailWeek": True, "language": "de"}
    assert choose(client, resident, language=None, mailWeek=False).status_code == 200
    assert chosen() == DEFAULTS | {"moneyFirst": True}


@pytest.mark.parametrize(
    "wrong", [{"language": "fr"}, {"language": ""}, {"moneyFirst": "true"}, {"mails_week": True}]
)
def test_one_bad_value_changes_nothing(client, resident, wrong):
    answer = choose(client, resident, mailSilence=True, **wrong)
    assert answer.status_code == 400
    assert next(iter(wrong)) in answer.json["errorDescription"]
    assert client.get("/profile/settings", headers=resident.headers).json == DEFAULTS


def test_a_form_says_what_is_ticked_and_what_isnt(browser, client, resident):
    browser.log_in(resident)
    form = {"moneyFirst": ["true", "false"], "hideCo2": "true", "language": ""}
    browser.post("/profile/settings", form, page="/profile")
    chosen = client.get("/profile/settings", headers=resident.headers).json
    assert (chosen["moneyFirst"], chosen["hideCo2"], chosen["language"]) == (True, True, None)
    browser.post("/profile/settings", {"moneyFirst": "false"}, page="/profile")
    chosen = client.get("/profile/settings", headers=resident.headers).json
    assert (chosen["moneyFirst"], chosen["hideCo2"]) == (False, True)


def test_the_chosen_language_is_that_of_all_devices(app, browser, resident):
    browser.log_in(resident)
    assert "<h1>Profile</h1>" in browser.get("/profile").text
    browser.get("/profile?lang=en")  # the switch was used here once
    answer = browser.post("/profile/settings", {"language": "de"}, page="/profile")
    assert "<h1>Profil</h1>" in browser.get(answer.location).text
    elsewhere = Browser(app)
    elsewhere.log_in(resident)
    assert "<h1>Profil</h1>" in elsewhere.get("/profile").text
    # The switch goes before it on the device where it is used.
    elsewhere.get("/profile?lang=en")
    assert "<h1>Profile</h1>" in elsewhere.get("/profile").text
    assert "<h1>Profil</h1>" in browser.get("/profile").text
    # Somebody else at the same browser isn't meant, and neither is a program.
    browser.client.delete_cookie("broker_session")
    assert "<h1>Log in</h1>" in browser.get("/login").text


def words(page: str) -> str:
    """A page without its tags."""
    return re.sub(r"<[^>]+>", "", page)


def test_money_goes_first_if_that_is_chosen(client, browser, home):
    browser.log_in(home)
    page = browser.get("/").text
    assert page.index("<dt>Used</dt>") < page.index("<dt>Cost</dt>")
    assert "You used 6.00\xa0kWh." in words(browser.get("/individual-consumption-history").text)
    choose(client, home, moneyFirst=True)
    page = browser.get("/").text
    assert page.index("<dt>Cost</dt>") < page.index("<dt>Used</dt>")
    # 6 kWh at 30 ct.
    mine = words(browser.get("/individual-consumption-history").text)
    assert "You spent €1.80 for 6.00\xa0kWh." in mine


def test_co2_is_left_out_if_that_is_chosen(client, browser, home):
    browser.log_in(home)
    paths = ("/", "/individual-consumption-history")
    assert all("CO₂" in browser.get(path).text for path in paths)
    choose(client, home, hideCo2=True)
    assert not any("CO₂" in browser.get(path).text for path in paths)

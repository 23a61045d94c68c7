"""What an operator does by forms has the same effect as the commands; bad input changes nothing."""

from __future__ import annotations

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from broker.clock import now_s
from broker.energy.tariffs import BasePeriod
from broker.ingest.intake import Columns, take_in
from broker.services import (
    allocation,
    baselines,
    community,
    keys,
    meters,
    quarantine,
    sessions,
    tariffs,
    users,
)
from broker.services.baselines import Terms

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 10, 12, tzinfo=BERLIN)
TODAY = "2026-11-23"


@pytest.fixture(autouse=True)
def the_morning_of_23_november(time_machine):
    time_machine.move_to(NOW, tick=False)


def second(*local: int) -> int:
    return int(datetime(*local, tzinfo=BERLIN).timestamp())


def invitation(**changes):
    ada = {"mail": "ada@example.org", "first_name": "Ada", "name": "Lovelace", "group": "Sonnenhof"}
    return ada | changes


def test_who_is_invited_gets_a_link_that_is_shown_once_and_works(operator, app):
    operator.post("/operator/users/invite", invitation(), page="/operator/users")
    shown = operator.get("/operator/users").text
    (link,) = re.findall(r"<code>(http[^<]+)</code>", shown)
    assert link not in operator.get("/operator/users").text
    (ada,) = [one for one in users.listed(now_s()) if one["mail"] == "ada@example.org"]
    assert (ada["state"], ada["is_operator"]) == ("invited", False)
    # Inviting again makes a new link and the earlier one void.
    operator.post("/operator/users/invite", invitation(), page="/operator/users")
    (again,) = re.findall(r"<code>(http[^<]+)</code>", operator.get("/operator/users").text)
    form = {"password": "eleven-green-kettles"}
    for address, status in ((link, 400), (again, 200)):
        token = address.partition("token=")[2]
        answer = app.test_client().post("/set-password", json={"token": token} | form)
        assert answer.status_code == status, answer.text


def test_a_refused_form_comes_back_with_what_was_typed_and_the_complaint(operator, stored):
    before = stored()
    form = invitation(first_name="  ", mail="ada@lovelace.example")
    answer = operator.post("/operator/users/invite", form, page="/operator/users")
    assert (answer.status_code, answer.location) == (303, "/operator/users")
    page = operator.get("/operator/users?lang=de").text
    assert "Hier gehören 1 bis 100 Buchstaben hin." in page
    assert 'value="ada@lovelace.example"' in page
    assert 'aria-invalid="true"' in page
    assert "ada@lovelace.example" not in operator.get("/operator/users").text
    assert stored() == before


def test_a_closed_account_is_logged_out_and_ones_own_stays_open(operator, make_user):
    tenant = make_user(mail="tenant@example.org")
    for mail in ("tenant@example.org", "operator@example.org"):
        operator.post("/operator/users/deactivate", {"mail": mail}, page="/operator/users")
    assert sessions.account(tenant.token, now_s(), 30) is None
    page = operator.get("/operator/users")
    assert page.status_code == 200
    assert "This is your own account." in page.text


def test_a_house_is_made_and_shares_out_from_a_day_on(operator, make_user):
    operator.post("/operator/groups/add", {"name": " Gartenhaus "}, page="/operator/groups")
    assert [one["name"] for one in community.listed(now_s())] == ["Gartenhaus", "Sonnenhof"]
    chosen = {"group": "Sonnenhof", "kind": "static", "valid_from": "2026-12-01"}
    operator.post("/operator/groups/allocation", chosen, page="/operator/groups")
    share = {"resident": "", "group": "Sonnenhof", "percent": "12.5", "valid_from": "2026-12-01"}
    operator.post("/operator/groups/share", share, page="/operator/groups")
    flat = share | {"resident": "operator@example.org", "percent": "40"}
    operator.post("/operator/groups/share", flat, page="/operator/groups")
    (of_house,) = allocation.listed("Sonnenhof")
    assert of_house["rules"] == [{"from": "2026-12-01", "allocation": "static"}]
    shares = [(one["resident"], one["percent"]) for one in of_house["shares"]]
    assert shares == [(None, 12.5), ("operator@example.org", 40)]


def test_what_is_over_changes_only_on_purpose(operator, stored):
    before = stored()
    chosen = {"group": "Sonnenhof", "kind": "dynamic", "valid_from": "2026-01-01"}
    operator.post("/operator/groups/allocation", chosen, page="/operator/groups")
    assert "2026-01-01 ist vorbei" in operator.get("/operator/groups?lang=de").text
    assert stored() == before
    ticked = chosen | {"corrects": "true"}
    operator.post("/operator/groups/allocation", ticked, page="/operator/groups")
    assert allocation.listed("Sonnenhof")[0]["rules"][0]["from"] == "2026-01-01"


def test_a_meter_is_added_assigned_and_released(operator):
    page = "/operator/meters"
    operator.post(page + "/add", {"number": "M1", "max_power_w": "20000"}, page=page)
    # The next step is at hand: the form is open, the meter chosen, and now is proposed.
    shown = operator.get(page).text
    assert '<details class="panel" id="assign" open>' in shown
    assert '<option value="M1" selected>M1: not in use</option>' in shown
    assert 'value="2026-11-23T10:00"' in shown
    assert 'href="/operator/meters?open=assign#assign"' in operator.get("/operator/users").text
    flat = {"number": "M1", "resident": "operator@example.org", "group": "Sonnenhof"}
    times = {"role": "common", "register": "IMPORT", "begin": "2026-03-12T14:37", "end": ""}
    operator.post(page + "/assign", flat | times, page=page)
    (known,) = meters.listed(now_s())
    assert (known["max_power_w"], known["uses"][0]["resident"]) == (20_000, "operator@example.org")
    assert known["uses"][0]["begin_s"] == second(2026, 3, 12, 14, 30)
    operator.post(page + "/release", {"number": "M1", "at": "2026-11-01T00:00"}, page=page)
    assert meters.listed(now_s())[0]["uses"] == []
    roof = {"resident": "", "role": "first_production", "register": "EXPORT"}
    operator.post(page + "/assign", flat | times | roof | {"begin": "2026-11-02T00:00"}, page=page)
    (use,) = meters.listed(now_s())[0]["uses"]
    assert (use["role"], use["register"], use["resident"]) == ("first_production", 2, None)


def test_whose_split_is_shown_is_chosen_for_a_meter(operator, make_meter, stored):
    make_meter("M1")
    make_meter("M2")
    page = "/operator/meters"
    before = stored()
    form = {"number": "M1", "source": "inexogy", "inexogy_id": " "}
    operator.post(page + "/prefer", form, page=page)
    assert (
        "Die Nummer eines Zählers bei inexogy hat 1 bis 100" in operator.get(page + "?lang=de").text
    )
    operator.post(page + "/prefer", form | {"inexogy_id": "x" * 10_000}, page=page)
    assert "Something in the form does not fit" in operator.get(page + "?lang=en").text
    operator.post(page + "/prefer", form | {"source": "broker", "inexogy_id": "8fa"}, page=page)
    assert "aber Broker gewählt" in operator.get(page + "?lang=de").text
    assert stored() == before
    operator.post(page + "/prefer", form | {"inexogy_id": "8fa37290"}, page=page)
    assert meters.listed(now_s())[0]["inexogy_id"] == "8fa37290"
    assert "8fa37290" in operator.get(page).text
    form |= {"number": "M2", "inexogy_id": "8fa37290"}
    operator.post(page + "/prefer", form, page=page)
    assert "Bei inexogy heißt schon der Zähler" in operator.get(page + "?lang=de").text
    operator.post(page + "/prefer", {"number": "M1", "source": "broker"}, page=page)
    assert stored() == before


def test_an_exchange_is_shown_before_it_is_done(operator, make_user, make_meter, assign, stored):
    resident = make_user()
    old = make_meter("OLD")
    make_meter("NEW")
    assign(old, resident)
    before = stored()
    page = "/operator/meters/swap"
    form = {"old": "OLD", "new": "NEW", "at": "2026-11-20T10:20"}
    operator.post(page, form)
    plan = operator.get(page).text
    # The old meter counts until the end of the quarter hour, the new one from its beginning.
    assert plan.index("10:30") < plan.index("10:15")
    assert stored() == before
    (at_s,) = re.findall(r'name="at" value="(\d+)"', plan)
    done = operator.post(page, form | {"at": at_s, "confirmed": "true"})
    assert done.location == "/operator/meters"
    uses = {one["number"]: one["uses"] for one in meters.listed(now_s())}
    assert uses["OLD"] == []
    assert uses["NEW"][0]["resident"] == resident.mail
    assert uses["NEW"][0]["begin_s"] == second(2026, 11, 20, 10, 15)


def test_an_impossible_exchange_is_refused_before_it_is_confirmed(operator, make_meter, stored):
    make_meter("OLD")
    make_meter("NEW")
    before = stored()
    page = "/operator/meters/swap"
    operator.post(page, {"old": "OLD", "new": "NEW", "at": "2026-11-20T10:20"})
    assert "is not in use" in operator.get(page).text
    assert stored() == before


def test_a_key_is_shown_once_and_opens_the_meters_that_were_ticked(operator, make_meter):
    for number in ("M1", "M2", "M3"):
        make_meter(number)
    form = {"name": "cellar", "meters": ["M1", "M3"]}
    operator.post("/operator/keys/add", form, page="/operator/keys")
    (key,) = re.findall(r"<code>([^<]+)</code>", operator.get("/operator/keys").text)
    assert "<code>" not in operator.get("/operator/keys").text
    assert keys.listed()[0]["meters"] == ["M1", "M3"]
    assert keys.known(key) is not None
    operator.post("/operator/keys/revoke", {"name": "cellar"}, page="/operator/keys")
    assert keys.known(key) is None


def test_a_doubted_reading_counts_once_it_is_accepted(operator, make_meter):
    begin_s = now_s() // 60 * 60 - 7200
    # 10 kWh within a minute would be 600 kW; a meter is believed up to 60.
    jump = Columns([begin_s, begin_s + 60], [10**12, 10**12 + 10**11], [None] * 2, [None] * 2)
    take_in({make_meter("M1"): jump}, now_s())
    page = "/operator/quarantine"
    assert "10.0\N{NO-BREAK SPACE}kWh" in operator.get(page).text
    operator.post(page + "/accept", {"meter": "M1", "time": str(begin_s + 60)}, page=page)
    assert quarantine.listed() == []
    again = operator.client.post(page + "/accept", json={"meter": "M1", "time": begin_s + 60})
    assert again.status_code in (400, 404)


def test_a_tariff_is_entered_and_ended(operator):
    page = "/operator/tariffs"
    form = {"group": "Sonnenhof", "resident": "", "begin": TODAY, "end": "", "work_price": "32.5"}
    more = {"base_price": "130", "base_period": "year", "pv_price": "24", "kind": "fixed"}
    operator.post(page + "/add", form | more | {"tax_percent": ""}, page=page)
    (entered,) = tariffs.listed(None)
    tariff = entered["tariff"]
    assert (tariff.work_price_micros_per_kwh, tariff.pv_price_micros_per_kwh) == (325_000, 240_000)
    assert (tariff.base_price_micros, tariff.base_period) == (130_000_000, BasePeriod.YEAR)
    # Two digits of a Euro would show 33 ct.
    assert "32.5 ct/kWh" in operator.get(page).text
    ending = {"number": entered["number"], "day": "2027-01-01"}
    operator.post(page + "/end", ending, page=page)
    assert tariffs.listed(None)[0]["tariff"].end == date(2027, 1, 1)
    operator.post(page + "/end", ending | {"day": TODAY}, page=page)
    assert tariffs.listed(None) == []


def test_a_bill_is_entered_and_removed(operator):
    page = "/operator/baselines"
    form = {"mail": "operator@example.org", "kwh": "2150.5", "year": "2025"}
    operator.post(page + "/enter", form, page=page)
    terms = Terms.at(now_s(), (3, 12), BERLIN)
    assert baselines.listed(terms)[0]["kwh"] == 2150.5
    operator.post(page + "/remove", {"mail": form["mail"], "year": "2025"}, page=page)
    assert baselines.listed(terms) == []


BAD = [
    ("/operator/users", "/invite", invitation(mail="nobody")),
    ("/operator/users", "/invite", invitation(group="Nowhere")),
    ("/operator/users", "/deactivate", {"mail": "nobody@example.org"}),
    ("/operator/groups", "/add", {"name": ""}),
    ("/operator/groups", "/add", {"name": "Sonnenhof"}),
    ("/operator/groups", "/allocation", {"group": "Sonnenhof", "kind": "all", "valid_from": TODAY}),
    ("/operator/groups", "/share", {"group": "Sonnenhof", "percent": "NaN", "valid_from": TODAY}),
    ("/operator/groups", "/share", {"group": "Sonnenhof", "percent": "1e99", "valid_from": TODAY}),
    ("/operator/groups", "/share", {"group": "Sonnenhof", "percent": "101", "valid_from": TODAY}),
    ("/operator/meters", "/add", {"number": "M1", "max_power_w": "lots"}),
    ("/operator/meters", "/add", {"number": "M1", "max_power_w": "9" * 30}),
    ("/operator/meters", "/assign", {"number": "none", "role": "flat", "begin": "2026-01-01"}),
    ("/operator/meters", "/release", {"number": "none", "at": "yesterday"}),
    ("/operator/meters", "/release", {"number": "none", "at": "9" * 5000}),
    ("/operator/keys", "/add", {"name": "empty"}),
    ("/operator/keys", "/add", {"name": "k", "meters": ["none"]}),
    ("/operator/keys", "/revoke", {"name": "none"}),
    ("/operator/tariffs", "/add", {"group": "Sonnenhof", "begin": TODAY, "work_price": "x"}),
    ("/operator/tariffs", "/add", {"group": "Sonnenhof", "begin": "32.13.", "work_price": "1"}),
    ("/operator/tariffs", "/end", {"number": "77", "day": TODAY}),
    ("/operator/baselines", "/enter", {"mail": "operator@example.org", "kwh": "NaN", "year": "1"}),
    ("/operator/baselines", "/enter", {"mail": "x", "kwh": "1", "year": "9" * 400}),
    ("/operator/baselines", "/remove", {"mail": "operator@example.org", "year": "9" * 40}),
]


@pytest.mark.parametrize(("page", "action", "form"), BAD)
def test_bad_input_is_told_and_changes_nothing(operator, make_user, stored, page, action, form):
    before = stored()
    answer = operator.post(page + action, form, page=page, follow_redirects=True)
    assert answer.status_code == 200
    assert 'role="alert"' in answer.text
    assert stored() == before
    program = make_user(is_operator=True)
    before = stored()
    told = operator.client.post(page + action, json=form, headers=program.headers)
    assert told.status_code in (400, 404, 409)
    assert told.json.keys() == {"errorName", "errorDescription"}
    assert stored() == before

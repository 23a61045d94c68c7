"""The operator's pages in a browser: who may see them, that all of them work in both languages."""

from __future__ import annotations

import pytest

from broker.clock import now_s
from broker.ingest.intake import Columns, take_in
from broker.models import MeterRole
from broker.services import inexogy, keys, meters
from broker.services.inexogy import Call
from broker.sources.inexogy import Trouble

PAGES = {
    "/operator": ("Overview", "Überblick"),
    "/operator/users": ("People", "Personen"),
    "/operator/groups": ("Houses", "Häuser"),
    "/operator/meters": ("Meters", "Zähler"),
    "/operator/meters/swap": ("Exchange a meter", "Zähler tauschen"),
    "/operator/meters/events": ("What was odd about readings", "Auffällige Messwerte"),
    "/operator/keys": ("Keys", "Schlüssel"),
    "/operator/quarantine": ("Quarantine", "Quarantäne"),
    "/operator/tariffs": ("Tariffs", "Tarife"),
    "/operator/baselines": ("Bills", "Rechnungen"),
    "/operator/catalogues": ("Challenges and hints", "Herausforderungen und Spartipps"),
}
FORMS = [
    ("/operator/users/invite", {"mail": "x@example.org"}),
    ("/operator/users/deactivate", {"mail": "resident1@example.org"}),
    ("/operator/groups/add", {"name": "Another house"}),
    ("/operator/groups/allocation", {}),
    ("/operator/groups/share", {}),
    ("/operator/meters/add", {"number": "1EMH1"}),
    ("/operator/meters/assign", {}),
    ("/operator/meters/release", {}),
    ("/operator/meters/swap", {}),
    ("/operator/meters/prefer", {"number": "FLAT", "source": "inexogy", "inexogy_id": "x"}),
    ("/operator/keys/add", {"name": "mine", "grid_rates": "true"}),
    ("/operator/keys/revoke", {}),
    ("/operator/quarantine/accept", {}),
    ("/operator/tariffs/add", {}),
    ("/operator/tariffs/end", {}),
    ("/operator/baselines/enter", {}),
    ("/operator/baselines/remove", {}),
    ("/operator/silences/seen", {}),
]


@pytest.fixture
def filled(make_user, make_meter, assign):
    """A house with a flat, a roof, a spare meter, a key and a reading in quarantine."""
    resident = make_user()
    flat, roof = make_meter("FLAT"), make_meter("ROOF")
    make_meter("SPARE")
    assign(flat, resident)
    assign(roof, group_id=resident.group_id, role=MeterRole.FIRST_PRODUCTION.value, user_id=None)
    begin_s = now_s() // 60 * 60 - 14_400
    # 10 kWh within a minute would be 600 kW; a meter is believed up to 60.
    jump = Columns([begin_s, begin_s + 60], [10**12, 10**12 + 10**11], [None] * 2, [None] * 2)
    take_in({flat: jump}, now_s())
    keys.make("cellar", ["FLAT"], now_s())
    return resident


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_works_with_and_without_data(operator, request, path, language):
    for fixture in (None, "filled"):
        if fixture:
            request.getfixturevalue(fixture)
        shown = operator.get(f"{path}?lang={language}")
        assert shown.status_code == 200
        assert f"<h1>{PAGES[path][language == 'de']}</h1>" in shown.text
        assert operator.client.get(path).is_json


@pytest.mark.parametrize("path", PAGES)
def test_residents_see_no_page_of_the_operator(browser, resident, path):
    browser.log_in(resident)
    assert browser.get(path).status_code == 403
    assert 'href="/operator"' not in browser.get("/").text


@pytest.mark.parametrize(("path", "form"), FORMS, ids=[path for path, _ in FORMS])
def test_residents_can_do_nothing_of_it(browser, resident, stored, path, form):
    browser.log_in(resident)
    before = stored()
    page = browser.post(path, form, page="/profile", follow_redirects=True)
    assert stored() == before
    headers = resident.headers
    answer = browser.client.post(path, json=form, headers=headers)
    assert answer.status_code == 403
    assert stored() == before
    assert page.status_code in (403, 405)


@pytest.mark.parametrize(("path", "form"), FORMS, ids=[path for path, _ in FORMS])
def test_a_form_of_another_site_changes_nothing(operator, filled, stored, path, form):
    before = stored()
    operator.client.post(path, data=form, headers=operator.headers)
    assert stored() == before


def test_an_operator_finds_the_way_and_without_a_flat_breaks_no_page(operator):
    for path in ("/", "/individual-consumption-history", "/group-consumption-history", "/live"):
        shown = operator.get(path)
        assert shown.status_code == 200, path
        assert 'href="/operator"' in shown.text
    for path in ("/hints", "/challenges", "/comparison", "/individual-disaggregation", "/profile"):
        assert operator.get(path).status_code == 200, path


def test_a_silent_meter_is_news_until_it_is_seen(operator, filled, stored):
    # FLAT was last believed four hours ago and its rhythm isn't known, so three hours are waited;
    # ROOF never sent anything. The spare meter is not missed.
    def news():
        return {
            one["meter"]
            for one in operator.client.get("/operator").json["meters"]
            if one["is_news"]
        }

    assert news() == {"FLAT", "ROOF"}
    assert "Newly silent meters" in operator.get("/operator").text
    operator.post("/operator/silences/seen", {}, page="/operator")
    assert news() == set()
    assert "Newly silent meters" not in operator.get("/operator").text
    silent = [one["is_silent"] for one in operator.client.get("/operator").json["meters"]]
    assert silent == [True, True]


@pytest.mark.parametrize("trouble", Trouble)
def test_how_fetching_from_inexogy_goes_is_told(operator, filled, trouble):
    assert "Fetched from inexogy" not in operator.get("/operator").text
    inexogy.prefer("FLAT", "8fa37290")
    shown = operator.get("/operator").text
    assert "name no account at inexogy" in shown
    assert "last answer never" in shown
    now = now_s()
    call = Call(meters.numbered("FLAT"), "8fa37290", 0, 900, True, 0)
    inexogy.note_failure(call, trouble, now, now + 60)
    assert "last failure <time" in operator.get("/operator").text
    assert "letzter Fehlschlag <time" in operator.get("/operator?lang=de").text
    (told,) = operator.client.get("/operator").json["inexogy"]
    assert (told["meter"], told["failure"], told["failed_s"]) == ("FLAT", trouble, now)


def test_settings_are_shown_without_secrets(operator, settings):
    told = operator.client.get("/operator").json["settings"]
    assert told["secret_key"] == told["database_url"] == "***"
    assert told["timezone"] == "Europe/Berlin"
    assert settings.secret_key not in operator.get("/operator").text

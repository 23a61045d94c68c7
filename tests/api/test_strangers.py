"""Strangers: whoever is not signed in gets nothing but what is public on purpose."""

from __future__ import annotations

import base64
import re
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
import time_machine

from broker.api.representation import contract_of
from broker.models import AccountState
from broker.services import keys, sessions
from broker.units import DAY_S

BERLIN = ZoneInfo("Europe/Berlin")

# Whoever makes a call public adds it here, and so thinks about it.
PUBLIC = {
    ("GET", "/"),
    ("GET", "/docs"),
    ("GET", "/manifest.webmanifest"),
    ("GET", "/offline"),
    ("GET", "/service-worker.js"),
    ("GET", "/openapi.json"),
    ("GET", "/community-global-challenge"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("GET", "/set-password"),
    ("POST", "/set-password"),
    ("GET", "/password/request-reset-token"),
    ("POST", "/password/request-reset-token"),
    ("GET", "/password/reset/<token>"),
    ("POST", "/password/reset/<token>"),
    ("GET", "/unsubscribe/<token>"),
    ("POST", "/unsubscribe/<token>"),
}
SOCKETS = {"/live"}  # they close with 4401 instead: tests/api/test_live.py
VARIABLES = {
    "id": "1",
    "user_id": "1",
    "token": "some-token",
    "hint_id": "1",
    "correction_id": "1",
}
PREFERENCES = {"json": {}, "any": {"Accept": "*/*"}, "page": {"Accept": "text/html"}}


class Call(NamedTuple):
    """A method of a rule, with a path that fits the rule."""

    method: str
    rule: str
    path: str
    is_public: bool


def calls(app) -> list[Call]:
    """Everything that the app answers, but its static files and the automatic OPTIONS."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static" or rule.websocket:
            continue
        path = re.sub(r"<(?:[^<>]*:)?(\w+)>", lambda found: VARIABLES[found[1]], rule.rule)
        is_public = contract_of(app.view_functions[rule.endpoint]).public
        found += [
            Call(method, rule.rule, path, is_public)
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
        ]
    return found


def guarded(app) -> list[Call]:
    """The calls that need a session. There are some: an empty walk would prove nothing."""
    walked = [call for call in calls(app) if not call.is_public and call.path != "/readings"]
    assert len(walked) > 10
    return walked


def assert_refused(answer) -> None:
    assert answer.status_code == 401, f"{answer.request.path}: {answer.text}"
    assert answer.is_json
    assert answer.json.keys() == {"errorName", "errorDescription"}
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "Accept" in answer.vary  # a browser is led to the login page instead


def test_what_is_public_is_public_on_purpose(app):
    assert {(call.method, call.rule) for call in calls(app) if call.is_public} == PUBLIC


def test_every_socket_is_known_here(app):
    assert {rule.rule for rule in app.url_map.iter_rules() if rule.websocket} == SOCKETS


def test_every_other_call_refuses_strangers(app, client):
    for call in guarded(app):
        assert_refused(client.open(call.path, method=call.method))
        assert_refused(client.open(call.path, method=call.method, json={"password": "x" * 12}))
        if call.method == "GET":
            answer = client.head(call.path)
            assert (answer.status_code, answer.data) == (401, b"")


def test_a_browser_of_a_stranger_is_sent_to_the_login_page(app, client):
    for call in guarded(app):
        answer = client.open(call.path, method=call.method, headers={"Accept": "text/html"})
        if call.method == "GET" and call.path != "/logout":
            assert answer.status_code == 303, call
            assert answer.location.startswith("/login?next=")
        else:  # what changes something lacks the token of a form first of all
            assert answer.status_code in (303, 400), call
        assert "Traceback" not in answer.text


def test_asking_what_a_call_can_do_tells_nothing_else(app, client):
    for call in guarded(app):
        assert client.options(call.path).data == b""


def test_the_first_page_shows_a_stranger_no_house(client):
    assert client.get("/").json.keys() == {"name", "documentation", "openapi"}
    assert client.get("/", headers={"Accept": "text/html"}).location.startswith("/login")


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def void_headers(resident, make_user) -> dict[str, str]:
    """Authorization headers that are none, by what is wrong with them."""
    gone = make_user(state=AccountState.DEACTIVATED.value)
    invited = make_user(state=AccountState.INVITED.value)
    revoked, _ = sessions.open_session(resident.id, 0, session_days=100_000)
    account = sessions.account(revoked, 0, session_days=1)
    assert account is not None
    sessions.end_session(account.session_id)
    expired, _ = sessions.open_session(resident.id, 0, session_days=1)
    digest = sessions.digest(resident.token)
    return {
        "empty": "",
        "blank": "   ",
        "only the word": "Bearer",
        "the word and a blank": "Bearer ",
        "garbage": "Bearer garbage",
        "revoked": f"Bearer {revoked}",
        "expired": f"Bearer {expired}",
        "deactivated account": f"Bearer {gone.token}",
        "not activated": f"Bearer {invited.token}",
        "cut short": f"Bearer {resident.token[:-1]}",
        "prolonged": f"Bearer {resident.token}A",
        "other case": f"Bearer {resident.token.swapcase()}",
        "two of them": f"Bearer {resident.token} {resident.token}",
        "the digest in hex": f"Bearer {digest.hex()}",
        "the digest": f"Bearer {digest.decode('latin-1')}".replace("\n", "").replace("\r", ""),
        "basic of the password": basic(f"{resident.mail}:{resident.password}"),
        "basic of the token": basic(f"{resident.token}:"),
        "basic with the bare token": f"Basic {resident.token}",
        "digest": f'Digest username="{resident.mail}"',
        "the user's id": f"Bearer {resident.id}",
        "a percent sign": "Bearer %",
        "SQL": "Bearer ' OR 1=1 --",
        "none": "Bearer null",
    }


@pytest.mark.parametrize("accept", PREFERENCES.values(), ids=PREFERENCES)
def test_void_tokens_are_refused(app, client, resident, make_user, accept):
    for what, header in void_headers(resident, make_user).items():
        answer = client.get("/profile", headers={"Authorization": header, **accept})
        assert answer.status_code == (303 if "html" in str(accept) else 401), what
        assert "Lovelace" not in answer.text
    assert client.get("/profile", headers=resident.headers).status_code == 200


def test_void_tokens_are_refused_by_every_call(app, client, resident, make_user):
    headers = void_headers(resident, make_user)
    for call in guarded(app):
        for what in ("expired", "revoked", "garbage", "basic of the password", "empty"):
            given = {"Authorization": headers[what]}
            assert_refused(client.open(call.path, method=call.method, headers=given, json={}))


def test_a_void_header_is_not_made_good_by_a_cookie(client, resident):
    client.set_cookie("broker_session", resident.token)
    assert client.get("/profile").status_code == 200
    assert_refused(client.get("/profile", headers={"Authorization": "Bearer garbage"}))


def test_a_session_ends_when_it_has_expired(client, make_user):
    with time_machine.travel(datetime(2026, 1, 20, tzinfo=BERLIN), tick=False) as clock:
        headers = make_user().headers
        assert client.get("/profile", headers=headers).status_code == 200
        clock.shift(30 * DAY_S - 1)
        assert client.get("/live", headers={"Authorization": "Bearer x"}).status_code == 401
        clock.shift(1)
        assert_refused(client.get("/profile", headers=headers))


def test_readings_need_an_ingest_key(client, resident, make_meter):
    make_meter("1EMH0000000007")
    key = keys.make("gateway", ["1EMH0000000007"], 1)
    body = {"readings": [{"meter_id": "1EMH0000000007", "time": 1768900000, "energy": 1}]}
    revoked = keys.make("old gateway", ["1EMH0000000007"], 1)
    keys.revoke("old gateway", 2)
    for header in ("", "Bearer", "Bearer garbage", f"Bearer {revoked}", basic(f"{key}:"), key[:-1]):
        assert_refused(client.post("/readings", json=body, headers={"Authorization": header}))
    # A resident's session is no key, and a cookie isn't either; a key opens no account.
    assert_refused(client.post("/readings", json=body, headers=resident.headers))
    assert_refused(client.post("/readings", json=body))
    client.set_cookie("broker_session", key)
    assert_refused(client.get("/profile"))
    client.delete_cookie("broker_session")
    assert_refused(client.get("/profile", headers={"Authorization": f"Bearer {key}"}))
    good = client.post("/readings", json=body, headers={"Authorization": f"Bearer {key}"})
    assert good.json == {"stored": 1, "known": 0, "quarantined": 0}


def test_an_ingest_key_opens_no_other_meter_and_tells_of_none(client, make_meter):
    make_meter("1EMH0000000001")
    make_meter("1EMH0000000002")
    key = keys.make("gateway", ["1EMH0000000001"], 1)

    def refusal(number: str) -> str:
        reading = {"meter_id": number, "time": 1768900000, "energy": 1}
        given = {"Authorization": f"Bearer {key}"}
        answer = client.post("/readings", json={"readings": [reading]}, headers=given)
        assert answer.status_code == 403
        return answer.json["errorDescription"].replace(number, "")

    assert refusal("1EMH0000000002") == refusal("1EMH9999999999")

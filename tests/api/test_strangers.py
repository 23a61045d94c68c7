"""Strangers stay outside, and neighbours of another house see nothing of this one."""

from __future__ import annotations

import json
import time

import pytest
from flask import Flask
from sqlalchemy import update

from broker.api.representation import contract_of
from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from broker.models import MeterUse, SessionToken, db, writer

PUBLIC = {
    ("GET", "/"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("GET", "/set-password"),
    ("POST", "/set-password"),
    ("GET", "/password/request-reset-token"),
    ("POST", "/password/request-reset-token"),
    ("GET", "/password/reset/<token>"),
    ("POST", "/password/reset/<token>"),
}
"""What strangers may call. A new public route has to be added here on purpose."""

WITH_A_KEY = {("POST", "/readings")}
USER_ID = "<int(max=2147483647):user_id>"
FILLED_IN = {USER_ID: "1", "<token>": "token"}


def routes(app: Flask) -> list[tuple[str, str]]:
    """Every method and path of the app but those of files and sockets."""
    return sorted(
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        if not rule.websocket and rule.endpoint != "static"
        for method in rule.methods - {"HEAD", "OPTIONS"}
    )


def filled_in(rule: str) -> str:
    for place, value in FILLED_IN.items():
        rule = rule.replace(place, value)
    assert "<" not in rule, f"say in FILLED_IN what {rule} takes"
    return rule


def test_only_what_is_listed_here_is_public(app):
    marked = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        if not rule.websocket and rule.endpoint != "static"
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if contract_of(app.view_functions[rule.endpoint]).public
    }
    assert marked == PUBLIC


@pytest.mark.parametrize(
    "authorization",
    [None, "Bearer guess", "guess", "Basic YWRhOmFkYQ==", "Bearer ", "Bearer \u00e9"],
    ids=["none", "guess", "bare guess", "basic", "empty", "not ascii"],
)
def test_every_other_route_refuses_a_stranger(app, client, authorization):
    headers = {"Authorization": authorization} if authorization else {}
    walked = 0
    for method, rule in routes(app):
        if (method, rule) in PUBLIC:
            continue
        answer = client.open(filled_in(rule), method=method, headers=headers)
        assert answer.status_code == 401, (method, rule, answer.data)
        assert set(answer.json) == {"errorName", "errorDescription"}, rule
        walked += 1
    assert walked >= 10


def test_a_browser_is_shown_the_way_to_the_login(app, client):
    for method, rule in routes(app):
        if method == "GET" and (method, rule) not in PUBLIC:
            answer = client.get(filled_in(rule), headers={"Accept": "text/html"})
            assert answer.status_code == 303, rule
            assert answer.location.startswith("/login?next="), rule


def test_a_token_that_has_ended_opens_nothing(app, client, make_user):
    expired, revoked = make_user(), make_user()
    with writer(db.engine).begin() as connection:
        connection.execute(
            update(SessionToken).where(SessionToken.user_id == expired.id).values(expires_s=1)
        )
    assert client.get("/logout", headers=revoked.headers).status_code == 200
    for gone in (expired, revoked):
        assert client.get("/profile", headers=gone.headers).status_code == 401


# Two houses.

SECRET = {
    "name": "Zyxwvutsrq",
    "first_name": "Quendolina",
    "nick": "Xanthippe",
    "mail": "secret.neighbour@example.org",
}
SECRET_METER = "9ZZZ7654321"
SECRET_COUNTER = 777_123_454_321_777
HOUR_S = 3600


@pytest.fixture
def houses(make_group, make_user, make_meter, assign):
    """A resident of house A, and one of house B whose every value can be told from all others."""
    mine = make_user(make_group("House A"))
    theirs = make_user(make_group("Secret Street 99"), **SECRET)
    now_s = int(time.time())
    for resident, number, counter in (
        (mine, "1AAA", 10**12),
        (theirs, SECRET_METER, SECRET_COUNTER),
    ):
        meter_id = make_meter(number)
        assign(meter_id, resident)
        times = [now_s - 5 * HOUR_S + 600 * step for step in range(30)]
        counters = [counter + 10**9 * step for step in range(30)]
        take_in({meter_id: Columns(times, counters, [None] * 30, [None] * 30)}, now_s)
    return mine, theirs


def gives_away(text: str) -> list[str]:
    secrets = [*SECRET.values(), SECRET_METER, "Secret Street", str(SECRET_COUNTER)[:6]]
    return [secret for secret in secrets if secret in text]


@pytest.mark.parametrize("accept", ["application/json", "text/html"], ids=["json", "page"])
def test_no_parameter_opens_another_house(app, client, houses, accept):
    mine, theirs = houses
    begin = {"begin": int(time.time()) - 6 * HOUR_S}
    whose = [
        {name: value}
        for name in ("user_id", "id", "user", "meter_id", "meter", "group", "group_id", "mail")
        for value in (theirs.id, theirs.group_id, SECRET_METER, theirs.mail, "Secret Street 99")
    ]
    for method, rule in routes(app):
        if method != "GET" or rule == "/logout":
            continue
        path = rule.replace(USER_ID, str(theirs.id)).replace("<token>", "token")
        for parameters in whose:
            answer = client.get(
                path,
                query_string=begin | parameters,
                headers=mine.headers | {"Accept": accept},
            )
            assert answer.status_code < 500, path
            shown = answer.text if answer.mimetype != "image/webp" else ""
            if parameters == {"mail": theirs.mail}:
                shown = shown.replace(theirs.mail, "")  # links back to the asked-for address
            for asked in map(str, parameters.values()):
                shown = shown.replace(asked, "")
            assert not gives_away(shown), (path, parameters)


def test_the_neighbours_do_see_it(client, houses):
    # The test above would prove nothing if the values were not there to be seen.
    _, theirs = houses
    begin = {"begin": int(time.time()) - 6 * HOUR_S}
    mine = client.get("/individual-consumption-history", query_string=begin, headers=theirs.headers)
    assert gives_away(mine.text)
    assert gives_away(client.get("/profile", headers=theirs.headers).text)
    assert gives_away(client.get("/live", headers=theirs.headers).text)


def test_a_neighbours_picture_of_another_house_does_not_exist(client, houses):
    mine, theirs = houses
    answer = client.get(f"/members/{theirs.id}/avatar", headers=mine.headers)
    assert answer.status_code == 404


@pytest.mark.parametrize("resolution", ["quarter_hour", "hour", "day", "month"])
def test_tenants_see_a_meter_for_their_own_time_only(
    client, make_group, make_user, make_meter, assign, resolution
):
    # 40 days of one kWh an hour; the first tenant leaves on day 20, when the second moves in.
    group = make_group()
    first, second = make_user(group), make_user(group)
    now_s = int(time.time())
    begin_s = (now_s - 40 * 86_400) // 86_400 * 86_400
    moved_s = begin_s + 20 * 86_400
    meter_id = make_meter()
    assign(meter_id, first, begin_s, end_s=moved_s)
    assign(meter_id, second, moved_s)
    times = list(range(begin_s, now_s, 900))
    counters = [10**12 + step * 25 * 10**8 for step in range(len(times))]
    nothing = [None] * len(times)
    take_in({meter_id: Columns(times, counters, nothing, nothing)}, now_s)
    asked = {"begin": begin_s, "resolution": resolution}
    histories = [
        client.get("/individual-consumption-history", query_string=asked, headers=tenant.headers)
        for tenant in (first, second)
    ]
    before, after = (json.loads(history.text or "{}") for history in histories)
    moved = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moved_s))
    assert before["energy"] and max(before["energy"]) < moved
    assert after["energy"] and min(after["energy"]) >= moved
    if resolution in ("quarter_hour", "hour"):
        assert max(before["power"]) <= moved
        assert min(after["power"]) > moved


def test_a_former_tenant_no_longer_sees_the_house_live(client, houses):
    mine, _ = houses
    with writer(db.engine).begin() as connection:
        connection.execute(update(MeterUse).where(MeterUse.user_id == mine.id).values(end_s=900))
    seen = client.get("/live", headers=mine.headers).json
    assert [user["consumption"] for user in seen["group_users"]] == [None]

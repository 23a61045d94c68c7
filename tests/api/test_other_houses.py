"""Other houses and other tenants: nobody sees or changes what isn't theirs."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy
import time_machine

from broker.ingest.intake import Columns, take_in
from broker.models import AccountState, Avatar, MeterRole, User, db, writer
from broker.units import DAY_S

BERLIN = ZoneInfo("Europe/Berlin")

NOON_S = int(datetime(2026, 2, 1, 12, tzinfo=BERLIN).timestamp())
"""Now, in these tests."""
BEGIN_S = NOON_S - 26 * 3600
THEIR_NUMBER = "9ZZZ7777777777"
THEIR_ROOF = "9ZZZ8888888888"
THEIR_PICTURE = b"RIFF-a-picture-of-Quirina-WEBP"
THEIRS = {
    "house": "Zypressenhof",
    "nick": "Zaphodine",
    "first name": "Quirina",
    "name": "Xanthippos",
    "mail": "quirina@zypresse.example",
    "picture": THEIR_PICTURE.decode(),
    "picture in base64": base64.b64encode(THEIR_PICTURE).decode(),
    "meter": THEIR_NUMBER,
    "counters": "3141592",
    "powers": "1357911",
}
"""What would give the other house away, wherever it turned up."""


def measured(meter_id: int, start_tenth_uwh: int, power_mw: int, *spans: tuple[int, int]) -> None:
    """A reading every quarter hour of the same power: 1 mW for 900 s is 2500 times 0.1 µWh."""
    times = [time_s for begin_s, end_s in spans for time_s in range(begin_s, end_s + 1, 900)]
    energies = [start_tenth_uwh + power_mw * 2500 * (at - BEGIN_S) // 900 for at in times]
    take_in(
        {meter_id: Columns(times, energies, [None] * len(times), [power_mw] * len(times))}, NOON_S
    )


@pytest.fixture
def noon() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(NOON_S, tick=False) as clock:
        yield clock


@pytest.fixture
def them(noon, make_group, make_user, make_meter, assign):
    """A house with one resident, whose flat and roof have meters and whose face is known."""
    other = make_user(
        make_group("Zypressenhof 77"),
        nick="Zaphodine",
        first_name="Quirina",
        name="Xanthippos",
        mail="quirina@zypresse.example",
    )
    with writer(db.engine).begin() as connection:
        connection.execute(sqlalchemy.insert(Avatar).values(user_id=other.id, image=THEIR_PICTURE))
    flat, roof = make_meter(THEIR_NUMBER), make_meter(THEIR_ROOF)
    assign(flat, other)
    produces = MeterRole.FIRST_PRODUCTION.value
    assign(roof, None, group_id=other.group_id, role=produces)
    for meter_id in (flat, roof):
        # 314 GWh, and 32 kWh more 26 hours later: the first seven digits stay the same.
        measured(meter_id, 3_141_592_000_000_000_000, 1_357_911, (BEGIN_S, NOON_S))
    return other, flat


def queries(user_id: int, group_id: int, meter_id: int) -> list[dict[str, object]]:
    """Everything that could be tried to get at another house."""
    times = {"begin": BEGIN_S, "end": NOON_S}
    whom = [
        {"meter_id": THEIR_NUMBER},
        {"meter": meter_id},
        {"user_id": user_id},
        {"user": "quirina@zypresse.example"},
        {"group": group_id},
        {"group_id": group_id},
        {"id": user_id},
        {"begin_s": BEGIN_S, "resolution": "day", "user_id": user_id, "current_user": user_id},
    ]
    resolutions = ("quarter_hour", "hour", "day", "month")
    return [
        {},
        *whom,
        *(times | {"resolution": resolution} | one for resolution in resolutions for one in whom),
    ]


CHANGING = ("accounts.logout", "challenges.start_challenge")


def paths(app, user_id: int) -> list[str]:
    """Every call that only reads; variables stand for somebody."""
    rules = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in rule.methods and rule.endpoint not in ("static", *CHANGING)
    ]
    assert len(rules) > 10
    return sorted({re.sub(r"<[^<>]+>", str(user_id), rule) for rule in rules})


def content(answer) -> bytes:
    """What was answered, also of what is compressed in a file."""
    if answer.mimetype != "application/zip":
        return answer.data
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        return b"\n".join(archive.read(name) for name in archive.namelist())


def everything_seen(app, headers, them, is_operator=False) -> str:
    """What the calls that only read answer, as JSON and as pages, all in one text.

    An operator runs all houses, on pages of their own: those are left out for one.
    """
    other, meter_id = them
    client, seen = app.test_client(), []
    for path in paths(app, other.id):
        if is_operator and path.startswith("/operator"):
            continue
        for accept in ("application/json", "text/html"):
            for query in queries(other.id, other.group_id, meter_id):
                if "html" in accept and query.get("resolution", "day") != "day":
                    continue  # pages take long to draw; one resolution of them does
                answer = client.get(
                    path,
                    query_string=query,
                    headers=headers | {"Accept": accept},
                    # Guesses of the token of a mailed link are limited.
                    environ_overrides={"REMOTE_ADDR": f"10.0.0.{len(seen) % 200}"},
                )
                assert answer.status_code < 500, path
                text = content(answer).decode("utf-8", "replace")
                for asked in query.values():  # a page's links repeat what it was asked for
                    text = text.replace(asked, "") if isinstance(asked, str) else text
                seen.append(text)
    return "\n".join(seen)


@pytest.mark.parametrize("is_operator", [False, True], ids=["resident", "operator"])
def test_no_parameter_shows_another_house(app, them, make_user, make_meter, assign, is_operator):
    me = make_user(is_operator=is_operator, nick="Ichselbst")
    own = make_meter("1EMH1111111111")
    assign(own, me)
    measured(own, 10_000_000_000, 500_000, (BEGIN_S, NOON_S))
    seen = everything_seen(app, me.headers, them, is_operator)
    assert "Ichselbst" in seen
    assert "1EMH1111111111" in seen
    given_away = {what for what, text in THEIRS.items() if text in seen}
    assert not given_away
    assert THEIR_ROOF not in seen


def test_the_other_house_itself_sees_all_that(app, them):
    """Otherwise the test above would look for what nobody is ever shown."""
    seen = everything_seen(app, them[0].headers, them)
    assert {what for what, text in THEIRS.items() if text not in seen} == set()


def test_nobody_writes_into_another_house(client, them, resident):
    other, _ = them
    before = client.get("/profile", headers=other.headers).json
    for field in ("id", "user_id", "userId", "mail", "group_id", "meterId"):
        body = {"nick": "Intruder", field: other.id}
        answer = client.put("/profile", json=body, headers=resident.headers)
        assert answer.status_code == 400, field
        query = {field: other.id}
        client.put("/profile", json={"nick": "Me"}, query_string=query, headers=resident.headers)
    assert client.get("/profile", headers=other.headers).json == before


def test_a_neighbours_picture_stays_in_the_house(client, them, resident):
    other, _ = them
    path = f"/members/{other.id}/avatar"
    assert client.get(path, headers=other.headers).data == THEIR_PICTURE
    refused = client.get(path, headers=resident.headers)
    nobody = client.get("/members/999999/avatar", headers=resident.headers)
    # A person of another house is as unknown as one who doesn't exist.
    assert refused.status_code == 404
    assert refused.json == nobody.json


# A flat whose tenants change, in the middle of an hour, a day and a month.

MOVE_S = int(datetime(2026, 1, 31, 22, 15, tzinfo=BERLIN).timestamp())
RESOLUTIONS = ["quarter_hour", "hour", "day", "month"]


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_a_former_tenant_sees_nothing_of_what_came_after(
    client, noon, make_user, make_meter, assign, resolution
):
    group_id = make_user().group_id
    former, control = make_user(group_id), make_user(group_id)
    shared, ended = make_meter(), make_meter()
    assign(shared, former, end_s=MOVE_S)
    assign(shared, make_user(group_id), begin_s=MOVE_S)
    assign(ended, control, end_s=MOVE_S)
    measured(shared, 10**12, 700_000, (BEGIN_S, NOON_S))
    # A meter that fell silent at the move: whatever the other said later makes no difference.
    measured(ended, 10**12, 700_000, (BEGIN_S, MOVE_S))
    query = {"begin": BEGIN_S - DAY_S, "end": NOON_S, "resolution": resolution}

    def seen(who):
        answer = client.get(
            "/individual-consumption-history", query_string=query, headers=who.headers
        )
        return answer.status_code, answer.json

    status, history = seen(former)
    assert status == 200
    assert history["power"]
    assert (status, history) == seen(control)
    last = datetime.fromisoformat(max(history["energy"]) + "+00:00").timestamp()
    assert last <= MOVE_S
    # Asked for their former flat's present only, there is nothing.
    query["begin"] = MOVE_S + 900
    if resolution in ("quarter_hour", "hour"):
        assert seen(former) == (206, {})
    query |= {"begin": NOON_S - 3600}
    now = client.get("/live", headers=former.headers).json["group_users"]
    mine = next(member for member in now if member["id"] == str(former.id))
    assert mine == {"id": str(former.id), "meter_id": None, "consumption": None, "power": None}
    assert client.get("/profile", headers=former.headers).json["meterId"] is None


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_the_next_tenant_sees_nothing_of_what_came_before(
    client, noon, make_user, make_meter, assign, resolution
):
    group_id = make_user().group_id
    new, control, former = make_user(group_id), make_user(group_id), make_user(group_id)
    shared, fresh = make_meter(), make_meter()
    assign(shared, former, end_s=MOVE_S)
    assign(shared, new, begin_s=MOVE_S)
    assign(fresh, control, begin_s=MOVE_S)
    measured(shared, 10**12, 700_000, (BEGIN_S, NOON_S))
    # A meter that began at the move: whatever the other said before makes no difference.
    measured(fresh, 10**12, 700_000, (MOVE_S, NOON_S))
    query = {"begin": BEGIN_S - DAY_S, "end": NOON_S, "resolution": resolution}

    def seen(who):
        answer = client.get(
            "/individual-consumption-history", query_string=query, headers=who.headers
        )
        return answer.status_code, answer.json

    status, history = seen(new)
    assert status == 200
    assert history["energy"]
    assert (status, history) == seen(control)
    first = datetime.fromisoformat(min(history["energy"]) + "+00:00").timestamp()
    assert first >= MOVE_S
    query["end"] = MOVE_S
    assert seen(new) == (206, {})
    # Once the former tenant's account is closed, their days are in nobody's view of the house.
    with writer(db.engine).begin() as connection:
        connection.execute(
            sqlalchemy.update(User)
            .where(User.id == former.id)
            .values(state=AccountState.DEACTIVATED.value)
        )
    query["end"] = NOON_S
    ours = client.get("/group-consumption-history", query_string=query, headers=new.headers).json
    assert str(former.id) not in ours["group_users"]
    assert ours["group_users"][str(new.id)] == history
    assert client.get("/profile", headers=former.headers).status_code == 401

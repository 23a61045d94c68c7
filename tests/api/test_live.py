"""The live view over real WebSockets: what it says, how often, and to whom."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable

import pytest
from sqlalchemy import text
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from broker.clock import now_s
from broker.models import MeterRole, Register, db
from broker.services import keys
from broker.units import TENTH_UWH_PER_KWH

KWH = TENTH_UWH_PER_KWH
SOON_S = 5.0
NOT_LOGGED_IN, NOT_YOUR_METER, FAILED = 4401, 4403, 1011
HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",  # of RFC 6455, 1.3
}

Watch = Callable[..., ClientConnection]


@pytest.fixture
def settings(live_server):
    """The server's own, so that it knows what a test makes."""
    return live_server.settings


@pytest.fixture
def me(make_user):
    return make_user()


@pytest.fixture
def flat(me, make_meter, assign) -> str:
    """My meter's number."""
    assign(make_meter("MINE"), me)
    return "MINE"


@pytest.fixture
def push(live_server):
    """Delivers readings as a meter does: (number, seconds ago, kWh counter, W), some left out."""

    def deliver(*rows: tuple[str, int, float | None, float | None], key: str = "") -> None:
        key = key or keys.make(f"key {time.monotonic_ns()}", [row[0] for row in rows], now_s())
        present_s = now_s()
        readings = [
            {"meter_id": number, "time": present_s - ago_s}
            | ({} if kwh is None else {"energy": round(kwh * KWH)})
            | ({} if w is None else {"power": round(w * 1000)})
            for number, ago_s, kwh, w in rows
        ]
        headers = {"Authorization": f"Bearer {key}"}
        answer = live_server.request("POST", "/readings", headers, {"readings": readings})
        assert answer.status == 200

    return deliver


@pytest.fixture
def watch(live_server, me) -> Watch:
    """Opens a socket as "me", or with the headers and subprotocols of a test."""

    def opened(
        meter_id: str | None, headers: dict[str, str] | None = None, **how: object
    ) -> ClientConnection:
        query = "" if meter_id is None else f"?meter_id={meter_id}"
        return connect(
            f"ws://{live_server.settings.bind}/live{query}",
            additional_headers=me.headers if headers is None else headers,
            proxy=None,
            **how,  # type: ignore[arg-type]
        )

    return opened


def received(socket: ClientConnection, timeout_s: float = SOON_S) -> dict:
    return json.loads(socket.recv(timeout_s))


def consumption_of(message: dict, user_id: int) -> int | None:
    return {user["id"]: user["consumption"] for user in message["group_users"]}[str(user_id)]


def code_of_refusal(socket: ClientConnection, timeout_s: float = SOON_S) -> int:
    """With which code the server closes, without having said anything."""
    with socket, pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout_s)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


def test_the_first_message_comes_at_once_and_says_everything(
    me, flat, make_user, make_meter, assign, push, watch, live_server
):
    neighbour, newcomer = make_user(me.group_id), make_user(me.group_id)
    assign(make_meter("OTHER"), neighbour)
    assign(make_meter("SILENT"), newcomer)
    first, second = MeterRole.FIRST_PRODUCTION.value, MeterRole.SECOND_PRODUCTION.value
    assign(make_meter("ROOF"), group_id=me.group_id, role=first)
    assign(make_meter("SHED"), group_id=me.group_id, role=second)
    assign(make_meter("STAIRS"), group_id=me.group_id, role=MeterRole.COMMON.value)
    begin_s = now_s()
    push(
        (flat, 60, 218.0256, 250.5),
        ("OTHER", 30, 12, 0),
        ("ROOF", 40, 5000, 4000),
        ("SHED", 50, 700, 300),
        ("STAIRS", 55, 3, 70),
    )
    with watch(flat) as socket:
        message = received(socket)
    assert begin_s - 30 <= message.pop("date") <= now_s() - 30  # of the newest reading
    assert message == {
        "group_production": 5700 * KWH,
        "group_production_power": 4_300_000_000,  # 4.3 kW in µW
        "group_common_power": 70_000_000,
        "group_users": [
            {
                "id": str(me.id),
                "meter_id": "MINE",
                "consumption": 2_180_256_000_000,
                "power": 250_500_000,
            },
            {"id": str(neighbour.id), "meter_id": "OTHER", "consumption": 12 * KWH, "power": 0},
            {"id": str(newcomer.id), "meter_id": "SILENT", "consumption": None, "power": None},
        ],
    }


def test_a_house_without_readings(me, flat, watch):
    with watch(flat) as socket:
        message = received(socket)
    nobody = {"id": str(me.id), "meter_id": flat, "consumption": None, "power": None}
    assert message == {
        "date": None,
        "group_production": 0,
        "group_production_power": 0,
        "group_common_power": None,
        "group_users": [nobody],
    }


def test_a_meter_that_sends_only_its_counter_shows_power(flat, push, watch):
    # 0.01 kWh in 60 s: 0.6 kWh an hour, 600 W.
    push((flat, 70, 10, None), (flat, 10, 10.01, None))
    with watch(flat) as socket:
        assert received(socket)["group_users"][0]["power"] == 600_000_000


def test_what_a_two_way_meter_feeds_in_is_production(
    me, flat, make_meter, assign, watch, live_server
):
    role, register = MeterRole.FIRST_PRODUCTION.value, int(Register.EXPORT)
    assign(make_meter("ROOF"), group_id=me.group_id, role=role, register=register)
    key = keys.make("roof", ["ROOF"], now_s())
    reading = {"meter_id": "ROOF", "time": now_s(), "energy": KWH, "energy_out": 9 * KWH}
    headers = {"Authorization": f"Bearer {key}"}
    document = {"readings": [reading | {"power": -1_500_000}]}
    assert live_server.request("POST", "/readings", headers, document).status == 200
    with watch(flat) as socket:
        message = received(socket)
    assert message["group_production"] == 9 * KWH
    assert message["group_production_power"] == 1_500_000_000


def test_a_new_reading_is_news_to_the_house_and_to_nobody_else(
    me, flat, make_user, make_meter, assign, push, watch
):
    stranger = make_user()
    assign(make_meter("ELSEWHERE"), stranger)
    with watch(flat) as mine, watch("ELSEWHERE", stranger.headers) as elsewhere:
        assert consumption_of(received(mine), me.id) is None
        assert consumption_of(received(elsewhere), stranger.id) is None
        push((flat, 1, 42, 100))
        assert consumption_of(received(mine), me.id) == 42 * KWH
        with pytest.raises(TimeoutError):
            elsewhere.recv(0.2)


def test_a_burst_is_at_most_one_message_a_second_and_the_newest_comes_last(me, flat, push, watch):
    key = keys.make("burst", [flat], now_s())
    with watch(flat) as socket:
        received(socket)
        arrivals_s, consumption = [time.monotonic()], None
        for n in range(20):
            push((flat, 100 - n, 10 + n / 1000, None), key=key)
        while consumption != 10 * KWH + 19 * KWH // 1000:
            consumption = consumption_of(received(socket), me.id)
            arrivals_s.append(time.monotonic())
    # A message may come a little late, and so the next one sooner after it.
    assert len(arrivals_s) - 1 <= arrivals_s[-1] - arrivals_s[0] + 0.2


def test_what_comes_while_news_wait_their_turn_is_told_with_them(me, flat, push, watch):
    key = keys.make("twice", [flat], now_s())
    with watch(flat) as socket:
        received(socket)
        push((flat, 20, 10, None), key=key)
        push((flat, 10, 10.001, None), key=key)
        assert consumption_of(received(socket), me.id) == 10 * KWH + KWH // 1000
        with pytest.raises(TimeoutError):
            socket.recv(1.5)


# Who leaves.


def politely(client: ClientConnection) -> None:
    client.close()


def abruptly(client: ClientConnection) -> None:
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.socket.shutdown(socket.SHUT_RD)  # wakes the thread that reads
    client.socket.close()


@pytest.mark.parametrize("leave", [politely, abruptly])
def test_who_leaves_before_the_news_is_no_failure(flat, push, watch, live_server, leave):
    logged_before = live_server.log.read_text()
    with watch(flat) as leaver:
        received(leaver)
        # This news waits until a second has passed since the first message: nobody is there then.
        push((flat, 9, 1, None))
        leave(leaver)
    with watch(flat) as stayer:
        received(stayer)
        push((flat, 8, 1.001, None))
        received(stayer)  # a second after its first message: it's past the leaver's turn
    assert live_server.log.read_text() == logged_before


def renamed(table: str, name: str) -> None:
    db.session.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))
    db.session.commit()


def test_who_leaves_during_the_handshake_is_no_failure(me, flat, watch, live_server):
    # Whether the answer finds nobody there is a matter of less than a millisecond.
    host, port = live_server.settings.bind.split(":")
    logged_before = live_server.log.read_text()
    for _ in range(100):
        with socket.create_connection((host, int(port))) as leaver:
            leaver.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            lines = [f"GET /live?meter_id={flat} HTTP/1.1", f"Host: {live_server.settings.bind}"]
            lines += [f"{name}: {value}" for name, value in (me.headers | HANDSHAKE).items()]
            leaver.sendall("\r\n".join([*lines, "", ""]).encode())
    with watch(flat) as stayer:
        received(stayer)
    assert live_server.log.read_text() == logged_before


def test_a_socket_whose_first_message_fails_is_closed_with_a_code(flat, watch):
    # Its caller and meter are known, so the handshake is answered; then readings are missing.
    renamed("reading", "gone")
    try:
        assert code_of_refusal(watch(flat)) == FAILED
    finally:
        renamed("gone", "reading")


# Who may watch.


def test_not_logged_in(flat, watch):
    assert code_of_refusal(watch(flat, {})) == NOT_LOGGED_IN
    assert code_of_refusal(watch(flat, {"Authorization": "Bearer nobody"})) == NOT_LOGGED_IN


@pytest.mark.parametrize("meter_id", ["OTHER", "UNKNOWN", "", None])
def test_only_by_ones_own_meter(me, flat, make_user, make_meter, assign, watch, meter_id):
    assign(make_meter("OTHER"), make_user(me.group_id))
    assert code_of_refusal(watch(meter_id)) == NOT_YOUR_METER


def test_a_meter_that_was_mine_is_not_mine(me, make_meter, assign, watch):
    present_s = now_s()
    assign(make_meter("OLD"), me, end_s=present_s - present_s % 900)
    assert code_of_refusal(watch("OLD")) == NOT_YOUR_METER


def test_browsers_elsewhere_log_in_by_subprotocol(me, flat, watch):
    offered = ["broker.v1", f"bearer.{me.token}"]
    with watch(flat, {}, subprotocols=offered, origin="https://elsewhere.example") as socket:
        assert socket.subprotocol == "broker.v1"  # never the token
        assert received(socket)["group_users"][0]["meter_id"] == flat
    assert code_of_refusal(watch(flat, {}, subprotocols=["broker.v1", "bearer.nobody"])) == (
        NOT_LOGGED_IN
    )


def test_a_cookie_counts_only_on_our_own_pages(me, flat, watch, live_server):
    cookie = {"Cookie": f"broker_session={me.token}"}
    with watch(flat, cookie, origin=f"http://{live_server.settings.bind}") as socket:
        assert received(socket)["group_users"][0]["meter_id"] == flat
    for origin in ("https://elsewhere.example", "null", None):
        assert code_of_refusal(watch(flat, cookie, origin=origin)) == NOT_LOGGED_IN


@pytest.mark.parametrize(
    "headers",
    [
        {"Upgrade": "websocket", "Connection": "Upgrade"},
        {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "8"},
        HANDSHAKE | {"Connection": "Upgrade, é"},
        HANDSHAKE | {"Sec-WebSocket-Protocol": "é, broker.v1"},
    ],
    ids=["no key", "an old version", "a strange connection", "a strange subprotocol"],
)
def test_what_is_no_handshake_is_the_senders_fault(me, live_server, headers):
    assert live_server.request("GET", "/live", me.headers | headers).status == 400


def test_an_origin_that_is_no_address_is_not_ours(me, flat, watch, live_server):
    cookie = {"Cookie": f"broker_session={me.token}"}
    logged_before = live_server.log.read_text()
    assert code_of_refusal(watch(flat, cookie, origin="http://[")) == NOT_LOGGED_IN
    assert live_server.log.read_text() == logged_before


def test_logging_out_ends_the_socket(me, flat, watch, live_server):
    with watch(flat) as socket:
        received(socket)
        assert live_server.request("GET", "/logout", me.headers).status == 200
        assert code_of_refusal(socket, timeout_s=6) == NOT_LOGGED_IN

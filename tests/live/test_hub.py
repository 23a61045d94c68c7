"""What each client gets, however it behaves: over real connections, without any server around."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import NamedTuple

import gevent
import pytest
from websockets.frames import Frame, Opcode

from broker.errors import TooManyAttempts
from broker.live import frames, hub, peer
from broker.live.peer import Who

GROUP, METER_ID = 7, 42
SOON_S = 5.0


class Told(NamedTuple):
    """A snapshot of the test."""

    json: bytes
    meter_ids: frozenset[int] = frozenset({METER_ID})

    def since(self, earlier: Told) -> bytes:
        return earlier.json + b"->" + self.json


@dataclass
class House:
    """What the database would know, and the clients that watch."""

    text: bytes = b"0"
    version: int | None = None
    asked: int = 0
    clients: list[socket.socket] = field(default_factory=list)

    def tell(self, _group_id: int) -> Told:
        self.asked += 1
        return Told(self.text)

    def speak(self, text: bytes) -> None:
        self.text = text
        hub.publish([METER_ID])

    def joined(self, number: int = 1, user_id: int = 1, **how: bool) -> socket.socket:
        """A client's end of a connection whose other end has joined."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = socket.create_connection(listener.getsockname())
            ours, _ = listener.accept()
        client.setblocking(False)
        self.clients.append(client)
        try:
            hub.join(lambda: ours, Who(number, user_id, GROUP, "MINE"), "192.0.2.1", **how)
        except TooManyAttempts:
            ours.close()
            raise
        return client


@pytest.fixture
def house(monkeypatch) -> Iterator[House]:
    """A hub that ticks a hundred times a second."""
    made = House()
    monkeypatch.setattr(hub, "_ask", None)
    monkeypatch.setattr(hub, "rhythm_s", 0.01)
    monkeypatch.setattr(hub, "SWEEP_EVERY_S", 0.02)
    hub.start(made.tell, lambda: made.version)
    yield made
    for client in made.clients:
        client.close()
    until(lambda: not hub._peers)


def until(condition: Callable[[], bool], within_s: float = SOON_S) -> None:
    """Lets the loop run until something is true."""
    give_up_s = monotonic() + within_s
    while not condition():
        assert monotonic() < give_up_s
        gevent.sleep(0.002)


def received(client: socket.socket, is_enough: Callable[[bytes], bool]) -> bytes:
    """What a client reads until it is enough; everything until the end of the connection."""
    taken = bytearray()

    def enough() -> bool:
        try:
            while arrived := client.recv(1 << 20):
                taken.extend(arrived)
        except BlockingIOError:
            return is_enough(bytes(taken))
        return True

    until(enough)
    return bytes(taken)


def texts(wire: bytes) -> list[bytes]:
    """The payloads of whole, unmasked messages, one after the other with nothing in between."""
    found = []
    while wire:
        assert wire[0] == 0x81
        size, begin = wire[1], 2
        if size == 126:
            size, begin = int.from_bytes(wire[2:4], "big"), 4
        elif size == 127:
            size, begin = int.from_bytes(wire[2:10], "big"), 10
        assert len(wire) >= begin + size
        found.append(wire[begin : begin + size])
        wire = wire[begin + size :]
    return found


def test_all_are_told_the_same_which_is_found_out_once(house):
    clients = [house.joined(number) for number in range(10)]
    assert house.asked == 1
    house.speak(b"news")
    told = frames.framed(frames.TEXT, b"0") + frames.framed(frames.TEXT, b"news")
    for client in clients:
        assert received(client, lambda wire: len(wire) >= len(told)) == told
    assert house.asked == 2


def test_what_may_be_news_is_told_only_if_it_is(house):
    client = house.joined()
    hub.doubt()
    until(lambda: house.asked == 2)
    house.text = b"news"
    hub.doubt()
    wire = received(client, lambda wire: wire.endswith(b"news"))
    assert texts(wire) == [b"0", b"news"]


def test_a_version_that_is_known_is_no_reason_to_ask(house):
    house.version = 1
    client = house.joined()
    hub.doubt(house.version)
    gevent.sleep(0)
    assert house.asked == 1
    house.version, house.text = 2, b"news"
    hub.doubt(house.version)
    received(client, lambda wire: wire.endswith(b"news"))
    hub.doubt(house.version)
    gevent.sleep(0)
    assert house.asked == 2


def test_who_joins_sees_what_others_have_written_although_nobody_has_looked(house):
    house.version = 1
    early = house.joined(1)
    house.version, house.text = 2, b"news"
    late = house.joined(2)
    assert texts(received(late, lambda wire: wire.endswith(b"news")))[0] == b"news"
    received(early, lambda wire: wire.endswith(b"news"))


def test_who_stops_reading_delays_nobody_and_misses_all_but_the_newest(house):
    # 200 ticks of 100 kB are 20 MB, far more than any buffer between the two takes.
    big = b"x" * 100_000
    slow, quick = house.joined(1), house.joined(2)
    heard = texts(received(quick, lambda wire: len(wire) >= 3))
    for number in range(200):
        text = b"%d" % number + big
        house.speak(text)
        heard += texts(received(quick, lambda wire, end=text: wire.endswith(end)))
    assert len(heard) == 201
    [stuck] = [each for each in hub._peers if each.who.session_id == 1]
    assert len(stuck._rest) + len(stuck._mailbox) <= 2 * len(text) + 20
    late = texts(received(slow, lambda wire: wire.endswith(text)))
    assert late[0] == b"0"
    assert late[-1] == text
    assert len(late) < 100
    order = [int(told.partition(b"x")[0]) for told in late[1:]]
    assert order == sorted(set(order))


def test_deltas_follow_one_another_without_a_gap(house):
    client, other = house.joined(1, deltas=True), house.joined(2)
    for text in (b"1", b"2"):
        house.speak(text)
        received(other, lambda wire, end=text: wire.endswith(end))
    wire = received(client, lambda wire: wire.endswith(b"2"))
    assert texts(wire) == [b"0", b"0->1", b"1->2"]


def test_who_may_have_missed_a_delta_gets_the_whole(house):
    big = b"x" * 1_000_000
    slow, quick = house.joined(1, deltas=True), house.joined(2)
    for number in range(5):
        text = b"%d" % number + big
        house.speak(text)
        received(quick, lambda wire, end=text: wire.endswith(end))
    first, *late = texts(received(slow, lambda wire: wire.endswith(text)))
    assert first == b"0"
    assert late[0] == b"0->0" + big  # it had begun to be sent
    assert late[1:] == [text]
    house.speak(b"5")
    assert texts(received(slow, lambda wire: wire.endswith(b"5"))) == [text + b"->5"]


def test_who_takes_nothing_for_long_is_hung_up_on(house, monkeypatch):
    monkeypatch.setattr(peer, "WRITE_WITHIN_S", 0.05)
    house.joined()
    house.speak(b"x" * 10_000_000)
    until(lambda: not hub._peers)


def test_who_doesnt_answer_a_ping_is_hung_up_on_and_others_stay(house, monkeypatch):
    monkeypatch.setattr(peer, "PING_EVERY_S", 0.05)
    monkeypatch.setattr(peer, "PONG_WITHIN_S", 0.2)
    house.joined(1)
    alive = house.joined(2)
    pong = Frame(Opcode.PONG, b"").serialize(mask=True)

    def only_one_is_left() -> bool:
        try:
            if frames.A_PING in alive.recv(1000):
                alive.send(pong)
        except BlockingIOError:
            pass
        return [each.who.session_id for each in hub._peers] == [2]

    until(only_one_is_left)


def test_two_hundred_who_drop_out_leave_nothing_behind(house, monkeypatch):
    monkeypatch.setattr(hub.limits, "per_user", 10_000)
    monkeypatch.setattr(hub.limits, "per_address", 10_000)
    for number in range(200):
        house.joined(number)
    for client in house.clients:
        client.close()
    until(lambda: not hub._peers and not hub._communities and not hub._held)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (Frame(Opcode.PING, b"hey").serialize(mask=True), frames.framed(frames.PONG, b"hey")),
        (Frame(Opcode.CLOSE, b"\x03\xe9").serialize(mask=True), frames.closing(1001)),
        (b"\x81\x01a", frames.closing(frames.PROTOCOL_ERROR)),
        (b"\x82\xfe\x20\x00", frames.closing(frames.TOO_BIG)),
    ],
    ids=["ping", "close", "unmasked", "too long"],
)
def test_what_clients_say_is_answered(house, said, answer):
    client = house.joined()
    client.send(said)
    wire = received(client, lambda wire: wire.endswith(answer))
    assert wire == frames.framed(frames.TEXT, b"0") + answer


def test_a_frame_that_comes_in_parts(house):
    client = house.joined()
    for byte in Frame(Opcode.PING, b"hey").serialize(mask=True):
        client.send(bytes([byte]))
        gevent.sleep(0)
    received(client, lambda wire: wire.endswith(frames.framed(frames.PONG, b"hey")))


def test_a_database_that_is_away_for_a_while_loses_no_news(house, monkeypatch):
    client = house.joined()
    tell = house.tell
    failures = iter([OSError("away"), OSError("away")])

    def failing(group_id: int) -> Told:
        if failure := next(failures, None):
            raise failure
        return tell(group_id)

    monkeypatch.setattr("broker.live.community.RETRY_S", 0.01)
    hub._communities[GROUP]._tell = failing
    house.speak(b"news")
    assert texts(received(client, lambda wire: wire.endswith(b"news"))) == [b"0", b"news"]


def test_who_waits_without_a_socket_gets_the_news(house):
    waiting = gevent.spawn(hub.news, GROUP, {b"0"}.__contains__, SOON_S, 1, "192.0.2.1")
    until(lambda: house.asked >= 1)
    assert not waiting.ready()
    house.speak(b"news")
    assert waiting.get(timeout=SOON_S) == b"news"
    assert hub.news(GROUP, {b"news"}.__contains__, 0.01, 1, "192.0.2.1") == b"news"
    assert not hub._held


def test_limits_count_who_waits_and_who_has_a_socket(house, monkeypatch):
    monkeypatch.setattr(hub.limits, "per_user", 2)
    house.joined()
    waiting = gevent.spawn(hub.news, GROUP, {b"0"}.__contains__, SOON_S, 1, "192.0.2.1")
    until(lambda: hub._held[1] == 2)
    with pytest.raises(TooManyAttempts):
        house.joined()
    house.joined(user_id=2)
    house.speak(b"news")
    waiting.join()
    house.joined()

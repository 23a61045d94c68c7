"""What inexogy tells is read exactly; what it can't have meant, and each failure, has its name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from broker.energy.disaggregation.kinds import Kind
from broker.sources import inexogy
from broker.sources.inexogy import Inexogy, NotFetched, Trouble, parsed, pause_s
from broker.units import DAY_S, HOUR_S
from tests import inexogy_peer
from tests.conftest import free_address
from tests.inexogy_peer import METER, PASSWORD, Answer, Peer

BEGIN_S = 1_593_561_600
END_S = BEGIN_S + 7 * DAY_S


@pytest.fixture
def peer() -> Iterator[Peer]:
    """A server that knows one meter: 257.5 kWh/10^4 of base load, and a car by the hour."""
    with inexogy_peer.serving() as running:
        running.energies[METER] = lambda start_s: {
            "Grundlast-1": 257_500_000,
            "Elektromobilität-1": 25_000_000_000 if start_s % 3600 == 0 else 0,
            "Backofen-2": 0,
        }
        yield running


def trouble_of(account: Inexogy, meter_id: str = METER) -> NotFetched:
    with pytest.raises(NotFetched) as failed:
        account.disaggregation(meter_id, BEGIN_S, END_S)
    return failed.value


def test_a_week_is_read_whatever_its_order(peer):
    told = peer.account.disaggregation(METER, BEGIN_S, END_S)
    assert sorted(told) == list(range(BEGIN_S, END_S, 900))
    car = (Kind.ELECTRIC_CAR, 1)
    assert told[BEGIN_S][car] == 25_000_000_000
    assert told[BEGIN_S + 900] == {(Kind.BASE_LOAD, 1): 257_500_000, car: 0, (Kind.OVEN, 2): 0}
    assert peer.asked == [(METER, BEGIN_S, END_S)]


def test_a_wrong_password_is_told_and_shown_nowhere(peer):
    wrong = replace(peer.account, password="barley")
    failed = trouble_of(wrong)
    assert failed.trouble is Trouble.REFUSED
    assert "barley" not in f"{failed!r} {wrong!r} {wrong}"
    assert PASSWORD not in repr(peer.account)


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (Answer(400), Trouble.UNKNOWN_METER),
        (Answer(403), Trouble.UNKNOWN_METER),
        (Answer(404), Trouble.UNKNOWN_METER),
        (Answer(302, headers={"Location": "http://["}), Trouble.MOVED),
        (Answer(418), Trouble.GARBAGE),
        (Answer(429), Trouble.BUSY),
        (Answer(500, b"<html>"), Trouble.BROKEN),
        (Answer(503), Trouble.BROKEN),
        (Answer(204, b""), Trouble.GARBAGE),
        (Answer(content_type="text/html"), Trouble.GARBAGE),
        (Answer(body=b"[" * 100_000), Trouble.GARBAGE),
        (Answer(body=b" " * (inexogy.MOST_BYTES + 1)), Trouble.GARBAGE),
    ],
    ids=lambda given: str(given)[:60],
)
def test_each_failure_has_its_name(peer, answer, trouble):
    peer.instead.append(answer)
    assert trouble_of(peer.account).trouble is trouble
    assert len(peer.account.disaggregation(METER, BEGIN_S, END_S)) == 7 * 96, "and it is over"


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [("120", 120), ("999999999", DAY_S), ("Wed, 21 Oct 2026 07:28:00 GMT", 0), ("-5", 0), ("", 0)],
)
def test_how_long_to_wait_is_heard(peer, wait, seconds):
    peer.instead.append(Answer(429, headers={"Retry-After": wait}))
    assert trouble_of(peer.account).retry_after_s == seconds


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_password_follows_nobody(peer, status):
    with inexogy_peer.serving() as elsewhere:
        elsewhere.energies[METER] = peer.energies[METER]
        target = f"{elsewhere.address}/disaggregation?meterId={METER}&from=0&to=900000"
        peer.instead.append(Answer(status, headers={"Location": target}))
        assert trouble_of(peer.account).trouble is Trouble.MOVED
        assert elsewhere.asked == []


def test_who_says_nothing_more_is_not_waited_for(peer, monkeypatch):
    monkeypatch.setattr(inexogy, "TIMEOUT_S", 0.2)
    peer.instead.append(Answer(body=b'{"1":{}}', stops_after=3))
    assert trouble_of(peer.account).trouble is Trouble.SLOW


def test_an_answer_that_breaks_off_is_none(peer):
    peer.is_ending.set()  # nobody waits: the connection is closed in the middle
    peer.instead.append(Answer(body=b'{"1":{}}', stops_after=3))
    assert trouble_of(peer.account).trouble is Trouble.UNREACHABLE


def test_nobody_there():
    address = f"http://{free_address()}/public/v1"
    assert trouble_of(Inexogy(address, "a", "b")).trouble is Trouble.UNREACHABLE


@pytest.mark.parametrize("address", ["https://[::1", f"https://{'x' * 64}.example", "http://a:b"])
def test_nobody_can_be_called_so(address):
    assert trouble_of(Inexogy(address, "a", "b")).trouble is Trouble.UNREACHABLE


def quarter_hour(energies: object, start_s: int = BEGIN_S) -> bytes:
    return json.dumps({str(start_s * 1000): energies}).encode()


def test_what_an_appliance_took_may_be_unknown_or_written_with_a_point():
    body = quarter_hour({"Backofen-1": None, "Trockner-1": 2.5e8, "Grundlast-1": 7})
    (energies,) = parsed(body, "application/json", BEGIN_S, END_S).values()
    assert energies == {(Kind.TUMBLE_DRYER, 1): 250_000_000, (Kind.BASE_LOAD, 1): 7}


@pytest.mark.parametrize("energies", [{}, {"Backofen-1": None}], ids=str)
def test_a_quarter_hour_of_which_nothing_is_known_is_not_told(energies):
    """Otherwise all of it would be „Sonstiges“, in the place of Broker's own estimate."""
    assert parsed(quarter_hour(energies), "application/json", BEGIN_S, END_S) == {}


def test_neighbours_of_what_was_asked_for_are_left_out():
    for start_s in (BEGIN_S - 900, END_S):
        body = quarter_hour({"Backofen-1": 1}, start_s)
        assert parsed(body, "application/json", BEGIN_S, END_S) == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff{}",
        b"[]",
        b'"x"',
        b"{",
        b'{"now": {}}',
        b'{"-900000": {}}',
        b'{"1593561600001": {}}',
        b'{"1593561600": {}}',
        quarter_hour({}, BEGIN_S - DAY_S),
        quarter_hour({}, END_S + 900),
        quarter_hour([]),
        quarter_hour({"Backofen-1": -1}),
        quarter_hour({"Backofen-1": True}),
        quarter_hour({"Backofen-1": "5"}),
        quarter_hour({"Backofen-1": float("nan")}),
        quarter_hour({"Backofen-1": 10**14}),
        quarter_hour({"Backofen-1": 10**400}),
        quarter_hour({"Backofen-1": {}}),
        quarter_hour({"": 1}),
        quarter_hour({"x" * 201: 1}),
        quarter_hour({f"Backofen-{n}": 1 for n in range(201)}),
        b'{"' + b"9" * 5000 + b'": {}}',
        b'{"1593561600000": {"Backofen-1": ' + b"9" * 5000 + b"}}",
    ],
    ids=lambda body: body[:40].decode(errors="replace"),
)
def test_garbage_is_refused_as_a_whole(body):
    with pytest.raises(NotFetched) as failed:
        parsed(body, "application/json", BEGIN_S, END_S)
    assert failed.value.trouble is Trouble.GARBAGE
    assert len(str(failed.value)) < 200


def test_pauses_grow_up_to_an_hour_and_fall_to_chance():
    assert [pause_s(n, 0, 1) for n in (1, 2, 3, 7, 100)] == [60, 120, 240, HOUR_S, HOUR_S]
    assert pause_s(1, 0, 0) == 30
    assert pause_s(1, 500, 0) == 500

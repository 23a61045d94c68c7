"""The collector fetches what inexogy says; a server that is slow, dead or angry hinders nobody."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from broker.cli import fetching
from broker.cli.fetching import Fetching
from broker.clock import now_s
from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from broker.services import inexogy
from broker.sources.inexogy import Inexogy, Trouble
from broker.units import DAY_S, HOUR_S
from tests import inexogy_peer
from tests.inexogy_peer import METER, PASSWORD, USER, Answer, Peer

LONGEST_S = 20


@pytest.fixture
def peer() -> Iterator[Peer]:
    with inexogy_peer.serving() as running:
        running.energies[METER] = lambda _: {"Grundlast-1": 10**8}
        yield running


@pytest.fixture
def home(resident, make_meter, assign) -> int:
    """Two days of quarter hours up to now, preferred from inexogy."""
    end_s = now_s() // 900 * 900
    times = list(range(end_s - 2 * DAY_S, end_s + 1, 900))
    counters = [10**13 + 10**8 * n for n in range(len(times))]
    meter_id = make_meter("1EMH001")
    assign(meter_id, resident, times[0])
    take_in({meter_id: Columns(times, counters, [None] * len(times), [None] * len(times))}, now_s())
    inexogy.prefer("1EMH001", METER)
    return meter_id


def until(step: Fetching, is_so: Callable[[], bool]) -> None:
    """Goes on as the collector does, only without its pauses."""
    give_up_s = time.monotonic() + LONGEST_S
    while not is_so():
        step.go_on()
        assert time.monotonic() < give_up_s, inexogy.listed()


def listed() -> dict:
    (found,) = inexogy.listed()
    return found


def test_it_is_fetched_and_then_left_alone(home, peer):
    step = Fetching(peer.account)
    until(step, lambda: listed()["fetched_s"] is not None)
    assert listed()["from_s"] <= now_s() - 2 * DAY_S + 900
    for _ in range(50):
        step.go_on()
    assert len(peer.asked) == 1


def test_without_an_account_nobody_is_asked(home, app, peer):
    assert fetching.account() is None
    Fetching(fetching.account()).go_on()
    assert listed()["fetched_s"] is None


def test_the_account_is_that_of_the_settings(app, settings, peer):
    app.config["BROKER"] = replace(
        settings, inexogy_url=peer.address, inexogy_user=USER, inexogy_password=PASSWORD
    )
    assert fetching.account() == Inexogy(peer.address, USER, PASSWORD)


def test_nobody_waits_for_a_slow_server(home, peer):
    # The answer stops in the middle, for longer than this test takes.
    peer.instead.append(Answer(body=b"{" + b" " * 100 + b"}", stops_after=5))
    step = Fetching(peer.account)
    begun_s = time.monotonic()
    for _ in range(100):
        step.go_on()
    assert time.monotonic() - begun_s < 5
    until(step, lambda: len(peer.asked) == 1)
    assert listed()["fetched_s"] is None


@pytest.mark.parametrize(
    ("answer", "trouble", "waits_s"),
    [
        (Answer(500), "broken", 60),
        (Answer(429, headers={"Retry-After": "7200"}), "busy", 7200),
        (Answer(307, headers={"Location": "http://127.0.0.1:9/"}), "moved", 60),
        (Answer(body=b"\xff"), "garbage", 60),
    ],
    ids=["500", "429", "redirect", "garbage"],
)
def test_after_a_failure_it_rests_and_goes_on(
    home, peer, capsys, time_machine, answer, trouble, waits_s
):
    peer.instead.append(answer)
    step = Fetching(peer.account)
    until(step, lambda: listed()["failures"] == 1)
    assert (listed()["failure"], listed()["fetched_s"]) == (trouble, None)
    for _ in range(50):
        step.go_on()
    assert len(peer.asked) == 1, "not at once"
    told = capsys.readouterr().err
    assert f"({trouble}: " in told
    assert PASSWORD not in told
    time_machine.move_to(now_s() + waits_s + 1)
    until(step, lambda: listed()["fetched_s"] is not None)
    assert listed()["failures"] == 0
    assert listed()["failure"] == trouble, "the operator still sees what was"


def test_a_wrong_password_stops_all_and_is_told_without_it(home, peer, capsys):
    step = Fetching(replace(peer.account, password="barley"))
    until(step, lambda: listed()["failures"] == 1)
    assert listed()["failure"] == Trouble.REFUSED
    assert "barley" not in capsys.readouterr().err
    # Restarted with the right one it goes on at once.
    until(Fetching(peer.account), lambda: listed()["fetched_s"] is not None)


def test_an_outage_rests_longer_each_time(home, peer, time_machine):
    peer.instead.extend(Answer(503) for _ in range(3))
    step = Fetching(peer.account)
    for failures in (1, 2, 3):
        until(step, lambda failures=failures: listed()["failures"] == failures)
        time_machine.move_to(now_s() + HOUR_S)
    until(step, lambda: listed()["fetched_s"] is not None)


def test_a_meter_that_their_server_fails_on_is_left_alone_longer(home, peer, time_machine):
    call = inexogy.next_call(now_s())
    inexogy.note_failure(call._replace(failures=9), Trouble.BROKEN, now_s(), now_s())
    # Other meters have been answered in between: for the account it is the first failure.
    peer.instead.append(Answer(500))
    step = Fetching(peer.account)
    until(step, lambda: listed()["failures"] == 11)
    time_machine.move_to(now_s() + 61)
    assert inexogy.next_call(now_s()) is None
    time_machine.move_to(now_s() + HOUR_S)
    until(step, lambda: listed()["fetched_s"] is not None)


def command(runner, *words: str):
    return runner.invoke(args=["disaggregation", *words])


def test_the_operator_prefers_sees_and_takes_back(runner, home):
    done = command(runner, "prefer", "1EMH001", "inexogy", "--id", "another", "--json")
    assert json.loads(done.output) == {
        "meter": "1EMH001",
        "source": "inexogy",
        "inexogy_id": "another",
        "has_account": False,
    }
    (row,) = json.loads(command(runner, "sources", "--json").output)["meters"]
    assert (row["meter"], row["inexogy_id"], row["failures"]) == ("1EMH001", "another", 0)
    assert "another" in command(runner, "sources").output
    assert (
        "no account at inexogy"
        in command(runner, "prefer", "1EMH001", "inexogy", "--id", "x").output
    )
    assert command(runner, "prefer", "1EMH001", "broker").exit_code == 0
    assert command(runner, "sources").output == "There are none yet.\n"


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["NOBODY", "inexogy", "--id", "x"], 1),
        (["NOBODY", "broker"], 1),
        (["1EMH001", "inexogy"], 2),
        (["1EMH001", "inexogy", "--id", "a b"], 1),
        (["1EMH001", "broker", "--id", "x"], 2),
        (["1EMH001", "nobody"], 2),
    ],
    ids=str,
)
def test_what_is_typed_wrongly_changes_nothing(runner, home, words, status):
    before = inexogy.listed()
    failed = command(runner, "prefer", *words)
    assert failed.exit_code == status
    assert inexogy.listed() == before

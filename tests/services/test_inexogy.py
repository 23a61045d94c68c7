"""Inexogy's split where the operator prefers it: exact, filled up by Broker's own, taken back."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy

from broker.errors import Conflict, InvalidInput, NotFound
from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from broker.models import DisaggregationSource, InexogyEnergy, db
from broker.services import (
    appliance_corrections,
    consumption,
    disaggregation,
    disaggregation_progress,
    inexogy,
)
from broker.sources.inexogy import NotFetched, Trouble
from broker.units import DAY_S, HOUR_S
from tests import inexogy_peer
from tests.inexogy_peer import METER, Answer, Peer

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = 17
END_S = 1_796_166_000
"""A midnight in Berlin."""
BEGIN_S = END_S - DAYS * DAY_S
NOW_S = END_S + 60
WH = 10**7
"""0.1 µWh."""


@pytest.fixture
def peer() -> Iterator[Peer]:
    """Tells of each quarter hour an oven of 10 Wh and a base load of 20 Wh."""
    with inexogy_peer.serving() as running:
        running.energies[METER] = lambda _: {"Backofen-2": 10 * WH, "Grundlast-1": 20 * WH}
        yield running


def counted(begin_s: int, end_s: int, wh: int = 50) -> Columns:
    """A counter every quarter hour: 200 W are 50 Wh each time."""
    times = list(range(begin_s, end_s + 1, 900))
    counters = [10**13 + (time_s - BEGIN_S) // 900 * wh * WH for time_s in times]
    return Columns(times, counters, [None] * len(times), [None] * len(times))


@pytest.fixture
def meter_id(make_meter, assign, resident) -> int:
    meter_id = make_meter("1EMH001")
    assign(meter_id, resident, BEGIN_S - DAY_S)
    return meter_id


@pytest.fixture
def home(meter_id) -> int:
    take_in({meter_id: counted(BEGIN_S, END_S)}, NOW_S)
    return meter_id


def split(meter_id: int) -> None:
    while disaggregation_progress.catch_up(meter_id):
        pass


def fetch(peer: Peer, now_s: int = NOW_S) -> int:
    """Asks for all that is due; how many calls that took."""
    calls = 0
    while call := inexogy.next_call(now_s):
        told = peer.account.disaggregation(call.inexogy_id, call.begin_s, call.end_s)
        inexogy.take_in(call, told, now_s)
        calls += 1
        assert calls < 20
    return calls


def mine(resident, begin_s=BEGIN_S, end_s=END_S, now_s=NOW_S):
    given = disaggregation.of_user(resident.id, begin_s, end_s, "quarter_hour", BERLIN, now_s)
    return given.energies


def shares(resident, begin_s=BEGIN_S, end_s=END_S, now_s=NOW_S) -> dict[str, int]:
    """Wh by source."""
    given = disaggregation.of_user(resident.id, begin_s, end_s, "day", BERLIN, now_s)
    return {DisaggregationSource(key).name: wh // WH for key, wh in given.by_source.items()}


def assert_adds_up(resident) -> None:
    series = consumption.of_user(resident.id, BEGIN_S, END_S)
    steps = mine(resident)
    assert [sum(step.values()) for step in steps.values()] == series.energies[series.known].tolist()


def told_rows() -> int:
    with db.engine.connect() as connection:
        return connection.scalar(sqlalchemy.select(sqlalchemy.func.count(InexogyEnergy.start_s)))


FETCHED = {"Backofen-2": 10 * WH, "Grundlast-1": 20 * WH, "Sonstiges-1": 20 * WH}
"""What was told of 50 Wh; what nobody named is other."""
YOUNG = 4
"""Quarter hours of the last hour, which aren't asked for yet."""


@pytest.mark.parametrize("first", ["split", "fetched"])
def test_what_inexogy_tells_is_shown_and_adds_up(resident, home, peer, first):
    inexogy.prefer("1EMH001", METER)
    if first == "split":
        split(home)
    fetch(peer)
    split(home)
    steps = mine(resident)
    assert_adds_up(resident)
    told = [{k: v for k, v in step.items() if v} == FETCHED for step in steps.values()]
    assert told == [True] * (DAYS * 96 - YOUNG) + [False] * YOUNG
    # 50 Wh a quarter hour; the last hour is Broker's.
    assert shares(resident) == {"INEXOGY": 50 * (DAYS * 96 - YOUNG), "BROKER": 50 * YOUNG}


def test_the_newest_week_comes_first_and_nothing_twice(resident, home, peer):
    inexogy.prefer("1EMH001", METER)
    newest_s = END_S - HOUR_S
    assert fetch(peer) == 3
    assert peer.asked == [
        (METER, newest_s - 7 * DAY_S, newest_s),
        (METER, newest_s - 14 * DAY_S, newest_s - 7 * DAY_S),
        (METER, BEGIN_S, newest_s - 14 * DAY_S),
    ]
    assert fetch(peer, NOW_S + 60) == 0
    (listed,) = inexogy.listed()
    assert (listed["from_s"], listed["until_s"]) == (BEGIN_S, newest_s)
    assert (listed["fetched_s"], listed["failures"]) == (NOW_S, 0)
    # An hour later four quarter hours are new.
    take_in({home: counted(END_S, END_S + HOUR_S)}, NOW_S + HOUR_S)
    assert fetch(peer, NOW_S + HOUR_S + 1) == 1
    assert peer.asked[-1] == (METER, newest_s, END_S)
    # Older readings from a file are followed into the past.
    older_s = BEGIN_S - DAY_S
    take_in({home: counted(older_s, BEGIN_S - 900)}, NOW_S + HOUR_S)
    assert fetch(peer, NOW_S + 3 * HOUR_S) == 2
    assert sorted(peer.asked[-2:]) == [(METER, older_s, BEGIN_S), (METER, END_S, END_S + HOUR_S)]


def test_what_inexogy_lacks_is_brokers_until_it_comes(resident, home, peer):
    told = peer.energies[METER]
    ready_s = END_S - DAY_S
    peer.energies[METER] = lambda start_s: told(start_s) if start_s < ready_s else None
    inexogy.prefer("1EMH001", METER)
    fetch(peer)
    split(home)
    assert shares(resident, ready_s) == {"BROKER": 50 * 96}
    assert_adds_up(resident)
    peer.asked.clear()
    assert fetch(peer, NOW_S + 60) == 0, "not before an hour is over"
    peer.energies[METER] = told
    take_in({home: counted(END_S, END_S + HOUR_S)}, NOW_S + HOUR_S)
    fetch(peer, NOW_S + HOUR_S)
    assert peer.asked == [(METER, ready_s, END_S)], "what was told isn't asked for again"
    split(home)
    assert shares(resident, ready_s) == {"INEXOGY": 50 * 96}
    assert_adds_up(resident)


def test_what_never_comes_is_not_asked_for_for_ever(resident, home, peer):
    lacking_s = END_S - DAY_S
    told = peer.energies[METER]
    peer.energies[METER] = lambda start_s: None if start_s == lacking_s else told(start_s)
    inexogy.prefer("1EMH001", METER)
    fetch(peer)
    assert inexogy.listed()[0]["until_s"] == lacking_s
    # Three days after that quarter hour nobody waits for it any more.
    later_s = lacking_s + 3 * DAY_S + 900
    assert fetch(peer, later_s) == 1
    assert fetch(peer, later_s + 2 * HOUR_S) == 0
    split(home)
    assert shares(resident, lacking_s, lacking_s + HOUR_S) == {"BROKER": 50, "INEXOGY": 150}


def test_late_readings_fit_what_was_told_before(resident, meter_id, peer):
    # Two days lack when inexogy is asked: Broker interpolates nothing over them.
    hole_s = END_S - 3 * DAY_S, END_S - DAY_S
    take_in({meter_id: counted(BEGIN_S, hole_s[0])}, NOW_S)
    take_in({meter_id: counted(hole_s[1], END_S)}, NOW_S)
    inexogy.prefer("1EMH001", METER)
    fetch(peer)
    split(meter_id)
    assert len(mine(resident)) == (DAYS - 2) * 96
    take_in({meter_id: counted(hole_s[0] + 900, hole_s[1] - 900)}, NOW_S)
    split(meter_id)
    assert shares(resident, *hole_s) == {"INEXOGY": 50 * 2 * 96}
    assert_adds_up(resident)


def test_more_than_the_meter_counted_is_scaled_down(resident, home, peer):
    peer.energies[METER] = lambda _: {"Waschmaschine-1": 60 * WH, "Aquarium-3": 40 * WH}
    inexogy.prefer("1EMH001", METER)
    fetch(peer)
    split(home)
    first = next(iter(mine(resident).values()))
    assert {k: v for k, v in first.items() if v} == {
        "Waschmaschine-1": 30 * WH,
        "Sonstiges-1": 20 * WH,
    }
    assert_adds_up(resident)


@pytest.mark.parametrize("again", ["broker", "another meter of inexogy"])
def test_who_is_no_longer_preferred_is_replaced(resident, home, peer, again):
    inexogy.prefer("1EMH001", METER)
    fetch(peer)
    split(home)
    inexogy.prefer("1EMH001", METER)
    assert told_rows() > 0, "the same again changes nothing"
    if again == "broker":
        inexogy.leave("1EMH001")
    else:
        inexogy.prefer("1EMH001", "another")
    assert told_rows() == 0
    split(home)
    assert shares(resident) == {"BROKER": 50 * DAYS * 96}
    assert_adds_up(resident)
    assert [one["inexogy_id"] for one in inexogy.listed()] == ["another"] * (again != "broker")


def test_an_answer_that_comes_too_late_is_dropped(resident, home, peer):
    inexogy.prefer("1EMH001", METER)
    call = inexogy.next_call(NOW_S)
    told = peer.account.disaggregation(call.inexogy_id, call.begin_s, call.end_s)
    inexogy.leave("1EMH001")
    assert inexogy.take_in(call, told, NOW_S) == 0
    inexogy.prefer("1EMH001", "another")
    assert inexogy.take_in(call, told, NOW_S) == 0
    inexogy.note_failure(call, Trouble.SLOW, NOW_S, NOW_S + HOUR_S)
    assert told_rows() == 0
    assert inexogy.listed()[0]["failures"] == 0


def test_the_same_answer_twice_is_stored_once(resident, home, peer):
    inexogy.prefer("1EMH001", METER)
    call = inexogy.next_call(NOW_S)
    told = peer.account.disaggregation(call.inexogy_id, call.begin_s, call.end_s)
    assert inexogy.take_in(call, told, NOW_S) == 7 * 96
    before = told_rows()
    assert inexogy.take_in(call, told, NOW_S) == 0
    assert told_rows() == before


def test_two_collectors_leave_nothing_out(resident, home, peer):
    # One of them is about to look into the past when inexogy is preferred anew.
    inexogy.prefer("1EMH001", METER)
    newest = inexogy.next_call(NOW_S)
    past = newest._replace(begin_s=BEGIN_S, end_s=BEGIN_S + 3 * DAY_S, is_newest=False)
    inexogy.leave("1EMH001")
    inexogy.prefer("1EMH001", METER)
    for call in (newest, past, newest):
        told = peer.account.disaggregation(METER, call.begin_s, call.end_s)
        inexogy.take_in(call, told, NOW_S)
    fetch(peer)
    split(home)
    assert shares(resident) == {"INEXOGY": 50 * (DAYS * 96 - YOUNG), "BROKER": 50 * YOUNG}


def test_corrections_count_for_what_inexogy_tells_too(resident, home, peer):
    inexogy.prefer("1EMH001", METER)
    fetch(peer)
    split(home)
    said = appliance_corrections.lacks(resident.id, "Backofen", NOW_S)
    assert {k: v for k, v in next(iter(mine(resident).values())).items() if v} == {
        "Grundlast-1": 20 * WH,
        "Sonstiges-1": 30 * WH,
    }
    assert_adds_up(resident)
    appliance_corrections.withdraw(resident.id, said["id"])
    split(home)
    assert {k: v for k, v in next(iter(mine(resident).values())).items() if v} == FETCHED


def test_who_moves_in_sees_nothing_of_who_lived_there(make_user, make_meter, assign, peer):
    # Ada leaves after ten days, for two nobody lives there, then Grace comes; all of it is told.
    leaves_s, comes_s = BEGIN_S + 10 * DAY_S, BEGIN_S + 12 * DAY_S
    ada = make_user()
    grace = make_user(ada.group_id)
    meter_id = make_meter("1EMH001")
    assign(meter_id, ada, BEGIN_S, end_s=leaves_s)
    assign(meter_id, grace, comes_s)
    take_in({meter_id: counted(BEGIN_S, END_S)}, NOW_S)
    inexogy.prefer("1EMH001", METER)
    fetch(peer)
    split(meter_id)
    appliance_corrections.lacks(ada.id, "Backofen", NOW_S)
    assert shares(ada) == {"INEXOGY": 50 * 10 * 96}
    assert shares(grace) == {"INEXOGY": 50 * (5 * 96 - YOUNG), "BROKER": 50 * YOUNG}
    # What Ada said about her oven doesn't hold for Grace.
    first = next(iter(mine(grace).values()))
    assert {k: v for k, v in first.items() if v} == FETCHED
    group = disaggregation.of_group(ada.group_id, BEGIN_S, END_S, "month", BERLIN, NOW_S)
    assert sum(sum(step.values()) for step in group.energies.values()) == 50 * WH * 15 * 96


def test_a_plant_behind_the_meter_hides_nothing_from_inexogy(resident, meter_id, peer):
    # The export register counts as much as the import: Broker itself says nothing.
    columns = counted(BEGIN_S, END_S)
    take_in({meter_id: columns._replace(energies_out_tenth_uwh=columns.energies_tenth_uwh)}, NOW_S)
    split(meter_id)
    assert mine(resident) == {}
    inexogy.prefer("1EMH001", METER)
    fetch(peer)
    split(meter_id)
    assert shares(resident) == {"INEXOGY": 50 * (DAYS * 96 - YOUNG)}


def test_a_failing_meter_leaves_the_others_their_turn(resident, home, peer, make_meter, make_user):
    inexogy.prefer("1EMH001", "unknown")
    other_id = make_meter("1EMH002")
    with db.engine.connect() as connection:
        connection.execute(
            sqlalchemy.text(
                "INSERT INTO meter_use (meter_id, group_id, role, register, begin_s) "
                "VALUES (:m, :g, 'common', 1, :t)"
            ),
            {"m": other_id, "g": resident.group_id, "t": BEGIN_S},
        )
        connection.commit()
    take_in({other_id: counted(BEGIN_S, END_S)}, NOW_S)
    inexogy.prefer("1EMH002", METER)
    call = inexogy.next_call(NOW_S)
    with pytest.raises(NotFetched) as failed:
        peer.account.disaggregation(call.inexogy_id, call.begin_s, call.end_s)
    inexogy.note_failure(call, failed.value.trouble, NOW_S, NOW_S + 60)
    assert fetch(peer) == 3, "all of the other meter"
    first, second = inexogy.listed()
    assert (first["failed_s"], first["failure"], first["failures"]) == (NOW_S, "unknown_meter", 1)
    assert (second["fetched_s"], second["failure"]) == (NOW_S, None)
    assert inexogy.next_call(NOW_S + 60).inexogy_id == "unknown", "and then it is tried again"


def test_a_wrong_password_is_tried_again_as_soon_as_the_account_is(resident, home, peer):
    inexogy.prefer("1EMH001", METER)
    call = inexogy.next_call(NOW_S)
    inexogy.note_failure(call, Trouble.REFUSED, NOW_S, NOW_S + 60)
    assert inexogy.next_call(NOW_S)._replace(failures=0) == call
    peer.instead.append(Answer(500))
    with pytest.raises(NotFetched):
        fetch(peer)


def test_a_meter_without_readings_or_use_is_not_asked_for(make_meter, peer):
    make_meter("1EMH001")
    inexogy.prefer("1EMH001", METER)
    assert fetch(peer) == 0
    assert inexogy.listed()[0]["fetched_s"] is None


def test_nobody_is_shown_the_neighbours_appliances_by_a_slip(home, make_meter, peer):
    inexogy.prefer("1EMH001", METER)
    make_meter("1EMH002")
    with pytest.raises(Conflict, match=r"inexogy_id: inexogy calls the meter '1EMH001' so already"):
        inexogy.prefer("1EMH002", METER)
    inexogy.leave("1EMH001")
    inexogy.prefer("1EMH002", METER)
    assert [one["meter"] for one in inexogy.listed()] == ["1EMH002"]


def test_bad_input_changes_nothing(resident, home):
    for given in ("", " ", "x" * 101, "a b", "ä", "a\nb"):
        with pytest.raises(InvalidInput, match="inexogy_id: "):
            inexogy.prefer("1EMH001", given)
    for change in (lambda: inexogy.prefer("NOBODY", METER), lambda: inexogy.leave("NOBODY")):
        with pytest.raises(NotFound):
            change()
    assert inexogy.listed() == []
    inexogy.leave("1EMH001")

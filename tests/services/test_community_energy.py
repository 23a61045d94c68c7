"""Community energy from stored readings: whose meters count, when, and what is shared out."""

from __future__ import annotations

from datetime import date
from random import Random
from zoneinfo import ZoneInfo

import pytest

from broker.clock import midnight_s
from broker.energy.community import AllocationKind
from broker.errors import Conflict, InvalidInput
from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from broker.models import MeterRole
from broker.services import allocation, community_energy
from broker.units import TENTH_UWH_PER_KWH

BERLIN = ZoneInfo("Europe/Berlin")
KWH = TENTH_UWH_PER_KWH
QH = 900
DAY = date(2026, 1, 20)
BEGIN_S = midnight_s(DAY, BERLIN)
END_S = BEGIN_S + 4 * QH
LATER = date(2026, 1, 25)


def counted(meter_id: int, *energies_kwh: float, begin_s: int = BEGIN_S) -> None:
    """The meter says its counter at each quarter hour, beginning with 100 kWh."""
    counters, counter = [100 * KWH], 100.0
    for energy in energies_kwh:
        counter += energy
        counters.append(round(counter * KWH))
    times_s = [begin_s + QH * place for place in range(len(counters))]
    nothing = [None] * len(counters)
    take_in({meter_id: Columns(times_s, counters, nothing, nothing)}, END_S + 86_400)


@pytest.fixture
def house(make_group, make_user, make_meter, assign):
    """Two flats, a common meter and a plant, from BEGIN_S on."""
    group_id = make_group("H")
    first, second = make_user(group_id), make_user(group_id)
    meters = {name: make_meter(name) for name in ("one", "two", "common", "roof")}
    assign(meters["one"], first, BEGIN_S)
    assign(meters["two"], second, BEGIN_S)
    assign(meters["common"], begin_s=BEGIN_S, group_id=group_id, role=MeterRole.COMMON.value)
    assign(
        meters["roof"], begin_s=BEGIN_S, group_id=group_id, role=MeterRole.FIRST_PRODUCTION.value
    )
    return group_id, first, second, meters


def parts(group_id: int, begin_s: int = BEGIN_S, end_s: int = END_S):
    found = community_energy.allocation_of_group(group_id, begin_s, end_s, BERLIN)
    assert found is not None
    return {whose: (part.energies / KWH).tolist() for whose, part in found.parts.items()}


def filled(meters) -> None:
    """Over four quarter hours the roof makes 0, 1, 4 and 8 kWh; the house uses 4 in each."""
    counted(meters["roof"], 0, 1, 4, 8)
    counted(meters["one"], 1, 1, 1, 1)
    counted(meters["two"], 2, 2, 2, 2)
    counted(meters["common"], 1, 1, 1, 1)


def test_balance_of_a_house(house):
    group_id, *_, meters = house
    filled(meters)
    found = community_energy.balance_of_group(group_id, BEGIN_S, END_S)
    # Covered are 0, 1, 4 and 4 kWh: 9 of the 16 that were used and of the 13 that were made.
    assert found.self_sufficiency == 9 / 16
    assert found.self_consumption == 9 / 13
    assert found.known_share == 1


def test_a_house_without_a_roof_has_no_balance(make_user, make_meter, assign):
    me, meter_id = make_user(), make_meter()
    assign(meter_id, me, BEGIN_S)
    counted(meter_id, 1, 1)
    assert community_energy.balance_of_group(me.group_id, BEGIN_S, END_S) is None


def test_a_silent_flat_makes_its_time_unknown_and_a_late_reading_known(house):
    group_id, *_, meters = house
    counted(meters["roof"], 0, 1, 4, 8)
    counted(meters["one"], 1, 1, 1, 1)
    counted(meters["common"], 1, 1, 1, 1)
    assert community_energy.balance_of_group(group_id, BEGIN_S, END_S).known_share == 0
    counted(meters["two"], 2, 2, 2, 2)
    assert community_energy.balance_of_group(group_id, BEGIN_S, END_S).known_share == 1


def test_before_anybody_had_a_meter_nothing_is_known(house):
    group_id, *_, meters = house
    filled(meters)
    found = community_energy.balance_of_group(group_id, BEGIN_S - 4 * QH, END_S)
    assert found.known_share == 0.5
    assert found.self_sufficiency == 9 / 16


def test_nothing_is_shared_out_unless_the_operator_says_so(house):
    group_id, *_, meters = house
    filled(meters)
    assert community_energy.allocation_of_group(group_id, BEGIN_S, END_S, BERLIN) is None
    allocation.choose("H", AllocationKind.DYNAMIC, LATER, DAY)
    assert community_energy.allocation_of_group(group_id, BEGIN_S, END_S, BERLIN) is None


def test_dynamic_allocation_of_a_house(house):
    group_id, first, second, meters = house
    filled(meters)
    allocation.choose("H", AllocationKind.DYNAMIC, DAY, DAY)
    # A quarter, a half and a quarter of 0, 1, 4 and of the 4 of 8 that were used.
    assert parts(group_id) == {
        first.id: [0, 0.25, 1, 1],
        second.id: [0, 0.5, 2, 2],
        None: [0, 0.25, 1, 1],
    }


def test_static_allocation_begins_with_equal_shares(house):
    group_id, first, second, meters = house
    filled(meters)
    allocation.choose("H", AllocationKind.STATIC, DAY, DAY)
    # A third of 0, 1, 4 and 8 for each, at most what they used.
    found = parts(group_id)
    assert found[second.id] == [0, pytest.approx(1 / 3), pytest.approx(4 / 3), 2]
    assert found[first.id] == [0, pytest.approx(1 / 3), 1, 1]


def test_given_shares_replace_the_equal_ones_from_their_day_on(house):
    group_id, first, second, meters = house
    filled(meters)
    allocation.choose("H", AllocationKind.STATIC, DAY, DAY)
    allocation.set_share_of_flat(second.mail, 250_000, LATER, DAY)
    assert parts(group_id)[second.id][3] == 2
    allocation.set_share_of_flat(second.mail, 125_000, DAY, DAY)
    # An eighth of 0, 1, 4 and 8; the others have been given nothing.
    assert parts(group_id)[second.id] == [0, 0.125, 0.5, 1]
    assert parts(group_id)[first.id] == parts(group_id)[None] == [0, 0, 0, 0]


def test_shares_are_never_more_than_the_whole_on_any_day(house):
    _, first, second, _ = house
    allocation.set_share_of_flat(first.mail, 600_000, LATER, DAY)
    # 50 % today would be 110 % from the 25th on.
    with pytest.raises(Conflict, match="2026-01-25 on the shares would be 110 %"):
        allocation.set_share_of_flat(second.mail, 500_000, DAY, DAY)
    allocation.set_share_of_flat(second.mail, 400_000, DAY, DAY)
    with pytest.raises(Conflict):
        allocation.set_common_share("H", 1, LATER, DAY)
    assert [len(group["shares"]) for group in allocation.listed("H")] == [2]


@pytest.mark.parametrize("share_ppm", [-1, 1_000_001])
def test_impossible_shares_change_nothing(house, share_ppm):
    with pytest.raises(InvalidInput):
        allocation.set_common_share("H", share_ppm, DAY, DAY)
    assert allocation.listed("H")[0]["shares"] == []


def test_the_past_changes_only_when_it_is_corrected(house):
    _, first, *_ = house
    with pytest.raises(InvalidInput, match="--correct"):
        allocation.choose("H", AllocationKind.STATIC, DAY, LATER)
    with pytest.raises(InvalidInput, match="--correct"):
        allocation.set_share_of_flat(first.mail, 10, DAY, LATER)
    allocation.choose("H", AllocationKind.STATIC, DAY, LATER, corrects=True)
    assert allocation.listed("H")[0]["rules"] == [{"from": "2026-01-20", "allocation": "static"}]


def test_a_rule_changes_at_local_midnight(house):
    group_id, first, _, meters = house
    counted(meters["roof"], *[4] * 96, 4, 4)
    for name in ("one", "two", "common"):
        counted(meters[name], *[1] * 96, 1, 1)
    allocation.choose("H", AllocationKind.DYNAMIC, DAY, DAY)
    allocation.choose("H", AllocationKind.NONE, date(2026, 1, 21), DAY)
    found = community_energy.allocation_of_group(group_id, BEGIN_S, BEGIN_S + 98 * QH, BERLIN)
    assert found.applies.tolist() == [True] * 96 + [False] * 2
    assert found.parts[first.id].total_tenth_uwh == 96 * KWH


def arrivals(draw: Random) -> list[tuple[str, int]]:
    """Which meter's reading of which quarter hour arrives when."""
    order = [(name, place) for name in USED for place in range(5)]
    draw.shuffle(order)
    return order


USED = {"roof": (0, 1, 4, 8), "one": (1, 3, 1, 1), "two": (2, 2, 0, 5), "common": (1, 1, 1, 1)}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", [AllocationKind.STATIC, AllocationKind.DYNAMIC])
def test_readings_may_come_in_any_order_and_pieces(house, kind, seed):
    group_id, *_, meters = house
    allocation.choose("H", kind, DAY, DAY)
    draw = Random(seed)
    order = arrivals(draw)
    while order:
        batch = [order.pop() for _ in range(min(len(order), draw.randint(1, 6)))]
        for name, place in batch:
            counter = 100 * KWH + sum(USED[name][:place]) * KWH
            columns = Columns([BEGIN_S + QH * place], [counter], [None], [None])
            take_in({meters[name]: columns}, END_S)
        # Asked for in between as well, so that what is remembered could be wrong.
        community_energy.balance_of_group(group_id, BEGIN_S, END_S)
        parts(group_id)
    found = community_energy.balance_of_group(group_id, BEGIN_S, END_S)
    # Used are 4, 6, 2 and 7, made 0, 1, 4 and 8: at once 0 + 1 + 2 + 7.
    assert found.self_sufficiency == 10 / 19
    assert found.self_consumption == 10 / 13
    allocated = parts(group_id)
    together = [sum(column) for column in zip(*allocated.values(), strict=True)]
    if kind is AllocationKind.DYNAMIC:
        assert together == pytest.approx([0, 1, 2, 7])
    else:
        # Thirds of 0, 1, 4 and 8 kWh, capped: the flats 1 + 0, then 1 + 2⅔, the common meter 1.
        assert together == pytest.approx([0, 1, 2, 1 + 8 / 3 + 1])

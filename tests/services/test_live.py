"""Whose meter the live view shows when a flat changes hands."""

from __future__ import annotations

import json

from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from broker.models import MeterRole
from broker.services import live

MOVED_S = 1_795_000_500
"""18 November 2026, 11:15 UTC, where a quarter hour begins."""
NOW_S = MOVED_S + 600


def say(meter_id: int, time_s: int, energy: int, power_mw: int | None = None) -> None:
    take_in({meter_id: Columns([time_s], [energy], [None], [power_mw])}, NOW_S)


def shown(group_id: int, now_s: int = NOW_S) -> list[tuple[int | None, int | None]]:
    """Counter in 0.1 µWh and power in µW of each member."""
    users = live.snapshot(group_id, now_s)["group_users"]
    return [(user["consumption"], user["power"]) for user in users]


def test_who_moves_in_later_sees_nothing_of_who_lives_there_now(
    make_group, make_user, make_meter, assign
):
    group_id, meter_id = make_group(), make_meter()
    first, second = make_user(group_id), make_user(group_id)
    assign(meter_id, first, end_s=MOVED_S)
    assign(meter_id, second, MOVED_S)
    say(meter_id, MOVED_S - 60, 10**12, 5000)
    before_s = MOVED_S - 1
    assert shown(group_id, before_s) == [(10**12, 5_000_000), (None, None)]
    assert live.own_meter_number(second.id, group_id, before_s) is None
    assert live.own_meter_number(first.id, group_id, MOVED_S) is None


def test_a_meter_that_changed_hands_is_silent_until_it_speaks_again(make_user, make_meter, assign):
    tenant, meter_id = make_user(), make_meter()
    assign(meter_id, tenant, MOVED_S)
    say(meter_id, MOVED_S - 60, 10**12, 5000)
    assert shown(tenant.group_id) == [(None, None)]
    # The first counter of their time says no power: the one before it isn't theirs.
    say(meter_id, MOVED_S, 10**12 + 10**9)
    assert shown(tenant.group_id) == [(10**12 + 10**9, None)]
    # 0.01 kWh in 6 minutes are 100 W, 1e8 µW.
    say(meter_id, MOVED_S + 360, 10**12 + 10**9 + 10**8)
    assert shown(tenant.group_id) == [(10**12 + 10**9 + 10**8, 100_000_000)]


def test_a_delta_holds_what_has_changed_and_all_when_somebody_comes(
    make_group, make_user, make_meter, assign
):
    group_id, meter_id, other_id = make_group(), make_meter(), make_meter()
    first, second = make_user(group_id), make_user(group_id)
    assign(meter_id, first, MOVED_S)
    assign(other_id, second, MOVED_S)
    before = live.told(group_id, NOW_S)
    say(meter_id, MOVED_S, 10**12, 5000)
    after = live.told(group_id, NOW_S)
    delta = json.loads(after.since(before))
    assert delta.pop("delta") is True
    assert delta == after.house | {"group_users": after.house["group_users"][:1]}
    assert json.loads(after.since(after))["group_users"] == []
    make_user(group_id)
    later = live.told(group_id, NOW_S)
    assert json.loads(later.since(after)) == later.house


def test_what_runs_counts_from_the_quarter_hour_of_each_meters_newest_reading(
    make_group, make_user, make_meter, assign
):
    group_id = make_group()
    me, neighbour = make_user(group_id), make_user(group_id)
    mine, theirs, roof = make_meter(), make_meter(), make_meter()
    assign(mine, me, MOVED_S - 1800)
    assign(theirs, neighbour, MOVED_S - 1800)
    assign(roof, None, MOVED_S - 1800, group_id=group_id, role=MeterRole.FIRST_PRODUCTION)
    for meter_id in (mine, theirs, roof):
        say(meter_id, MOVED_S - 300, 10**12)
    assert live.running(me.id, group_id, MOVED_S - 900, NOW_S) == (0, 0, 0, MOVED_S - 300)
    # 9e8 in 900 s, of which 600 s lie in the quarter hour that began at MOVED_S; the neighbour's
    # meter is late, so its history ends a quarter hour earlier and nothing of it runs.
    say(mine, MOVED_S + 600, 10**12 + 9 * 10**8)
    say(roof, MOVED_S + 600, 10**12 + 9 * 10**9)
    running = live.running(me.id, group_id, MOVED_S - 900, NOW_S)
    assert running == (6 * 10**8, 6 * 10**8, 6 * 10**9, MOVED_S + 600)
    # Of another day, or without a meter, there is nothing to go on with.
    assert live.running(me.id, group_id, MOVED_S + 900, NOW_S) is None
    assert live.running(me.id, make_group(), MOVED_S - 900, NOW_S) is None

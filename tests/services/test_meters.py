"""Which meter counts for whom, from when until when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from broker.errors import Conflict, InvalidInput, NotFound
from broker.models import MeterRole, MeterUse, Register, db
from broker.services import meters

NINE_S = 1_790_000_100 - 1_790_000_100 % 3600
"""Some full hour, called nine o'clock here."""
MINUTE_S = 60
QUARTER_S = 900


def uses() -> list[tuple[int, int | None]]:
    with db.engine.connect() as connection:
        rows = connection.execute(select(MeterUse.begin_s, MeterUse.end_s).order_by(MeterUse.id))
        return [(row.begin_s, row.end_s) for row in rows]


@pytest.fixture
def flat(make_user: Callable[..., Any], make_meter: Callable[..., int]) -> str:
    """The mail of a resident whose meter is "old" since nine o'clock."""
    mail: str = make_user().mail
    make_meter("old")
    meters.assign_to_resident("old", mail, NINE_S)
    return mail


def test_a_use_begins_and_ends_on_quarter_hours(
    make_user: Callable[..., Any], make_meter: Callable[..., int]
) -> None:
    make_meter("m")
    period = meters.assign_to_resident(
        "m", make_user().mail, NINE_S + 7 * MINUTE_S, NINE_S + 40 * MINUTE_S
    )
    # 9:07 → 9:00 and 9:40 → 9:30.
    assert period == (NINE_S, NINE_S + 2 * QUARTER_S)
    assert uses() == [period]


def test_a_move_hands_the_meter_on_without_a_gap(flat: str, make_user: Callable[..., Any]) -> None:
    noon_s = NINE_S + 3 * 3600
    assert meters.release("old", noon_s + MINUTE_S) == noon_s
    meters.assign_to_resident("old", make_user().mail, noon_s + MINUTE_S)
    assert uses() == [(NINE_S, noon_s), (noon_s, None)]


def test_a_swap_ends_one_use_and_begins_the_next(flat: str, make_meter: Callable[..., int]) -> None:
    new_id = make_meter("new")
    swapped = meters.swap("old", "new", NINE_S + 3600 + 7 * MINUTE_S)
    # At 10:07: the old meter counts until 10:15, the new one from 10:00 on.
    assert swapped == (NINE_S + 3600 + QUARTER_S, NINE_S + 3600)
    assert uses() == [(NINE_S, swapped.old_end_s), (swapped.new_begin_s, None)]
    with db.engine.connect() as connection:
        old, new = connection.execute(select(MeterUse).order_by(MeterUse.id)).all()
    assert (new.meter_id, new.user_id, new.group_id) == (new_id, old.user_id, old.group_id)


def test_a_swap_on_the_quarter_hour_shares_none(flat: str, make_meter: Callable[..., int]) -> None:
    make_meter("new")
    assert meters.swap("old", "new", NINE_S + 3600) == (NINE_S + 3600, NINE_S + 3600)


def test_a_swap_for_a_meter_in_use_changes_nothing(
    flat: str, make_user: Callable[..., Any], make_meter: Callable[..., int]
) -> None:
    make_meter("neighbours")
    meters.assign_to_resident("neighbours", make_user().mail, NINE_S)
    before = uses()
    with pytest.raises(Conflict, match=r"'neighbours' is in use from .* with no end"):
        meters.swap("old", "neighbours", NINE_S + 3600)
    assert uses() == before


def test_a_swap_keeps_every_purpose_of_a_two_way_meter(
    make_group: Callable[..., int], make_meter: Callable[..., int]
) -> None:
    make_group("H")
    make_meter("old")
    make_meter("new")
    meters.assign_to_role("old", "H", MeterRole.GRID, NINE_S)
    meters.assign_to_role("old", "H", MeterRole.FIRST_PRODUCTION, NINE_S, register=Register.EXPORT)
    meters.swap("old", "new", NINE_S + 3600)
    now = {meter["number"]: meter["uses"] for meter in meters.listed(NINE_S + 7200)}
    assert now["old"] == []
    assert [(use["role"], use["register"]) for use in now["new"]] == [
        ("grid", Register.IMPORT),
        ("first_production", Register.EXPORT),
    ]


@pytest.mark.parametrize(
    ("begin_s", "end_s"),
    [
        pytest.param(NINE_S - 3600, None, id="around"),
        pytest.param(NINE_S - 3600, NINE_S + QUARTER_S, id="begin"),
        pytest.param(NINE_S + 3600, None, id="inside"),
    ],
)
def test_a_register_counts_for_one_purpose_at_a_time(
    flat: str, make_user: Callable[..., Any], begin_s: int, end_s: int | None
) -> None:
    with pytest.raises(Conflict, match="'old' is in use"):
        meters.assign_to_resident("old", make_user().mail, begin_s, end_s)
    assert uses() == [(NINE_S, None)]


def test_a_use_may_end_where_the_next_begins(flat: str, make_user: Callable[..., Any]) -> None:
    meters.assign_to_resident("old", make_user().mail, NINE_S - 3600, NINE_S)
    assert (NINE_S - 3600, NINE_S) in uses()


def test_what_is_unknown_or_impossible_is_refused_by_name(
    flat: str, make_meter: Callable[..., int], make_group: Callable[..., int]
) -> None:
    make_meter("spare")
    make_group("H")
    before = uses()
    with pytest.raises(NotFound, match="no meter 'nope'"):
        meters.assign_to_resident("nope", flat, NINE_S)
    with pytest.raises(NotFound, match=r"no account of 'who@example.org'"):
        meters.assign_to_resident("spare", "who@example.org", NINE_S)
    with pytest.raises(NotFound, match="no group 'nowhere'"):
        meters.assign_to_role("spare", "nowhere", MeterRole.COMMON, NINE_S)
    with pytest.raises(InvalidInput, match="assigned to its resident"):
        meters.assign_to_role("spare", "H", MeterRole.FLAT, NINE_S)
    with pytest.raises(InvalidInput, match="at least a quarter hour"):
        meters.assign_to_resident("spare", flat, NINE_S, NINE_S + 5 * MINUTE_S)
    with pytest.raises(NotFound, match="'spare' is not in use"):
        meters.swap("spare", "old", NINE_S)
    with pytest.raises(InvalidInput, match="for itself"):
        meters.swap("old", "old", NINE_S + 3600)
    with pytest.raises(Conflict, match="'old' already"):
        meters.add("old", NINE_S)
    with pytest.raises(InvalidInput, match="1 to 100 characters"):
        meters.add("nul\0", NINE_S)
    assert uses() == before


def test_a_flat_has_one_meter_at_a_time(make_meter, resident):
    make_meter("OLD")
    make_meter("NEW")
    meters.assign_to_resident("OLD", resident.mail, 0)
    with pytest.raises(Conflict, match="has a meter from 1970"):
        meters.assign_to_resident("NEW", resident.mail, 900)
    meters.release("OLD", 900)
    meters.assign_to_resident("NEW", resident.mail, 900)

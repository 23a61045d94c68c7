"""Groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from broker.errors import Conflict, InvalidInput, NotFound
from broker.services import community, meters, users

NOW_S = 1_790_000_000


def test_a_group_is_listed_with_its_members_and_meters_in_use(
    make_user: Callable[..., Any], make_meter: Callable[..., int]
) -> None:
    group_id = community.add(" Sonnenhof 12 ", NOW_S)
    ada, bob = make_user(group_id), make_user(group_id)
    for number, mail in (("a", ada.mail), ("b", bob.mail)):
        make_meter(number)
        meters.assign_to_resident(number, mail, NOW_S - 7200)
    # Bob moves out: his account is closed and his meter no longer in use.
    users.deactivate(bob.mail)
    meters.release("b", NOW_S - 3600)
    assert community.listed(NOW_S) == [{"name": "Sonnenhof 12", "members": 1, "meters": 1}]
    assert community.named("Sonnenhof 12") == group_id


def test_a_groups_name_is_its_own(app: object) -> None:
    community.add("H", NOW_S)
    with pytest.raises(Conflict, match="a group 'H' already"):
        community.add("H", NOW_S)
    for impossible in ("", "  ", "x" * 201, "nul\0"):
        with pytest.raises(InvalidInput, match="1 to 200 characters"):
            community.add(impossible, NOW_S)
    with pytest.raises(NotFound, match="no group 'G'"):
        community.named("G")

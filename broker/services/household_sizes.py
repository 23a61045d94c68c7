"""How many people lived in a flat on which day, as they told it then."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import bindparam, select

from broker.models import HouseholdSize, Prepared, User, db

_OF_USER = Prepared(
    select(HouseholdSize.valid_from, HouseholdSize.inhabitants)
    .where(HouseholdSize.user_id == bindparam("user_id"))
    .order_by(HouseholdSize.valid_from)
)
_OF_GROUP = (
    select(HouseholdSize.user_id, HouseholdSize.valid_from, HouseholdSize.inhabitants)
    .join(User, User.id == HouseholdSize.user_id)
    .where(User.group_id == bindparam("group_id"))
    .order_by(HouseholdSize.valid_from)
)


class Sizes(NamedTuple):
    """A household's sizes and the days from which each holds, the earliest first."""

    valid_from: list[date]
    inhabitants: list[int]

    def on(self, days: Sequence[date]) -> list[int | None]:
        """The inhabitants of each day; None before anybody told a size."""
        places = [bisect_right(self.valid_from, day) for day in days]
        return [self.inhabitants[place - 1] if place else None for place in places]


def of_user(user_id: int) -> Sizes:
    """The sizes of a resident's household; none if nobody has told any."""
    rows = _OF_USER.rows(user_id=user_id)
    return Sizes([date.fromisoformat(str(row[0])) for row in rows], [row[1] for row in rows])


def of_group(group_id: int) -> dict[int, Sizes]:
    """The sizes of every household of a community that told any, by the user's id."""
    of_users: dict[int, Sizes] = {}
    with db.engine.connect() as connection:
        for user_id, valid_from, inhabitants in connection.execute(
            _OF_GROUP, {"group_id": group_id}
        ):
            sizes = of_users.setdefault(user_id, Sizes([], []))
            sizes.valid_from.append(valid_from)
            sizes.inhabitants.append(inhabitants)
    return of_users

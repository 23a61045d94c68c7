"""Who saves most: the members of a community who agreed to be shown, by relative saving."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import bindparam, select

from broker.energy.ranking import places, saved_percent
from broker.models import User, db
from broker.services import savings
from broker.services.history import MEMBERS
from broker.services.members import CALLED, HAS_AVATAR
from broker.services.standard_load_profile import StandardHousehold
from broker.units import HOUR_S

NEWEST_READING_S = 36 * HOUR_S
"""What a home had saved before its meter fell silent isn't what it has saved now."""


class RankedHome(NamedTuple):
    """A member's place and saving, in percent of their baseline."""

    place: int
    id: int
    called: str
    has_avatar: bool
    saved_percent: float


_AGREED = (
    select(User.id, CALLED, HAS_AVATAR.label("has_avatar"))
    .where(
        User.group_id == bindparam("group_id"),
        User.id.in_(MEMBERS.statement),
        User.in_ranking.is_(True),
    )
    .order_by(CALLED, User.id)
)


def of_group(
    group_id: int, now_s: int, household: StandardHousehold, term_start: tuple[int, int]
) -> list[RankedHome]:
    """Those who agreed and whose saving is known, the one who saved most first."""
    with db.engine.connect() as connection:
        agreed = connection.execute(_AGREED, {"group_id": group_id}).all()
    saved = []
    for home in agreed:
        saving = savings.of_user(home.id, now_s, term_start, household)
        if (
            saving is not None
            and saving.baseline_tenth_uwh > 0
            and saving.time_s >= now_s - NEWEST_READING_S
        ):
            percent = saved_percent(saving.saving_tenth_uwh, saving.baseline_tenth_uwh)
            saved.append((percent, home))
    saved.sort(key=lambda one: -one[0])
    placed = places([percent for percent, _ in saved])
    return [
        RankedHome(place, home.id, home.called, home.has_avatar, percent)
        for place, (percent, home) in zip(placed, saved, strict=True)
    ]

"""Who lives in the house, as the neighbours see each other."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from broker.errors import NotFound
from broker.models import Avatar, User, db
from broker.services.history import MEMBERS


@dataclass(frozen=True, slots=True)
class Member:
    """A neighbour: what they want to be called, and whether they have a picture."""

    id: int
    called: str
    has_avatar: bool


CALLED = func.coalesce(User.nick, User.first_name).label("called")
HAS_AVATAR = select(Avatar.user_id).where(Avatar.user_id == User.id).exists()


def of_group(group_id: int) -> list[Member]:
    """The members of a group, by name."""
    statement = (
        select(User.id, CALLED, HAS_AVATAR.label("has_avatar"))
        .where(User.id.in_(MEMBERS.statement))
        .order_by(CALLED, User.id)
    )
    with db.engine.connect() as connection:
        return [Member(*row) for row in connection.execute(statement, {"group_id": group_id})]


def called(user_id: int) -> str:
    """What a resident wants to be called: the nickname, else the first name."""
    with db.engine.connect() as connection:
        return connection.execute(select(CALLED).where(User.id == user_id)).scalar_one()


def avatar(user_id: int, group_id: int) -> bytes:
    """The picture of a member of a group. Raises NotFound, also for people of other groups."""
    statement = (
        select(Avatar.image)
        .join(User, User.id == Avatar.user_id)
        .where(Avatar.user_id == user_id, User.group_id == group_id)
    )
    with db.engine.connect() as connection:
        image: bytes | None = connection.execute(statement).scalar_one_or_none()
    if image is None:
        raise NotFound("There is no such picture.")
    return image

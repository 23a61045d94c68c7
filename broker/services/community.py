"""Groups: the communities that this installation serves."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, insert, select

from broker import errors
from broker.models import AccountState, Group, MeterUse, User, db, writer

MAX_NAME_LENGTH = 200


def add(name: str, now_s: int) -> int:
    """Makes a group and returns its id.

    Raises InvalidInput for an impossible name, Conflict for one that is taken.
    """
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME_LENGTH or not name.isprintable():
        raise errors.InvalidInput(f"A group's name has 1 to {MAX_NAME_LENGTH} characters.")
    with writer(db.engine).begin() as connection:
        if connection.scalar(select(Group.id).where(Group.name == name)):
            raise errors.Conflict(f"There is a group {name!r} already.")
        made = connection.execute(
            insert(Group).values(name=name, created_s=now_s).returning(Group.id)
        )
        return int(made.scalar_one())


def named(name: str) -> int:
    """The id of a group. Raises NotFound."""
    with db.engine.connect() as connection:
        return id_named(connection, name)


def id_named(connection: Connection, name: str) -> int:
    """The id of a group, inside a transaction. Raises NotFound."""
    group_id = connection.scalar(select(Group.id).where(Group.name == name.strip()))
    if group_id is None:
        raise errors.NotFound(f"There is no group {name!r}.")
    return int(group_id)


def lock(connection: Connection, group_id: int) -> None:
    """Lets whoever else changes something of a group wait until the transaction ends.

    SQLite has one writer at a time anyway.
    """
    connection.execute(select(Group.id).where(Group.id == group_id).with_for_update())


def name_of(group_id: int) -> str:
    """The name of a group."""
    with db.engine.connect() as connection:
        return connection.execute(select(Group.name).where(Group.id == group_id)).scalar_one()


def listed(now_s: int) -> list[dict[str, Any]]:
    """Every group with the number of its members and of the meters in use now."""
    members = (
        select(func.count())
        .where(
            User.group_id == Group.id, User.state.in_((AccountState.INVITED, AccountState.ACTIVE))
        )
        .scalar_subquery()
    )
    meters = (
        select(func.count(MeterUse.meter_id.distinct()))
        .where(
            MeterUse.group_id == Group.id,
            MeterUse.begin_s <= now_s,
            MeterUse.end_s.is_(None) | (MeterUse.end_s > now_s),
        )
        .scalar_subquery()
    )
    columns = (Group.name, members.label("members"), meters.label("meters"))
    with db.engine.connect() as connection:
        return [row._asdict() for row in connection.execute(select(*columns).order_by(Group.name))]

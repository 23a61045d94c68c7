"""Accounts as the operator sees them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select, update

from broker import errors
from broker.models import (
    AccountState,
    Group,
    Invitation,
    Meter,
    MeterRole,
    MeterUse,
    SessionToken,
    User,
    db,
    writer,
)


def id_of(connection: Connection, mail: str) -> int:
    """The id of the account of a mail. Raises NotFound."""
    user_id = connection.scalar(
        select(User.id).where(
            User.mail == mail.strip().lower(), User.state != AccountState.DELETED.value
        )
    )
    if user_id is None:
        raise errors.NotFound(f"There is no account of {mail!r}.")
    return int(user_id)


def listed(now_s: int) -> list[dict[str, Any]]:
    """Every account that hasn't been deleted, with its group, state and its flat's meters now."""
    accounts = (
        select(User.id, User.mail, User.first_name, User.name, User.state, User.is_operator)
        .add_columns(Group.name.label("group"))
        .join(Group, Group.id == User.group_id)
        .where(User.state != AccountState.DELETED.value)
        .order_by(Group.name, User.name, User.first_name, User.id)
    )
    in_use = (
        select(MeterUse.user_id, Meter.number)
        .join(Meter, Meter.id == MeterUse.meter_id)
        .where(
            MeterUse.role == MeterRole.FLAT.value,
            MeterUse.begin_s <= now_s,
            MeterUse.end_s.is_(None) | (MeterUse.end_s > now_s),
        )
        .order_by(MeterUse.begin_s)
    )
    with db.engine.connect() as connection:
        meters: dict[int | None, list[str]] = {}
        for user_id, number in connection.execute(in_use):
            meters.setdefault(user_id, []).append(number)
        rows = [row._asdict() for row in connection.execute(accounts)]
    return [row | {"meters": meters.get(row.pop("id"), [])} for row in rows]


def deactivate(mail: str, caller_id: int | None = None) -> int:
    """Closes an account at once and returns how many sessions that ended.

    Its readings stay; mailed links are void. Raises NotFound, and Conflict if it is closed
    already or the caller's own, who would shut themselves out.
    """
    with writer(db.engine).begin() as connection:
        user_id = id_of(connection, mail)
        if user_id == caller_id:
            raise errors.Conflict("This is your own account. Another operator has to close it.")
        ended = close(connection, user_id, AccountState.DEACTIVATED)
        if ended is None:
            raise errors.Conflict(f"{mail} has been deactivated already.")
        return ended


def close(connection: Connection, user_id: int, state: AccountState) -> int | None:
    """Gives an account a state in which nobody gets in: its sessions end, mailed links are void.

    How many sessions that were; None, and nothing changes, if it has this state already.
    """
    closed = connection.execute(
        update(User).where(User.id == user_id, User.state != state.value).values(state=state.value)
    )
    if not closed.rowcount:
        return None
    connection.execute(
        delete(Invitation).where(Invitation.user_id == user_id, Invitation.used_s.is_(None))
    )
    ended = connection.execute(delete(SessionToken).where(SessionToken.user_id == user_id))
    return int(ended.rowcount)

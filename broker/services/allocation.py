"""How a community shares out what its roof makes: the rule, and the members' fixed shares."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select

from broker import errors
from broker.energy.community import AllocationKind
from broker.models import AllocationRule, AllocationShare, Group, User, db, writer
from broker.services import community, users
from broker.services.validity import refuse_past
from broker.units import ALL_PPM


class Rule(NamedTuple):
    """How is shared out from a day on."""

    valid_from: date
    kind: AllocationKind


class Share(NamedTuple):
    """Somebody's part of the generation from a day on; the common consumption's has no user."""

    valid_from: date
    user_id: int | None
    share_ppm: int


def choose(
    group: str, kind: AllocationKind, valid_from: date, today: date, *, corrects: bool = False
) -> None:
    """Lets a group share out its generation in this way from a day on.

    Raises NotFound for an unknown group, InvalidInput for a past day unless this `corrects`.
    """
    refuse_past(valid_from, today, corrects=corrects)
    with writer(db.engine).begin() as connection:
        group_id = community.id_named(connection, group)
        connection.execute(
            delete(AllocationRule).where(
                AllocationRule.group_id == group_id, AllocationRule.valid_from == valid_from
            )
        )
        connection.execute(
            insert(AllocationRule).values(group_id=group_id, valid_from=valid_from, kind=kind.value)
        )


def set_share_of_flat(
    mail: str, share_ppm: int, valid_from: date, today: date, *, corrects: bool = False
) -> None:
    """Gives a resident's flat a fixed share from a day on.

    Raises NotFound for an unknown mail, InvalidInput for an impossible share and for a past day
    unless this `corrects`, Conflict if the shares would be more than the whole on some day.
    """
    refuse_past(valid_from, today, corrects=corrects)
    with writer(db.engine).begin() as connection:
        user_id = users.id_of(connection, mail)
        group_id = connection.scalar(select(User.group_id).where(User.id == user_id))
        assert group_id is not None
        _set(connection, group_id, Share(valid_from, user_id, share_ppm))


def end_share(connection: Connection, group_id: int, user_id: int, day: date) -> None:
    """Leaves a flat nothing of the generation from a day on, if it has a fixed share then."""
    connection.execute(
        delete(AllocationShare).where(
            AllocationShare.user_id == user_id, AllocationShare.valid_from >= day
        )
    )
    if in_force(shares_of(connection, group_id), day).get(user_id):
        _set(connection, group_id, Share(day, user_id, 0))


def set_common_share(
    group: str, share_ppm: int, valid_from: date, today: date, *, corrects: bool = False
) -> None:
    """The same for the common consumption of a group."""
    refuse_past(valid_from, today, corrects=corrects)
    with writer(db.engine).begin() as connection:
        group_id = community.id_named(connection, group)
        _set(connection, group_id, Share(valid_from, None, share_ppm))


def _set(connection: Connection, group_id: int, share: Share) -> None:
    if not 0 <= share.share_ppm <= ALL_PPM:
        raise errors.InvalidInput("A share lies between 0 and 100 %.")
    community.lock(connection, group_id)
    connection.execute(
        delete(AllocationShare).where(
            AllocationShare.group_id == group_id,
            AllocationShare.user_id.is_(None)
            if share.user_id is None
            else AllocationShare.user_id == share.user_id,
            AllocationShare.valid_from == share.valid_from,
        )
    )
    connection.execute(insert(AllocationShare).values(group_id=group_id, **share._asdict()))
    known = shares_of(connection, group_id)
    for day in sorted({one.valid_from for one in known if one.valid_from >= share.valid_from}):
        together = sum(in_force(known, day).values())
        if together > ALL_PPM:
            raise errors.Conflict(
                f"From {day} on the shares would be {together * 100 / ALL_PPM:g} % of the whole. "
                "Lower another one first."
            )


def rules_of(connection: Connection, group_id: int) -> list[Rule]:
    """How a group has shared out, the earliest rule first."""
    statement = (
        select(AllocationRule.valid_from, AllocationRule.kind)
        .where(AllocationRule.group_id == group_id)
        .order_by(AllocationRule.valid_from)
    )
    return [Rule(day, AllocationKind(kind)) for day, kind in connection.execute(statement)]


def shares_of(connection: Connection, group_id: int) -> list[Share]:
    """The fixed shares of a group, the earliest first."""
    statement = (
        select(AllocationShare.valid_from, AllocationShare.user_id, AllocationShare.share_ppm)
        .where(AllocationShare.group_id == group_id)
        .order_by(AllocationShare.valid_from, AllocationShare.id)
    )
    return [Share(*row) for row in connection.execute(statement)]


def in_force(shares: Sequence[Share], day: date) -> dict[int | None, int]:
    """The shares in ppm that hold on a day, by user; none if nobody has been given one yet."""
    return {share.user_id: share.share_ppm for share in shares if share.valid_from <= day}


def listed(group: str | None) -> list[dict[str, Any]]:
    """The rules and shares of one group or of all: days, kinds, mails and shares in percent.

    Raises NotFound for an unknown group.
    """
    with db.engine.connect() as connection:
        chosen = select(Group.id, Group.name).order_by(Group.name)
        if group is not None:
            chosen = chosen.where(Group.id == community.id_named(connection, group))
        mails = {None: None} | {row[0]: row[1] for row in connection.execute(_MAILS)}
        return [
            {
                "group": name,
                "rules": [
                    {"from": rule.valid_from.isoformat(), "allocation": rule.kind.value}
                    for rule in rules_of(connection, group_id)
                ],
                "shares": [
                    {
                        "from": share.valid_from.isoformat(),
                        "resident": mails[share.user_id],
                        "percent": share.share_ppm * 100 / ALL_PPM,
                    }
                    for share in shares_of(connection, group_id)
                ],
            }
            for group_id, name in connection.execute(chosen).all()
        ]


_MAILS = select(User.id, User.mail)

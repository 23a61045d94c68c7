"""Deleting one's own account: everything personal goes, the house's sums stay as they are."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, delete, select, update

from broker import errors
from broker.models import (
    AccountState,
    ApplianceCorrection,
    Avatar,
    Base,
    BillBaseline,
    ChallengeRun,
    HintRead,
    HouseholdSize,
    Invitation,
    Notice,
    SessionToken,
    Tariff,
    User,
    db,
    writer,
)
from broker.services import accounts, allocation, meters, preferences, users
from broker.services.mail import Postbox

PERSONAL: tuple[type[Base], ...] = (
    ApplianceCorrection,
    Avatar,
    BillBaseline,
    ChallengeRun,
    HintRead,
    HouseholdSize,
    Invitation,
    Notice,
    SessionToken,
    Tariff,
)
"""What is deleted of somebody. When which meter served which flat, and the flat's share of the
roof, stay under the account's number: the neighbours' part of the roof's past depends on them."""


class Gone(NamedTuple):
    """Whose account was deleted: the last that is known of them, to tell them so."""

    mail: str
    first_name: str


def delete_account(user_id: int, password: str, now_s: int, tomorrow: date) -> Gone:
    """Deletes an account and all that is personal.

    The meter ceases to be theirs now; its readings stay, as the house's sums need them. A fixed
    share of the roof ends with the day. Raises WrongSecret for a wrong password, Conflict for the
    last operator.
    """
    if not accounts.is_password(user_id, password):
        raise errors.WrongSecret("password: This is not your password.")
    with writer(db.engine).begin() as connection:
        _refuse_last_operator(connection, user_id)
        user = connection.execute(
            select(User.mail, User.first_name, User.group_id).where(User.id == user_id)
        ).one()
        users.close(connection, user_id, AccountState.DELETED)
        for table in PERSONAL:
            connection.execute(delete(table).where(table.__table__.c.user_id == user_id))
        meters.end_uses_of_flat(connection, user_id, now_s)
        allocation.end_share(connection, user.group_id, user_id, tomorrow)
        connection.execute(update(User).where(User.id == user_id).values(_nobody(user_id)))
    return Gone(user.mail, user.first_name)


def confirm(gone: Gone, postbox: Postbox, now_us: int) -> None:
    """Mails somebody that their account is deleted; earlier mails that weren't sent are removed."""
    postbox.forget(gone.mail)
    postbox.send(gone.mail, SUBJECT, TEXT.format(name=gone.first_name), now_us)


def _nobody(user_id: int) -> dict[str, object]:
    """What is left of an account. No mail address looks like this one."""
    return {
        "mail": f"deleted-{user_id}",
        "name": "",
        "first_name": "",
        "nick": None,
        "flat_size_m2": None,
        "password_hash": None,
        "is_operator": False,
        "in_ranking": False,
        "language": None,
        "mail_language": None,
        **dict.fromkeys(("money_first", "hides_co2", *preferences.MAILS.values()), False),
        "registered_us": 0,
    }


def _refuse_last_operator(connection: Connection, user_id: int) -> None:
    """Somebody has to be left who can run the installation; of two who go at once one stays."""
    operators = connection.scalars(
        select(User.id)
        .where(User.is_operator, User.state == AccountState.ACTIVE.value)
        .order_by(User.id)
        .with_for_update()
    ).all()
    if list(operators) == [user_id]:
        raise errors.Conflict(
            "You are the only operator. Invite another one first, who can run the house after you."
        )


SUBJECT = "Ihr Zugang ist gelöscht / Your account is deleted"
TEXT = """\
Guten Tag {name},

Ihr Zugang zum Stromportal Ihres Hauses ist gelöscht, wie Sie es gewünscht haben.
Ihr Name, diese Adresse, Ihr Bild und alles, was Sie eingetragen haben, sind weg.
Wenn Sie das nicht selbst waren, sagen Sie es bitte denen, die das Portal in Ihrem
Haus betreiben. Dies ist die letzte Mail an Sie.

Hello {name},

your account in your house's energy portal is deleted, as you wished. Your name,
this address, your picture and all that you entered are gone. If it wasn't you,
please tell those who run the portal in your house. This is the last mail to you.
"""

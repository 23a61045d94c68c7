"""Tokens by mail: the invitation that sets the first password, and the reset of a forgotten one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from broker import errors
from broker.models import (
    AccountState,
    Group,
    Invitation,
    SessionToken,
    TokenPurpose,
    User,
    db,
    writer,
)
from broker.services import passwords
from broker.services.mail import Postbox
from broker.services.sessions import digest, new_token
from broker.units import DAY_S, HOUR_S

MICROSECONDS = 1_000_000
MAX_MAIL_LENGTH = 254
MAX_NAME_LENGTH = 100

STATE_NEEDED = {
    TokenPurpose.INVITATION: AccountState.INVITED,
    TokenPurpose.RESET: AccountState.ACTIVE,
}


@dataclass(frozen=True)
class Invited:
    """A person who can now set a password, and the link that the mail carries."""

    user_id: int
    link: str
    is_mailed: bool
    """Whether a mail server took the mail; else it lies in the outbox."""


def invite(
    group_id: int,
    mail: str,
    first_name: str,
    name: str,
    *,
    is_operator: bool = False,
    now_us: int,
    days: int,
    base_url: str,
    postbox: Postbox,
) -> Invited:
    """Makes an account and mails its owner the link to set a password; `now_us` is POSIX µs.

    Inviting somebody again who hasn't set a password yet replaces the earlier invitation. Raises
    InvalidInput for an impossible mail or name, NotFound for the group, Conflict for an account
    that is in use.
    """
    person = _person(group_id, mail, first_name, name, is_operator)
    now_s = now_us // MICROSECONDS
    with writer(db.engine).begin() as connection:
        user_id = _invited_user(connection, person, now_us)
        connection.execute(delete(Invitation).where(Invitation.user_id == user_id))
        token = _new_token(
            connection, user_id, TokenPurpose.INVITATION, now_s, now_s + days * DAY_S
        )
    link = f"{base_url}/set-password?token={token}"
    is_mailed = postbox.send(
        person["mail"],
        INVITATION_SUBJECT,
        INVITATION.format(name=first_name, link=link, days=days),
        now_us,
    )
    return Invited(user_id, link, is_mailed)


def activate(
    group_id: int,
    mail: str,
    first_name: str,
    name: str,
    password: str,
    *,
    is_operator: bool = False,
    now_us: int,
) -> int:
    """Makes an account with a password at once, without a mail, and returns its id.

    For the first operator and the demo. Raises what `invite` raises, and InvalidInput for a
    password against the rule.
    """
    person = _person(group_id, mail, first_name, name, is_operator)
    passwords.require_good(password, person["mail"])
    password_hash = passwords.hashed(password)
    with writer(db.engine).begin() as connection:
        user_id = _invited_user(connection, person, now_us)
        _set_password(connection, user_id, password_hash)
    return user_id


def request_reset(mail: str, *, now_us: int, hours: int, base_url: str, postbox: Postbox) -> None:
    """Mails a link to set a new password, if there is an active account of that mail.

    Earlier links stay valid for their time, and so does the old password: whoever asks for a
    stranger's account can't lock its owner out.
    """
    now_s = now_us // MICROSECONDS
    with writer(db.engine).begin() as connection:
        user = connection.execute(
            select(User.id, User.mail, User.first_name).where(
                User.mail == mail.strip().lower(), User.state == AccountState.ACTIVE.value
            )
        ).first()
        if user is None:
            return
        connection.execute(
            delete(Invitation).where(Invitation.user_id == user.id, Invitation.expires_s <= now_s)
        )
        token = _new_token(connection, user.id, TokenPurpose.RESET, now_s, now_s + hours * HOUR_S)
    link = f"{base_url}/password/reset/{token}"
    text = RESET.format(name=user.first_name, link=link, hours=hours)
    postbox.send(user.mail, RESET_SUBJECT, text, now_us)


def require_valid(token: str, purpose: TokenPurpose, now_s: int) -> None:
    """Raises WrongSecret, always the same, for an unknown, used or expired token."""
    with db.engine.connect() as connection:
        _owner(connection, token, purpose, now_s)


def redeem(
    token: str, purpose: TokenPurpose, password: str, now_s: int, mail: str | None = None
) -> str:
    """Sets the password that a token allows to set, uses the token up and ends all sessions.

    Gives back the mail address of the account.

    Raises InvalidInput for a password against the rule, WrongSecret for a token that is unknown,
    used, expired or of another `mail`. The token stays good until a password was accepted.
    """
    passwords.require_good(password)
    with db.engine.connect() as connection:
        owner = _owner(connection, token, purpose, now_s)
    if mail is not None and mail.strip().lower() != owner.mail:
        raise _void_link()
    passwords.require_good(password, owner.mail)
    password_hash = passwords.hashed(password)
    with writer(db.engine).begin() as connection:
        _owner(connection, token, purpose, now_s)
        used = connection.execute(
            update(Invitation)
            .where(Invitation.digest == digest(token), Invitation.used_s.is_(None))
            .values(used_s=now_s)
        )
        if used.rowcount != 1:
            raise _void_link()
        _set_password(connection, owner.id, password_hash)
    return str(owner.mail)


def _owner(connection: Connection, token: str, purpose: TokenPurpose, now_s: int) -> Any:
    owner = connection.execute(
        select(User.id, User.mail)
        .join(Invitation, Invitation.user_id == User.id)
        .where(
            Invitation.digest == digest(token),
            Invitation.purpose == purpose.value,
            Invitation.used_s.is_(None),
            Invitation.expires_s > now_s,
            User.state == STATE_NEEDED[purpose].value,
        )
    ).first()
    if owner is None:
        raise _void_link()
    return owner


def _void_link() -> errors.WrongSecret:
    return errors.WrongSecret(
        "token: This link is unknown, used or has expired. Ask for a new one."
    )


def _person(
    group_id: int, mail: str, first_name: str, name: str, is_operator: bool
) -> dict[str, Any]:
    mail = mail.strip().lower()
    local, _, domain = mail.rpartition("@")
    if (
        not local
        or not domain
        or len(mail) > MAX_MAIL_LENGTH
        or not mail.isprintable()
        or any(letter in ' ,;<>()[]"\\' for letter in mail)
    ):
        raise errors.InvalidInput(f"{mail!r} is not a mail address.")
    names = {"first_name": first_name.strip(), "name": name.strip()}
    for which, text in names.items():
        if not 1 <= len(text) <= MAX_NAME_LENGTH or not text.isprintable():
            raise errors.InvalidInput(f"{which}: It needs 1 to {MAX_NAME_LENGTH} letters.")
    return {"group_id": group_id, "mail": mail, "is_operator": is_operator, **names}


def _invited_user(connection: Connection, person: dict[str, Any], now_us: int) -> int:
    """The account to invite: a new one, or the one that hasn't been accepted yet."""
    if not connection.scalar(select(Group.id).where(Group.id == person["group_id"])):
        raise errors.NotFound(f"There is no group {person['group_id']}.")
    known = connection.execute(
        select(User.id, User.state).where(User.mail == person["mail"])
    ).first()
    if known is None:
        created = connection.execute(
            insert(User)
            .values(**person, state=AccountState.INVITED.value, registered_us=now_us)
            .returning(User.id)
        )
        return int(created.scalar_one())
    if known.state != AccountState.INVITED.value:
        raise errors.Conflict(f"{person['mail']} has an account already.")
    connection.execute(update(User).where(User.id == known.id).values(**person))
    return int(known.id)


def _new_token(
    connection: Connection, user_id: int, purpose: TokenPurpose, now_s: int, expires_s: int
) -> str:
    token = new_token()
    connection.execute(
        insert(Invitation).values(
            user_id=user_id,
            purpose=purpose.value,
            digest=digest(token),
            created_s=now_s,
            expires_s=expires_s,
        )
    )
    return token


def _set_password(connection: Connection, user_id: int, password_hash: str) -> None:
    connection.execute(
        update(User)
        .where(User.id == user_id)
        .values(password_hash=password_hash, state=AccountState.ACTIVE.value)
    )
    connection.execute(
        delete(Invitation).where(Invitation.user_id == user_id, Invitation.used_s.is_(None))
    )
    connection.execute(delete(SessionToken).where(SessionToken.user_id == user_id))


INVITATION_SUBJECT = "Ihr Zugang zu Broker / Your Broker account"
INVITATION = """\
Guten Tag {name},

für Sie wurde ein Zugang zum Stromportal Ihres Hauses angelegt. Über diesen Link
legen Sie Ihr Passwort fest. Er gilt {days} Tage und nur einmal:

Hello {name},

you have been given an account in your house's energy portal. Set your password by
this link. It is valid for {days} days and can be used once:

{link}
"""

RESET_SUBJECT = "Neues Passwort / New password"
RESET = """\
Guten Tag {name},

jemand, vermutlich Sie, möchte ein neues Passwort festlegen. Über diesen Link geht
es, {hours} Stunden lang und nur einmal. Wenn Sie es nicht waren, brauchen Sie
nichts zu tun: Ihr bisheriges Passwort bleibt gültig.

Hello {name},

somebody, probably you, wants to set a new password. Do so by this link within
{hours} hours; it can be used once. If it wasn't you, there is nothing to do: your
old password stays valid.

{link}
"""

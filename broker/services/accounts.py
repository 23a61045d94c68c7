"""Proving who one is by mail and password, and changing the password."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select, update

from broker import errors
from broker.models import AccountState, Invitation, Prepared, SessionToken, User, db, writer
from broker.services import passwords

KNOWN_BY_MAIL = Prepared(
    select(User.id, User.password_hash, User.state).where(User.mail == bindparam("mail"))
)


def authenticate(mail: str, password: str) -> int:
    """The id of the active account of a mail and password.

    Raises Unauthorized, after the same time, for an unknown mail and a wrong password, and
    Forbidden where the password is right but the account has been deactivated, or where there is no
    password yet. A hash made with outdated parameters is renewed.
    """
    user = KNOWN_BY_MAIL.first(mail=mail.strip().lower())
    matches = passwords.matches(password, user.password_hash if user else None)
    if user is not None and user.state == AccountState.INVITED.value:
        raise errors.Forbidden("This account has not been activated yet.")
    if user is None or not matches:
        raise errors.Unauthorized("Mail address and password do not match.")
    if user.state == AccountState.DEACTIVATED.value:
        raise errors.Forbidden("This account has been deactivated.")
    if passwords.is_outdated(user.password_hash):
        _renew_hash(user.id, user.password_hash, passwords.hashed(password))
    return int(user.id)


def is_password(user_id: int, password: str) -> bool:
    """Whether it is the account's present password."""
    with db.engine.connect() as connection:
        known = connection.scalar(select(User.password_hash).where(User.id == user_id))
    return passwords.matches(password, known)


def require_password(user_id: int, password: str) -> None:
    """Raises WrongSecret unless it is the account's present password."""
    if not is_password(user_id, password):
        raise errors.WrongSecret("oldPassword: This is not your present password.")


def change_password(user_id: int, session_id: int, password: str) -> None:
    """Sets a new password and ends every other session of the account.

    Links that were mailed to reset the old one are void then.

    Raises InvalidInput for a password against the rule.
    """
    with db.engine.connect() as connection:
        mail = connection.scalar(select(User.mail).where(User.id == user_id)) or ""
    passwords.require_good(password, mail)
    password_hash = passwords.hashed(password)
    with writer(db.engine).begin() as connection:
        connection.execute(
            update(User).where(User.id == user_id).values(password_hash=password_hash)
        )
        connection.execute(
            delete(SessionToken).where(
                SessionToken.user_id == user_id, SessionToken.id != session_id
            )
        )
        connection.execute(
            delete(Invitation).where(Invitation.user_id == user_id, Invitation.used_s.is_(None))
        )


def _renew_hash(user_id: int, outdated: str, renewed: str) -> None:
    """Leaves a password alone that was changed in the meantime."""
    with writer(db.engine).begin() as connection:
        connection.execute(
            update(User)
            .where(User.id == user_id, User.password_hash == outdated)
            .values(password_hash=renewed)
        )

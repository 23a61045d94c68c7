"""Signed-in devices: opening, recognising and ending sessions."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import bindparam, delete, insert, select, update

from broker.models import AccountState, Prepared, SessionToken, User, db, writer
from broker.units import DAY_S

TOKEN_BYTES = 32
EXTEND_AFTER_S = DAY_S
"""A sliding expiry is moved at most once a day, so that reading doesn't become writing."""


@dataclass(frozen=True, slots=True)
class Account:
    """The caller of a request: just what deciding and looking up needs."""

    id: int
    group_id: int
    is_operator: bool
    session_id: int
    language: str | None = None
    """What they chose; None is that of the browser."""
    money_first: bool = False
    hides_co2: bool = False
    is_authenticated: ClassVar[bool] = True


ACCOUNT_BY_DIGEST = Prepared(
    select(
        User.id,
        User.group_id,
        User.is_operator,
        User.language,
        User.money_first,
        User.hides_co2,
        SessionToken.id.label("session_id"),
        SessionToken.expires_s,
    )
    .join(SessionToken, SessionToken.user_id == User.id)
    .where(
        SessionToken.digest == bindparam("digest"),
        SessionToken.expires_s > bindparam("now_s"),
        User.state == AccountState.ACTIVE.value,
    )
)


def digest(token: str) -> bytes:
    """What the database knows of a token. Tokens are random, so a plain hash suffices."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def new_token() -> str:
    """256 random bits, safe in URLs and headers."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def account(token: str, now_s: int, session_days: int) -> Account | None:
    """Who a token belongs to; None if it is unknown, expired or revoked."""
    row = ACCOUNT_BY_DIGEST.first(digest=digest(token), now_s=now_s)
    if row is None:
        return None
    if needs_extension(row.expires_s, now_s, session_days):
        extend([row.session_id], now_s + session_days * DAY_S)
    return Account(
        row.id,
        row.group_id,
        bool(row.is_operator),
        row.session_id,
        row.language,
        bool(row.money_first),
        bool(row.hides_co2),
    )


def needs_extension(expires_s: int, now_s: int, session_days: int) -> bool:
    """Whether a session that is used now has to be moved on."""
    return expires_s - now_s < session_days * DAY_S - EXTEND_AFTER_S


def extend(session_ids: Sequence[int], expires_s: int) -> None:
    """Moves the ends of sessions that are being used."""
    with writer(db.engine).begin() as connection:
        connection.execute(
            update(SessionToken).where(SessionToken.id.in_(session_ids)).values(expires_s=expires_s)
        )


EXPIRED = delete(SessionToken).where(
    SessionToken.user_id == bindparam("owner"), SessionToken.expires_s <= bindparam("now_s")
)
NEW = insert(SessionToken)


def open_session(user_id: int, now_s: int, session_days: int) -> tuple[str, int]:
    """A new session token and its expiry in POSIX seconds; sweeps the user's expired ones.

    After a power cut a login of the last seconds may have to be repeated.
    """
    token, expires_s = new_token(), now_s + session_days * DAY_S
    with writer(db.engine, survives_power_cut=False).begin() as connection:
        connection.execute(EXPIRED, {"owner": user_id, "now_s": now_s})
        connection.execute(
            NEW,
            {
                "user_id": user_id,
                "digest": digest(token),
                "created_s": now_s,
                "expires_s": expires_s,
            },
        )
    return token, expires_s


def end_session(session_id: int) -> None:
    """Revokes one session."""
    with writer(db.engine).begin() as connection:
        connection.execute(delete(SessionToken).where(SessionToken.id == session_id))


def end_sessions(user_id: int, but: int | None = None) -> None:
    """Revokes every session of a user, except perhaps the one that asks."""
    statement = delete(SessionToken).where(SessionToken.user_id == user_id)
    if but is not None:
        statement = statement.where(SessionToken.id != but)
    with writer(db.engine).begin() as connection:
        connection.execute(statement)

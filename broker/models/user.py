"""Residents and operators, with what they told about their household."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import Boolean, Date, Float, ForeignKey, Integer, LargeBinary, String, false
from sqlalchemy.orm import Mapped, mapped_column

from broker.models.database import Base, Id, TimeS


class AccountState(StrEnum):
    """How far an account has come."""

    INVITED = "invited"
    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    DELETED = "deleted"
    """Nothing is left but the number, by which the meters' past stays apart from other flats'."""


class User(Base):
    """A person with an account."""

    __tablename__ = "user"

    id: Mapped[Id]
    group_id: Mapped[int] = mapped_column(ForeignKey("group.id"), index=True)
    mail: Mapped[str] = mapped_column(String(254), unique=True)
    """In lower case: mail addresses are compared case-insensitively. No address once deleted."""
    name: Mapped[str] = mapped_column(String(100))
    first_name: Mapped[str] = mapped_column(String(100))
    nick: Mapped[str | None] = mapped_column(String(33))
    flat_size_m2: Mapped[float | None] = mapped_column(Float)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    """argon2id; None until the invitation is accepted."""
    state: Mapped[str] = mapped_column(String(16), default=AccountState.INVITED)
    is_operator: Mapped[bool] = mapped_column(Boolean, default=False)
    in_ranking: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Whether the neighbours may see how much this home saves; only if the resident said so."""
    language: Mapped[str | None] = mapped_column(String(8))
    """Of pages and mails; None is that of the browser."""
    mail_language: Mapped[str | None] = mapped_column(String(8))
    """That of the page on which mails were chosen, for who has chosen none."""
    money_first: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    hides_co2: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    mails_challenge: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    mails_silence: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    mails_week: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Whether a mail of a `NoticeKind` is wanted; none is unless its owner said so."""
    registered_us: Mapped[TimeS]
    """POSIX microseconds, because the contract writes the registration date with them."""


class Avatar(Base):
    """A resident's picture, apart from the account so that it is only read where it is shown."""

    __tablename__ = "avatar"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    image: Mapped[bytes] = mapped_column(LargeBinary)
    """A square WebP of at most 512 pixels without metadata."""


class HouseholdSize(Base):
    """How many people live in a flat from a day on; changing it does not rewrite the past."""

    __tablename__ = "household_size"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    valid_from: Mapped[date] = mapped_column(Date, primary_key=True)
    inhabitants: Mapped[int] = mapped_column(Integer)

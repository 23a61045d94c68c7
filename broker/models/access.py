"""Everything that opens a door: sessions, invitations and ingest keys. Only hashes are stored."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Boolean, ForeignKey, LargeBinary, String, false
from sqlalchemy.orm import Mapped, mapped_column

from broker.models.database import Base, Id, TimeS


class SessionToken(Base):
    """A signed-in device."""

    __tablename__ = "session_token"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    """SHA-256 of the token; the token itself has 256 random bits and is never stored."""
    created_s: Mapped[TimeS]
    expires_s: Mapped[TimeS]


class TokenPurpose(StrEnum):
    """What a mailed token is good for."""

    INVITATION = "invitation"
    RESET = "reset"


class Invitation(Base):
    """A single-use token by mail: to set the first password, or a new one."""

    __tablename__ = "invitation"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(16))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_s: Mapped[TimeS]
    expires_s: Mapped[TimeS]
    used_s: Mapped[TimeS | None]


class IngestKey(Base):
    """What a sender shows; it opens what it was made for, meters or rates, and nothing else."""

    __tablename__ = "ingest_key"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(100), unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_s: Mapped[TimeS]
    revoked_s: Mapped[TimeS | None]
    opens_grid_rates: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether prices and CO2 intensities may be sent with it."""


class IngestKeyMeter(Base):
    """A meter that an ingest key may write."""

    __tablename__ = "ingest_key_meter"

    key_id: Mapped[int] = mapped_column(ForeignKey("ingest_key.id"), primary_key=True)
    meter_id: Mapped[int] = mapped_column(ForeignKey("meter.id"), primary_key=True, index=True)

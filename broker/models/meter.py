"""Meters, who used which one when, and what happened to them."""

from __future__ import annotations

from enum import IntEnum, StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from broker.models.database import Base, Id, TimeS

DEFAULT_MAX_POWER_W = 60_000


class Register(IntEnum):
    """A counter of a meter, by its OBIS code group C (1.8.0 and 2.8.0)."""

    IMPORT = 1
    EXPORT = 2


class MeterRole(StrEnum):
    """What a meter measures for its community."""

    FLAT = "flat"
    COMMON = "common"
    FIRST_PRODUCTION = "first_production"
    SECOND_PRODUCTION = "second_production"
    GRID = "grid"


PRODUCTION = (MeterRole.FIRST_PRODUCTION, MeterRole.SECOND_PRODUCTION)


class Meter(Base):
    """A physical meter."""

    __tablename__ = "meter"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(100), unique=True)
    """The meter's own identification, known outside as `meter_id`."""
    max_power_w: Mapped[int] = mapped_column(Integer, default=DEFAULT_MAX_POWER_W)
    """A counter that rises faster than this is not believed."""
    created_s: Mapped[TimeS]
    raw_from_s: Mapped[TimeS | None]
    """Raw readings before this time have expired: nothing can be added there any more."""
    past_revision: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """Counts how often stored quarter hours were computed anew; appending leaves it alone."""


class MeterUse(Base):
    """Which meter served which flat or which role of the community, from when until when.

    A meter swap or a tenant's move is two rows. A resident sees a meter's data only for the time
    it was theirs. Both ends lie on quarter hours.
    """

    __tablename__ = "meter_use"

    id: Mapped[Id]
    meter_id: Mapped[int] = mapped_column(ForeignKey("meter.id"), index=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("group.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    register: Mapped[int] = mapped_column(SmallInteger, default=int(Register.IMPORT))
    """The register that counts for this role: production meters may count on 2.8.0."""
    begin_s: Mapped[TimeS]
    end_s: Mapped[TimeS | None]


class MeterEventKind(StrEnum):
    """What a meter's readings gave away."""

    JITTER = "jitter"
    NEW_REGISTER = "new_register"
    IMPLAUSIBLE = "implausible"


class MeterEvent(Base):
    """Something the operator should know about a meter."""

    __tablename__ = "meter_event"
    __table_args__ = (
        Index("meter_event_once", "meter_id", "register", "time_s", "kind", unique=True),
    )

    id: Mapped[Id]
    meter_id: Mapped[int] = mapped_column(ForeignKey("meter.id"))
    register: Mapped[int] = mapped_column(SmallInteger)
    time_s: Mapped[TimeS]
    kind: Mapped[str] = mapped_column(String(20))
    before_tenth_uwh: Mapped[int | None] = mapped_column(BigInteger)
    after_tenth_uwh: Mapped[int | None] = mapped_column(BigInteger)
    noted_s: Mapped[TimeS]

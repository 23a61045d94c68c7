"""How a community shares out what its roof makes, from a day on; changes don't rewrite the past."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from broker.models.database import Base, Id


class AllocationRule(Base):
    """Whether a community shares out by fixed shares, by consumption or not at all."""

    __tablename__ = "allocation_rule"

    group_id: Mapped[int] = mapped_column(ForeignKey("group.id"), primary_key=True)
    valid_from: Mapped[date] = mapped_column(Date, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))


class AllocationShare(Base):
    """A fixed share of the generation: a flat's, or without a user the common consumption's."""

    __tablename__ = "allocation_share"
    __table_args__ = (
        Index("allocation_share_once", "group_id", "user_id", "valid_from", unique=True),
    )

    id: Mapped[Id]
    group_id: Mapped[int] = mapped_column(ForeignKey("group.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    valid_from: Mapped[date] = mapped_column(Date)
    share_ppm: Mapped[int] = mapped_column(Integer)

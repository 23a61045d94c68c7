"""Meters whose split by appliance is inexogy's where it has one, and what inexogy has told."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Integer, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from broker.models.database import Base, TenthUwh, TimeS
from broker.models.reading import CLUSTERED


class InexogyMeter(Base):
    """The operator prefers what inexogy says about a meter, and how far that has been fetched.

    All of [from_s, until_s) has been asked for; None before the first answer.
    """

    __tablename__ = "inexogy_meter"

    meter_id: Mapped[int] = mapped_column(ForeignKey("meter.id"), primary_key=True)
    inexogy_id: Mapped[str] = mapped_column(String(100))
    """What inexogy calls the meter (`meterId`)."""
    from_s: Mapped[TimeS | None]
    until_s: Mapped[TimeS | None]
    asked_s: Mapped[TimeS | None]
    """When the newest quarter hours were asked for last."""
    next_s: Mapped[TimeS]
    """Nothing is asked before."""
    fetched_s: Mapped[TimeS | None]
    failed_s: Mapped[TimeS | None]
    failure: Mapped[str | None] = mapped_column(String(20))
    """Why the last failure was one: a `sources.inexogy.Trouble`."""
    failures: Mapped[int] = mapped_column(Integer)
    """How many there were since the last answer."""


class InexogyEnergy(Base):
    """What inexogy says that an appliance took in the quarter hour from `start_s` on, as told."""

    __tablename__ = "inexogy_energy"
    __table_args__ = CLUSTERED

    meter_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    start_s: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    energy_tenth_uwh: Mapped[TenthUwh]

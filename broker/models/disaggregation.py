"""Which appliance took a meter's energy, as estimated, and what residents say about it.

No foreign keys where there are many rows: what writes them has looked the meter up.
"""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import BigInteger, Float, ForeignKey, Index, Integer, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from broker.models.database import Base, Id, TenthUwh, TimeS
from broker.models.reading import CLUSTERED


class DisaggregationSource(IntEnum):
    """Who estimated a value."""

    BROKER = 1
    INEXOGY = 2


class Disaggregation(Base):
    """What one appliance took in the quarter hour from `start_s` on.

    The rows of a quarter hour add up to the energy of its meter's import register. `kind` is an
    `energy.disaggregation.kinds.Kind`.
    """

    __tablename__ = "disaggregation"
    __table_args__ = CLUSTERED

    meter_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    start_s: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    energy_tenth_uwh: Mapped[TenthUwh]
    source: Mapped[int] = mapped_column(SmallInteger)


class DisaggregationState(Base):
    """How far a meter's quarter hours have been split: all of [from_s, until_s).

    From `settled_s` on they are provisional: they lack the hour that follows.
    """

    __tablename__ = "disaggregation_state"

    meter_id: Mapped[int] = mapped_column(ForeignKey("meter.id"), primary_key=True)
    from_s: Mapped[TimeS]
    settled_s: Mapped[TimeS]
    until_s: Mapped[TimeS]
    past_revision: Mapped[int] = mapped_column(Integer)
    """The meter's `past_revision` for which stored rows were last compared with its energy."""
    compared_s: Mapped[TimeS]
    """Up to where that comparison has got."""
    turn: Mapped[int] = mapped_column(Integer)
    """Counts every change, so that of two who compute at once only the first one writes."""


class Appliance(Base):
    """What is remembered of an appliance, so that it keeps its number."""

    __tablename__ = "appliance"

    id: Mapped[Id]
    meter_id: Mapped[int] = mapped_column(ForeignKey("meter.id"), index=True)
    kind: Mapped[int] = mapped_column(SmallInteger)
    number: Mapped[int] = mapped_column(SmallInteger)
    """0 while it is a guess from too few runs."""
    power_w: Mapped[float] = mapped_column(Float)
    run_count: Mapped[int] = mapped_column(Integer)


class ApplianceRun(Base):
    """One run of an appliance."""

    __tablename__ = "appliance_run"
    __table_args__ = CLUSTERED

    meter_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    begin_s: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    end_s: Mapped[TimeS]
    number: Mapped[int] = mapped_column(SmallInteger)
    energy_tenth_uwh: Mapped[TenthUwh]
    power_w: Mapped[float] = mapped_column(Float)


class ApplianceCorrection(Base):
    """What a resident said: a kind that their home lacks, or what a run really was.

    Of a lacking kind only `said_kind` is known.
    """

    __tablename__ = "appliance_correction"
    __table_args__ = (Index("appliance_correction_of_user", "user_id", "meter_id"),)

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    meter_id: Mapped[int | None] = mapped_column(ForeignKey("meter.id"))
    said_kind: Mapped[int] = mapped_column(SmallInteger)
    said_number: Mapped[int | None] = mapped_column(SmallInteger)
    true_kind: Mapped[int | None] = mapped_column(SmallInteger)
    begin_s: Mapped[TimeS | None]
    end_s: Mapped[TimeS | None]
    power_w: Mapped[float | None] = mapped_column(Float)
    created_s: Mapped[TimeS]

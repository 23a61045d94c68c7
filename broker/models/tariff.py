"""What electricity costs whom, and what it costs and emits in each quarter hour."""

from __future__ import annotations

from datetime import date
from enum import IntEnum

from sqlalchemy import BigInteger, Date, ForeignKey, Integer, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from broker.models.database import Base, Id, TimeS
from broker.models.reading import CLUSTERED


class Tariff(Base):
    """What a group pays, or one flat of it instead: see `energy.tariffs.Tariff`."""

    __tablename__ = "tariff"

    id: Mapped[Id]
    group_id: Mapped[int] = mapped_column(ForeignKey("group.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    """Whose flat's it is; without, the whole group's."""
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)
    """The first day on which it doesn't hold any more."""
    kind: Mapped[str] = mapped_column(String(16))
    work_price_micros_per_kwh: Mapped[int] = mapped_column(BigInteger)
    base_price_micros: Mapped[int] = mapped_column(BigInteger)
    base_period: Mapped[str] = mapped_column(String(8))
    pv_price_micros_per_kwh: Mapped[int | None] = mapped_column(BigInteger)
    tax_ppm: Mapped[int] = mapped_column(Integer)


class RateKind(IntEnum):
    """What is known of a quarter hour's energy from the grid."""

    PRICE = 1
    """Micros per kWh."""
    CO2 = 2
    """mg per kWh."""


class GridRate(Base):
    """What a kWh from the grid costs or emits in a quarter hour."""

    __tablename__ = "grid_rate"
    __table_args__ = CLUSTERED

    kind: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    start_s: Mapped[TimeS] = mapped_column(primary_key=True, autoincrement=False)
    per_kwh: Mapped[int] = mapped_column(BigInteger)

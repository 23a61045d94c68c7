"""Raw readings, as received, and the quarter hours made of them.

No foreign keys here: ingest has looked the meter up (and locked it) in the same transaction, a
check for each row would cost as much as the row, and partitioned tables can't have them.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from broker.models.database import Base, PowerMw, TenthUwh, TimeS

CLUSTERED = {"sqlite_with_rowid": False}


class Reading(Base):
    """What a meter said at a time. Counter and power are optional; one of the two is there."""

    __tablename__ = "reading"
    __table_args__ = CLUSTERED

    meter_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    time_s: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    energy_tenth_uwh: Mapped[TenthUwh | None]
    """The import register (OBIS 1.8.0)."""
    energy_out_tenth_uwh: Mapped[TenthUwh | None]
    """The export register (OBIS 2.8.0)."""
    power_mw: Mapped[PowerMw | None]


class QuarantinedReading(Base):
    """A reading that can't be true: kept as received, in no sum until the operator accepts it.

    An accepted one stays here, marked, so that a recomputation knows; its copy in `reading` counts.
    """

    __tablename__ = "quarantined_reading"
    __table_args__ = CLUSTERED

    meter_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    time_s: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    energy_tenth_uwh: Mapped[TenthUwh | None]
    energy_out_tenth_uwh: Mapped[TenthUwh | None]
    power_mw: Mapped[PowerMw | None]
    doubted_registers: Mapped[int] = mapped_column(SmallInteger)
    """Whose step is implausible: the sum of the `Register` values in question (1, 2 or 3)."""
    accepted_s: Mapped[TimeS | None]


class QuarterHour(Base):
    """One register during [start_s, start_s + 900), as `energy.quarter_hours` defines it.

    Rows without readings (`first_s` null) stand inside gaps that are short enough to interpolate.
    "Cumulated" energies never run backwards; "counters" are what the meter displayed.
    """

    __tablename__ = "quarter_hour"
    __table_args__ = CLUSTERED

    meter_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    register: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    start_s: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    opening_tenth_uwh: Mapped[TenthUwh | None]
    first_s: Mapped[TimeS | None]
    first_counter_tenth_uwh: Mapped[TenthUwh | None]
    first_tenth_uwh: Mapped[TenthUwh | None]
    last_s: Mapped[TimeS | None]
    last_counter_tenth_uwh: Mapped[TenthUwh | None]
    last_tenth_uwh: Mapped[TenthUwh | None]
    offset_tenth_uwh: Mapped[TenthUwh | None]
    carry_eighteenths: Mapped[int] = mapped_column(SmallInteger, default=0)
    last_power_mw: Mapped[PowerMw | None]
    power_sum_mw: Mapped[PowerMw] = mapped_column(default=0)
    power_count: Mapped[int] = mapped_column(Integer, default=0)
    power_max_mw: Mapped[PowerMw | None]

"""When a meter may be used: on quarter hours, for one purpose at a time."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, select

from broker import errors
from broker.clock import written_utc
from broker.models import MeterRole, MeterUse
from broker.units import QUARTER_HOUR_S


class Period(NamedTuple):
    """When a meter is used, in POSIX seconds on quarter hours; an open end is None."""

    begin_s: int
    end_s: int | None


def rounded_down(time_s: int) -> int:
    """The start of the quarter hour that a time falls into."""
    return time_s // QUARTER_HOUR_S * QUARTER_HOUR_S


def period_of(begin_s: int, end_s: int | None) -> Period:
    """A period with both ends rounded down. Raises InvalidInput if nothing is left of it."""
    period = Period(rounded_down(begin_s), None if end_s is None else rounded_down(end_s))
    if period.end_s is not None and period.end_s <= period.begin_s:
        raise errors.InvalidInput("A meter's use must end at least a quarter hour after its begin.")
    return period


def refuse_overlap(
    connection: Connection, meter_id: int, number: str, register: int, period: Period
) -> None:
    """Two uses of one register at a time would count its energy twice: raises Conflict.

    A two-way meter may serve two purposes, one with each register.
    """
    same = and_(MeterUse.meter_id == meter_id, MeterUse.register == int(register))
    if other := _overlapping(connection, same, period):
        raise errors.Conflict(f"The meter {number!r} is in use {other}.")


def refuse_second_meter(connection: Connection, user_id: int, mail: str, period: Period) -> None:
    """A flat has one meter at a time, or whose counter would be shown: raises Conflict."""
    same = and_(MeterUse.user_id == user_id, MeterUse.role == MeterRole.FLAT.value)
    if other := _overlapping(connection, same, period):
        raise errors.Conflict(
            f"The flat of {mail} has a meter {other}. Release that one first, or swap it."
        )


def _overlapping(connection: Connection, same: ColumnElement[bool], period: Period) -> str | None:
    """When the first use with something in common overlaps a period, in words."""
    uses = select(MeterUse.begin_s, MeterUse.end_s).where(
        same, MeterUse.end_s.is_(None) | (MeterUse.end_s > period.begin_s)
    )
    if period.end_s is not None:
        uses = uses.where(MeterUse.begin_s < period.end_s)
    use = connection.execute(uses.order_by(MeterUse.begin_s)).first()
    if use is None:
        return None
    until = f"until {written_utc(use.end_s)}" if use.end_s else "with no end"
    return f"from {written_utc(use.begin_s)} {until} (UTC)"

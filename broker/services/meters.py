"""Meters, and which flat or which role of the community each of them serves when."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, insert, select, update

from broker import errors
from broker.clock import written_utc
from broker.models import (
    DEFAULT_MAX_POWER_W,
    Group,
    Meter,
    MeterRole,
    MeterUse,
    QuarantinedReading,
    QuarterHour,
    Reading,
    Register,
    User,
    db,
    writer,
)
from broker.services import community, users
from broker.units import QUARTER_HOUR_S

MAX_NUMBER_LENGTH = 100
MAX_POWER_LIMIT_W = 10_000_000
"""More than any house connection; it also keeps the limit a number that fits."""


class Period(NamedTuple):
    """When a meter is used, in POSIX seconds on quarter hours; an open end is None."""

    begin_s: int
    end_s: int | None


class Swap(NamedTuple):
    """How an exchange was entered: the old meter serves until `old_end_s`, the new one from
    `new_begin_s` on. Both share the quarter hour in which the fitter was there."""

    old_end_s: int
    new_begin_s: int


def add(number: str, now_s: int, max_power_w: int = DEFAULT_MAX_POWER_W) -> int:
    """Makes a meter known and returns its id; a faster rise than `max_power_w` isn't believed.

    Raises InvalidInput for an impossible number or power, Conflict for a number that is taken.
    """
    number = number.strip()
    if not 1 <= len(number) <= MAX_NUMBER_LENGTH or not number.isprintable():
        raise errors.InvalidInput(f"A meter's number has 1 to {MAX_NUMBER_LENGTH} characters.")
    if not 1 <= max_power_w <= MAX_POWER_LIMIT_W:
        raise errors.InvalidInput(f"A meter's highest power is 1 to {MAX_POWER_LIMIT_W} W.")
    with writer(db.engine).begin() as connection:
        if connection.scalar(select(Meter.id).where(Meter.number == number)):
            raise errors.Conflict(f"There is a meter {number!r} already.")
        made = connection.execute(
            insert(Meter)
            .values(number=number, max_power_w=max_power_w, created_s=now_s)
            .returning(Meter.id)
        )
        return int(made.scalar_one())


def numbered(number: str) -> int:
    """The id of a meter. Raises NotFound."""
    with db.engine.connect() as connection:
        return id_numbered(connection, number)


def id_numbered(connection: Connection, number: str) -> int:
    """The id of a meter, inside a transaction. Raises NotFound."""
    meter_id = connection.scalar(select(Meter.id).where(Meter.number == number.strip()))
    if meter_id is None:
        raise errors.NotFound(f"There is no meter {number!r}.")
    return int(meter_id)


def assign_to_resident(
    number: str,
    mail: str,
    begin_s: int,
    end_s: int | None = None,
    register: Register = Register.IMPORT,
) -> Period:
    """Lets a meter count for a resident's flat; the ends are rounded down to quarter hours.

    Raises NotFound for an unknown meter or mail, InvalidInput for a period without duration,
    Conflict where the meter's register is in use already or the flat has another meter then.
    """
    with writer(db.engine).begin() as connection:
        id_numbered(connection, number)
        user_id = users.id_of(connection, mail)
        _refuse_second_meter(connection, user_id, mail, _period(begin_s, end_s))
        group_id = connection.scalar(select(User.group_id).where(User.id == user_id))
        served = {"group_id": group_id, "user_id": user_id, "role": MeterRole.FLAT.value}
        return _assign(connection, number, begin_s, end_s, register, served)


def assign_to_role(
    number: str,
    group: str,
    role: MeterRole,
    begin_s: int,
    end_s: int | None = None,
    register: Register = Register.IMPORT,
) -> Period:
    """Lets a meter count for a role of a group; the ends are rounded down to quarter hours.

    Raises NotFound for an unknown meter or group, InvalidInput for a flat (which needs a resident)
    and for a period without duration, Conflict where the meter's register is in use already.
    """
    if role is MeterRole.FLAT:
        raise errors.InvalidInput("A flat's meter is assigned to its resident.")
    with writer(db.engine).begin() as connection:
        group_id = community.id_named(connection, group)
        served = {"group_id": group_id, "user_id": None, "role": role.value}
        return _assign(connection, number, begin_s, end_s, register, served)


def release(number: str, at_s: int) -> int:
    """Ends whatever a meter is used for, at `at_s` rounded down to a quarter hour, given back.

    Raises NotFound for an unknown meter and for one that isn't in use at that time.
    """
    end_s = _rounded_down(at_s)
    with writer(db.engine).begin() as connection:
        meter_id = _locked(connection, number)
        _end_uses(connection, meter_id, number, end_s, end_s)
    return end_s


def swap(old_number: str, new_number: str, at_s: int) -> Swap:
    """Puts a new meter in the old one's place: one use ends, the next begins, or neither.

    `at_s` is rounded up to a quarter hour for the old meter's end and down for the new one's
    begin, so that no reading of either is lost. Raises NotFound for an unknown meter and for an
    old one that isn't in use, Conflict where the new one is in use already.
    """
    swapped = Swap(old_end_s=-_rounded_down(-at_s), new_begin_s=_rounded_down(at_s))
    with writer(db.engine).begin() as connection:
        old_id, new_id = _locked(connection, old_number), _locked(connection, new_number)
        if old_id == new_id:
            raise errors.InvalidInput("A meter can't be exchanged for itself.")
        ended = _end_uses(connection, old_id, old_number, swapped.new_begin_s, swapped.old_end_s)
        for use in ended:
            period = Period(swapped.new_begin_s, use["end_s"])
            _refuse_overlap(connection, new_id, new_number, use["register"], period)
            use |= {"meter_id": new_id, "begin_s": period.begin_s}
            connection.execute(insert(MeterUse).values(**use))
    return swapped


def listed(now_s: int) -> list[dict[str, Any]]:
    """Every meter with what it is used for now, its last reading and how many are in quarantine."""
    last_raw_s = (
        select(func.max(Reading.time_s)).where(Reading.meter_id == Meter.id).scalar_subquery()
    )
    last_kept_s = (
        select(QuarterHour.last_s)
        .where(QuarterHour.meter_id == Meter.id, QuarterHour.last_s.is_not(None))
        .order_by(QuarterHour.register, QuarterHour.start_s.desc())
        .limit(1)
        .scalar_subquery()
    )
    quarantined = (
        select(func.count())
        .select_from(QuarantinedReading)
        .where(QuarantinedReading.meter_id == Meter.id, QuarantinedReading.accepted_s.is_(None))
        .scalar_subquery()
    )
    meters = select(
        Meter.id,
        Meter.number,
        Meter.max_power_w,
        # Raw readings may have expired; their quarter hours still know when the last one came.
        func.coalesce(last_raw_s, last_kept_s).label("last_reading_s"),
        quarantined.label("quarantined"),
    ).order_by(Meter.number)
    with db.engine.connect() as connection:
        uses = _uses_at(connection, now_s)
        rows = [row._asdict() for row in connection.execute(meters)]
    return [row | {"uses": uses.get(row.pop("id"), [])} for row in rows]


def _uses_at(connection: Connection, now_s: int) -> dict[int, list[dict[str, Any]]]:
    statement = (
        select(
            MeterUse.meter_id,
            Group.name.label("group"),
            MeterUse.role,
            User.mail.label("resident"),
            MeterUse.register,
            MeterUse.begin_s,
            MeterUse.end_s,
        )
        .join(Group, Group.id == MeterUse.group_id)
        .outerjoin(User, User.id == MeterUse.user_id)
        .where(MeterUse.begin_s <= now_s, MeterUse.end_s.is_(None) | (MeterUse.end_s > now_s))
        .order_by(MeterUse.begin_s, MeterUse.id)
    )
    uses: dict[int, list[dict[str, Any]]] = {}
    for row in connection.execute(statement):
        use = row._asdict()
        uses.setdefault(use.pop("meter_id"), []).append(use)
    return uses


def _assign(
    connection: Connection,
    number: str,
    begin_s: int,
    end_s: int | None,
    register: Register,
    served: dict[str, Any],
) -> Period:
    period = _period(begin_s, end_s)
    meter_id = _locked(connection, number)
    _refuse_overlap(connection, meter_id, number, register, period)
    connection.execute(
        insert(MeterUse).values(
            meter_id=meter_id, register=int(register), **period._asdict(), **served
        )
    )
    return period


def _period(begin_s: int, end_s: int | None) -> Period:
    period = Period(_rounded_down(begin_s), None if end_s is None else _rounded_down(end_s))
    if period.end_s is not None and period.end_s <= period.begin_s:
        raise errors.InvalidInput("A meter's use must end at least a quarter hour after its begin.")
    return period


def _locked(connection: Connection, number: str) -> int:
    """A meter's id; nobody else changes its uses until this transaction ends."""
    meter_id = id_numbered(connection, number)
    connection.execute(select(Meter.id).where(Meter.id == meter_id).with_for_update())
    return meter_id


def _refuse_overlap(
    connection: Connection, meter_id: int, number: str, register: int, period: Period
) -> None:
    """Two uses of one register at a time would count its energy twice.

    A two-way meter may serve two purposes, one with each register.
    """
    same = and_(MeterUse.meter_id == meter_id, MeterUse.register == int(register))
    if other := _overlapping(connection, same, period):
        raise errors.Conflict(f"The meter {number!r} is in use {other}.")


def _refuse_second_meter(connection: Connection, user_id: int, mail: str, period: Period) -> None:
    """A flat has one meter at a time, or nobody could say which counter is its own."""
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


def _end_uses(
    connection: Connection, meter_id: int, number: str, at_s: int, end_s: int
) -> list[dict[str, Any]]:
    """Ends the uses that reach into [at_s, end_s] with `end_s`; what they were, for the next."""
    running = (
        select(MeterUse)
        .where(
            MeterUse.meter_id == meter_id,
            MeterUse.begin_s < end_s,
            MeterUse.end_s.is_(None) | (MeterUse.end_s > at_s),
        )
        .order_by(MeterUse.id)
    )
    uses = [row._asdict() for row in connection.execute(running)]
    if not uses:
        raise errors.NotFound(f"The meter {number!r} is not in use at {written_utc(at_s)} (UTC).")
    for use in uses:
        connection.execute(update(MeterUse).where(MeterUse.id == use.pop("id")).values(end_s=end_s))
    return uses


def _rounded_down(time_s: int) -> int:
    return time_s // QUARTER_HOUR_S * QUARTER_HOUR_S

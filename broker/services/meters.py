"""Meters, and which flat or which role of the community each of them serves when."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from broker import errors
from broker.clock import written_utc
from broker.models import (
    DEFAULT_MAX_POWER_W,
    Group,
    InexogyMeter,
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
from broker.services.meter_periods import (
    Period,
    period_of,
    refuse_overlap,
    refuse_second_meter,
    rounded_down,
)

MAX_NUMBER_LENGTH = 100
MAX_POWER_LIMIT_W = 10_000_000
"""More than any house connection; it also keeps the limit a number that fits."""


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
        refuse_second_meter(connection, user_id, mail, period_of(begin_s, end_s))
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
    end_s = rounded_down(at_s)
    with writer(db.engine).begin() as connection:
        meter_id = _locked(connection, number)
        _end_uses(connection, meter_id, number, end_s, end_s)
    return end_s


def end_uses_of_flat(connection: Connection, user_id: int, now_s: int) -> None:
    """Ends what meters are used for by a resident's flat, at `now_s` rounded down to a quarter
    hour; what would have begun later never does."""
    end_s = rounded_down(now_s)
    mine = (MeterUse.user_id == user_id, MeterUse.role == MeterRole.FLAT.value)
    in_turn = select(MeterUse.meter_id).where(*mine).order_by(MeterUse.meter_id)
    meter_ids = list(connection.scalars(in_turn))
    connection.execute(select(Meter.id).where(Meter.id.in_(meter_ids)).with_for_update())
    connection.execute(delete(MeterUse).where(*mine, MeterUse.begin_s >= end_s))
    connection.execute(
        update(MeterUse)
        .where(*mine, MeterUse.end_s.is_(None) | (MeterUse.end_s > end_s))
        .values(end_s=end_s)
    )


def swap(old_number: str, new_number: str, at_s: int, *, only_planned: bool = False) -> Swap:
    """Puts a new meter in the old one's place: one use ends, the next begins, or neither.

    What is only planned is tried and taken back, so that it fails as the real one would.

    `at_s` is rounded up to a quarter hour for the old meter's end and down for the new one's
    begin, so that no reading of either is lost. Raises NotFound for an unknown meter and for an
    old one that isn't in use, Conflict where the new one is in use already.
    """
    swapped = Swap(old_end_s=-rounded_down(-at_s), new_begin_s=rounded_down(at_s))
    with writer(db.engine).begin() as connection:
        old_id, new_id = _locked(connection, old_number), _locked(connection, new_number)
        if old_id == new_id:
            raise errors.InvalidInput("A meter can't be exchanged for itself.")
        ended = _end_uses(connection, old_id, old_number, swapped.new_begin_s, swapped.old_end_s)
        for use in ended:
            period = Period(swapped.new_begin_s, use["end_s"])
            refuse_overlap(connection, new_id, new_number, use["register"], period)
            use |= {"meter_id": new_id, "begin_s": period.begin_s}
            connection.execute(insert(MeterUse).values(**use))
        if only_planned:
            connection.rollback()
    return swapped


LAST_READING_S = func.coalesce(
    select(func.max(Reading.time_s))
    .where(Reading.meter_id == Meter.id)
    .correlate(Meter)
    .scalar_subquery(),
    # Raw readings may have expired; their quarter hours still know when the last one came.
    select(QuarterHour.last_s)
    .where(QuarterHour.meter_id == Meter.id, QuarterHour.last_s.is_not(None))
    .order_by(QuarterHour.register, QuarterHour.start_s.desc())
    .limit(1)
    .correlate(Meter)
    .scalar_subquery(),
)
"""When a row of `Meter` has said something last, in POSIX seconds; NULL if never."""


def listed(now_s: int) -> list[dict[str, Any]]:
    """Every meter with what it is used for now, its last reading, how many are in quarantine, and
    what inexogy calls it if its split by appliance is preferred."""
    quarantined = (
        select(func.count())
        .select_from(QuarantinedReading)
        .where(QuarantinedReading.meter_id == Meter.id, QuarantinedReading.accepted_s.is_(None))
        .scalar_subquery()
    )
    inexogy_id = select(InexogyMeter.inexogy_id).where(InexogyMeter.meter_id == Meter.id)
    meters = select(
        Meter.id,
        Meter.number,
        Meter.max_power_w,
        LAST_READING_S.label("last_reading_s"),
        quarantined.label("quarantined"),
        inexogy_id.scalar_subquery().label("inexogy_id"),
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
    period = period_of(begin_s, end_s)
    meter_id = _locked(connection, number)
    refuse_overlap(connection, meter_id, number, register, period)
    connection.execute(
        insert(MeterUse).values(
            meter_id=meter_id, register=int(register), **period._asdict(), **served
        )
    )
    return period


def _locked(connection: Connection, number: str) -> int:
    """A meter's id; nobody else changes its uses until this transaction ends."""
    meter_id = id_numbered(connection, number)
    connection.execute(select(Meter.id).where(Meter.id == meter_id).with_for_update())
    return meter_id


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

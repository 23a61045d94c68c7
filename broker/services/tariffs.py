"""Tariffs: what a group pays for electricity, or one of its flats instead, from day to day."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, update

from broker import errors
from broker.energy.tariffs import BasePeriod, Tariff, TariffKind
from broker.models import Group, User, db, writer
from broker.models import Tariff as TariffRow
from broker.services import community, users
from broker.services.validity import refuse_past
from broker.units import ALL_PPM, MICROS_PER_UNIT

HIGHEST_PRICE_MICROS = 100 * MICROS_PER_UNIT
"""Per kWh, either way: more is a wrong unit."""
HIGHEST_BASE_PRICE_MICROS = 1_000_000 * MICROS_PER_UNIT


class Payer(NamedTuple):
    """Who pays a tariff: a whole group, or one flat of it."""

    group_id: int
    user_id: int | None


def add(
    tariff: Tariff, today: date, *, group: str = "", mail: str = "", corrects: bool = False
) -> int:
    """Enters a tariff for a group, or for the flat of a resident, and returns its number.

    Raises NotFound for an unknown group or mail, InvalidInput for impossible prices or days and for
    a past day unless this `corrects`, Conflict where another tariff of the same payer holds.
    """
    _check(tariff)
    refuse_past(tariff.begin, today, corrects=corrects)
    with writer(db.engine).begin() as connection:
        payer = _payer(connection, group, mail)
        _refuse_overlap(connection, payer, tariff.begin, tariff.end)
        made = connection.execute(
            insert(TariffRow)
            .values(
                **payer._asdict(),
                valid_from=tariff.begin,
                valid_until=tariff.end,
                kind=tariff.kind.value,
                work_price_micros_per_kwh=tariff.work_price_micros_per_kwh,
                base_price_micros=tariff.base_price_micros,
                base_period=tariff.base_period.value,
                pv_price_micros_per_kwh=tariff.pv_price_micros_per_kwh,
                tax_ppm=tariff.tax_ppm,
            )
            .returning(TariffRow.id)
        )
        return int(made.scalar_one())


def end(number: int, day: date, today: date, *, corrects: bool = False) -> bool:
    """Lets a tariff hold until the day before `day`; whether anything is left of it.

    A tariff that ends on its first day or before is removed. Raises NotFound, InvalidInput if a day
    that is over would change, unless this `corrects`, and Conflict where it would overlap another.
    """
    with writer(db.engine).begin() as connection:
        row = connection.execute(select(*_COLUMNS).where(TariffRow.id == number)).first()
        if row is None:
            raise errors.NotFound(f"There is no tariff {number}.")
        day = max(day, row.valid_from)
        first_change = day if row.valid_until is None else min(day, row.valid_until)
        refuse_past(first_change, today, corrects=corrects)
        if day == row.valid_from:
            connection.execute(delete(TariffRow).where(TariffRow.id == number))
            return False
        payer = Payer(row.group_id, row.user_id)
        _refuse_overlap(connection, payer, row.valid_from, day, but=number)
        connection.execute(update(TariffRow).where(TariffRow.id == number).values(valid_until=day))
        return True


def of_user(user_id: int, group_id: int) -> list[Tariff]:
    """What a flat pays: the group's tariffs, and after them its own, which go before these."""
    statement = (
        select(*_COLUMNS)
        .where(
            TariffRow.group_id == group_id,
            or_(TariffRow.user_id.is_(None), TariffRow.user_id == user_id),
        )
        .order_by(TariffRow.user_id.is_not(None), TariffRow.valid_from)
    )
    with db.engine.connect() as connection:
        return [_tariff(row) for row in connection.execute(statement)]


def listed(group: str | None) -> list[dict[str, Any]]:
    """The tariffs of one group or of all, with number and payer, by group and first day.

    Raises NotFound for an unknown group.
    """
    statement = (
        select(*_COLUMNS, Group.name.label("group"), User.mail)
        .join(Group, Group.id == TariffRow.group_id)
        .join(User, User.id == TariffRow.user_id, isouter=True)
        .order_by(Group.name, TariffRow.user_id.is_not(None), User.mail, TariffRow.valid_from)
    )
    with db.engine.connect() as connection:
        if group is not None:
            group_id = community.id_named(connection, group)
            statement = statement.where(TariffRow.group_id == group_id)
        return [
            {"number": row.id, "group": row.group, "resident": row.mail, "tariff": _tariff(row)}
            for row in connection.execute(statement)
        ]


_COLUMNS = TariffRow.__table__.c


def _tariff(row: Any) -> Tariff:
    return Tariff(
        begin=row.valid_from,
        end=row.valid_until,
        kind=TariffKind(row.kind),
        work_price_micros_per_kwh=row.work_price_micros_per_kwh,
        base_price_micros=row.base_price_micros,
        base_period=BasePeriod(row.base_period),
        pv_price_micros_per_kwh=row.pv_price_micros_per_kwh,
        tax_ppm=row.tax_ppm,
    )


def _check(tariff: Tariff) -> None:
    if tariff.end is not None and tariff.end <= tariff.begin:
        raise errors.InvalidInput("A tariff must end at least a day after its first.")
    for price in (tariff.work_price_micros_per_kwh, tariff.pv_price_micros_per_kwh or 0):
        if abs(price) > HIGHEST_PRICE_MICROS:
            raise errors.InvalidInput("A kWh costs at most 10,000 ct. Is the unit right?")
    if not 0 <= tariff.base_price_micros <= HIGHEST_BASE_PRICE_MICROS:
        raise errors.InvalidInput("A base price lies between 0 and 1,000,000.")
    if not 0 <= tariff.tax_ppm <= ALL_PPM:
        raise errors.InvalidInput("The tax on prices lies between 0 and 100 %.")


def _payer(connection: Connection, group: str, mail: str) -> Payer:
    if not mail:
        return Payer(community.id_named(connection, group), None)
    user_id = users.id_of(connection, mail)
    group_id = connection.scalar(select(User.group_id).where(User.id == user_id))
    assert group_id is not None
    return Payer(group_id, user_id)


def _refuse_overlap(
    connection: Connection, payer: Payer, begin: date, end: date | None, but: int = 0
) -> None:
    """Two tariffs of one payer on a day would leave open what it costs: raises Conflict."""
    community.lock(connection, payer.group_id)
    conditions: list[ColumnElement[bool]] = [
        TariffRow.group_id == payer.group_id,
        TariffRow.user_id.is_(None)
        if payer.user_id is None
        else TariffRow.user_id == payer.user_id,
        TariffRow.id != but,
        or_(TariffRow.valid_until.is_(None), TariffRow.valid_until > begin),
    ]
    if end is not None:
        conditions.append(TariffRow.valid_from < end)
    other = connection.execute(
        select(*_COLUMNS).where(*conditions).order_by(TariffRow.valid_from)
    ).first()
    if other is not None:
        until = f"until {other.valid_until}" if other.valid_until else "with no end"
        raise errors.Conflict(
            f"Tariff {other.id} holds from {other.valid_from} {until}. End that one first."
        )

"""How far the meters of flats had come at the starts of two terms, and how far they are now."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import BigInteger, ColumnElement, ScalarSelect, and_, bindparam, func, or_, select

from broker.clock import FOR_EVER_S
from broker.models import AccountState, BillBaseline, Group, Meter, MeterRole, Prepared, User
from broker.store.meter_uses import USE, Use
from broker.store.quarter_hours import TABLE as QUARTER_HOUR

METER = Meter.__table__


class TermStand(NamedTuple):
    """A use of a flat's meter; C(t) in 0.1 µWh is None where no short gap holds the time."""

    use: Use
    group: str
    past_revision: int
    newest_s: int | None
    """The start of the register's newest quarter hour."""
    at_previous: int | None
    at_term: int | None
    at_begin: int | None
    at_end: int | None
    last_s: int | None
    """The newest reading within the use."""
    last_energy: int | None
    bill_tenth_uwh: int | None
    """What the last bill says of a term, the previous one or an earlier one."""


_ITS = and_(QUARTER_HOUR.c.meter_id == USE.c.meter_id, QUARTER_HOUR.c.register == USE.c.register)


def _opening(time_s: ColumnElement[int]) -> ScalarSelect[int]:
    return (
        select(QUARTER_HOUR.c.opening_tenth_uwh)
        .where(_ITS, QUARTER_HOUR.c.start_s == time_s)
        .correlate(USE)
        .scalar_subquery()
    )


def _newest(column: ColumnElement[int]) -> ScalarSelect[int]:
    return (
        select(column)
        .where(
            _ITS,
            QUARTER_HOUR.c.start_s >= USE.c.begin_s,
            QUARTER_HOUR.c.start_s < func.coalesce(USE.c.end_s, FOR_EVER_S),
            QUARTER_HOUR.c.first_s.is_not(None),
        )
        .order_by(QUARTER_HOUR.c.start_s.desc())
        .limit(1)
        .correlate(USE)
        .scalar_subquery()
    )


_TIME = {name: bindparam(name, type_=BigInteger()) for name in ("previous_s", "begin_s", "now_s")}
_NEWEST = select(func.max(QUARTER_HOUR.c.start_s)).where(_ITS).correlate(USE).scalar_subquery()
_BILL = (
    select(BillBaseline.energy_tenth_uwh)
    .where(
        BillBaseline.user_id == USE.c.user_id,
        BillBaseline.term_year <= bindparam("previous_year"),
    )
    .order_by(BillBaseline.term_year.desc())
    .limit(1)
    .correlate(USE)
    .scalar_subquery()
)


def _stands(*conditions: ColumnElement[bool]) -> Prepared:
    return Prepared(
        select(
            *(USE.c[name] for name in Use._fields),
            Group.name,
            METER.c.past_revision,
            _NEWEST,
            _opening(_TIME["previous_s"]),
            _opening(_TIME["begin_s"]),
            _opening(USE.c.begin_s),
            _opening(USE.c.end_s),
            _newest(QUARTER_HOUR.c.last_s),
            _newest(QUARTER_HOUR.c.last_tenth_uwh),
            _BILL,
        )
        .join(METER, METER.c.id == USE.c.meter_id)
        .join(User, User.id == USE.c.user_id)
        .join(Group, Group.id == User.group_id)
        .where(
            *conditions,
            USE.c.role == MeterRole.FLAT.value,
            USE.c.begin_s <= _TIME["now_s"],
            or_(USE.c.end_s.is_(None), USE.c.end_s > _TIME["previous_s"]),
        )
        .order_by(USE.c.user_id, USE.c.begin_s, USE.c.id)
    )


_OF_USER = _stands(USE.c.user_id == bindparam("user_id"))
_OF_MEMBERS = _stands(User.state == AccountState.ACTIVE.value)


def of_user(
    user_id: int, previous_s: int, begin_s: int, now_s: int, previous_year: int
) -> list[TermStand]:
    """A resident's uses since the previous term's start, the earliest first."""
    given = {"previous_s": previous_s, "begin_s": begin_s, "now_s": now_s}
    return _made(_OF_USER.rows(user_id=user_id, **given, previous_year=previous_year))


def of_members(previous_s: int, begin_s: int, now_s: int, previous_year: int) -> list[TermStand]:
    """The same for all active residents of all communities, one resident after the other."""
    given = {"previous_s": previous_s, "begin_s": begin_s, "now_s": now_s}
    return _made(_OF_MEMBERS.rows(**given, previous_year=previous_year))


def _made(rows: list[tuple[object, ...]]) -> list[TermStand]:
    width = len(Use._fields)
    return [TermStand(Use._make(row[:width]), *row[width:]) for row in rows]  # type: ignore[arg-type]

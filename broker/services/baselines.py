"""What a home used in its last term: where that is known from, and the operator's bill values."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Exists, and_, bindparam, delete, exists, insert, or_, select

from broker import errors
from broker.clock import local_date, term_start_s
from broker.energy import baseline
from broker.models import (
    BillBaseline,
    MeterRole,
    MeterUse,
    Prepared,
    QuarterHour,
    User,
    db,
    writer,
)
from broker.services import users
from broker.units import QUARTER_HOUR_S, kwh_from, tenth_uwh_from_kwh

FIRST_YEAR = 2000
LAST_YEAR = 9999
MOST_KWH = 1_000_000


class Terms(NamedTuple):
    """The support year that a time falls into, and the one before: their starts in s."""

    previous_s: int
    begin_s: int
    end_s: int
    previous_year: int
    """The year in which the previous term begins: its name."""

    @classmethod
    def at(cls, now_s: int, term_start: tuple[int, int], zone: ZoneInfo) -> Terms:
        """The terms around a time, by the month and day on which they begin."""
        previous_s, begin_s, end_s = (
            term_start_s(now_s, term_start, zone, terms_before=before) for before in (1, 0, -1)
        )
        return cls(previous_s, begin_s, end_s, local_date(previous_s, zone).year)


OWN_QUARTER_HOURS = and_(
    MeterUse.user_id == User.id,
    MeterUse.role == MeterRole.FLAT.value,
    QuarterHour.meter_id == MeterUse.meter_id,
    QuarterHour.register == MeterUse.register,
    or_(MeterUse.end_s.is_(None), QuarterHour.start_s < MeterUse.end_s),
    QuarterHour.first_s.is_not(None),
)


def _reading_near(boundary: str) -> Exists:
    """Whether the home has a reading near the boundary, a parameter in POSIX seconds.

    A database seeks by one lower bound of `start_s`. It must be that of the window, so the
    beginning of the use is written as a difference: else SQLite reads the whole use.
    """
    boundary_s = bindparam(boundary, type_=BigInteger())
    begin_s, end_s = boundary_s - baseline.NEAR_S, boundary_s + baseline.NEAR_S
    return exists().where(
        OWN_QUARTER_HOURS,
        QuarterHour.start_s - MeterUse.begin_s >= 0,
        QuarterHour.start_s > begin_s - QUARTER_HOUR_S,
        QuarterHour.start_s <= end_s,
        QuarterHour.last_s >= begin_s,
        QuarterHour.first_s <= end_s,
    )


KNOWN_FROM = (
    _reading_near("previous_s").correlate(User).label("has_reading_near_begin"),
    _reading_near("begin_s").correlate(User).label("has_reading_near_end"),
    exists()
    .where(
        BillBaseline.user_id == User.id,
        BillBaseline.term_year <= bindparam("previous_year"),
    )
    .correlate(User)
    .label("has_bill"),
)
"""What `source` needs, as columns of a statement about users; parameters as in `Terms`."""

_SOURCE = Prepared(select(*KNOWN_FROM).select_from(User).where(User.id == bindparam("user_id")))


def source(row: Any) -> baseline.BaselineSource:
    """Where the baseline is known from, by a row that has the columns `KNOWN_FROM`."""
    return baseline.source(
        has_reading_near_begin=bool(row.has_reading_near_begin),
        has_reading_near_end=bool(row.has_reading_near_end),
        has_bill=bool(row.has_bill),
    )


def is_measured(user_id: int, terms: Terms) -> bool:
    """Whether the flat has a reading near both boundaries of the previous term."""
    row = _SOURCE.first(
        user_id=user_id,
        previous_s=terms.previous_s,
        begin_s=terms.begin_s,
        previous_year=terms.previous_year,
    )
    return source(row) is baseline.BaselineSource.MEASURED


def enter(mail: str, kwh: Decimal, year: int, terms: Terms, now_s: int) -> None:
    """Keeps what a bill says of the term that begins in a year, instead of an earlier value.

    Raises NotFound for an unknown account, InvalidInput for an impossible value or a term that
    isn't over.
    """
    if not kwh.is_finite() or not 0 < kwh <= MOST_KWH:
        raise errors.InvalidInput(f"A term's energy is more than 0 and at most {MOST_KWH} kWh.")
    if not FIRST_YEAR <= year <= terms.previous_year:
        raise errors.InvalidInput(
            f"The last term that is over began in {terms.previous_year}; {year} can't be entered."
        )
    with writer(db.engine).begin() as connection:
        user_id = users.id_of(connection, mail)
        connection.execute(_of(user_id, year))
        connection.execute(
            insert(BillBaseline).values(
                user_id=user_id,
                term_year=year,
                energy_tenth_uwh=tenth_uwh_from_kwh(kwh),
                entered_s=now_s,
            )
        )


def remove(mail: str, year: int) -> None:
    """Forgets what a bill said of a term. Raises NotFound."""
    with writer(db.engine).begin() as connection:
        user_id = users.id_of(connection, mail)
        is_possible = FIRST_YEAR <= year <= LAST_YEAR
        if not is_possible or not connection.execute(_of(user_id, year)).rowcount:
            raise errors.NotFound(f"There is no value of {mail} for the term of {year}.")


def listed(terms: Terms) -> list[dict[str, Any]]:
    """Every value entered, by mail and term, and which kind of baseline the home has now."""
    statement = (
        select(User.mail, BillBaseline.term_year, BillBaseline.energy_tenth_uwh, *KNOWN_FROM)
        .join(BillBaseline, BillBaseline.user_id == User.id)
        .order_by(User.mail, BillBaseline.term_year)
    )
    with db.engine.connect() as connection:
        rows = connection.execute(statement, terms._asdict()).all()
    return [
        {
            "mail": row.mail,
            "term": row.term_year,
            "kwh": kwh_from(row.energy_tenth_uwh),
            "baseline_source": source(row).value,
        }
        for row in rows
    ]


def _of(user_id: int, year: int) -> Any:
    return delete(BillBaseline).where(
        BillBaseline.user_id == user_id, BillBaseline.term_year == year
    )

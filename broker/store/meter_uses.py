"""Which meter served whom when, and the quarter hours of that time: the path of every curve."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, and_, bindparam, or_, select

from broker.models import JsonList, MeterRole, MeterUse, Prepared, among
from broker.store.quarter_hours import TABLE as QUARTER_HOUR

USE = MeterUse.__table__


class Use(NamedTuple):
    """A meter's service for a flat or a role of the community, in POSIX seconds."""

    id: int
    meter_id: int
    register: int
    user_id: int | None
    role: str
    begin_s: int
    end_s: int | None

    def within(self, begin_s: int, end_s: int) -> tuple[int, int]:
        """The part of [begin_s, end_s] in which the meter served this owner."""
        use_end_s = end_s if self.end_s is None else self.end_s
        return max(begin_s, self.begin_s), min(end_s, use_end_s)


class Curve(NamedTuple):
    """C(t) in 0.1 µWh at the starts of the quarter hours of a use; None where it is unknown."""

    use: Use
    starts_s: list[int]
    openings: list[int | None]


class Counters(NamedTuple):
    """The first and the last reading of a quarter hour: times in s, counters in 0.1 µWh."""

    first_s: int
    first_counter: int
    last_s: int
    last_counter: int


_USE_COLUMNS = [USE.c[name] for name in Use._fields]
_OVERLAPS = and_(
    USE.c.begin_s < bindparam("end_s"),
    or_(USE.c.end_s.is_(None), USE.c.end_s > bindparam("begin_s")),
)
# The bounds of the use are written as differences: a database seeks by one lower bound only, and
# it must not be the beginning of the use but that of the shown time.
_ITS_QUARTER_HOURS = and_(
    QUARTER_HOUR.c.meter_id == USE.c.meter_id,
    QUARTER_HOUR.c.register == USE.c.register,
    QUARTER_HOUR.c.start_s - USE.c.begin_s >= 0,
)
# The one that begins where a use ends is among them, since it closes the last one.
_SHOWN = and_(
    _ITS_QUARTER_HOURS,
    or_(USE.c.end_s.is_(None), QUARTER_HOUR.c.start_s - USE.c.end_s <= 0),
    QUARTER_HOUR.c.start_s >= bindparam("begin_s"),
    QUARTER_HOUR.c.start_s <= bindparam("end_s"),
)
_EVERY_STEP = QUARTER_HOUR.c.start_s % bindparam("step_s") == bindparam("phase_s")


def _curves(owner: ColumnElement[bool], *conditions: ColumnElement[bool]) -> Prepared:
    """One row a use: its columns, and its quarter hours as two lists in one text."""
    rows = (
        select(QUARTER_HOUR.c.start_s, QUARTER_HOUR.c.opening_tenth_uwh)
        .where(_SHOWN, *conditions)
        .order_by(QUARTER_HOUR.c.start_s)
        .correlate(USE)
        .subquery()
    )
    lists = select(JsonList(rows.c[0]) + " " + JsonList(rows.c[1])).scalar_subquery()
    return Prepared(
        select(*_USE_COLUMNS, lists.label("lists"))
        .where(owner, _OVERLAPS)
        .order_by(USE.c.begin_s, USE.c.id)
    )


def _counters(owner: ColumnElement[bool]) -> Prepared:
    return Prepared(
        select(
            USE.c.id,
            QUARTER_HOUR.c.start_s,
            QUARTER_HOUR.c.first_s,
            QUARTER_HOUR.c.first_counter_tenth_uwh,
            QUARTER_HOUR.c.last_s,
            QUARTER_HOUR.c.last_counter_tenth_uwh,
        )
        .join(QUARTER_HOUR, _ITS_QUARTER_HOURS)
        .where(
            owner,
            or_(USE.c.end_s.is_(None), QUARTER_HOUR.c.start_s - USE.c.end_s < 0),
            QUARTER_HOUR.c.first_s.is_not(None),
            among(QUARTER_HOUR.c.start_s, "times_s"),
        )
    )


class Owner:
    """Whose meters: the same questions for a resident's flat and for a whole community."""

    def __init__(self, owner: ColumnElement[bool]) -> None:
        self._uses = Prepared(
            select(*_USE_COLUMNS).where(owner, _OVERLAPS).order_by(USE.c.begin_s, USE.c.id)
        )
        self._quarter_hours = _curves(owner)
        self._steps = _curves(owner, _EVERY_STEP)
        self._counters = _counters(owner)

    def uses(self, owner_id: int, begin_s: int, end_s: int) -> list[Use]:
        """The uses that overlap [begin_s, end_s), the earliest first."""
        rows = self._uses.rows(owner_id=owner_id, begin_s=begin_s, end_s=end_s)
        return [Use._make(row) for row in rows]

    def curves(self, owner_id: int, begin_s: int, end_s: int) -> list[Curve]:
        """The uses with their quarter hours that start in [begin_s, end_s]."""
        rows = self._quarter_hours.rows(owner_id=owner_id, begin_s=begin_s, end_s=end_s)
        return [_curve(row) for row in rows]

    def steps(
        self, owner_id: int, begin_s: int, end_s: int, step_s: int, phase_s: int
    ) -> list[Curve]:
        """The same, but only every `step_s`, where a time leaves the remainder `phase_s`."""
        given = {"owner_id": owner_id, "begin_s": begin_s, "end_s": end_s}
        rows = self._steps.rows(**given, step_s=step_s, phase_s=phase_s)
        return [_curve(row) for row in rows]

    def counters(self, owner_id: int, starts_s: Iterable[int]) -> dict[tuple[int, int], Counters]:
        """First and last reading of certain quarter hours by use id and start; those with any."""
        rows = self._counters.rows(owner_id=owner_id, times_s=sorted(starts_s))
        return {(row[0], row[1]): Counters._make(row[2:]) for row in rows}


def _curve(row: Any) -> Curve:
    starts, _, openings = (row[-1] or "[] []").partition(" ")
    return Curve(Use._make(row[:-1]), orjson.loads(starts), orjson.loads(openings))


FLAT_OF_USER = Owner(
    and_(USE.c.user_id == bindparam("owner_id"), USE.c.role == MeterRole.FLAT.value)
)
GROUP = Owner(USE.c.group_id == bindparam("owner_id"))

"""Which meter served whom when, and the quarter hours of that time: the path of every curve."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Text, and_, bindparam, cast, func, or_, select

from broker.models import (
    PRODUCTION,
    Earlier,
    JsonList,
    Later,
    Meter,
    MeterRole,
    MeterUse,
    Prepared,
    among,
)
from broker.store.quarter_hours import TABLE as QUARTER_HOUR

USE = MeterUse.__table__
METER = Meter.__table__
NO_POINTS = "[];[]"


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

    def is_within(self, begin_s: int, end_s: int) -> bool:
        """Whether the meter served this owner at some time in [begin_s, end_s)."""
        from_s, until_s = self.within(begin_s, end_s)
        return from_s < until_s


class Counters(NamedTuple):
    """The first and the last reading of a quarter hour: times in s, counters in 0.1 µWh."""

    first_s: int
    first_counter: int
    last_s: int
    last_counter: int


class Points(NamedTuple):
    """C(t) in 0.1 µWh at the starts of quarter hours; None where it is unknown."""

    starts_s: list[int]
    openings: list[int | None]


class Curve(NamedTuple):
    """The quarter hours of a use."""

    use: Use
    written: str
    """Its points as the database wrote them: see `points`."""
    edges: dict[int, Counters]
    """What was asked for of certain quarter hours, by their start; those without readings lack."""


_USE_COLUMNS = [USE.c[name] for name in Use._fields]
_OVERLAPS = and_(
    USE.c.begin_s < bindparam("end_s"),
    or_(USE.c.end_s.is_(None), USE.c.end_s > bindparam("begin_s")),
)
# The bounds of the use and of the shown time are made one: a database seeks by one lower bound.
# The quarter hour that begins at the end is among the shown, since it closes the last one.
_ITS_QUARTER_HOURS = and_(
    QUARTER_HOUR.c.meter_id == USE.c.meter_id, QUARTER_HOUR.c.register == USE.c.register
)
_UNTIL_END = QUARTER_HOUR.c.start_s <= Earlier(
    func.coalesce(USE.c.end_s, bindparam("end_s")), bindparam("end_s")
)
_SHOWN = and_(
    _ITS_QUARTER_HOURS,
    QUARTER_HOUR.c.start_s >= Later(USE.c.begin_s, bindparam("begin_s")),
    _UNTIL_END,
)
# These are sought by their times, so the bounds of the use must not look like something to seek by.
_EDGES = and_(
    _ITS_QUARTER_HOURS,
    QUARTER_HOUR.c.start_s - USE.c.begin_s >= 0,
    or_(USE.c.end_s.is_(None), QUARTER_HOUR.c.start_s - USE.c.end_s < 0),
    QUARTER_HOUR.c.first_s.is_not(None),
)


_COUNTERS = [
    QUARTER_HOUR.c.first_s,
    QUARTER_HOUR.c.first_counter_tenth_uwh,
    QUARTER_HOUR.c.last_s,
    QUARTER_HOUR.c.last_counter_tenth_uwh,
]


def _curves(owner: ColumnElement[bool]) -> Prepared:
    """One row a use: its columns, and its quarter hours as two lists in one text."""
    quarter_hour = QUARTER_HOUR.c
    lists = (
        select(
            JsonList(quarter_hour.start_s, quarter_hour.start_s)
            + ";"
            + JsonList(quarter_hour.opening_tenth_uwh, quarter_hour.start_s)
        )
        .where(_SHOWN)
        .correlate(USE)
    )
    edge: ColumnElement[str] = cast(quarter_hour.start_s, Text)
    for column in _COUNTERS:
        edge = edge + "," + cast(column, Text)
    edges = (
        select("[" + func.coalesce(func.aggregate_strings(edge, ","), "") + "]")
        .where(_EDGES, among(quarter_hour.start_s, "edges_s"))
        .correlate(USE)
    )
    return Prepared(
        select(*_USE_COLUMNS, lists.scalar_subquery(), edges.scalar_subquery())
        .where(owner, _OVERLAPS)
        .order_by(USE.c.begin_s, USE.c.id)
    )


def _counters(owner: ColumnElement[bool]) -> Prepared:
    return Prepared(
        select(USE.c.id, QUARTER_HOUR.c.start_s, *_COUNTERS)
        .join(QUARTER_HOUR, _ITS_QUARTER_HOURS)
        .where(owner, _EDGES, among(QUARTER_HOUR.c.start_s, "times_s"))
    )


def _openings(owner: ColumnElement[bool]) -> Prepared:
    return Prepared(
        select(USE.c.id, QUARTER_HOUR.c.start_s, QUARTER_HOUR.c.opening_tenth_uwh)
        .join(QUARTER_HOUR, _ITS_QUARTER_HOURS)
        .where(
            owner,
            QUARTER_HOUR.c.start_s - USE.c.begin_s >= 0,
            or_(USE.c.end_s.is_(None), QUARTER_HOUR.c.start_s - USE.c.end_s <= 0),
            QUARTER_HOUR.c.opening_tenth_uwh.is_not(None),
            among(QUARTER_HOUR.c.start_s, "times_s"),
        )
    )


Stamp = tuple[tuple[int | str | None, ...], ...]
"""For each use in a time: its columns, its meter's revision of the past, until when it is closed.

Quarter hours before the newest one of a register never change by appending to it, and whatever
else changes them counts up the meter's `past_revision`.
"""


def _stamp(owner: ColumnElement[bool]) -> Prepared:
    newest = select(func.max(QUARTER_HOUR.c.start_s)).where(_ITS_QUARTER_HOURS).correlate(USE)
    return Prepared(
        select(*_USE_COLUMNS, METER.c.past_revision, newest.scalar_subquery())
        .join(METER, METER.c.id == USE.c.meter_id)
        .where(owner, _OVERLAPS)
        .order_by(USE.c.begin_s, USE.c.id)
    )


class Standing(NamedTuple):
    """A use, and how far its quarter hours have come that start at a time at the latest.

    Those before the newest one stay as they are while meter and use do: see `Stamp`. Appending
    also leaves alone where the newest one begins, at which C(t), and its first reading.
    """

    use: Use
    past_revision: int
    newest_s: int | None
    """The start of the newest one; None if there is none."""
    readings: Counters | None
    """Its first and last reading, if it has any."""


def _standings(owner: ColumnElement[bool]) -> Prepared:
    """One row a use: its columns, and its newest quarter hour as a list in a text."""
    readings: ColumnElement[str] = cast(_COUNTERS[0], Text)
    for column in _COUNTERS[1:]:
        readings = readings + "," + cast(column, Text)
    start = cast(QUARTER_HOUR.c.start_s, Text)
    newest = (
        select("[" + start + func.coalesce("," + readings, "") + "]")
        .where(_ITS_QUARTER_HOURS, _UNTIL_END)
        .order_by(QUARTER_HOUR.c.start_s.desc())
        .limit(1)
        .correlate(USE)
    )
    return Prepared(
        select(*_USE_COLUMNS, METER.c.past_revision, newest.scalar_subquery())
        .join(METER, METER.c.id == USE.c.meter_id)
        .where(owner, _OVERLAPS)
        .order_by(USE.c.begin_s, USE.c.id)
    )


class Owner:
    """Whose meters: the same questions for a resident's flat and for a whole community."""

    def __init__(self, owner: ColumnElement[bool]) -> None:
        self._uses = Prepared(
            select(*_USE_COLUMNS).where(owner, _OVERLAPS).order_by(USE.c.begin_s, USE.c.id)
        )
        self._quarter_hours = _curves(owner)
        self._counters = _counters(owner)
        self._openings = _openings(owner)
        self._stamp = _stamp(owner)
        self._standings = _standings(owner)

    def uses(self, owner_id: int, begin_s: int, end_s: int) -> list[Use]:
        """The uses that overlap [begin_s, end_s), the earliest first."""
        rows = self._uses.rows(owner_id=owner_id, begin_s=begin_s, end_s=end_s)
        return [Use._make(row) for row in rows]

    def stamp(self, owner_id: int, begin_s: int, end_s: int) -> Stamp:
        """What all quarter hours of [begin_s, end_s) depend on; while it stays, so do they."""
        rows = self._stamp.rows(owner_id=owner_id, begin_s=begin_s, end_s=end_s)
        return tuple((*row[:-1], None if row[-1] is None else min(row[-1], end_s)) for row in rows)

    def standings(self, owner_id: int, begin_s: int, end_s: int) -> list[Standing]:
        """The uses that overlap [begin_s, end_s) and their quarter hours until `end_s`."""
        rows = self._standings.rows(owner_id=owner_id, begin_s=begin_s, end_s=end_s)
        return [_standing(row) for row in rows]

    def curves(self, owner_id: int, begin_s: int, end_s: int, edges_s: list[int]) -> list[Curve]:
        """The uses with their quarter hours that start in [begin_s, end_s]."""
        given = {"owner_id": owner_id, "begin_s": begin_s, "end_s": end_s}
        rows = self._quarter_hours.rows(**given, edges_s=edges_s)
        return [_curve(row) for row in rows]

    def counters(self, owner_id: int, starts_s: Iterable[int]) -> dict[tuple[int, int], Counters]:
        """First and last reading of certain quarter hours by use id and start; those with any."""
        rows = self._counters.rows(owner_id=owner_id, times_s=sorted(starts_s))
        return {(row[0], row[1]): Counters._make(row[2:]) for row in rows}

    def openings(self, owner_id: int, times_s: Sequence[int]) -> dict[int, dict[int, int]]:
        """C(t) in 0.1 µWh at certain boundaries of quarter hours, for each use by its id.

        Boundaries at which it isn't known, as within longer gaps, are left out.
        """
        of_uses: dict[int, dict[int, int]] = {}
        for use_id, time_s, energy in self._openings.rows(owner_id=owner_id, times_s=list(times_s)):
            of_uses.setdefault(use_id, {})[time_s] = energy
        return of_uses


def _curve(row: Any) -> Curve:
    *of_use, written, numbers = row
    edges = orjson.loads(numbers)
    known = {edges[n]: Counters(*edges[n + 1 : n + 5]) for n in range(0, len(edges), 5)}
    return Curve(Use(*of_use), written or NO_POINTS, known)


def _standing(row: Any) -> Standing:
    *of_use, past_revision, newest = row
    start_s, *readings = orjson.loads(newest) if newest else (None,)
    return Standing(Use(*of_use), past_revision, start_s, Counters(*readings) if readings else None)


def points(written: str) -> Points:
    """What a curve's text says."""
    starts, _, openings = written.partition(";")
    return Points(orjson.loads(starts), orjson.loads(openings))


FLAT_OF_USER = Owner(
    and_(USE.c.user_id == bindparam("owner_id"), USE.c.role == MeterRole.FLAT.value)
)
GROUP = Owner(USE.c.group_id == bindparam("owner_id"))
PLANTS_OF_GROUP = Owner(
    and_(
        USE.c.group_id == bindparam("owner_id"),
        or_(*(USE.c.role == role.value for role in PRODUCTION)),
    )
)

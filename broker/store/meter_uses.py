"""Which meter served whom when, and the quarter hours of that time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, bindparam, or_, select

from broker.models import MeterRole, MeterUse
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


_OVERLAPPING = and_(
    USE.c.begin_s < bindparam("end_s"),
    or_(USE.c.end_s.is_(None), USE.c.end_s > bindparam("begin_s")),
)
_OF_USER = and_(USE.c.user_id == bindparam("owner_id"), USE.c.role == MeterRole.FLAT.value)
_OF_GROUP = USE.c.group_id == bindparam("owner_id")


_USE_COLUMNS = [USE.c[name] for name in Use._fields]
_BOUNDARY_COLUMNS = [
    QUARTER_HOUR.c[name]
    for name in (
        "start_s",
        "opening_tenth_uwh",
        "first_s",
        "first_counter_tenth_uwh",
        "last_s",
        "last_counter_tenth_uwh",
    )
]
_BOUNDARIES = (
    select(USE.c.id, *_BOUNDARY_COLUMNS)
    .join(
        QUARTER_HOUR,
        and_(
            QUARTER_HOUR.c.meter_id == USE.c.meter_id,
            QUARTER_HOUR.c.register == USE.c.register,
        ),
    )
    .where(
        _OVERLAPPING,
        QUARTER_HOUR.c.start_s >= bindparam("begin_s"),
        QUARTER_HOUR.c.start_s <= bindparam("end_s"),
        QUARTER_HOUR.c.start_s >= USE.c.begin_s,
        or_(USE.c.end_s.is_(None), QUARTER_HOUR.c.start_s <= USE.c.end_s),
    )
    .order_by(USE.c.id, QUARTER_HOUR.c.start_s)
)
_USES = select(*_USE_COLUMNS).where(_OVERLAPPING).order_by(USE.c.begin_s, USE.c.id)


class Owner(NamedTuple):
    """Whose meters: the statements for a resident's flat, or for a whole community."""

    uses: Select[Any]
    boundaries: Select[Any]


FLAT_OF_USER = Owner(_USES.where(_OF_USER), _BOUNDARIES.where(_OF_USER))
GROUP = Owner(_USES.where(_OF_GROUP), _BOUNDARIES.where(_OF_GROUP))

Boundaries = Mapping[int, Sequence[tuple[int | None, ...]]]


def uses(
    connection: Connection, owner: Owner, owner_id: int, begin_s: int, end_s: int
) -> list[Use]:
    """The uses that overlap [begin_s, end_s), the earliest first."""
    given = {"owner_id": owner_id, "begin_s": begin_s, "end_s": end_s}
    return [Use._make(row) for row in connection.execute(owner.uses, given)]


def boundaries(
    connection: Connection, owner: Owner, owner_id: int, begin_s: int, end_s: int
) -> Boundaries:
    """Start, opening, first and last reading of the quarter hours that start in [begin_s, end_s].

    By use, in order of time, as plain tuples of the driver: this is the path of every curve. The
    quarter hour that begins where a use ends is among them, since it closes the last one.
    """
    given = {"owner_id": owner_id, "begin_s": begin_s, "end_s": end_s}
    by_use: defaultdict[int, list[tuple[int | None, ...]]] = defaultdict(list)
    for use_id, *boundary in connection.execute(owner.boundaries, given).cursor.fetchall():
        by_use[use_id].append(boundary)
    return by_use


_OPENINGS = (
    select(QUARTER_HOUR.c.start_s, QUARTER_HOUR.c.opening_tenth_uwh)
    .where(
        QUARTER_HOUR.c.meter_id == bindparam("meter_id"),
        QUARTER_HOUR.c.register == bindparam("register"),
        QUARTER_HOUR.c.start_s >= bindparam("begin_s"),
        QUARTER_HOUR.c.start_s <= bindparam("end_s"),
        (QUARTER_HOUR.c.start_s - bindparam("begin_s")) % bindparam("step_s") == 0,
    )
    .order_by(QUARTER_HOUR.c.start_s)
)


def openings(
    connection: Connection, use: Use, begin_s: int, end_s: int, step_s: int
) -> list[tuple[int | None, ...]]:
    """Time and C(t) every `step_s` from `begin_s` on, where a quarter hour begins then."""
    given = {
        "meter_id": use.meter_id,
        "register": use.register,
        "begin_s": begin_s,
        "end_s": end_s,
        "step_s": step_s,
    }
    return [tuple(row) for row in connection.execute(_OPENINGS, given)]

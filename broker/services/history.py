"""What did I, what did we use and produce: load profiles and counters of some time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from operator import itemgetter, sub
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, or_, select

from broker.clock import day_start_s, day_starts_s, month_starts_s, written_utc
from broker.energy.load_profile import mean_powers_mw
from broker.errors import InvalidInput
from broker.models import AccountState, MeterRole, MeterUse, User, db
from broker.services import totals
from broker.store import meter_uses
from broker.store.meter_uses import FLAT_OF_USER, GROUP, Owner, Use
from broker.units import DAY_S, HOUR_S, mean_power_mw

LONGEST_QUARTER_HOURS_S = 3 * 366 * DAY_S
LONGEST_S = 15 * 366 * DAY_S

Curve = dict[str, float]
Counters = dict[str, int]


class Resolution(StrEnum):
    """How finely power is averaged."""

    QUARTER_HOUR = "quarter_hour"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


class Window(NamedTuple):
    """The asked-for time, until now at most."""

    begin_s: int
    end_s: int
    resolution: Resolution
    zone: ZoneInfo


class Course(NamedTuple):
    """A register's powers in mW and counters in 0.1 µWh, by written time."""

    energy: Counters
    power: Curve


START = itemgetter(0)
HAS_FLAT = (
    select(MeterUse.id)
    .where(MeterUse.user_id == User.id, MeterUse.role == MeterRole.FLAT.value)
    .exists()
)
MEMBERS = select(User.id).where(
    User.group_id == bindparam("group_id"),
    User.state == AccountState.ACTIVE.value,
    or_(User.is_operator.is_(False), HAS_FLAT),
)
"""An operator is a member only if they live there as well."""


def of_user(
    user_id: int, begin_s: int, end_s: int, resolution: str, zone: ZoneInfo, now_s: int
) -> dict[str, Any]:
    """The resident's power by the end of each finished quarter hour, hour, day or month in mW,
    and the first and last counter of each day in 0.1 µWh; empty if there is nothing.

    Raises InvalidInput for an empty or too long time.
    """
    window = _window(begin_s, end_s, resolution, zone, now_s)
    with db.engine.connect() as connection:
        courses = _courses(connection, FLAT_OF_USER, user_id, window)
    course = _joined(course for _, course in courses)
    return course._asdict() if course.energy or course.power else {}


def of_group(
    group_id: int, begin_s: int, end_s: int, resolution: str, zone: ZoneInfo, now_s: int
) -> dict[str, Any]:
    """The same for the community's common and production meters and for each member by user id.

    A member without data has two empty objects; the answer is empty if nobody has any.
    Raises InvalidInput for an empty or too long time.
    """
    window = _window(begin_s, end_s, resolution, zone, now_s)
    with db.engine.connect() as connection:
        members = list(connection.scalars(MEMBERS, {"group_id": group_id}))
        courses = _courses(connection, GROUP, group_id, window)
    if not any(course.energy or course.power for _, course in courses):
        return {}
    by_role = {
        role: _joined(course for use, course in courses if use.role == role) for role in MeterRole
    }
    by_user: dict[int, list[Course]] = {user_id: [] for user_id in members}
    for use, course in courses:
        if use.user_id in by_user and use.role == MeterRole.FLAT:
            by_user[use.user_id].append(course)
    return {
        "consumed_energy": by_role[MeterRole.COMMON].energy,
        "consumed_power": by_role[MeterRole.COMMON].power,
        "group_users": {str(user_id): _joined(mine)._asdict() for user_id, mine in by_user.items()},
        "produced_first_meter_energy": by_role[MeterRole.FIRST_PRODUCTION].energy,
        "produced_first_meter_power": by_role[MeterRole.FIRST_PRODUCTION].power,
        "produced_second_meter_energy": by_role[MeterRole.SECOND_PRODUCTION].energy,
        "produced_second_meter_power": by_role[MeterRole.SECOND_PRODUCTION].power,
    }


def _window(begin_s: int, end_s: int, resolution: str, zone: ZoneInfo, now_s: int) -> Window:
    if end_s <= begin_s and begin_s <= now_s:
        raise InvalidInput("end: must lie after begin.")
    chosen = Resolution(resolution)
    longest_s = LONGEST_QUARTER_HOURS_S if chosen is Resolution.QUARTER_HOUR else LONGEST_S
    if end_s - begin_s > longest_s:
        raise InvalidInput(
            f"begin: at most {longest_s // (366 * DAY_S)} years of {chosen.value}s at a time."
        )
    return Window(begin_s, min(end_s, now_s), chosen, zone)


def _courses(
    connection: Connection, owner: Owner, owner_id: int, window: Window
) -> list[tuple[Use, Course]]:
    """What each meter measured while it served the owner."""
    begin_s, end_s, resolution, zone = window
    if begin_s >= end_s:
        return []
    uses = meter_uses.uses(connection, owner, owner_id, begin_s, end_s)
    if resolution is not Resolution.QUARTER_HOUR:
        return [(use, _coarse(connection, use, window)) for use in uses]
    rows = meter_uses.boundaries(connection, owner, owner_id, begin_s, end_s)
    days = list(day_starts_s(begin_s, end_s, zone))
    return [(use, _fine(use, rows.get(use.id, ()), days, window)) for use in uses]


def _fine(use: Use, rows: Sequence[Sequence[Any]], days_s: Sequence[int], window: Window) -> Course:
    """Quarter hours, and the first and last counter of each day among them."""
    powers = mean_powers_mw(rows, window.end_s)
    _, end_s = use.within(window.begin_s, window.end_s)
    counters: dict[int, int] = {}
    for day_s, next_s in zip(days_s, [*days_s[1:], end_s], strict=True):
        begin, end = (bisect_left(rows, at_s, key=START) for at_s in (day_s, min(next_s, end_s)))
        first = next((row for row in rows[begin:end] if row[2] is not None), None)
        if first is not None:
            last = next(row for row in reversed(rows[begin:end]) if row[2] is not None)
            counters[first[2]] = first[3]
            counters[last[4]] = last[5]
    return Course(_written(counters), _written(powers))


def _coarse(connection: Connection, use: Use, window: Window) -> Course:
    """Hours, whole days or whole months, which the asked-for time is widened to."""
    begin_s, end_s, resolution, zone = window
    if resolution is Resolution.HOUR:
        from_s, until_s = use.within(day_start_s(begin_s, zone), end_s)
        hours = meter_uses.openings(connection, use, from_s - from_s % HOUR_S, until_s, HOUR_S)
        in_time = [hour for hour in hours if (hour[0] or 0) >= begin_s]
        powers = mean_powers_mw(in_time, end_s, HOUR_S)
    else:
        starts_s = day_starts_s if resolution is Resolution.DAY else month_starts_s
        boundaries_s = list(starts_s(begin_s, end_s + 1, zone))
        energies = totals.energies_tenth_uwh(connection, use, boundaries_s)
        durations = dict(
            zip(boundaries_s[1:], map(sub, boundaries_s[1:], boundaries_s), strict=False)
        )
        powers = {at_s: mean_power_mw(energy, durations[at_s]) for at_s, energy in energies.items()}
    days = list(day_starts_s(begin_s, end_s, zone))
    return Course(_written(totals.day_counters(connection, use, days, end_s)), _written(powers))


def _joined(courses: Iterable[Course]) -> Course:
    """One course of all meters that served the same purpose, one after the other.

    Where a day or month saw two of them (a swap), their energies and so their powers add up.
    """
    energy: Counters = {}
    power: Curve = {}
    for course in courses:
        energy |= course.energy
        if power.keys().isdisjoint(course.power):
            power |= course.power
        else:
            power |= {at: mw + power.get(at, 0) for at, mw in course.power.items()}
    return Course(energy, power)


def _written(by_time: Mapping[int, Any]) -> dict[str, Any]:
    return {written_utc(time_s): value for time_s, value in by_time.items()}

"""What did I, what did we use and produce: load profiles and counters of some time."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, or_, select

from broker.clock import day_starts_s, month_starts_s, written_utc
from broker.energy.load_profile import mean_powers_mw
from broker.errors import InvalidInput
from broker.models import AccountState, MeterRole, MeterUse, Prepared, User
from broker.services import day_counters, totals
from broker.store import meter_uses
from broker.store.meter_uses import FLAT_OF_USER, GROUP, NO_POINTS, Curve, Owner, Use
from broker.units import DAY_S, HOUR_S, QUARTER_HOUR_S

LONGEST_QUARTER_HOURS_S = 3 * 366 * DAY_S
LONGEST_S = 15 * 366 * DAY_S
LONGEST_REMEMBERED = 10_000
"""Characters of a curve's text: some three days of quarter hours."""

Powers = dict[str, float]
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
    power: Powers


SHARED_ROLES = (MeterRole.COMMON, MeterRole.FIRST_PRODUCTION, MeterRole.SECOND_PRODUCTION)

HAS_FLAT = (
    select(MeterUse.id)
    .where(MeterUse.user_id == User.id, MeterUse.role == MeterRole.FLAT.value)
    .exists()
)
MEMBERS = Prepared(
    select(User.id)
    .where(
        User.group_id == bindparam("group_id"),
        User.state == AccountState.ACTIVE.value,
        or_(User.is_operator.is_(False), HAS_FLAT),
    )
    .order_by(User.id)
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
    courses = _courses(FLAT_OF_USER, user_id, window)
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
    members = [row.id for row in MEMBERS.rows(group_id=group_id)]
    courses = _courses(GROUP, group_id, window)
    if not any(course.energy or course.power for _, course in courses):
        return {}
    common, first, second = (
        _joined(course for use, course in courses if use.role == role) for role in SHARED_ROLES
    )
    by_user: dict[int, list[Course]] = {user_id: [] for user_id in members}
    for use, course in courses:
        if use.user_id in by_user and use.role == MeterRole.FLAT:
            by_user[use.user_id].append(course)
    return {
        "consumed_energy": common.energy,
        "consumed_power": common.power,
        "group_users": {str(user_id): _joined(mine)._asdict() for user_id, mine in by_user.items()},
        "produced_first_meter_energy": first.energy,
        "produced_first_meter_power": first.power,
        "produced_second_meter_energy": second.energy,
        "produced_second_meter_power": second.power,
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


def _courses(owner: Owner, owner_id: int, window: Window) -> list[tuple[Use, Course]]:
    """What each meter measured while it served the owner."""
    begin_s, end_s, resolution, zone = window
    if begin_s >= end_s:
        return []
    days = list(day_starts_s(begin_s, end_s, zone))
    bounds_s = [begin_s, *days[1:], end_s]
    starts: list[list[int]] = []
    if resolution is Resolution.QUARTER_HOUR:
        edges_s = day_counters.usual_edges_s(bounds_s, begin_s)
        curves = owner.curves(owner_id, begin_s, end_s, edges_s)
        profiles = [_profile(curve.written, QUARTER_HOUR_S) for curve in curves]
        starts = [profile.starts_s for profile in profiles]
    elif resolution is Resolution.HOUR:
        curves = owner.steps(owner_id, begin_s, end_s, HOUR_S, days[0] % HOUR_S)
        profiles = [_profile(curve.written, HOUR_S) for curve in curves]
    else:  # whole days and months, also those that begin lies in
        bounds_s[0] = days[0]
        curves = [Curve(use, NO_POINTS, {}) for use in owner.uses(owner_id, begin_s, end_s)]
        starts_s = day_starts_s if resolution is Resolution.DAY else month_starts_s
        boundaries_s = list(starts_s(begin_s, end_s + 1, zone))
        profiles = [_totals(curve.use, boundaries_s) for curve in curves]
    # Of an hourly curve only every fourth quarter hour is known, not where its readings end.
    starts = starts or [[] for _ in curves]
    counters = day_counters.of_curves(owner, owner_id, curves, starts, bounds_s)
    # What is remembered stays as it is, whatever becomes of an answer.
    return [
        (curve.use, Course(counters[curve.use.id], profile.powers.copy()))
        for curve, profile in zip(curves, profiles, strict=True)
    ]


class _Profile(NamedTuple):
    """Where quarter hours begin, and mean powers in mW by the written end of each step."""

    starts_s: list[int]
    powers: Powers


def _profile(written: str, step_s: int) -> _Profile:
    if len(written) <= LONGEST_REMEMBERED:
        return _remembered_profile(written, step_s)
    return _remembered_profile.__wrapped__(written, step_s)


@lru_cache(maxsize=512)
def _remembered_profile(written: str, step_s: int) -> _Profile:
    """The load profile that a curve's text holds.

    The text is read from the database each time; what follows from it is remembered, since within
    a quarter hour it is nearly always the same.
    """
    starts_s, openings = meter_uses.points(written)
    means = mean_powers_mw(starts_s, openings, step_s)
    ends = islice(starts_s, 1, None)
    powers = {
        written_utc(end_s): mw for end_s, mw in zip(ends, means, strict=True) if mw is not None
    }
    return _Profile(starts_s, powers)


def _totals(use: Use, boundaries_s: list[int]) -> _Profile:
    means = totals.mean_powers_mw(use, boundaries_s)
    return _Profile([], {written_utc(end_s): mw for end_s, mw in means.items()})


def _joined(courses: Iterable[Course]) -> Course:
    """One course of all meters that served the same purpose, one after the other.

    Where a day or month saw two of them (a swap), their energies and so their powers add up.
    """
    energy: Counters = {}
    power: Powers = {}
    courses = list(courses)
    if len(courses) == 1:
        return courses[0]
    for course in courses:
        energy |= course.energy
        if power.keys().isdisjoint(course.power):
            power |= course.power
        else:
            power |= {at: mw + power.get(at, 0) for at, mw in course.power.items()}
    return Course(energy, power)

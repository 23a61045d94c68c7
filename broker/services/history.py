"""What did I, what did we use and produce: load profiles and counters of some time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, or_, select

from broker.errors import InvalidInput
from broker.models import AccountState, MeterRole, MeterUse, Prepared, User
from broker.services import courses
from broker.services.courses import Course, DayCounters, Resolution, Window
from broker.store.meter_uses import FLAT_OF_USER, GROUP
from broker.units import DAY_S

LONGEST_QUARTER_HOURS_S = 3 * 366 * DAY_S
LONGEST_S = 15 * 366 * DAY_S

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
    measured = courses.of_owner(FLAT_OF_USER, user_id, window)
    course = _joined(course for _, course in measured)
    return course._asdict() if course.energy or course.power else {}


def of_group(
    group_id: int, begin_s: int, end_s: int, resolution: str, zone: ZoneInfo, now_s: int
) -> dict[str, Any]:
    """The same for the community's common and production meters and for each member by user id.

    A member without data has two empty objects; the answer is empty if nobody has any. Flats of
    those who have left, or haven't come yet, are only told together, as `other_flats_power`: what
    the house used doesn't change when somebody moves out.
    Raises InvalidInput for an empty or too long time.
    """
    window = _window(begin_s, end_s, resolution, zone, now_s)
    members = [row.id for row in MEMBERS.rows(group_id=group_id)]
    measured = courses.of_owner(GROUP, group_id, window)
    if not any(course.energy or course.power for _, course in measured):
        return {}
    common, first, second = (
        _joined(course for use, course in measured if use.role == role) for role in SHARED_ROLES
    )
    by_user: dict[int, list[Course]] = {user_id: [] for user_id in members}
    others: list[Course] = []
    for use, course in measured:
        if use.role == MeterRole.FLAT:
            by_user.get(use.user_id or 0, others).append(course)
    ours = {
        "consumed_energy": common.energy,
        "consumed_power": common.power,
        "group_users": {str(user_id): _joined(mine)._asdict() for user_id, mine in by_user.items()},
        "produced_first_meter_energy": first.energy,
        "produced_first_meter_power": first.power,
        "produced_second_meter_energy": second.energy,
        "produced_second_meter_power": second.power,
    }
    if elsewhere := _summed(others):
        ours["other_flats_power"] = elsewhere
    return ours


def _summed(flats: Iterable[Course]) -> dict[str, float]:
    total: Counter[str] = Counter()
    for flat in flats:
        total.update(flat.power)
    return dict(total)


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


def _joined(served: Iterable[Course]) -> Course:
    """One course of all meters that served the same purpose, one after the other.

    Where a day or month saw two of them (a swap), their energies and so their powers add up.
    """
    served = list(served)
    if len(served) == 1:
        return served[0]
    energy: DayCounters = {}
    power: dict[str, float] = {}
    for course in served:
        energy |= course.energy
        if power.keys().isdisjoint(course.power):
            power |= course.power
        else:
            power |= {at: mw + power.get(at, 0) for at, mw in course.power.items()}
    return Course(energy, power)

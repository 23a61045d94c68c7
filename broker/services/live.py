"""What happens right now: the latest reading of every meter of a community."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, or_, select

from broker.models import Meter, MeterRole, MeterUse, Reading, Register, db
from broker.services.history import MEMBERS
from broker.store.quarter_hours import last_before
from broker.units import mean_power_mw, uw_from_mw

FOR_EVER_S = 2**62
PRODUCING = (MeterRole.FIRST_PRODUCTION, MeterRole.SECOND_PRODUCTION)

CURRENT_USES = (
    select(
        MeterUse.meter_id,
        Meter.number,
        MeterUse.register,
        MeterUse.user_id,
        MeterUse.role,
        MeterUse.begin_s,
    )
    .join(Meter, Meter.id == MeterUse.meter_id)
    .where(
        MeterUse.group_id == bindparam("group_id"),
        MeterUse.begin_s <= bindparam("now_s"),
        or_(MeterUse.end_s.is_(None), MeterUse.end_s > bindparam("now_s")),
    )
    .order_by(MeterUse.begin_s, MeterUse.id)
)
LATEST_READINGS = (
    select(Reading.time_s, Reading.energy_tenth_uwh, Reading.energy_out_tenth_uwh, Reading.power_mw)
    .where(Reading.meter_id == bindparam("meter_id"))
    .order_by(Reading.time_s.desc())
    .limit(2)
)


class Latest(NamedTuple):
    """The newest that is known of a meter's register; None where it has said nothing."""

    time_s: int | None
    counter_tenth_uwh: int | None
    power_mw: float | None


NOTHING = Latest(None, None, None)


def snapshot(group_id: int, now_s: int) -> dict[str, Any]:
    """The house right now, as `/live` sends it: counters in 0.1 µWh, powers in µW.

    `date` is the time of the newest reading in POSIX seconds. A member without readings has nulls,
    also one whose meter has said nothing since it became theirs.
    """
    with db.engine.connect() as connection:
        members = [row.id for row in MEMBERS.rows(group_id=group_id)]
        uses = connection.execute(CURRENT_USES, {"group_id": group_id, "now_s": now_s}).all()
        latest = {(use.meter_id, use.register): _latest(connection, use) for use in uses}
    times = [of.time_s for of in latest.values() if of.time_s is not None]
    producing = [latest[use.meter_id, use.register] for use in uses if use.role in PRODUCING]
    flats = {use.user_id: use for use in reversed(uses) if use.role == MeterRole.FLAT}
    return {
        "date": max(times, default=None),
        "group_production": sum(of.counter_tenth_uwh or 0 for of in producing),
        "group_production_power": uw_from_mw(sum(abs(of.power_mw or 0) for of in producing)),
        "group_users": [_member(user_id, flats.get(user_id), latest) for user_id in members],
    }


def _member(user_id: int, use: Any, latest: Mapping[tuple[int, int], Latest]) -> dict[str, Any]:
    of = NOTHING if use is None else latest[use.meter_id, use.register]
    return {
        "id": str(user_id),
        "meter_id": None if use is None else use.number,
        "consumption": of.counter_tenth_uwh,
        "power": None if of.power_mw is None else uw_from_mw(of.power_mw),
    }


def _latest(connection: Connection, use: Any) -> Latest:
    """What a meter has said since it serves whom it serves now."""
    quarter_hour = last_before(connection, use.meter_id, use.register, FOR_EVER_S)
    if quarter_hour is None or (quarter_hour.last_s or 0) < use.begin_s:
        return NOTHING
    found = connection.execute(LATEST_READINGS, {"meter_id": use.meter_id})
    readings = [reading for reading in found if reading.time_s >= use.begin_s]
    if not readings:
        return Latest(quarter_hour.last_s, quarter_hour.last_counter, None)
    power_mw = readings[0].power_mw
    if power_mw is None:
        power_mw = _power_from_counters_mw(readings, use.register)
    return Latest(readings[0].time_s, quarter_hour.last_counter, power_mw)


def _power_from_counters_mw(readings: Any, register: int) -> float | None:
    """What a meter that sends no power has drawn on average between its last two readings."""
    if len(readings) < 2:
        return None
    column = 1 if register == Register.IMPORT else 2
    (later_s, later), (earlier_s, earlier) = ((of.time_s, of[column]) for of in readings)
    if later is None or earlier is None or later < earlier:
        return None
    return mean_power_mw(later - earlier, later_s - earlier_s)


def meter_ids_of_group(group_id: int, now_s: int) -> list[int]:
    """The meters whose readings are news to the members of a group."""
    with db.engine.connect() as connection:
        uses = connection.execute(CURRENT_USES, {"group_id": group_id, "now_s": now_s})
        return [use.meter_id for use in uses]


def own_meter_number(user_id: int, group_id: int, now_s: int) -> str | None:
    """The number of the meter that serves a resident's flat now."""
    with db.engine.connect() as connection:
        numbers = [
            use.number
            for use in connection.execute(CURRENT_USES, {"group_id": group_id, "now_s": now_s})
            if use.user_id == user_id and use.role == MeterRole.FLAT
        ]
    return numbers[0] if numbers else None

"""What happens right now: the latest reading of every meter of a community."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Label, Select, and_, bindparam, literal_column, or_, select

from broker.models import (
    PRODUCTION,
    Meter,
    MeterRole,
    MeterUse,
    Prepared,
    QuarterHour,
    Reading,
    Register,
)
from broker.services.history import MEMBERS
from broker.units import mean_power_mw, uw_from_mw

IS_CURRENT: ColumnElement[bool] = and_(
    MeterUse.begin_s <= bindparam("now_s"),
    or_(MeterUse.end_s.is_(None), MeterUse.end_s > bindparam("now_s")),
)
LATEST_QUARTER_HOUR: Select[Any] = (
    select(literal_column("1"))
    .where(
        QuarterHour.meter_id == MeterUse.meter_id,
        QuarterHour.register == MeterUse.register,
        QuarterHour.first_s.is_not(None),
    )
    .order_by(QuarterHour.start_s.desc())
    .limit(1)
)
LATEST_READING: Select[Any] = (
    select(literal_column("1"))
    .where(Reading.meter_id == MeterUse.meter_id)
    .order_by(Reading.time_s.desc())
    .limit(1)
)


def _only(row: Select[Any], column: Any, name: str) -> Label[Any]:
    """A column of the one row that belongs to each use: so asked, both databases use an index."""
    return row.with_only_columns(column).correlate(MeterUse).scalar_subquery().label(name)


CURRENT_USES = Prepared(
    select(
        MeterUse.meter_id,
        Meter.number,
        MeterUse.register,
        MeterUse.user_id,
        MeterUse.role,
        MeterUse.begin_s,
        _only(LATEST_QUARTER_HOUR, QuarterHour.last_s, "last_s"),
        _only(LATEST_QUARTER_HOUR, QuarterHour.last_counter_tenth_uwh, "last_counter"),
        _only(LATEST_READING, Reading.time_s, "time_s"),
        _only(LATEST_READING, Reading.power_mw, "power_mw"),
    )
    .join(Meter, Meter.id == MeterUse.meter_id)
    .where(MeterUse.group_id == bindparam("group_id"), IS_CURRENT)
    .order_by(MeterUse.begin_s, MeterUse.id)
)
LAST_TWO_READINGS = Prepared(
    select(Reading.time_s, Reading.energy_tenth_uwh, Reading.energy_out_tenth_uwh)
    .where(Reading.meter_id == bindparam("meter_id"), Reading.time_s >= bindparam("begin_s"))
    .order_by(Reading.time_s.desc())
    .limit(2)
)
RUNNING = Prepared(
    select(
        MeterUse.role,
        MeterUse.user_id,
        MeterUse.begin_s,
        _only(LATEST_QUARTER_HOUR, QuarterHour.start_s, "start_s"),
        _only(LATEST_QUARTER_HOUR, QuarterHour.opening_tenth_uwh, "opening"),
        _only(LATEST_QUARTER_HOUR, QuarterHour.first_tenth_uwh, "first"),
        _only(LATEST_QUARTER_HOUR, QuarterHour.last_tenth_uwh, "last"),
        _only(LATEST_QUARTER_HOUR, QuarterHour.last_s, "last_s"),
    ).where(MeterUse.group_id == bindparam("group_id"), IS_CURRENT)
)
OWN_METER = Prepared(
    select(Meter.number)
    .join(MeterUse, MeterUse.meter_id == Meter.id)
    .where(
        MeterUse.user_id == bindparam("user_id"),
        MeterUse.group_id == bindparam("group_id"),
        MeterUse.role == MeterRole.FLAT.value,
        IS_CURRENT,
    )
    .order_by(MeterUse.begin_s, MeterUse.id)
    .limit(1)
)


class Latest(NamedTuple):
    """The newest that is known of a meter's register; None where it has said nothing."""

    time_s: int | None
    counter_tenth_uwh: int | None
    power_mw: float | None


NOTHING = Latest(None, None, None)


class Running(NamedTuple):
    """Energies in 0.1 µWh since the last quarter hour that is over, until the newest reading.

    Each meter counts from the quarter hour on that its own newest reading lies in: until there its
    history reaches.
    """

    mine: int
    used: int
    made: int
    until_s: int


class Told(NamedTuple):
    """A snapshot as it is sent, and the meters whose readings make it outdated."""

    json: bytes
    meter_ids: frozenset[int]
    house: dict[str, Any]

    def since(self, earlier: Told) -> bytes:
        """The text of a message with only those flats that have changed since.

        When somebody has come or gone it is the whole snapshot, so that nobody is forgotten.
        """
        flats, before = self.house["group_users"], earlier.house["group_users"]
        if [flat["id"] for flat in flats] != [flat["id"] for flat in before]:
            return self.json
        changed = [flat for flat, was in zip(flats, before, strict=True) if flat != was]
        return orjson.dumps(self.house | {"group_users": changed, "delta": True})


def told(group_id: int, now_s: int) -> Told:
    """The house right now as the text of its JSON object; see `snapshot`."""
    uses = CURRENT_USES.rows(group_id=group_id, now_s=now_s)
    house = _snapshot(group_id, uses)
    return Told(orjson.dumps(house), frozenset(use.meter_id for use in uses), house)


def snapshot(group_id: int, now_s: int) -> dict[str, Any]:
    """The house right now, as `/live` sends it: counters in 0.1 µWh, powers in µW.

    `date` is the time of the newest reading in POSIX seconds, `group_common_power` what the common
    meters draw, None where none is known. A member without readings has nulls,
    also one whose meter has said nothing since it became theirs.
    """
    return _snapshot(group_id, CURRENT_USES.rows(group_id=group_id, now_s=now_s))


def _snapshot(group_id: int, uses: list[Any]) -> dict[str, Any]:
    members = [row.id for row in MEMBERS.rows(group_id=group_id)]
    latest = {(use.meter_id, use.register): _latest(use) for use in uses}
    times = [of.time_s for of in latest.values() if of.time_s is not None]
    producing = [latest[use.meter_id, use.register] for use in uses if use.role in PRODUCTION]
    common = [latest[use.meter_id, use.register] for use in uses if use.role == MeterRole.COMMON]
    shared = [of.power_mw for of in common if of.power_mw is not None]
    flats = {use.user_id: use for use in reversed(uses) if use.role == MeterRole.FLAT}
    return {
        "date": max(times, default=None),
        "group_production": sum(of.counter_tenth_uwh or 0 for of in producing),
        "group_production_power": uw_from_mw(sum(abs(of.power_mw or 0) for of in producing)),
        "group_common_power": uw_from_mw(sum(shared)) if shared else None,
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


def _latest(use: Any) -> Latest:
    """What a meter has said since it serves whom it serves now."""
    if use.last_s is None or use.last_s < use.begin_s:
        return NOTHING
    if use.time_s is None or use.time_s < use.begin_s:
        return Latest(use.last_s, use.last_counter, None)
    power_mw = use.power_mw
    if power_mw is None:
        readings = LAST_TWO_READINGS.rows(meter_id=use.meter_id, begin_s=use.begin_s)
        power_mw = _power_from_counters_mw(readings, use.register)
    return Latest(use.time_s, use.last_counter, power_mw)


def _power_from_counters_mw(readings: Any, register: int) -> float | None:
    """What a meter that sends no power has drawn on average between its last two readings."""
    if len(readings) < 2:
        return None
    column = 1 if register == Register.IMPORT else 2
    (later_s, later), (earlier_s, earlier) = ((of.time_s, of[column]) for of in readings)
    if later is None or earlier is None or later < earlier:
        return None
    return mean_power_mw(later - earlier, later_s - earlier_s)


def running(user_id: int, group_id: int, since_s: int, now_s: int) -> Running | None:
    """What isn't in any history yet, of meters that have spoken since some time; None without."""
    mine = used = made = 0
    until_s = None
    for row in RUNNING.rows(group_id=group_id, now_s=now_s):
        if row.last is None or row.start_s < max(since_s, row.begin_s):
            continue
        until_s = max(until_s or 0, row.last_s)
        energy = row.last - (row.first if row.opening is None else row.opening)
        if row.role in PRODUCTION:
            made += energy
            continue
        used += energy
        mine += energy if row.user_id == user_id else 0
    return None if until_s is None else Running(mine, used, made, until_s)


def own_meter_number(user_id: int, group_id: int, now_s: int) -> str | None:
    """The number of the meter that serves a resident's flat now."""
    row = OWN_METER.first(user_id=user_id, group_id=group_id, now_s=now_s)
    return None if row is None else str(row.number)

"""What a resident's own meters have said, as tables: only while they were theirs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select

from broker.clock import local_date
from broker.energy.disaggregation import labels
from broker.models import DisaggregationSource, Meter, MeterUse, Register, db
from broker.services import consumption
from broker.services.archive import File, table
from broker.store import disaggregation, readings
from broker.store.meter_uses import FLAT_OF_USER, Use
from broker.units import (
    DAY_S,
    QUARTER_HOUR_S,
    TENTH_UWH_PER_KWH,
    TENTH_UWH_PER_MW_QUARTER_HOUR,
    w_from_mw,
)

READINGS_AT_ONCE = 500
WINDOW_S = 14 * DAY_S
"""Of quarter hours as many as are looked at at once; more would keep others waiting."""
PARTS_WINDOW_S = DAY_S
"""The same of split ones, of which there are a dozen a quarter hour."""

READING_TITLES = (
    "meter",
    "time",
    "energy_tenth_uwh",
    "energy_out_tenth_uwh",
    "power_mw",
    "in_quarantine",
)


class _Mine(NamedTuple):
    """A meter while it served the flat."""

    number: str
    use: Use
    begin_s: int
    end_s: int
    registers: frozenset[int]
    """Those that didn't count for somebody else meanwhile."""


def files(user_id: int, now_s: int, zone: ZoneInfo) -> Iterator[File]:
    """Meters, raw readings by year, quarter hours and what is known of appliances; local times."""
    mine = _of_flat(user_id, now_s)
    yield table("meters.csv", ("meter", "register", "begin", "end"), _meters(mine, zone))
    for year, its in groupby(_by_year(mine, zone), lambda part: part[0]):
        rows = (row for _, one in its for row in _readings(one, zone))
        yield table(f"readings-{year}.csv", READING_TITLES, rows)
    yield table(
        "quarter-hours.csv",
        ("begin", "end", "energy_kwh", "mean_power_w"),
        _quarter_hours(user_id, mine, zone),
    )
    yield table(
        "appliances.csv",
        ("begin", "end", "appliance", "energy_kwh", "source"),
        _appliances(mine, zone),
    )
    yield table(
        "appliance-runs.csv",
        ("begin", "end", "appliance", "energy_kwh", "power_w"),
        _runs(mine, zone),
    )


def iso(time_s: int | None, zone: ZoneInfo) -> str | None:
    """A local time with its distance to UTC, such as 2026-03-12T14:30:00+01:00."""
    return None if time_s is None else datetime.fromtimestamp(time_s, zone).isoformat()


def kwh(energy_tenth_uwh: int) -> str:
    """An energy in kWh with all its ten decimals."""
    sign = "-" if energy_tenth_uwh < 0 else ""
    whole, rest = divmod(abs(energy_tenth_uwh), TENTH_UWH_PER_KWH)
    return f"{sign}{whole}.{rest:010d}"


def _of_flat(user_id: int, now_s: int) -> list[_Mine]:
    found = []
    with db.engine.connect() as connection:
        for use in FLAT_OF_USER.uses(user_id, 0, now_s):
            begin_s, end_s = use.within(0, now_s)
            number = connection.scalar(select(Meter.number).where(Meter.id == use.meter_id))
            others = select(MeterUse.register).where(
                MeterUse.meter_id == use.meter_id,
                MeterUse.id != use.id,
                MeterUse.begin_s < end_s,
                MeterUse.end_s.is_(None) | (MeterUse.end_s > begin_s),
            )
            registers = {use.register} | (set(Register) - set(connection.scalars(others)))
            found.append(_Mine(str(number), use, begin_s, end_s, frozenset(map(int, registers))))
    return found


def _meters(mine: list[_Mine], zone: ZoneInfo) -> Iterator[tuple[object, ...]]:
    for one in mine:
        register = Register(one.use.register).name.lower()
        yield one.number, register, iso(one.use.begin_s, zone), iso(one.use.end_s, zone)


def _by_year(mine: list[_Mine], zone: ZoneInfo) -> list[tuple[int, _Mine]]:
    """Each meter's time cut at New Year, by year. One file would be more than a table can show."""
    parts: list[tuple[int, _Mine]] = []
    for one in mine:
        with db.engine.connect() as connection:
            begin_s = readings.first_s(connection, one.use.meter_id, one.begin_s, one.end_s)
        while begin_s is not None and begin_s < one.end_s:
            year = local_date(begin_s, zone).year
            until_s = min(one.end_s, int(datetime(year + 1, 1, 1, tzinfo=zone).timestamp()))
            parts.append((year, one._replace(begin_s=begin_s, end_s=until_s)))
            begin_s = until_s
    return sorted(parts, key=lambda part: part[0])


def _readings(one: _Mine, zone: ZoneInfo) -> Iterator[tuple[object, ...]]:
    for in_quarantine in (False, True):
        begin_s = one.begin_s
        while True:
            with db.engine.connect() as connection:
                page = readings.page(
                    connection,
                    one.use.meter_id,
                    begin_s,
                    one.end_s,
                    READINGS_AT_ONCE,
                    in_quarantine=in_quarantine,
                )
            for time_s, energy, energy_out, power_mw in page:
                yield (
                    one.number,
                    iso(time_s, zone),
                    energy if Register.IMPORT in one.registers else None,
                    energy_out if Register.EXPORT in one.registers else None,
                    power_mw,
                    int(in_quarantine),
                )
            if len(page) < READINGS_AT_ONCE:
                break
            begin_s = page[-1].time_s + 1


def _windows(begin_s: int, end_s: int, step_s: int = WINDOW_S) -> Iterator[tuple[int, int]]:
    for from_s in range(begin_s, end_s, step_s):
        yield from_s, min(from_s + step_s, end_s)


def _quarter_hours(user_id: int, mine: list[_Mine], zone: ZoneInfo) -> Iterator[tuple[object, ...]]:
    if not mine:
        return
    begin_s = max(min(one.begin_s for one in mine), _first_s(mine))
    for from_s, until_s in _windows(begin_s, max(one.end_s for one in mine)):
        series = consumption.of_user(user_id, from_s, until_s)
        for start_s, energy, is_known in zip(
            series.starts_s.tolist(), series.energies.tolist(), series.known.tolist(), strict=True
        ):
            if is_known:
                yield (
                    iso(start_s, zone),
                    iso(start_s + QUARTER_HOUR_S, zone),
                    kwh(energy),
                    round(w_from_mw(energy / TENTH_UWH_PER_MW_QUARTER_HOUR), 3),
                )


def _first_s(mine: list[_Mine]) -> int:
    """The first quarter hour that any of the meters has: uses may begin long before."""
    firsts = []
    with db.engine.connect() as connection:
        for one in mine:
            if extent := disaggregation.extent(connection, one.use.meter_id):
                firsts.append(extent[0])
    return min(firsts, default=max(one.end_s for one in mine))


def _appliances(mine: list[_Mine], zone: ZoneInfo) -> Iterator[tuple[object, ...]]:
    for one in mine:
        first_s = max(one.begin_s, _first_s([one]))
        for from_s, until_s in _windows(first_s, one.end_s, PARTS_WINDOW_S):
            for part in disaggregation.parts(one.use.meter_id, from_s, until_s):
                yield (
                    iso(part.start_s, zone),
                    iso(part.start_s + QUARTER_HOUR_S, zone),
                    labels.written(part.kind, part.number),
                    kwh(part.energy_tenth_uwh),
                    DisaggregationSource(part.source).name.lower(),
                )


def _runs(mine: list[_Mine], zone: ZoneInfo) -> Iterator[tuple[object, ...]]:
    """Whoever began the washing has to have finished it here as well."""
    for one in mine:
        for from_s, until_s in _windows(max(one.begin_s, _first_s([one])), one.end_s):
            with db.engine.connect() as connection:
                found = disaggregation.runs(connection, one.use.meter_id, from_s, until_s)
            for run, number in found:
                if from_s <= run.begin_s and run.end_s <= one.end_s:
                    yield (
                        iso(run.begin_s, zone),
                        iso(run.end_s, zone),
                        labels.written(run.kind, number),
                        kwh(run.energy_tenth_uwh),
                        round(run.power_w, 1),
                    )

"""`flask readings`: what was read, apart from what meters send by themselves."""

from __future__ import annotations

from typing import Any

import click
from flask.cli import AppGroup

from broker.cli.command import (
    LocalTime,
    Report,
    local,
    progress,
    reports,
    say,
    settings,
    table,
)
from broker.cli.csv_import import import_file
from broker.clock import now_s
from broker.ingest import quarantine as ingest_quarantine
from broker.ingest import retention
from broker.services import meters, quarantine
from broker.units import DAY_S, kwh_from, w_from_mw

readings = AppGroup("readings", help="Import, expire, rebuild and judge readings.")
readings.add_command(import_file)
waiting = AppGroup("quarantine", help="Readings that can't be true, until somebody accepts them.")
readings.add_command(waiting)


@readings.command("expire")
@click.option(
    "--days", type=click.IntRange(min=1), help="Instead of the setting BROKER_RAW_RETENTION_DAYS."
)
@reports
def expire_readings(days: int | None) -> Report:
    """Delete raw readings that are older than BROKER_RAW_RETENTION_DAYS.

    Quarter hours, days and totals stay; nothing can be added to that time any more.

    Example: flask --app app readings expire --days 400
    """
    days = days or settings().raw_retention_days
    if not days:
        return Report("BROKER_RAW_RETENTION_DAYS is 0: all readings are kept.", {"deleted": 0})
    deleted = retention.expire(now_s() - days * DAY_S)
    return Report(
        f"{deleted} readings that were older than {days} days are deleted.",
        {"deleted": deleted, "days": days},
    )


@readings.command("rebuild")
@click.option("--meter", "numbers", multiple=True, help="Only this meter; repeatable.")
@reports
def rebuild_readings(numbers: tuple[str, ...]) -> Report:
    """Compute the quarter hours anew from the raw readings, of all meters or of some.

    Example: flask --app app readings rebuild --meter 1EMH0012345678
    """
    chosen = list(numbers) or [meter["number"] for meter in meters.listed(now_s())]
    meter_ids = {number: meters.numbered(number) for number in chosen}
    rebuilt = {}
    with progress(list(meter_ids.items()), "Rebuilding") as items:
        for number, meter_id in items:
            rebuilt[number] = retention.rebuild(meter_id, now_s())
    return Report(
        f"{sum(rebuilt.values())} quarter hours of {len(rebuilt)} meters computed anew.",
        {"quarter_hours": rebuilt},
    )


@waiting.command("list")
@click.option("--meter", "number", help="Only this meter.")
@reports
def list_quarantined(number: str | None) -> Report:
    """Show the readings that wait to be accepted.

    Example: flask --app app readings quarantine list
    """
    found = quarantine.listed(number)
    rows = [
        (
            row["meter"],
            local(row["time_s"]),
            _kwh(row["energy_before_tenth_uwh"]),
            _kwh(row["energy_tenth_uwh"]),
            _kwh(row["energy_out_tenth_uwh"]),
            "" if row["power_mw"] is None else f"{w_from_mw(row['power_mw']):.1f}",
        )
        for row in found
    ]
    titles = ("Meter", "Time", "kWh before", "kWh", "kWh out", "W")
    return Report(table(titles, rows), {"quarantined": found})


@waiting.command("accept")
@click.argument("number")
@click.argument("times_s", metavar="TIME…", type=LocalTime(), nargs=-1, required=True)
@reports
def accept_quarantined(number: str, times_s: tuple[int, ...]) -> Report:
    """Let readings of the meter NUMBER count after all, their jump included.

    TIME is as the list shows it, or POSIX seconds.

    Example: flask --app app readings quarantine accept 1EMH0012345678 "2026-07-08 12:00"
    """
    meter_id = meters.numbered(number)
    for time_s in times_s:
        ingest_quarantine.accept(meter_id, time_s, now_s())
        say(f"The reading of {number} at {local(time_s)} counts now.")
    return Report(f"{len(times_s)} accepted.", {"meter": number, "accepted_s": list(times_s)})


def _kwh(energy_tenth_uwh: Any) -> str:
    return "" if energy_tenth_uwh is None else f"{kwh_from(energy_tenth_uwh):.3f}"

"""`flask readings import`: a CSV file's readings into a meter."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from flask.cli import with_appcontext

from broker.cli.command import Report, Zone, local, progress, reports, say, settings
from broker.clock import now_s
from broker.errors import BrokerError, InvalidInput
from broker.ingest.intake import Outcome, take_in
from broker.ingest.registers import Columns
from broker.services import meters
from broker.sources.csv_file import EnergyUnit, Layout, Parsed, PowerUnit, Readings, opened, parse
from broker.units import kwh_from, w_from_mw

BATCH = 10_000
SHOWN_BAD_LINES = 5
ENERGY_UNITS = {unit.value.lower(): unit for unit in EnergyUnit} | {
    "µwh/10": EnergyUnit.TENTH_UWH,
    "μwh/10": EnergyUnit.TENTH_UWH,
}
"""The micro sign and the Greek letter look the same."""


class _EnergyUnit(click.ParamType[EnergyUnit]):
    name = "unit"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> EnergyUnit:
        unit = ENERGY_UNITS.get(str(value).lower())
        return unit or self.fail(f"{value!r} is none of Wh, kWh, tenth_uwh, µWh/10.", param, ctx)


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--meter", "number", required=True, help="Number of the meter the readings are of.")
@click.option("--time", required=True, metavar="COLUMN", help="ISO 8601 or POSIX, s or ms.")
@click.option("--energy", metavar="COLUMN", help="Counter of the import register (1.8.0).")
@click.option("--energy-out", metavar="COLUMN", help="Counter of the export register (2.8.0).")
@click.option("--power", metavar="COLUMN", help="Power; negative when feeding in.")
@click.option(
    "--energy-unit",
    type=_EnergyUnit(),
    metavar="[Wh|kWh|tenth_uwh]",
    default="kWh",
    show_default=True,
    help="tenth_uwh is 0.1 µWh, also written µWh/10.",
)
@click.option(
    "--power-unit",
    type=click.Choice([unit.value for unit in PowerUnit]),
    default=PowerUnit.W.value,
    show_default=True,
)
@click.option("--zone", type=Zone(), help="Zone of times without one. [default: BROKER_TIMEZONE]")
@click.option("--delimiter", help="Between columns; found out without it.")
@click.option("--decimal-comma", is_flag=True, help="Numbers are written 1,5.")
@click.option("--skip-bad", is_flag=True, help="Leave out lines that can't be read.")
@click.option("--dry-run", is_flag=True, help="Only say what would become of the readings.")
@with_appcontext
@reports
def import_file(
    file: Path, number: str, skip_bad: bool, dry_run: bool, zone: ZoneInfo | None, **layout: Any
) -> Report:
    """Import the readings of a CSV FILE, gzipped or not, into a meter.

    A COLUMN is a title of the first line or a number from 1 on. Known readings change nothing, so
    an import that was interrupted is continued by running it again.

    \b
    Example:
      flask --app app readings import 2025.csv.gz --meter 1EMH0012345678 \\
          --time Zeit --energy "Zählerstand" --decimal-comma --dry-run
    """
    meter_id = meters.numbered(number)
    chosen = Layout(zone=zone or settings().timezone, **_checked(layout))
    with opened(file) as lines:
        parsed = parse(lines, chosen, skip_bad=skip_bad)
    _describe(parsed)
    if dry_run:
        outcome = _rehearsed(meter_id, parsed.readings)
        return _report(parsed, outcome, "would be ", dry_run=True)
    return _report(parsed, _stored(meter_id, parsed.readings), "", dry_run=False)


def _checked(layout: dict[str, Any]) -> dict[str, Any]:
    delimiter = layout["delimiter"]
    layout["delimiter"] = {"\\t": "\t", "tab": "\t"}.get(delimiter, delimiter)
    layout["power_unit"] = PowerUnit(layout["power_unit"])
    if delimiter is not None and len(layout["delimiter"]) != 1:
        raise InvalidInput("A delimiter is one character, or tab.")
    return layout


def _rehearsed(meter_id: int, readings: Readings) -> Outcome:
    if not readings.times_s:
        return Outcome(0, 0, 0)
    return take_in({meter_id: Columns(*readings)}, now_s(), rehearse=True)


def _stored(meter_id: int, readings: Readings) -> Outcome:
    """Takes the readings in by batches; what was taken in stays if a later one is refused."""
    total = Outcome(0, 0, 0)
    with progress(range(0, len(readings.times_s), BATCH), "Storing") as starts:
        for start in starts:
            batch = _part(readings, start)
            try:
                outcome = take_in({meter_id: batch}, now_s())
            except BrokerError as error:
                raise type(error)(
                    f"{error.description} {total.stored} readings before it were stored."
                ) from error
            total = Outcome(*map(sum, zip(total, outcome, strict=True)))
    return total


def _part(readings: Readings, start: int) -> Columns:
    times_s, *values = readings
    part = slice(start, start + BATCH)
    return Columns(times_s[part], *(column[part] for column in values))


def _describe(parsed: Parsed) -> None:
    times_s = parsed.readings.times_s
    if times_s:
        say(f"{len(times_s)} readings from {local(times_s[0])} to {local(times_s[-1])}")
    for name, text in _totals(parsed.readings).items():
        say(f"  {name}: {text}")
    if parsed.empty_lines:
        say(f"{parsed.empty_lines} lines without a value left out")
    for bad in parsed.bad_lines[:SHOWN_BAD_LINES]:
        say(f"line {bad.line} left out: {bad.reason}")
    if len(parsed.bad_lines) > SHOWN_BAD_LINES:
        say(f"… and {len(parsed.bad_lines) - SHOWN_BAD_LINES} more lines that can't be read")


def _totals(readings: Readings) -> dict[str, str]:
    """What a person needs to see that columns and units are right."""
    totals = {}
    for name, column in (
        ("energy", readings.energies_tenth_uwh),
        ("energy out", readings.energies_out_tenth_uwh),
    ):
        if counters := [kwh_from(value) for value in column if value is not None]:
            rise = counters[-1] - counters[0]
            totals[name] = f"{counters[0]:.3f} … {counters[-1]:.3f} kWh, in all {rise:.3f} kWh"
    if powers := [w_from_mw(value) for value in readings.powers_mw if value is not None]:
        mean = sum(powers) / len(powers)
        totals["power"] = f"{min(powers):.1f} … {max(powers):.1f} W, {mean:.1f} W on average"
    return totals


def _report(parsed: Parsed, outcome: Outcome, verb: str, *, dry_run: bool) -> Report:
    times_s = parsed.readings.times_s
    text = (
        f"{outcome.stored} {verb}stored, {outcome.known} known already, "
        f"{outcome.quarantined} {verb}quarantined."
    )
    if dry_run:
        text += " Nothing was changed."
    elif outcome.quarantined:
        text += "\nSee `flask --app app readings quarantine list`."
    return Report(
        text,
        {
            "dry_run": dry_run,
            "readings": len(times_s),
            "first_s": times_s[0] if times_s else None,
            "last_s": times_s[-1] if times_s else None,
            "empty_lines": parsed.empty_lines,
            "bad_lines": [bad._asdict() for bad in parsed.bad_lines],
            **_totals(parsed.readings),
            **outcome._asdict(),
        },
    )

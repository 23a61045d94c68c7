"""`flask prices` and `flask co2`: what the grid's energy costs and emits in each quarter hour."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from broker.cli.command import Report, Zone, local, reports, settings
from broker.errors import InvalidInput
from broker.models import RateKind
from broker.services import grid_rates
from broker.sources.csv_file import opened
from broker.sources.grid_rates import UNITS, Layout, parse
from broker.units import HOUR_S, QUARTER_HOUR_S

prices = AppGroup("prices", help="What the grid's energy costs, for dynamic tariffs.")
co2 = AppGroup("co2", help="How much CO2 the grid's energy causes.")

STEPS_S = {"quarter_hour": QUARTER_HOUR_S, "hour": HOUR_S}


def file_options(command: Callable[..., None]) -> Callable[..., None]:
    """What both imports take: where the file has what."""
    for option in (
        click.option("--replace", "replaces", is_flag=True, help="Other values are put right."),
        click.option("--decimal-comma", is_flag=True, help="Numbers are written 1,5."),
        click.option("--delimiter", help="Between columns; found out without it."),
        click.option(
            "--zone", type=Zone(), help="Of times without one. [default: BROKER_TIMEZONE]"
        ),
        click.option("--step", type=click.Choice(list(STEPS_S)), help="What each line holds."),
        click.option("--value", metavar="COLUMN", default="2", show_default=True),
        click.option("--time", metavar="COLUMN", default="1", show_default=True),
        click.argument("file", type=click.Path(path_type=Path)),
    ):
        command = option(command)
    return command


@prices.command("import")
@file_options
@click.option(
    "--unit",
    type=click.Choice([unit for unit in UNITS if unit != "g/kWh"]),
    required=True,
    help="EUR stands for the currency, ct for a hundredth of it.",
)
@reports
def import_prices(file: Path, replaces: bool, **layout: Any) -> Report:
    """Import what a kWh costs by the hour or quarter hour from a CSV FILE, all of it or nothing.

    A COLUMN is a title of the first line or a number from 1 on. Prices may be negative. They are
    the market's, without tax: the tariff says what is added.

    Example: flask --app app prices import day-ahead.csv --unit EUR/MWh --zone UTC
    """
    return _imported(RateKind.PRICE, file, replaces, layout)


@co2.command("import")
@file_options
@reports
def import_co2(file: Path, replaces: bool, **layout: Any) -> Report:
    """Import g of CO2 per kWh by the hour or quarter hour from a CSV FILE, all of it or nothing.

    A COLUMN is a title of the first line or a number from 1 on.

    Example: flask --app app co2 import intensity.csv --zone UTC
    """
    return _imported(RateKind.CO2, file, replaces, layout | {"unit": "g/kWh"})


@prices.command("list")
@reports
def list_prices() -> Report:
    """Show for which time prices are known.

    Example: flask --app app prices list
    """
    return _extent(RateKind.PRICE)


@co2.command("list")
@reports
def list_co2() -> Report:
    """Show for which time CO2 intensities are known.

    Example: flask --app app co2 list
    """
    return _extent(RateKind.CO2)


def _imported(kind: RateKind, file: Path, replaces: bool, layout: dict[str, Any]) -> Report:
    delimiter = {"\\t": "\t", "tab": "\t"}.get(layout["delimiter"], layout["delimiter"])
    if delimiter is not None and len(delimiter) != 1:
        raise InvalidInput("A delimiter is one character, or tab.")
    zone: ZoneInfo = layout["zone"] or settings().timezone
    step = layout.pop("step")
    chosen = layout | {"delimiter": delimiter, "zone": zone}
    with opened(file) as lines:
        rates = parse(lines, Layout(step_s=STEPS_S.get(step), **chosen))
    outcome = grid_rates.take_in(kind, rates, replaces=replaces)
    begin_s, end_s = min(rates), max(rates) + QUARTER_HOUR_S
    return Report(
        f"Quarter hours from {local(begin_s)} to {local(end_s)}: {outcome.stored} stored, "
        f"{outcome.known} known already, {outcome.replaced} replaced.",
        {"begin_s": begin_s, "end_s": end_s, **outcome._asdict()},
    )


def _extent(kind: RateKind) -> Report:
    known = grid_rates.extent(kind)
    if not known["count"]:
        return Report("There are none yet.", known)
    return Report(
        f"{known['count']} quarter hours, the first at {local(known['first_s'])}, "
        f"the last at {local(known['last_s'])}.",
        known,
    )

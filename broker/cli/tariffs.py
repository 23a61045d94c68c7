"""`flask tariff`: what electricity costs, from day to day."""

from __future__ import annotations

from datetime import date
from typing import Any

import click
from flask.cli import AppGroup

from broker.cli.command import LocalDay, Report, Whole, reports, table, today
from broker.energy.tariffs import BasePeriod, Tariff, TariffKind
from broker.services import tariffs
from broker.units import MICROS_PER_HUNDREDTH, MICROS_PER_UNIT, PPM_PER_PERCENT

tariff = AppGroup("tariff", help="What electricity costs, from day to day.")

CT_PER_KWH = Whole("a price", MICROS_PER_HUNDREDTH)
AMOUNT = Whole("an amount", MICROS_PER_UNIT)


@tariff.command("add")
@click.option("--group", default="", help="The group that pays it.")
@click.option("--resident", "mail", default="", help="Or only the flat of this resident.")
@click.option("--from", "begin", type=LocalDay(), required=True, help="Its first day.")
@click.option("--until", "end", type=LocalDay(), help="The first day it doesn't hold any more.")
@click.option("--work-price", type=CT_PER_KWH, required=True, help="In ct/kWh.")
@click.option("--base-price-year", type=AMOUNT, help="In € a year.")
@click.option("--base-price-month", type=AMOUNT, help="In € a month.")
@click.option("--pv-price", type=CT_PER_KWH, help="For own PV, in ct/kWh; else as the rest.")
@click.option("--dynamic", is_flag=True, help="The price of each quarter hour is added.")
@click.option(
    "--tax", "tax_ppm", type=Whole("a tax", PPM_PER_PERCENT), default="0", help="% on that price."
)
@click.option("--correct", "corrects", is_flag=True, help="The first day may be over.")
@reports
def add_tariff(group: str, mail: str, corrects: bool, **typed: Any) -> Report:
    """Enter what a group pays, or one flat of it instead, with all taxes.

    In hundredths of the currency a kWh. Of a dynamic tariff the work price is what is added to the
    price of each quarter hour, see `prices import`.

    \b
    Examples:
      flask --app app tariff add --group "Sonnenhof 12" --from 2027-01-01 \\
          --work-price 32.5 --base-price-year 130 --pv-price 24
      flask --app app tariff add --resident ada@example.org --from 2027-01-01 \\
          --work-price 17.8 --dynamic --tax 19 --base-price-month 9.9
    """
    if bool(group) == bool(mail):
        raise click.UsageError("Give either --group or --resident.")
    entered = _entered(**typed)
    number = tariffs.add(entered, today(), group=group, mail=mail, corrects=corrects)
    return Report(
        f"Tariff {number} holds for {mail or group} from {entered.begin} {_until(entered.end)}.",
        {"number": number, "group": group or None, "resident": mail or None, **_data(entered)},
    )


def _entered(
    *,
    begin: date,
    end: date | None,
    work_price: int,
    base_price_year: int | None,
    base_price_month: int | None,
    pv_price: int | None,
    dynamic: bool,
    tax_ppm: int,
) -> Tariff:
    if base_price_year is not None and base_price_month is not None:
        raise click.UsageError("Give the base price by the year or by the month.")
    return Tariff(
        begin=begin,
        end=end,
        kind=TariffKind.DYNAMIC if dynamic else TariffKind.FIXED,
        work_price_micros_per_kwh=work_price,
        base_price_micros=base_price_year or base_price_month or 0,
        base_period=BasePeriod.YEAR if base_price_month is None else BasePeriod.MONTH,
        pv_price_micros_per_kwh=pv_price,
        tax_ppm=tax_ppm,
    )


@tariff.command("end")
@click.argument("number", type=click.IntRange(1, 2**31 - 1))
@click.option("--at", "day", type=LocalDay(), required=True, help="The first day without it.")
@click.option("--correct", "corrects", is_flag=True, help="The day may be over.")
@reports
def end_tariff(number: int, day: date, corrects: bool) -> Report:
    """Let the tariff NUMBER hold no longer from a day on.

    If that is its first day, it is removed.

    Example: flask --app app tariff end 3 --at 2027-01-01
    """
    is_left = tariffs.end(number, day, today(), corrects=corrects)
    text = f"Tariff {number} ends before {day}." if is_left else f"Tariff {number} is removed."
    return Report(text, {"number": number, "until": day.isoformat() if is_left else None})


@tariff.command("list")
@click.option("--group", help="Only of this group.")
@reports
def list_tariffs(group: str | None) -> Report:
    """Show all tariffs with their numbers.

    Example: flask --app app tariff list --group "Sonnenhof 12"
    """
    known = tariffs.listed(group)
    rows = [
        (
            row["number"],
            row["resident"] or row["group"],
            f"{row['tariff'].begin} {_until(row['tariff'].end)}",
            _prices(row["tariff"]),
        )
        for row in known
    ]
    data = [row | _data(row["tariff"]) for row in known]
    for row in data:
        del row["tariff"]
    return Report(table(("Number", "Who pays", "From", "Prices"), rows), {"tariffs": data})


def _until(end: date | None) -> str:
    return f"until {end}" if end else "on"


def _prices(entered: Tariff) -> str:
    text = f"{entered.work_price_micros_per_kwh / MICROS_PER_HUNDREDTH:g} ct/kWh"
    if entered.kind is TariffKind.DYNAMIC:
        text += f" and the market's price with {entered.tax_ppm / PPM_PER_PERCENT:g} % tax"
    text += f", {entered.base_price_micros / MICROS_PER_UNIT:g} a {entered.base_period.value}"
    if (own := entered.pv_price_micros_per_kwh) is not None:
        text += f", own PV {own / MICROS_PER_HUNDREDTH:g} ct/kWh"
    return text


def _data(entered: Tariff) -> dict[str, Any]:
    return {
        "from": entered.begin.isoformat(),
        "until": entered.end.isoformat() if entered.end else None,
        "kind": entered.kind.value,
        "work_price_micros_per_kwh": entered.work_price_micros_per_kwh,
        "base_price_micros": entered.base_price_micros,
        "base_period": entered.base_period.value,
        "pv_price_micros_per_kwh": entered.pv_price_micros_per_kwh,
        "tax_percent": entered.tax_ppm / PPM_PER_PERCENT,
    }

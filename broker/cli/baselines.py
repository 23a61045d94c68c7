"""`flask baseline`: what homes used in a term before their meters told it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import click
from flask.cli import AppGroup

from broker.cli.command import Report, reports, settings, table
from broker.clock import now_s
from broker.services import baselines
from broker.services.baselines import Terms

baseline = AppGroup("baseline", help="The last term's energy from bills, where no meter told it.")


class Kwh(click.ParamType[Decimal]):
    """An energy in kWh, exactly as it was typed."""

    name = "kwh"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Decimal:
        """The number."""
        try:
            return Decimal(str(value))
        except InvalidOperation:
            self.fail(f"{value!r} is not a number. Write 2150 or 2150.5.", param, ctx)


TERM = click.option(
    "--term", "year", type=int, help="Year in which the term began. [default: the one before this]"
)


def _terms() -> Terms:
    house = settings()
    return Terms.at(now_s(), house.term_start, house.timezone)


@baseline.command("set")
@click.argument("mail")
@click.argument("kwh", type=Kwh())
@TERM
@reports
def set_baseline(mail: str, kwh: Decimal, year: int | None) -> Report:
    """Enter that the flat of MAIL used KWH in a term, as its last bill says.

    What the meter has measured goes first, as soon as it covers a whole term.

    Example: flask --app app baseline set ada@example.org 2150
    """
    terms = _terms()
    year = terms.previous_year if year is None else year
    baselines.enter(mail, kwh, year, terms, now_s())
    return Report(
        f"{mail}: {kwh} kWh in the term of {year}.",
        {"mail": mail.strip().lower(), "term": year, "kwh": float(kwh)},
    )


@baseline.command("list")
@reports
def list_baselines() -> Report:
    """Show all values entered, and whether the home's baseline is the bill's or measured now.

    Example: flask --app app baseline list
    """
    entered = baselines.listed(_terms())
    rows = [
        (row["mail"], row["term"], f"{row['kwh']:.1f}", row["baseline_source"]) for row in entered
    ]
    return Report(table(("Mail", "Term", "kWh", "Baseline"), rows), {"baselines": entered})


@baseline.command("remove")
@click.argument("mail")
@TERM
@reports
def remove_baseline(mail: str, year: int | None) -> Report:
    """Forget what was entered for the flat of MAIL.

    Example: flask --app app baseline remove ada@example.org
    """
    year = _terms().previous_year if year is None else year
    baselines.remove(mail, year)
    return Report(
        f"{mail}: nothing is entered for the term of {year} any more.",
        {"mail": mail.strip().lower(), "term": year},
    )

"""`flask disaggregation`: how far consumption has been split by appliance, and doing it anew."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from broker.cli.command import LocalTime, Report, local, reports, table
from broker.services import disaggregation_progress

disaggregation = AppGroup("disaggregation", help="Which appliance used it: the collector's work.")


@disaggregation.command("list")
@reports
def list_progress() -> Report:
    """Show from when until when each consuming meter's quarter hours have been split.

    Example: flask --app app disaggregation list --json
    """
    meters = disaggregation_progress.listed()
    rows = [
        (row["meter"], local(row["from_s"]), local(row["settled_s"]), local(row["until_s"]))
        for row in meters
    ]
    return Report(table(("Meter", "From", "Settled", "Until"), rows), {"meters": meters})


@disaggregation.command("again")
@click.option("--meter", "number", help="Only this meter. [default: all]")
@click.option("--from", "from_s", type=LocalTime(), default=0, help="[default: all of the past]")
@reports
def split_again(number: str | None, from_s: int) -> Report:
    """Have everything split anew, for example by the better networks of an upgrade.

    The collector does it, a few days at a time; what was there stays until then.

    Example: flask --app app disaggregation again --meter 1EMH0012345678 --from 2026-11-01
    """
    count = disaggregation_progress.again(number, from_s)
    return Report(f"The collector splits the past of {count} meters anew.", {"meters": count})

"""`flask disaggregation`: how far consumption has been split by appliance, and doing it anew."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from broker.cli.command import LocalTime, Report, local, reports, table
from broker.cli.fetching import account
from broker.services import disaggregation_progress, inexogy

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


@disaggregation.command("prefer")
@click.argument("number")
@click.argument("source", type=click.Choice(["broker", "inexogy"]))
@click.option("--id", "inexogy_id", help="What inexogy calls the meter; needed for inexogy.")
@reports
def prefer_source(number: str, source: str, inexogy_id: str | None) -> Report:
    """Choose whose split of the meter NUMBER is shown: Broker's own, or inexogy's where it has one.

    The collector fetches the latter and Broker's own fills what it lacks.

    \b
    Examples:
      flask --app app disaggregation prefer 1EMH0012345678 inexogy \\
          --id 8fa37290c019170f35ae3e4d88abf2b8
      flask --app app disaggregation prefer 1EMH0012345678 broker
    """
    told = {"meter": number, "source": source, "inexogy_id": inexogy_id}
    if source == "broker":
        if inexogy_id is not None:
            raise click.UsageError("An --id is for inexogy only.")
        inexogy.leave(number)
        return Report(f"Broker splits what the meter {number} counts by itself.", told)
    if inexogy_id is None:
        raise click.UsageError("Say by --id what inexogy calls the meter.")
    inexogy.prefer(number, inexogy_id)
    lacking = "" if account() else "\nThe settings name no account at inexogy yet."
    return Report(
        f"The collector fetches what inexogy says about the meter {number}.{lacking}",
        told | {"has_account": not lacking},
    )


@disaggregation.command("sources")
@reports
def list_sources() -> Report:
    """Show the meters of which inexogy's split is preferred, and how fetching it goes.

    Example: flask --app app disaggregation sources --json
    """
    meters = inexogy.listed()
    rows = [
        (
            row["meter"],
            row["inexogy_id"],
            local(row["from_s"]),
            local(row["until_s"]),
            local(row["fetched_s"]),
            f"{local(row['failed_s'])} {row['failure'] or ''}".rstrip(),
        )
        for row in meters
    ]
    titles = ("Meter", "Id at inexogy", "From", "Until", "Last answer", "Last failure")
    return Report(table(titles, rows), {"meters": meters})

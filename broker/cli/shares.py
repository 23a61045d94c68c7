"""`flask share`: the fixed shares in what the roof makes."""

from __future__ import annotations

from datetime import date

import click
from flask.cli import AppGroup

from broker.cli.command import LocalDay, Report, Whole, reports, table, today
from broker.services import allocation
from broker.units import PPM_PER_PERCENT

share = AppGroup("share", help="Fixed shares in what the roof makes, for static allocation.")

COMMON = "common consumption"


@share.command("set")
@click.argument("share_ppm", metavar="PERCENT", type=Whole("a share", PPM_PER_PERCENT))
@click.option("--resident", "mail", help="Mail of the resident whose flat gets the share.")
@click.option("--common", "group", metavar="GROUP", help="For the common consumption of a group.")
@click.option("--from", "valid_from", type=LocalDay(), required=True, help="From this day on.")
@click.option("--correct", "corrects", is_flag=True, help="The day may be over.")
@reports
def set_share(
    share_ppm: int, mail: str | None, group: str | None, valid_from: date, corrects: bool
) -> Report:
    """Give a flat, or the common consumption, PERCENT of what the roof makes.

    Until the first share of a group is set, all have equal ones. From then on whoever was given
    none has none.

    \b
    Examples:
      flask --app app share set 12.5 --resident ada@example.org --from 2027-01-01
      flask --app app share set 5 --common "Sonnenhof 12" --from 2027-01-01
    """
    if mail and not group:
        allocation.set_share_of_flat(mail, share_ppm, valid_from, today(), corrects=corrects)
    elif group and not mail:
        allocation.set_common_share(group, share_ppm, valid_from, today(), corrects=corrects)
    else:
        raise click.UsageError("Give either --resident or --common.")
    percent = share_ppm / PPM_PER_PERCENT
    return Report(
        f"{mail or COMMON} has {percent:g} % of the generation from {valid_from} on.",
        {"resident": mail, "group": group, "percent": percent, "from": valid_from.isoformat()},
    )


@share.command("list")
@click.option("--group", help="Only of this group.")
@reports
def list_shares(group: str | None) -> Report:
    """Show how each group shares out what its roof makes, and the fixed shares.

    Example: flask --app app share list --group "Sonnenhof 12"
    """
    groups = allocation.listed(group)
    rows = [
        (one["group"], rule["from"], rule["allocation"], "")
        for one in groups
        for rule in one["rules"]
    ] + [
        (one["group"], given["from"], given["resident"] or COMMON, f"{given['percent']:g} %")
        for one in groups
        for given in one["shares"]
    ]
    return Report(
        table(("Group", "From", "Allocation or whose", "Share"), rows), {"groups": groups}
    )

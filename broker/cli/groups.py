"""`flask group`: the communities of this installation."""

from __future__ import annotations

from datetime import date

import click
from flask.cli import AppGroup

from broker.cli.command import LocalDay, Report, reports, table, today
from broker.clock import now_s
from broker.energy.community import AllocationKind
from broker.services import allocation, community

group = AppGroup("group", help="The communities: one house, one roof, one grid connection.")


@group.command("add")
@click.argument("name")
@reports
def add_group(name: str) -> Report:
    """Make a group called NAME; its members see the name as their address.

    Example: flask --app app group add "Sonnenhof 12"
    """
    community.add(name, now_s())
    return Report(f"Group {name.strip()!r} made.", {"name": name.strip()})


@group.command("list")
@reports
def list_groups() -> Report:
    """Show all groups.

    Example: flask --app app group list --json
    """
    groups = community.listed(now_s())
    rows = [(row["name"], row["members"], row["meters"]) for row in groups]
    return Report(table(("Group", "Members", "Meters in use"), rows), {"groups": groups})


@group.command("allocation")
@click.argument("name")
@click.argument("kind", type=click.Choice([kind.value for kind in AllocationKind]))
@click.option("--from", "valid_from", type=LocalDay(), required=True, help="From this day on.")
@click.option("--correct", "corrects", is_flag=True, help="The day may be over.")
@reports
def choose_allocation(name: str, kind: str, valid_from: date, corrects: bool) -> Report:
    """Choose how the group NAME shares out what its roof makes.

    static: by fixed shares, see `share set`; dynamic: in proportion to what each used in the
    quarter hour; none: not at all.

    Example: flask --app app group allocation "Sonnenhof 12" dynamic --from 2027-01-01
    """
    allocation.choose(name, AllocationKind(kind), valid_from, today(), corrects=corrects)
    return Report(
        f"Group {name.strip()!r} shares out its generation: {kind}, from {valid_from} on.",
        {"name": name.strip(), "allocation": kind, "from": valid_from.isoformat()},
    )

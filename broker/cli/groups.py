"""`flask group`: the communities of this installation."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from broker.cli.command import Report, reports, table
from broker.clock import now_s
from broker.services import community

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

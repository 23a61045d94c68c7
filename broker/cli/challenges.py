"""`flask challenge`: the challenges that residents can run."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from broker.cli.command import Report, reports, table
from broker.services import challenge_catalogue

challenge = AppGroup("challenge", help="The challenges that residents can run.")


@challenge.command("list")
@reports
def list_challenges() -> Report:
    """Show all challenges, those that ship with Broker and your own.

    Example: flask --app app challenge list
    """
    challenges = current_app.extensions["challenges"].values()
    rows = [
        (one.id, one.name["en"], one.name["de"], one.count, one.rule.unit)
        for one in sorted(challenges, key=lambda one: one.id)
    ]
    names = ("id", "en", "de", "days", "unit")
    data = {"challenges": [dict(zip(names, row, strict=True)) for row in rows]}
    return Report(table(("Id", "English", "German", "Days", "Unit"), rows), data)


@challenge.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@reports
def check_challenges(file: Path) -> Report:
    """Say what is wrong with the challenges in FILE, before it becomes challenges.toml in the
    instance folder.

    Example: flask --app app challenge check my-challenges.toml
    """
    shipped = challenge_catalogue.read(challenge_catalogue.SHIPPED, {})
    found = challenge_catalogue.read(file, shipped)
    ids = sorted(found)
    text = f"{len(ids)} challenges are fine: {', '.join(map(str, ids))}."
    return Report(text, {"ids": ids})

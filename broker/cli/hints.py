"""`flask hint`: the hints that residents get, and the operator's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup

from broker.cli.command import Report, reports, settings, table
from broker.services import hint_catalogue

hint = AppGroup("hint", help="Hints how to save electricity: what ships, and your own.")


@hint.command("list")
@click.option(
    "--language",
    type=click.Choice(hint_catalogue.LANGUAGES),
    default="en",
    help="The language of the headlines.",
)
@reports
def list_hints(language: str) -> Report:
    """Show all hints with what they save in a year, and where they come from.

    Example: flask --app app hint list --language de
    """
    shipped, offered = hint_catalogue.shipped(), hint_catalogue.load(settings().instance)
    hints: list[dict[str, Any]] = [
        {
            "id": one.id,
            "headline": one.texts[language].headline,
            "icon": one.icon,
            "saving_kwh": list(one.saving_kwh),
            "is_own": shipped.get(one.id) is not one,
        }
        for one in sorted(offered.values(), key=lambda one: one.id)
    ]
    rows = [
        (
            one["id"],
            " to ".join(f"{kwh:g}" for kwh in one["saving_kwh"]),
            hint_catalogue.OWN if one["is_own"] else "Broker",
            one["headline"],
        )
        for one in hints
    ]
    return Report(table(("Id", "kWh a year", "From", "Headline"), rows), {"hints": hints})


@hint.command("check")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@reports
def check_hints(file: Path | None) -> Report:
    """Tell what is wrong with hints.toml in the instance folder, or with FILE.

    Example: flask --app app hint check
    """
    path = file or settings().instance / hint_catalogue.OWN
    if file is None and not path.exists():
        return Report(f"There is no {path}.", {"hints": 0, "without": 0})
    found, without = hint_catalogue.read(path)
    if file is None:
        hint_catalogue.load(settings().instance)
    text = f"{path.name} is right: {len(found)} hints, {len(without)} left out."
    return Report(text, {"hints": len(found), "without": len(without)})

"""`flask key`: what senders of readings show."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from broker.cli.command import Report, local, reports, table
from broker.clock import now_s
from broker.services import keys

key = AppGroup("key", help="Ingest keys: what a sender of readings shows.")


@key.command("add")
@click.argument("name")
@click.option("--meter", "numbers", multiple=True, help="Meter it may write; repeatable.")
@click.option(
    "--grid-rates", "opens_grid_rates", is_flag=True, help="For prices and CO2 intensities."
)
@reports
def add_key(name: str, numbers: tuple[str, ...], opens_grid_rates: bool) -> Report:
    """Make a key called NAME for meters, or for the grid's rates. It is shown this once only.

    \b
    Examples:
      flask --app app key add cellar --meter 1EMH0001 --meter 1EMH0002
      flask --app app key add market --grid-rates
    """
    made = keys.make(name, numbers, now_s(), opens_grid_rates=opens_grid_rates)
    opened = _opened(f"{len(set(numbers))} meters" if numbers else "", opens_grid_rates)
    data = {"name": name.strip(), "meters": sorted(set(numbers)), "grid_rates": opens_grid_rates}
    return Report(
        f"Key {name.strip()!r} opens {opened}. It is shown only now:\n{made}", data | {"key": made}
    )


@key.command("list")
@reports
def list_keys() -> Report:
    """Show all keys, without what is secret of them.

    Example: flask --app app key list
    """
    known = keys.listed()
    rows = [
        (
            row["name"],
            local(row["created_s"]),
            local(row["revoked_s"]),
            _opened(", ".join(row["meters"]), row["grid_rates"]),
        )
        for row in known
    ]
    return Report(table(("Key", "Made", "Revoked", "Opens"), rows), {"keys": known})


@key.command("revoke")
@click.argument("name")
@reports
def revoke_key(name: str) -> Report:
    """Make the key called NAME worthless at once.

    Example: flask --app app key revoke cellar
    """
    keys.revoke(name, now_s())
    return Report(f"Key {name.strip()!r} is revoked.", {"name": name.strip()})


def _opened(meters: str, opens_grid_rates: bool) -> str:
    return ", ".join(filter(None, (meters, "the grid's rates" if opens_grid_rates else "")))

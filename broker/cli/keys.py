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
@click.option(
    "--meter", "numbers", multiple=True, required=True, help="Meter it may write; repeatable."
)
@reports
def add_key(name: str, numbers: tuple[str, ...]) -> Report:
    """Make a key called NAME for one or more meters. It is shown this once only.

    Example: flask --app app key add cellar --meter 1EMH0001 --meter 1EMH0002
    """
    made = keys.make(name, numbers, now_s())
    return Report(
        f"Key {name.strip()!r} opens {len(set(numbers))} meters. It is shown only now:\n{made}",
        {"name": name.strip(), "meters": sorted(set(numbers)), "key": made},
    )


@key.command("list")
@reports
def list_keys() -> Report:
    """Show all keys, without what is secret of them.

    Example: flask --app app key list
    """
    known = keys.listed()
    rows = [
        (row["name"], local(row["created_s"]), local(row["revoked_s"]), ", ".join(row["meters"]))
        for row in known
    ]
    return Report(table(("Key", "Made", "Revoked", "Meters"), rows), {"keys": known})


@key.command("revoke")
@click.argument("name")
@reports
def revoke_key(name: str) -> Report:
    """Make the key called NAME worthless at once.

    Example: flask --app app key revoke cellar
    """
    keys.revoke(name, now_s())
    return Report(f"Key {name.strip()!r} is revoked.", {"name": name.strip()})

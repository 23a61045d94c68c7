"""Ingest keys: what a sender of readings shows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from broker import errors
from broker.models import IngestKey, IngestKeyMeter, Meter, Prepared, db, writer
from broker.services.meters import id_numbered
from broker.services.sessions import digest, new_token

MAX_NAME_LENGTH = 100


def make(name: str, numbers: Sequence[str], now_s: int, *, opens_grid_rates: bool = False) -> str:
    """Makes a key for meters or the grid's rates and returns it: then only its hash is known.

    Raises InvalidInput without a name or anything to open, NotFound for an unknown meter, Conflict
    for a name that is taken, by a revoked key as well.
    """
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME_LENGTH or not name.isprintable():
        raise errors.InvalidInput(f"A key's name has 1 to {MAX_NAME_LENGTH} characters.")
    if not numbers and not opens_grid_rates:
        raise errors.InvalidInput("A key needs at least one meter, or the grid's rates.")
    key = new_token()
    with writer(db.engine).begin() as connection:
        meter_ids = dict.fromkeys(id_numbered(connection, number) for number in numbers)
        if connection.scalar(select(IngestKey.id).where(IngestKey.name == name)):
            raise errors.Conflict(f"There is a key {name!r} already.")
        key_id = connection.execute(
            insert(IngestKey)
            .values(
                name=name,
                digest=digest(key),
                created_s=now_s,
                opens_grid_rates=opens_grid_rates,
            )
            .returning(IngestKey.id)
        ).scalar_one()
        if meter_ids:
            connection.execute(
                insert(IngestKeyMeter),
                [{"key_id": key_id, "meter_id": meter_id} for meter_id in meter_ids],
            )
    return key


def listed() -> list[dict[str, Any]]:
    """Every key with its meters and times in POSIX seconds, the newest first."""
    keys = select(IngestKey).order_by(IngestKey.created_s.desc(), IngestKey.id.desc())
    opened = (
        select(IngestKeyMeter.key_id, Meter.number)
        .join(Meter, Meter.id == IngestKeyMeter.meter_id)
        .order_by(Meter.number)
    )
    with db.engine.connect() as connection:
        meters: dict[int, list[str]] = {}
        for key_id, number in connection.execute(opened):
            meters.setdefault(key_id, []).append(number)
        return [
            {
                "name": row.name,
                "created_s": row.created_s,
                "revoked_s": row.revoked_s,
                "meters": meters.get(row.id, []),
                "grid_rates": row.opens_grid_rates,
            }
            for row in connection.execute(keys)
        ]


KNOWN = Prepared(
    select(IngestKey.id).where(
        IngestKey.digest == bindparam("digest"), IngestKey.revoked_s.is_(None)
    )
)
OPENED_METERS = (
    select(Meter.number, Meter.id)
    .join(IngestKeyMeter, IngestKeyMeter.meter_id == Meter.id)
    .where(
        IngestKeyMeter.key_id == bindparam("key_id"),
        Meter.number.in_(bindparam("numbers", expanding=True)),
    )
)
OPENED_METER = Prepared(
    select(Meter.number, Meter.id)
    .join(IngestKeyMeter, IngestKeyMeter.meter_id == Meter.id)
    .where(IngestKeyMeter.key_id == bindparam("key_id"), Meter.number == bindparam("number"))
)


def known(key: str) -> int | None:
    """The id of a key; None if nobody made it or it has been revoked."""
    row = KNOWN.first(digest=digest(key))
    return None if row is None else int(row.id)


def check_grid_rates(key_id: int) -> None:
    """Raises Forbidden for a key that doesn't open prices and CO2 intensities."""
    with db.engine.connect() as connection:
        statement = select(IngestKey.opens_grid_rates).where(IngestKey.id == key_id)
        if not connection.scalar(statement):
            raise errors.Forbidden("This key opens meters only, no prices and CO2 intensities.")


def meters_of(key_id: int, numbers: Collection[str]) -> dict[str, int]:
    """The ids of meters by their numbers.

    Raises Forbidden for a meter that the key doesn't open, whether or not it exists.
    """
    if len(numbers) == 1:  # the usual call; an IN list is written anew for each one
        (number,) = numbers
        found: Sequence[Any] = OPENED_METER.rows(key_id=key_id, number=number)
    else:
        with db.engine.connect() as connection:
            given = {"key_id": key_id, "numbers": list(numbers)}
            found = connection.execute(OPENED_METERS, given).all()
    opened = {row[0]: row[1] for row in found}
    for number in numbers:
        if number not in opened:
            raise errors.Forbidden(f"meter_id: {number!r} is not a meter that this key opens.")
    return opened


def revoke(name: str, now_s: int) -> None:
    """Makes a key worthless from now on. Raises NotFound, and Conflict if it is already."""
    with writer(db.engine).begin() as connection:
        key = connection.execute(
            select(IngestKey.id, IngestKey.revoked_s).where(IngestKey.name == name.strip())
        ).first()
        if key is None:
            raise errors.NotFound(f"There is no key {name!r}.")
        if key.revoked_s is not None:
            raise errors.Conflict(f"The key {name!r} has been revoked already.")
        connection.execute(update(IngestKey).where(IngestKey.id == key.id).values(revoked_s=now_s))

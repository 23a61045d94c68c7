"""What energy from the grid costs and emits, quarter hour by quarter hour, as others tell it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import func, select

from broker import errors
from broker.clock import written_utc
from broker.energy.series import Booleans, Integers
from broker.models import RateKind, db, writer
from broker.store import grid_rates
from broker.units import QUARTER_HOUR_S

NOUNS = {RateKind.PRICE: "price", RateKind.CO2: "CO2 intensity"}


class Outcome(NamedTuple):
    """How many quarter hours were new, known already, or got another rate than before."""

    stored: int
    known: int
    replaced: int


def take_in(kind: RateKind, rates: Mapping[int, int], *, replaces: bool = False) -> Outcome:
    """Stores rates (micros or mg per kWh) by the start of their quarter hour, all or none.

    Raises Conflict where another rate is stored, unless this `replaces` it: what has been shown to
    residents must not change unseen.
    """
    if not rates:
        return Outcome(0, 0, 0)
    with writer(db.engine).begin() as connection:
        grid_rates.lock(connection)
        stored = grid_rates.between(connection, kind, min(rates), max(rates) + 1)
        new = {start_s: rate for start_s, rate in rates.items() if start_s not in stored}
        other = {
            start_s: rate for start_s, rate in rates.items() if stored.get(start_s, rate) != rate
        }
        if other and not replaces:
            first_s = min(other)
            raise errors.Conflict(
                f"{written_utc(first_s)} (UTC): another {NOUNS[kind]} is stored for this time."
            )
        grid_rates.put(connection, kind, new | other)
    return Outcome(len(new), len(rates) - len(new) - len(other), len(other))


def between(kind: RateKind, begin_s: int, count: int) -> tuple[Integers, Booleans]:
    """The rates of some quarter hours from `begin_s` on, and which of them are known."""
    with db.engine.connect() as connection:
        stored = grid_rates.between(connection, kind, begin_s, begin_s + count * QUARTER_HOUR_S)
    rates, known = np.zeros(count, np.int64), np.zeros(count, np.bool_)
    places = (np.fromiter(stored, np.int64, len(stored)) - begin_s) // QUARTER_HOUR_S
    rates[places] = np.fromiter(stored.values(), np.int64, len(stored))
    known[places] = True
    return rates, known


def extent(kind: RateKind) -> dict[str, Any]:
    """How many quarter hours are known, and where they begin and end."""
    column = grid_rates.TABLE.c
    statement = select(
        func.count().label("count"),
        func.min(column.start_s).label("first_s"),
        func.max(column.start_s).label("last_s"),
    ).where(column.kind == int(kind))
    with db.engine.connect() as connection:
        return connection.execute(statement).one()._asdict()

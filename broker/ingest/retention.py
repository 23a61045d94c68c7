"""Raw readings may expire; what was made of them stays. And it can be made anew while they live."""

from __future__ import annotations

from sqlalchemy import delete, select, update

from broker.energy.quarter_hours import start_of
from broker.ingest import revision
from broker.models import Meter, Register, db, writer
from broker.store import quarter_hours
from broker.store.readings import READING


def expire(before_s: int) -> int:
    """Deletes raw readings before a time (rounded down to the quarter hour); how many.

    One meter a transaction, so that nobody has to wait for long. From then on nothing can be
    added before that time.
    """
    horizon_s = start_of(before_s)
    with db.engine.connect() as connection:
        meter_ids = list(connection.scalars(select(Meter.id).order_by(Meter.id)))
    deleted = 0
    for meter_id in meter_ids:
        with writer(db.engine).begin() as connection:
            quarter_hours.lock(connection, [meter_id])
            done = connection.execute(
                delete(READING).where(READING.c.meter_id == meter_id, READING.c.time_s < horizon_s)
            )
            connection.execute(
                update(Meter).where(Meter.id == meter_id).values(raw_from_s=horizon_s)
            )
            deleted += done.rowcount
    return deleted


def rebuild(meter_id: int, now_s: int) -> int:
    """Computes all quarter hours of a meter anew from its raw readings; how many there are now."""
    with writer(db.engine).begin() as connection:
        quarter_hours.lock(connection, [meter_id])
        state = quarter_hours.states(connection, [meter_id], Register.IMPORT)[meter_id]
        begin_s = state.raw_from_s if state.raw_from_s is not None else 0
        revision.recompute(connection, state, begin_s, revision.END_S, now_s)
        return quarter_hours.count(connection, meter_id)

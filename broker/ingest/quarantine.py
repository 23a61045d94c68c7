"""Readings that can't be true, until the operator says that they are."""

from __future__ import annotations

from sqlalchemy import update

from broker.errors import NotFound
from broker.ingest import revision
from broker.live import hub, notifier
from broker.models import QuarantinedReading, Register, db, writer
from broker.store import quarter_hours, readings
from broker.store.readings import QUARANTINED, ReadingRow


def accept(meter_id: int, time_s: int, now_s: int) -> None:
    """Lets a quarantined reading count, its jump included.

    Raises NotFound if no reading of that meter and time waits in quarantine.
    """
    with writer(db.engine).begin() as connection:
        quarter_hours.lock(connection, [meter_id])
        states = quarter_hours.states(connection, [meter_id], Register.IMPORT)
        pending = readings.pending(connection, meter_id, time_s, time_s + 1)
        if meter_id not in states or not pending:
            raise NotFound(f"No reading of this meter at {time_s} is in quarantine.")
        stored = readings.at(connection, meter_id, [time_s])[time_s]
        connection.execute(
            update(QuarantinedReading)
            .where(QUARANTINED.c.meter_id == meter_id, QUARANTINED.c.time_s == time_s)
            .values(accepted_s=now_s)
        )
        readings.add(connection, [ReadingRow(meter_id, *stored)])
        revision.recompute(connection, states[meter_id], time_s, time_s, now_s)
        notifier.announce(connection, [meter_id])
    hub.publish([meter_id])

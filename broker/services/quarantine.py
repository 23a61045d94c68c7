"""What waits in quarantine, as the operator sees it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from broker.models import Meter, QuarantinedReading, Reading, db
from broker.services.meters import id_numbered


def listed(number: str | None = None) -> list[dict[str, Any]]:
    """Readings that wait to be accepted, of one meter or of all, by meter and time.

    Beside each the counter of the last reading that is believed before it, in 0.1 µWh: the
    difference is what accepting adds. Raises NotFound for an unknown meter.
    """
    before = (
        select(Reading.energy_tenth_uwh)
        .where(
            Reading.meter_id == QuarantinedReading.meter_id,
            Reading.time_s < QuarantinedReading.time_s,
            Reading.energy_tenth_uwh.is_not(None),
        )
        .order_by(Reading.time_s.desc())
        .limit(1)
        .scalar_subquery()
    )
    waiting = (
        select(
            Meter.number.label("meter"),
            QuarantinedReading.time_s,
            before.label("energy_before_tenth_uwh"),
            QuarantinedReading.energy_tenth_uwh,
            QuarantinedReading.energy_out_tenth_uwh,
            QuarantinedReading.power_mw,
        )
        .join(Meter, Meter.id == QuarantinedReading.meter_id)
        .where(QuarantinedReading.accepted_s.is_(None))
        .order_by(Meter.number, QuarantinedReading.time_s)
    )
    with db.engine.connect() as connection:
        if number is not None:
            waiting = waiting.where(Meter.id == id_numbered(connection, number))
        return [row._asdict() for row in connection.execute(waiting)]

"""What meters' readings gave away: jitter, new registers, implausible jumps."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from broker.models import Meter, MeterEvent, db
from broker.services.meters import id_numbered


def listed(number: str | None, limit: int) -> list[dict[str, Any]]:
    """The newest events of one meter or of all, at most `limit`; counters in 0.1 µWh, times in s.

    Raises NotFound for an unknown meter.
    """
    newest = (
        select(
            Meter.number.label("meter"),
            MeterEvent.time_s,
            MeterEvent.register,
            MeterEvent.kind,
            MeterEvent.before_tenth_uwh,
            MeterEvent.after_tenth_uwh,
        )
        .join(Meter, Meter.id == MeterEvent.meter_id)
        .order_by(MeterEvent.time_s.desc(), Meter.number)
        .limit(limit)
    )
    with db.engine.connect() as connection:
        if number is not None:
            newest = newest.where(Meter.id == id_numbered(connection, number))
        return [row._asdict() for row in connection.execute(newest)]

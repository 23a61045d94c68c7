"""What meters' readings gave away, for the operator."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert

from broker.energy.register import RegisterEvent
from broker.models import MeterEvent


def replace(
    connection: Connection,
    meter_id: int,
    register: int,
    begin_s: int,
    end_s: int,
    events: Iterable[RegisterEvent],
    now_s: int,
) -> None:
    """Puts these events in the place of all that were noted for [begin_s, end_s)."""
    connection.execute(
        delete(MeterEvent).where(
            MeterEvent.meter_id == meter_id,
            MeterEvent.register == int(register),
            MeterEvent.time_s >= begin_s,
            MeterEvent.time_s < end_s,
        )
    )
    add(connection, meter_id, register, events, now_s)


def add(
    connection: Connection,
    meter_id: int,
    register: int,
    events: Iterable[RegisterEvent],
    now_s: int,
) -> None:
    """Notes events."""
    noted = [
        {
            "meter_id": meter_id,
            "register": int(register),
            "time_s": event.time_s,
            "kind": event.kind.value,
            "before_tenth_uwh": event.before,
            "after_tenth_uwh": event.after,
            "noted_s": now_s,
        }
        for event in events
    ]
    if noted:
        connection.execute(insert(MeterEvent), noted)

"""Silent meters: which have sent nothing for longer than usual, and which are news."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, select

from broker.energy.silence import LEAST_PATIENCE_S, patience_s
from broker.models import KnownSilence, Reading, db, writer
from broker.services import meters

LOOKED_AT = 30
"""As many last readings tell the rhythm of a meter."""


def listed(now_s: int) -> list[dict[str, Any]]:
    """Every meter in use with its last reading, how long it is silent in s and what that means.

    `is_silent` by `energy.silence`; a meter that has never sent anything is silent. `is_news` until
    somebody has seen this very silence.
    """
    found = []
    with db.engine.connect() as connection:
        seen = select(KnownSilence.meter_id, KnownSilence.since_s)
        known: dict[int, int] = {row.meter_id: row.since_s for row in connection.execute(seen)}
        for meter in meters.listed(now_s):
            if not meter["uses"]:
                continue
            last_s = meter["last_reading_s"]
            silent_s = None if last_s is None else max(0, now_s - last_s)
            is_silent = is_news = False
            if silent_s is None or silent_s > LEAST_PATIENCE_S:  # nobody asks more of the others
                meter_id = meters.id_numbered(connection, meter["number"])
                is_silent = silent_s is None or silent_s > _patience_s(connection, meter_id)
                is_news = is_silent and known.get(meter_id) != (last_s or 0)
            found.append(
                {
                    "meter": meter["number"],
                    "uses": meter["uses"],
                    "last_reading_s": last_s,
                    "silent_s": silent_s,
                    "is_silent": is_silent,
                    "is_news": is_news,
                }
            )
    return found


def _patience_s(connection: Connection, meter_id: int) -> int:
    last = (
        select(Reading.time_s)
        .where(Reading.meter_id == meter_id)
        .order_by(Reading.time_s.desc())
        .limit(LOOKED_AT)
    )
    return patience_s(list(connection.scalars(last)))


def know(now_s: int) -> int:
    """Notes that the operator has seen all present silences; how many of them were news."""
    news = {one["meter"]: one["last_reading_s"] or 0 for one in listed(now_s) if one["is_news"]}
    with writer(db.engine).begin() as connection:
        for number, since_s in news.items():
            meter_id = meters.id_numbered(connection, number)
            connection.execute(delete(KnownSilence).where(KnownSilence.meter_id == meter_id))
            connection.execute(
                insert(KnownSilence).values(meter_id=meter_id, since_s=since_s, seen_s=now_s)
            )
    return len(news)

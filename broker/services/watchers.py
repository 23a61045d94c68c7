"""Who may go on watching: live views outlive neither their session nor the meter they belong to."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

from sqlalchemy import and_, bindparam, or_, select

from broker.live.peer import Who
from broker.models import (
    AccountState,
    Meter,
    MeterRole,
    MeterUse,
    Prepared,
    SessionToken,
    User,
    among,
)
from broker.services import sessions
from broker.units import DAY_S

AT_ONCE = 10_000
"""Sessions that are extended by one statement."""

SESSIONS = Prepared(
    select(SessionToken.id, SessionToken.expires_s, User.group_id, Meter.number)
    .join(User, User.id == SessionToken.user_id)
    .outerjoin(
        MeterUse,
        and_(
            MeterUse.user_id == User.id,
            MeterUse.group_id == User.group_id,
            MeterUse.role == MeterRole.FLAT.value,
            MeterUse.begin_s <= bindparam("now_s"),
            or_(MeterUse.end_s.is_(None), MeterUse.end_s > bindparam("now_s")),
        ),
    )
    .outerjoin(Meter, Meter.id == MeterUse.meter_id)
    .where(
        among(SessionToken.__table__.c.id, "session_ids"),
        SessionToken.expires_s > bindparam("now_s"),
        User.state == AccountState.ACTIVE.value,
    )
    .order_by(MeterUse.begin_s.desc(), MeterUse.id.desc())
)
"""One row a session, and more only where a flat has several meters: the eldest comes last."""


class Reason(Enum):
    """Why somebody may not go on watching."""

    SESSION_ENDED = "session ended"
    METER_CHANGED = "meter changed"


def ended(watchers: Iterable[Who], now_s: int, session_days: int) -> dict[Who, Reason]:
    """Those of the watchers who may not go on, by one query for all; the sessions of the others
    count as used."""
    watching = set(watchers)
    session_ids = sorted({who.session_id for who in watching})
    if not session_ids:
        return {}
    rows = SESSIONS.rows(session_ids=session_ids, now_s=now_s)
    known: dict[int, Any] = {row.id: row for row in rows}
    _extend(known.values(), now_s, session_days)
    found = {who: _reason(who, known.get(who.session_id)) for who in watching}
    return {who: reason for who, reason in found.items() if reason is not None}


def _reason(who: Who, row: Any) -> Reason | None:
    if row is None:
        return Reason.SESSION_ENDED
    if (row.group_id, row.number) != (who.group_id, who.meter_number):
        return Reason.METER_CHANGED
    return None


def _extend(rows: Iterable[Any], now_s: int, session_days: int) -> None:
    used = [row.id for row in rows if sessions.needs_extension(row.expires_s, now_s, session_days)]
    for begin in range(0, len(used), AT_ONCE):
        sessions.extend(used[begin : begin + AT_ONCE], now_s + session_days * DAY_S)

"""What inexogy says about appliances, where the operator prefers it: fetched, stored, shown.

The newest week is asked for first, then hour by hour what is new, then the past, a week a call.
What inexogy has told is kept as it came. Fitted to the meter's energy it takes the place of
Broker's own estimate of the same quarter hours, at once and whenever these are split anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from broker.energy.disaggregation.labels import Part
from broker.energy.disaggregation.told import Key, fitted
from broker.errors import Conflict, InvalidInput
from broker.models import InexogyMeter, Meter, MeterRole, db, writer
from broker.services import meters
from broker.sources.inexogy import LONGEST_S, Told, Trouble
from broker.store import disaggregation as store
from broker.store import inexogy, quarter_hours
from broker.store.inexogy import Progress
from broker.units import DAY_S, HOUR_S, QUARTER_HOUR_S

CONSUMING = (MeterRole.FLAT.value, MeterRole.COMMON.value)
LONGEST_ID = 100
ASKED_EVERY_S = HOUR_S
"""How often the newest quarter hours are asked for; younger than this they aren't."""
WAITED_FOR_S = 3 * DAY_S
"""How long a quarter hour that inexogy lacks is asked for again; then Broker's estimate stays."""


class Call(NamedTuple):
    """What to ask inexogy next about a meter: the quarter hours that start in [begin_s, end_s)."""

    meter_id: int
    inexogy_id: str
    begin_s: int
    end_s: int
    is_newest: bool
    """Whether there is nothing newer to ask for."""
    failures: int


def prefer(number: str, inexogy_id: str) -> None:
    """Prefers what inexogy says about a meter, which it calls `inexogy_id`; the same again changes
    nothing, another id forgets what was told under the one before.

    Raises NotFound for an unknown meter, InvalidInput for what can't be an id, and Conflict for
    that of another meter: nobody is shown the neighbour's appliances by a slip of the hand.
    """
    inexogy_id = inexogy_id.strip()
    if not re.fullmatch(f"[A-Za-z0-9_.-]{{1,{LONGEST_ID}}}", inexogy_id):
        raise InvalidInput(
            f"inexogy_id: A meter's id at inexogy has 1 to {LONGEST_ID} letters, digits or dashes."
        )
    with writer(db.engine).begin() as connection:
        meter_id = _locked(connection, number)
        if other := inexogy.other_called(connection, inexogy_id, meter_id):
            raise Conflict(f"inexogy_id: inexogy calls the meter {other!r} so already.")
        before = inexogy.progress(connection, meter_id)
        if before is None or before.inexogy_id != inexogy_id:
            _forget(connection, meter_id)
            inexogy.prefer(connection, meter_id, inexogy_id)


def leave(number: str) -> None:
    """Prefers Broker's own estimate, of which what inexogy told is replaced bit by bit.

    Raises NotFound for an unknown meter.
    """
    with writer(db.engine).begin() as connection:
        _forget(connection, _locked(connection, number))


def _locked(connection: Connection, number: str) -> int:
    meter_id = meters.id_numbered(connection, number)
    quarter_hours.lock(connection, [meter_id])
    return meter_id


def _forget(connection: Connection, meter_id: int) -> None:
    inexogy.forget(connection, meter_id)
    first_s = inexogy.first_shown_s(connection, meter_id)
    if first_s is not None:
        store.again_from(connection, meter_id, first_s)


def listed() -> list[dict[str, Any]]:
    """Every meter of which inexogy is preferred, how far it has been fetched, the last answer and
    the last failure with its reason; times in POSIX seconds."""
    row = InexogyMeter
    columns = (row.inexogy_id, row.from_s, row.until_s, row.fetched_s, row.failed_s, row.failure)
    statement = (
        select(Meter.number.label("meter"), *columns, row.failures)
        .join(Meter, Meter.id == row.meter_id)
        .order_by(Meter.number)
    )
    with db.engine.connect() as connection:
        return [found._asdict() for found in connection.execute(statement)]


def next_call(now_s: int) -> Call | None:
    """What to ask inexogy now; None if nothing is due."""
    with db.engine.connect() as connection:
        waiting = inexogy.due(connection, now_s)
    for progress in waiting:
        with db.engine.connect() as connection:
            call = _call(connection, progress, now_s)
        if call is not None:
            return call
        asked_s = progress.asked_s or 0
        with writer(db.engine).begin() as connection:
            idle_s = (asked_s if asked_s + ASKED_EVERY_S > now_s else now_s) + ASKED_EVERY_S
            inexogy.note(connection, progress.meter_id, next_s=idle_s)
    return None


def _call(connection: Connection, progress: Progress, now_s: int) -> Call | None:
    extent = store.extent(connection, progress.meter_id)
    services = store.services(connection, progress.meter_id, CONSUMING)
    if extent is None or not services:
        return None
    old_s = now_s - ASKED_EVERY_S
    first_s = max(extent[0], services[0].begin_s)
    newest_s = min(extent[1], old_s - old_s % QUARTER_HOUR_S)
    if services[-1].end_s is not None:
        newest_s = min(newest_s, services[-1].end_s)
    window = _window(progress, first_s, newest_s, now_s)
    if window is None or window[0] >= window[1]:
        return None
    is_newest = window[1] >= newest_s
    return Call(progress.meter_id, progress.inexogy_id, *window, is_newest, progress.failures)


def _window(progress: Progress, first_s: int, newest_s: int, now_s: int) -> tuple[int, int] | None:
    """The newest week, then what is newer, then what lies before."""
    if progress.from_s is None or progress.until_s is None:
        return max(first_s, newest_s - LONGEST_S), newest_s
    is_time = progress.asked_s is None or progress.asked_s + ASKED_EVERY_S <= now_s
    if is_time and progress.until_s < newest_s:
        begin_s = max(first_s, progress.until_s)
        return begin_s, min(newest_s, begin_s + LONGEST_S)
    if progress.from_s > first_s:
        return max(first_s, progress.from_s - LONGEST_S), progress.from_s
    return None


def take_in(call: Call, told: Told, now_s: int) -> int:
    """Stores the answer to a call; how many quarter hours were new. Those known already stay.

    Nothing happens if the operator prefers something else by now.
    """
    with writer(db.engine).begin() as connection:
        progress = _still_wanted(connection, call)
        if progress is None:
            return 0
        known = inexogy.told_starts_s(connection, call.meter_id, call.begin_s, call.end_s)
        new = {start_s: energies for start_s, energies in told.items() if start_s not in known}
        inexogy.add(connection, call.meter_id, new)
        state = store.state(connection, call.meter_id)
        if new and state is not None:
            parts = told_parts(connection, call.meter_id, min(new), max(new) + 1)
            split = [part for part in parts if state.from_s <= part.start_s < state.until_s]
            store.put_told(connection, call.meter_id, [p for p in split if p.start_s in new])
        inexogy.note(
            connection,
            call.meter_id,
            **_asked(call, progress, known | new.keys(), now_s),
            next_s=now_s,
            fetched_s=now_s,
            failures=0,
        )
    return len(new)


def _still_wanted(connection: Connection, call: Call) -> Progress | None:
    """How far a call's meter has been fetched; None if the operator prefers something else by now.

    Nobody changes that until the transaction ends.
    """
    quarter_hours.lock(connection, [call.meter_id])
    progress = inexogy.progress(connection, call.meter_id)
    return progress if progress and progress.inexogy_id == call.inexogy_id else None


def _asked(call: Call, progress: Progress, known: set[int], now_s: int) -> dict[str, int]:
    """How far has been asked after a call: up to the first quarter hour that may still come."""
    if progress.from_s is not None and progress.until_s is not None:
        if call.end_s < progress.from_s or progress.until_s < call.begin_s:
            return {}  # of another collector: what lies between is still to be asked for
        if call.begin_s < progress.from_s:
            return {"from_s": call.begin_s}
    waits_from_s = now_s - WAITED_FOR_S
    until_s = call.end_s
    for start_s in range(call.begin_s, call.end_s, QUARTER_HOUR_S):
        if start_s >= waits_from_s and start_s not in known:
            until_s = start_s
            break
    asked = {"until_s": until_s}
    if progress.from_s is None:
        asked["from_s"] = call.begin_s
    return asked | ({"asked_s": now_s} if call.is_newest else {})


def note_failure(call: Call, trouble: Trouble, now_s: int, next_s: int) -> None:
    """Notes why a call failed, and when to try this meter again at the earliest.

    A refused password says nothing about the meter, which is tried with the next one at once.
    Nothing happens if the operator prefers something else by now.
    """
    with writer(db.engine).begin() as connection:
        if _still_wanted(connection, call) is None:
            return
        inexogy.note(
            connection,
            call.meter_id,
            failed_s=now_s,
            failure=trouble.value,
            failures=call.failures + 1,
            **({} if trouble is Trouble.REFUSED else {"next_s": next_s}),
        )


def told_parts(connection: Connection, meter_id: int, begin_s: int, end_s: int) -> list[Part]:
    """What inexogy told about the quarter hours that start in [begin_s, end_s), as parts of the
    meter's energy, where that is known."""
    told: Mapping[int, Mapping[Key, int]] = inexogy.energies(connection, meter_id, begin_s, end_s)
    if not told:
        return []
    series = store.series(connection, meter_id, min(told), max(told) + QUARTER_HOUR_S)
    return [
        Part(start_s, kind, number, part)
        for start_s, energy, is_known in zip(
            series.starts_s.tolist(), series.energies.tolist(), series.known.tolist(), strict=True
        )
        if is_known and start_s in told
        for (kind, number), part in fitted(told[start_s], energy).items()
    ]

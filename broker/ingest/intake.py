"""Readings in: check, store, roll up, publish, in one transaction.

Readings that are newer than all of their meter take the quick way: they are appended to the
meter's latest quarter hour without a look at older readings. Everything else (late readings,
duplicates, corrections near an implausible one) is put in its place and the touched quarter hours
are computed anew from raw, by `revision`. Both ways give the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import repeat
from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from broker.energy.rollup import rolled_up
from broker.errors import InvalidInput
from broker.ingest import revision
from broker.ingest.registers import Columns, of_register, registers_in
from broker.live import hub, notifier
from broker.models import Register, db, writer
from broker.store import meter_events, quarter_hours, readings, rows
from broker.store.quarter_hours import MeterState
from broker.store.readings import QuarantinedRow, ReadingRow
from broker.units import MINUTE_S

FUTURE_TOLERANCE_S = 15 * MINUTE_S
"""Clocks differ a little. A meter that lives an hour ahead has its time zone wrong."""


class Outcome(NamedTuple):
    """What became of a batch."""

    stored: int
    """New readings, those in quarantine not counted."""
    known: int
    """Readings that were there already, just so."""
    quarantined: int
    """New readings that can't be true: kept, but in no sum until the operator accepts them."""


class _Rehearsed(Exception):
    """Ends a rehearsal's transaction."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


def take_in(batch: Mapping[int, Columns], now_s: int, *, rehearse: bool = False) -> Outcome:
    """Stores readings by meter id, all or nothing, and tells the live view.

    With `rehearse` everything is done and taken back. Raises InvalidInput for a time in the
    future or before the raw readings that are still kept, Conflict for a second, different
    reading of the same time.
    """
    batch = {meter_id: _in_order(columns) for meter_id, columns in batch.items()}
    _refuse_the_future(batch, now_s)
    try:
        outcome = _store(batch, now_s, rehearse, append=True)
    except IntegrityError:  # a reading is there already, so appending was too simple
        outcome = _store(batch, now_s, rehearse, append=False)
    if not rehearse:
        hub.publish(batch)
    return outcome


def _in_order(columns: Columns) -> Columns:
    """The same readings by time. They usually are already."""
    times = columns.times_s
    if all(map(int.__le__, times, times[1:])):
        return columns
    order = sorted(range(len(times)), key=times.__getitem__)
    return Columns(
        [times[place] for place in order],
        [columns.energies_tenth_uwh[place] for place in order],
        [columns.energies_out_tenth_uwh[place] for place in order],
        [columns.powers_mw[place] for place in order],
    )


def _refuse_the_future(batch: Mapping[int, Columns], now_s: int) -> None:
    latest_s = max((columns.times_s[-1] for columns in batch.values()), default=0)
    if latest_s > now_s + FUTURE_TOLERANCE_S:
        raise InvalidInput(
            f"time: {latest_s} lies in the future, it is {now_s} now. Times are POSIX seconds."
        )


def _store(batch: Mapping[int, Columns], now_s: int, rehearse: bool, *, append: bool) -> Outcome:
    try:
        with writer(db.engine).begin() as connection:
            outcome = _store_in(connection, batch, now_s, append)
            if rehearse:
                raise _Rehearsed(outcome)
            notifier.announce(connection, batch)
    except _Rehearsed as rehearsed:
        return rehearsed.outcome
    return outcome


def _store_in(
    connection: Connection, batch: Mapping[int, Columns], now_s: int, append: bool
) -> Outcome:
    quarter_hours.lock(connection, batch)
    states = {
        Register.IMPORT: quarter_hours.states(connection, list(batch), Register.IMPORT),
        Register.EXPORT: _export_states(connection, batch),
    }
    appending = _Appending(connection, now_s)
    stored = known = quarantined = 0
    for meter_id, columns in batch.items():
        state = states[Register.IMPORT][meter_id]
        exported = states[Register.EXPORT].get(meter_id)
        _refuse_the_expired(state, columns)
        if append and _is_newest(columns, state, exported):
            aside = appending.append(columns, state, exported)
            stored, quarantined = stored + len(columns.times_s) - aside, quarantined + aside
        else:
            changed = revision.merge(connection, state, columns, now_s)
            stored, known = stored + changed.stored, known + changed.known
            quarantined += changed.quarantined
    appending.write()
    return Outcome(stored, known, quarantined)


def _export_states(connection: Connection, batch: Mapping[int, Columns]) -> dict[int, MeterState]:
    exporting = [
        meter_id for meter_id, columns in batch.items() if Register.EXPORT in registers_in(columns)
    ]
    return quarter_hours.states(connection, exporting, Register.EXPORT) if exporting else {}


def _refuse_the_expired(state: MeterState, columns: Columns) -> None:
    if state.raw_from_s is not None and columns.times_s[0] < state.raw_from_s:
        raise InvalidInput(
            f"time: {columns.times_s[0]} of meter {state.number} lies before {state.raw_from_s}; "
            "raw readings from that time have expired, so nothing can be added there."
        )


def _is_newest(columns: Columns, state: MeterState, exported: MeterState | None) -> bool:
    """Whether readings can simply be appended: all newer, no time twice, nothing in suspense."""
    times = columns.times_s
    first_s = times[0]
    return (
        not state.has_suspect
        and (state.latest is None or first_s > (state.latest.last_s or 0))
        and (exported is None or not exported.has_suspect)
        and (exported is None or not exported.latest or first_s > (exported.latest.last_s or 0))
        and (len(times) == 1 or all(map(int.__lt__, times, times[1:])))
    )


class _Appending:
    """Collects what the quick way adds for all meters, and writes it at once."""

    def __init__(self, connection: Connection, now_s: int) -> None:
        self.connection, self.now_s = connection, now_s
        self.readings: list[rows.Row] = []
        self.quarantined: list[QuarantinedRow] = []
        self.quarter_hours: list[tuple[object, ...]] = []

    def append(self, columns: Columns, state: MeterState, exported: MeterState | None) -> int:
        """Appends a meter's readings; how many of them are implausible."""
        meter_id = state.meter_id
        integrates = state.latest is None or state.latest.offset is None
        doubted: dict[int, int] = {}
        for register, of in ((Register.IMPORT, state), (Register.EXPORT, exported)):
            if of is None:
                continue
            mine = of_register(
                register, columns, integrates=integrates, has_begun=of.latest is not None
            )
            run = rolled_up(of.latest, mine, max_power_w=state.max_power_w)
            number = int(register)
            self.quarter_hours += [(meter_id, number, *row) for row in run.quarter_hours]
            if run.events:
                meter_events.add(self.connection, meter_id, register, run.events, self.now_s)
            for time_s in run.implausible:
                doubted[time_s] = doubted.get(time_s, 0) + register
        given = zip(repeat(meter_id), *columns, strict=False)
        if not doubted:
            self.readings += given
            return 0
        for row in map(ReadingRow._make, given):
            if row.time_s in doubted:
                self.quarantined.append(QuarantinedRow(*row, doubted[row.time_s], None))
            else:
                self.readings.append(row)
        return len(doubted)

    def write(self) -> None:
        """Stores the readings, those in quarantine and the rollups."""
        readings.add(self.connection, self.readings)
        readings.quarantine(self.connection, self.quarantined)
        quarter_hours.put(self.connection, self.quarter_hours)

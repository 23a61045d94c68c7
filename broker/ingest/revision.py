"""Late readings, duplicates and second thoughts: put in their place, and computed anew from raw.

This is the truth that appending must equal: quarter hours are a function of the raw readings and
of what the operator accepted, never of the order in which readings arrived.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from sqlalchemy import Connection

from broker.energy.quarter_hours import QuarterHour, start_of
from broker.energy.register import Continued
from broker.energy.rollup import RegisterColumns, rolled_up
from broker.errors import Conflict
from broker.ingest.registers import Columns, of_register
from broker.models import Register
from broker.store import meter_events, quarter_hours, readings
from broker.store.quarter_hours import MeterState
from broker.store.readings import ReadingRow, StoredReading
from broker.units import DAY_S, QUARTER_HOUR_S

BEGINNING_S = -1
END_S = 2**62
FIRST_WINDOW_S = DAY_S


class Merged(NamedTuple):
    """What became of readings that were not simply the newest."""

    stored: int
    known: int
    quarantined: int


def merge(connection: Connection, state: MeterState, columns: Columns, now_s: int) -> Merged:
    """Puts readings of one meter (in order of time) where they belong.

    Raises Conflict if a time has, or is given, two different readings.
    """
    new = _new(connection, state, columns)
    known = len(columns.times_s) - len(new)
    if not new:
        return Merged(0, known, 0)
    readings.add(connection, [ReadingRow(state.meter_id, *reading) for reading in new])
    times = [reading.time_s for reading in new]
    recompute(connection, state, times[0], times[-1], now_s)
    pending = readings.pending(connection, state.meter_id, times[0], times[-1] + 1)
    quarantined = len(pending.keys() & set(times))
    return Merged(len(new) - quarantined, known, quarantined)


def _new(connection: Connection, state: MeterState, columns: Columns) -> list[StoredReading]:
    stored = readings.at(connection, state.meter_id, columns.times_s)
    new: list[StoredReading] = []
    for reading in map(StoredReading._make, zip(*columns, strict=True)):
        known = stored.setdefault(reading.time_s, reading)
        if known is reading:
            new.append(reading)
        elif known != reading:
            raise Conflict(
                f"Meter {state.number} already has another reading at {reading.time_s}: "
                f"{_described(known)} is stored, {_described(reading)} was sent."
            )
    return new


def _described(reading: StoredReading) -> str:
    names = ("energy", "energy_out", "power")
    given = zip(names, reading[1:], strict=True)
    return ", ".join(f"{name} {value}" for name, value in given if value is not None)


def recompute(
    connection: Connection, state: MeterState, from_s: int, until_s: int, now_s: int
) -> None:
    """Computes the quarter hours anew that readings in [from_s, until_s] touch, from raw.

    Goes on behind `until_s` until nothing changes any more: usually that is the next quarter hour
    with readings, but a register that begins at another energy shifts all that follows.
    """
    quarter_hours.count_revision(connection, state.meter_id)
    begin_s = start_of(from_s)
    end_s = start_of(until_s) + QUARTER_HOUR_S
    window_s = FIRST_WINDOW_S
    accepted = readings.accepted_times_s(connection, state.meter_id)
    while True:
        following = [
            quarter_hours.first_from(connection, state.meter_id, register, end_s)
            for register in Register
        ]
        nexts = [quarter_hour.start_s for quarter_hour in following if quarter_hour]
        end_s = max(nexts) + QUARTER_HOUR_S if nexts else END_S
        if _Window(connection, state, begin_s, end_s, accepted, now_s).write() or not nexts:
            return
        begin_s, end_s, window_s = end_s, end_s + window_s, 2 * window_s


class _Window:
    """The quarter hours that start in [begin_s, end_s), computed anew for both registers."""

    def __init__(
        self,
        connection: Connection,
        state: MeterState,
        begin_s: int,
        end_s: int,
        accepted: set[int],
        now_s: int,
    ) -> None:
        self.connection, self.state, self.now_s = connection, state, now_s
        self.begin_s, self.end_s, self.accepted = begin_s, end_s, accepted
        self.before = {
            register: quarter_hours.last_before(connection, state.meter_id, register, begin_s)
            for register in Register
        }
        last_times = [before.last_s or 0 for before in self.before.values() if before]
        # Readings in quarantine after the last quarter hour belong to this run as well.
        self.since_s = min(last_times) + 1 if last_times else BEGINNING_S
        self.pending = readings.pending(connection, state.meter_id, self.since_s, end_s)
        found = readings.between(connection, state.meter_id, self.since_s, end_s)
        self.columns = Columns(*map(list, zip(*found, strict=True))) if found else None

    def write(self) -> bool:
        """Replaces the window's quarter hours; whether all that follows still holds."""
        runs = {register: self._run(register) for register in Register}
        doubted = self._doubted(runs)
        settled = True
        for register, run in runs.items():
            before_end = quarter_hours.last_before(
                self.connection, self.state.meter_id, register, self.end_s
            )
            latest, drop_until_s = _latest(run, self.before[register]), self.end_s
            if _state(latest) != _state(before_end) or self._suspects_changed(
                register, latest, doubted[register]
            ):
                settled = False
            elif latest is not None and self.end_s < END_S:
                # The gap up to the next reading behind the window is as it was.
                drop_until_s = latest.start_s + QUARTER_HOUR_S
            self._replace(register, run, drop_until_s)
        self._sort_out(doubted)
        return settled

    def _doubted(self, runs: dict[Register, Continued]) -> dict[Register, set[int]]:
        """The times of the readings that each register doubts.

        What it doubted before its run begins stands; the other's run may begin earlier.
        """
        doubted = {register: set(run.implausible) for register, run in runs.items()}
        for register, before in self.before.items():
            if before is not None and before.last_s is not None:
                doubted[register] |= {
                    time_s
                    for time_s, registers in self.pending.items()
                    if time_s <= before.last_s and registers & register
                }
        return doubted

    def _suspects_changed(
        self, register: Register, latest: QuarterHour | None, doubted: set[int]
    ) -> bool:
        """Whether other readings than so far are in suspense behind a register's latest one."""
        latest_s = BEGINNING_S if latest is None or latest.last_s is None else latest.last_s
        so_far = {time_s for time_s, registers in self.pending.items() if registers & register}
        return any(time_s > latest_s for time_s in so_far ^ doubted)

    def _run(self, register: Register) -> Continued:
        before, columns = self.before[register], self.columns
        if columns is None:
            return Continued([], [], [])
        first = self.before[Register.IMPORT]
        mine = of_register(
            register,
            columns,
            integrates=first is None or first.offset is None,
            has_begun=before is not None,
        )
        begin_s = BEGINNING_S if before is None or before.last_s is None else before.last_s
        mine = _after(mine, begin_s)
        return rolled_up(before, mine, max_power_w=self.state.max_power_w, accepted=self.accepted)

    def _replace(self, register: Register, run: Continued, drop_until_s: int) -> None:
        meter_id, before = self.state.meter_id, self.before[register]
        drop_from_s = before.start_s + QUARTER_HOUR_S if before else BEGINNING_S
        quarter_hours.drop(self.connection, meter_id, register, drop_from_s, drop_until_s)
        quarter_hours.put(
            self.connection, [(meter_id, int(register), *row) for row in run.quarter_hours]
        )
        since_s = before.last_s + 1 if before and before.last_s is not None else BEGINNING_S
        meter_events.replace(
            self.connection, meter_id, register, since_s, self.end_s, run.events, self.now_s
        )

    def _sort_out(self, doubted: dict[Register, set[int]]) -> None:
        """Moves readings into quarantine or out of it, as the runs have found."""
        registers_by_time: dict[int, int] = {}
        for register, times_s in doubted.items():
            for time_s in times_s:
                registers_by_time[time_s] = registers_by_time.get(time_s, 0) | register
        news = {t: r for t, r in registers_by_time.items() if self.pending.get(t) != r}
        readings.move_to_quarantine(self.connection, self.state.meter_id, news)
        released = self.pending.keys() - registers_by_time.keys()
        readings.move_from_quarantine(self.connection, self.state.meter_id, released)


def _latest(run: Continued, before: QuarterHour | None) -> QuarterHour | None:
    return run.quarter_hours[-1] if run.quarter_hours else before


def _state(quarter_hour: QuarterHour | None) -> object:
    """What the readings after a quarter hour depend on."""
    if quarter_hour is None:
        return None
    return quarter_hour[5:11]


def _after(columns: RegisterColumns, time_s: int) -> RegisterColumns:
    return columns.part(bisect_right(columns.times_s, time_s), len(columns.times_s))

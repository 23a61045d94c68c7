"""How a register's counter becomes cumulated energy, reading by reading.

This is the definition, one reading at a time: what falls, what jumps, what only sends power.
`rollup` does the same for many readings at once wherever nothing special happens.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import NamedTuple

from broker.energy.quarter_hours import (
    LONGEST_POWER_GAP_S,
    QuarterHour,
    Stretch,
    appended,
)
from broker.units import (
    EIGHTEENTHS_PER_TRAPEZOID_MWS,
    MW_PER_W,
    TENTH_UWH_PER_KWH,
    energy_limit_tenth_uwh,
)

JITTER_TENTH_UWH = TENTH_UWH_PER_KWH // 100
"""A counter that falls by less than 0.01 kWh has not been exchanged."""


class RegisterReading(NamedTuple):
    """What a meter said about one register: a counter in 0.1 µWh, a power in mW, or both."""

    time_s: int
    counter: int | None
    power_mw: int | None


class RegisterEventKind(StrEnum):
    """What the operator should know."""

    JITTER = "jitter"
    NEW_REGISTER = "new_register"
    IMPLAUSIBLE = "implausible"


class RegisterEvent(NamedTuple):
    """A step of the counter that did not count as it stands."""

    time_s: int
    kind: RegisterEventKind
    before: int
    after: int


class Suspect(NamedTuple):
    """The last implausible reading, until the next one tells whether it was a lone spike."""

    time_s: int
    counter: int


class Continued(NamedTuple):
    """What a run of readings adds to a register.

    `quarter_hours` holds the changed and new ones in order, `implausible` the times of readings
    that are to be quarantined.
    """

    quarter_hours: list[QuarterHour]
    implausible: list[int]
    events: list[RegisterEvent]


class Cumulated(NamedTuple):
    """Where a register stands after a reading."""

    energy: int
    offset: int | None
    carry: int
    counter: int


def continued(
    before: QuarterHour | None,
    readings: Iterable[RegisterReading],
    *,
    max_power_w: int,
    suspect: Suspect | None = None,
    accepted: Collection[int] = (),
) -> Continued:
    """Continues a register after its latest quarter hour with later readings in order of time.

    `accepted` are times of readings that the operator declared true although implausible.
    """
    run = _Run(before, suspect, max_power_w, accepted)
    for reading in readings:
        run.take(reading)
    return Continued(run.quarter_hours, run.implausible, run.events)


class _Run:
    """The state of `continued` between two readings."""

    def __init__(
        self,
        before: QuarterHour | None,
        suspect: Suspect | None,
        max_power_w: int,
        accepted: Collection[int],
    ) -> None:
        self.latest, self.suspect = before, suspect
        self.max_power_w, self.accepted = max_power_w, accepted
        self.quarter_hours: list[QuarterHour] = []
        self.implausible: list[int] = []
        self.events: list[RegisterEvent] = []

    def take(self, reading: RegisterReading) -> None:
        """Puts one reading into its quarter hour, or aside."""
        if reading.counter is not None:
            stand = self._counted(reading.time_s, reading.counter)
        elif reading.power_mw is None or (self.latest and self.latest.offset is not None):
            return  # a register that has a counter needs no power to know its energy
        else:
            stand = self._integrated(reading.time_s, reading.power_mw)
        if stand is None:
            self.implausible.append(reading.time_s)
            return
        power = reading.power_mw
        self._append(
            Stretch(
                reading.time_s,
                stand.counter,
                stand.energy,
                reading.time_s,
                stand.counter,
                stand.energy,
                stand.offset,
                stand.carry,
                power,
                power or 0,
                0 if power is None else 1,
                power,
            )
        )

    def _append(self, stretch: Stretch) -> None:
        added = appended(self.latest, stretch)
        if self.quarter_hours and self.quarter_hours[-1].start_s == added[0].start_s:
            self.quarter_hours.pop()
        self.quarter_hours += added
        self.latest = added[-1]

    def _counted(self, time_s: int, counter: int) -> Cumulated | None:
        latest = self.latest
        if latest is None:
            return Cumulated(counter, 0, 0, counter)
        assert latest.last is not None and latest.last_s is not None
        if latest.offset is None:  # the meter has begun to send its counter
            return Cumulated(latest.last, latest.last - counter, 0, counter)
        energy, offset, since_s = latest.last, latest.offset, latest.last_s
        suspect, self.suspect = self.suspect, None
        if suspect and self._goes_on(suspect, energy - offset, since_s, time_s, counter):
            # The counter really did jump: it goes on from there, and the jump itself stays out.
            offset, since_s = energy - suspect.counter, suspect.time_s
        step = counter - (energy - offset)
        if step > energy_limit_tenth_uwh(self.max_power_w, time_s - since_s):
            if time_s not in self.accepted:
                self.suspect = Suspect(time_s, counter)
                self._note(time_s, RegisterEventKind.IMPLAUSIBLE, counter)
                return None
        elif step <= -JITTER_TENTH_UWH:
            self._note(time_s, RegisterEventKind.NEW_REGISTER, counter)
            return Cumulated(energy, energy - counter, 0, counter)
        elif step < 0:
            self._note(time_s, RegisterEventKind.JITTER, counter)
        return Cumulated(energy + max(step, 0), offset, 0, counter)

    def _goes_on(
        self, suspect: Suspect, level: int, since_s: int, time_s: int, counter: int
    ) -> bool:
        """Whether a counter continues from an implausible reading, so that it was no lone spike."""
        jump = suspect.counter - level
        if jump <= energy_limit_tenth_uwh(self.max_power_w, suspect.time_s - since_s):
            return False  # it was another register that was implausible then
        rise = counter - suspect.counter
        limit = energy_limit_tenth_uwh(self.max_power_w, time_s - suspect.time_s)
        return -JITTER_TENTH_UWH < rise <= limit

    def _integrated(self, time_s: int, power_mw: int) -> Cumulated | None:
        if abs(power_mw) > self.max_power_w * MW_PER_W and time_s not in self.accepted:
            return None
        latest = self.latest
        if latest is None:
            return Cumulated(0, None, 0, 0)
        assert latest.last is not None and latest.last_s is not None
        eighteenths = latest.carry
        duration_s = time_s - latest.last_s
        if duration_s <= LONGEST_POWER_GAP_S:
            trapezoid_mws = (max(latest.last_power or 0, 0) + max(power_mw, 0)) * duration_s
            eighteenths += trapezoid_mws * EIGHTEENTHS_PER_TRAPEZOID_MWS
        energy = latest.last + eighteenths // 18
        return Cumulated(energy, None, eighteenths % 18, energy)

    def _note(self, time_s: int, kind: RegisterEventKind, counter: int) -> None:
        assert self.latest is not None and self.latest.last_counter is not None
        self.events.append(RegisterEvent(time_s, kind, self.latest.last_counter, counter))

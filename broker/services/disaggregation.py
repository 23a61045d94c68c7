"""Which appliance used how much of what a flat or a house used: an estimate."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from broker.clock import day_starts_s, month_starts_s, written_utc
from broker.energy.disaggregation import labels
from broker.energy.disaggregation.kinds import LABELS, Kind
from broker.energy.series import EnergySeries
from broker.errors import InvalidInput
from broker.models import MeterRole, Register, db
from broker.services import appliance_corrections, consumption, disaggregation_progress
from broker.services.appliance_corrections import NOTHING, Said
from broker.services.courses import Resolution
from broker.services.disaggregation_progress import SETTLES_AFTER_S
from broker.services.remembered import Remembered
from broker.store import disaggregation as store
from broker.store.disaggregation import State, StoredPart
from broker.store.meter_uses import FLAT_OF_USER, GROUP, Owner, Stamp, Use
from broker.units import DAY_S, HOUR_S, QUARTER_HOUR_S

LONGEST_S = 366 * DAY_S
CONSUMING = (MeterRole.FLAT, MeterRole.COMMON)
MOST_STRETCHES = 8
"""What a request splits itself, at most, of meters that no collector has got to: a house of
hundreds of flats mustn't keep its caller, and everybody else, waiting for all of them."""

Energies = dict[str, dict[str, int]]


class Split(NamedTuple):
    """Energies by step and label, and how much of them each source (a
    `models.DisaggregationSource`) says, all in 0.1 µWh."""

    energies: Energies
    by_source: dict[int, int]


_remembered: Remembered[Split] = Remembered(128)


def of_user(
    user_id: int, begin_s: int, end_s: int, resolution: str, zone: ZoneInfo, now_s: int
) -> Split:
    """Energy in 0.1 µWh of each of a flat's appliances, by the end of each step and by label.

    Quarter hours that aren't split (yet), or whose energy has changed since, are left out.
    Raises InvalidInput for an empty or too long time.
    """
    ends = _ends(begin_s, end_s, resolution, zone, now_s)
    window = _Window(begin_s, min(end_s, now_s), (resolution, zone.key))
    return _split(FLAT_OF_USER, user_id, window, ends, labels.written)


def of_group(
    group_id: int, begin_s: int, end_s: int, resolution: str, zone: ZoneInfo, now_s: int
) -> Split:
    """The same for all consuming meters of a community together, by kind without the numbers."""
    ends = _ends(begin_s, end_s, resolution, zone, now_s)
    window = _Window(begin_s, min(end_s, now_s), (resolution, zone.key))
    return _split(GROUP, group_id, window, ends, lambda kind, _: LABELS[Kind(kind)])


class _Window(NamedTuple):
    """The asked-for time and how its quarter hours are put together."""

    begin_s: int
    end_s: int
    how: tuple[str, str]


def _split(
    owner: Owner,
    owner_id: int,
    window: _Window,
    ends: Callable[[int], int],
    label: Callable[[int, int], str],
) -> Split:
    """What is asked for, computed anew only if something that it follows from has changed."""
    begin_s, end_s, how = window
    end_s += -end_s % QUARTER_HOUR_S  # quarter hours count that start before the end
    if begin_s >= end_s:
        return Split({}, {})
    stamp = owner.stamp(owner_id, begin_s, end_s)
    turns = _caught_up(stamp, begin_s)
    users = {use.user_id for use in map(_use, stamp) if use.user_id is not None}
    said = appliance_corrections.stamp_of(users)

    def compute() -> Split:
        sums = _Sums(ends, label)
        of_owner = consumption.of_group if owner is GROUP else consumption.of_flat
        for use, series in of_owner(owner_id, begin_s, end_s):
            if _consumes(use):
                sums.add(_as_told(_valid(use, series), _said(use)))
        return Split(sums.written(), sums.by_source)

    key = (owner is GROUP, owner_id, begin_s, end_s, how, stamp, turns, said)
    return _remembered.get(key, compute)


def _use(row: tuple[int | str | None, ...]) -> Use:
    return Use._make(row[: len(Use._fields)])


def _caught_up(stamp: Stamp, begin_s: int) -> tuple[tuple[int, int], ...]:
    """Splits what is new, if nobody has yet; the turn at which each consuming meter is then."""
    meter_ids = [_use(row).meter_id for row in stamp if _consumes(_use(row))]
    states = disaggregation_progress.states(meter_ids)
    behind = {
        use.meter_id
        for row in stamp
        if _consumes(use := _use(row)) and _is_behind(states.get(use.meter_id), row, begin_s)
    }
    left = MOST_STRETCHES
    for meter_id in sorted(behind):
        while left and disaggregation_progress.catch_up(meter_id):
            left -= 1
            time.sleep(0)  # others have their turn
    if behind:
        states = disaggregation_progress.states(meter_ids)
    return tuple((meter_id, state.turn) for meter_id, state in sorted(states.items()))


def _is_behind(state: State | None, row: tuple[int | str | None, ...], begin_s: int) -> bool:
    """Whether a meter's quarter hours of the shown time may not be split as they are now."""
    use, revision, newest_s = _use(row), row[-2], row[-1]
    if not isinstance(newest_s, int):
        return False
    if state is None or state.past_revision != revision or state.compared_s < state.until_s:
        return True
    until_s = newest_s if use.end_s is None else min(newest_s, use.end_s)
    is_late = state.until_s < until_s or state.settled_s < state.until_s - SETTLES_AFTER_S
    return is_late or state.from_s > max(begin_s, use.begin_s)


def _said(use: Use) -> Said:
    with db.engine.connect() as connection:
        return appliance_corrections.of_home(connection, use.user_id, use.meter_id)


def _consumes(use: Use) -> bool:
    return use.role in CONSUMING and use.register == Register.IMPORT


def _valid(use: Use, series: EnergySeries) -> Iterable[tuple[int, list[StoredPart]]]:
    """The quarter hours of a use whose parts add up to their energy, by their starts."""
    by_start: dict[int, list[StoredPart]] = defaultdict(list)
    for part in store.parts(use.meter_id, series.begin_s, series.end_s):
        by_start[part.start_s].append(part)
    energies = dict(zip(series.starts_s.tolist(), series.energies.tolist(), strict=True))
    known = dict(zip(series.starts_s.tolist(), series.known.tolist(), strict=True))
    for start_s, parts in by_start.items():
        if known[start_s] and sum(part.energy_tenth_uwh for part in parts) == energies[start_s]:
            yield start_s, parts


def _as_told(
    quarter_hours: Iterable[tuple[int, list[StoredPart]]], said: Said
) -> Iterable[tuple[int, list[StoredPart]]]:
    """With the resident's corrections, also of what was split before they were made."""
    if said is NOTHING or not (said.absent or said.runs):
        return quarter_hours
    return ((start_s, [_told(part, said) for part in parts]) for start_s, parts in quarter_hours)


def _told(part: StoredPart, said: Said) -> StoredPart:
    for correction in said.runs:
        run = correction.run
        overlaps = part.start_s < run.end_s and run.begin_s < part.start_s + QUARTER_HOUR_S
        if overlaps and part.kind == run.kind:
            part = part._replace(kind=correction.kind, number=1)
            break
    return part._replace(kind=Kind.OTHER, number=1) if part.kind in said.absent else part


def _ends(
    begin_s: int, end_s: int, resolution: str, zone: ZoneInfo, now_s: int
) -> Callable[[int], int]:
    """From the start of a quarter hour to the end of the step that it belongs to."""
    if end_s <= begin_s and begin_s <= now_s:
        raise InvalidInput("end: must lie after begin.")
    if end_s - begin_s > LONGEST_S:
        raise InvalidInput("begin: at most a year at a time.")
    chosen = Resolution(resolution)
    if chosen is Resolution.QUARTER_HOUR:
        return lambda start_s: start_s + QUARTER_HOUR_S
    if chosen is Resolution.HOUR:
        phase_s = next(iter(day_starts_s(begin_s, begin_s + 1, zone))) % HOUR_S
        return lambda start_s: start_s - (start_s - phase_s) % HOUR_S + HOUR_S
    walk = day_starts_s if chosen is Resolution.DAY else month_starts_s
    longest_s = 2 * DAY_S if chosen is Resolution.DAY else 32 * DAY_S
    return _next_of(list(walk(begin_s, end_s + longest_s, zone)))


def _next_of(boundaries_s: Sequence[int]) -> Callable[[int], int]:
    return lambda start_s: boundaries_s[bisect_right(boundaries_s, start_s)]


class _Sums:
    """Energies by step and label."""

    def __init__(self, ends: Callable[[int], int], label: Callable[[int, int], str]) -> None:
        self._ends, self._label = ends, label
        self._sums: dict[int, dict[tuple[int, int], int]] = {}
        self.by_source: dict[int, int] = {}

    def add(self, quarter_hours: Iterable[tuple[int, list[StoredPart]]]) -> None:
        """Adds the parts of quarter hours, given by their starts."""
        for start_s, parts in quarter_hours:
            step = self._sums.setdefault(self._ends(start_s), defaultdict(int))
            for part in parts:
                step[part.kind, part.number] += part.energy_tenth_uwh
            source = parts[0].source  # a quarter hour has one
            energy = sum(part.energy_tenth_uwh for part in parts)
            self.by_source[source] = self.by_source.get(source, 0) + energy

    def written(self) -> Energies:
        """The steps in order, each with every label that occurs in any of them."""
        keys = sorted({key for step in self._sums.values() for key in step})
        names = {key: self._label(*key) for key in keys}
        written: Energies = {}
        for end_s in sorted(self._sums):
            step = written[written_utc(end_s)] = dict.fromkeys(names.values(), 0)
            for key, energy in self._sums[end_s].items():
                step[names[key]] += energy
        return written

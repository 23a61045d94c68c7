"""The runs of appliances, and which appliance of its kind each run belongs to."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from broker.energy.disaggregation.estimate import Estimate, run_bounds
from broker.energy.disaggregation.kinds import APPLIANCES, Kind, Rule
from broker.units import MINUTE_S, TENTH_UWH_PER_WH

RUNLESS = (Kind.FRIDGE,)
"""Always on: its cycles are no runs that anybody started."""
SINGLE = (Kind.FRIDGE, Kind.OVEN, Kind.HEAT_PUMP, Kind.KETTLE, Kind.MICROWAVE)
"""Of these only the sum is known, or their power is known too vaguely to tell two apart."""
SAME_POWER = {Kind.FLOW_HEATER: math.log(1.9), Kind.ELECTRIC_CAR: math.log(1.4)}
SAME_POWER_USUALLY = math.log(2)
"""Two runs whose powers differ by less than this factor may be of one appliance. The heaters of
most washing machines and dishwashers are alike; a dryer with a heat pump is known from another."""
LONG = (Kind.ELECTRIC_CAR,)
"""Of these alone quarter hours tell the power: others are over too soon."""
RUNS_OF_ANOTHER = {Kind.ELECTRIC_CAR: 2}
RUNS_OF_ANOTHER_USUALLY = 4
"""So many similar runs that fit no known appliance make another one; a car's power is sure."""
LONGEST_MEMORY = 30
ALIKE_POWER, ALIKE_LENGTH = math.log(1.3), math.log(2)
"""How near a run has to be to the one that a resident corrected."""


class Run(NamedTuple):
    """One run: [begin_s, end_s), its energy and the power that it reaches."""

    kind: Kind
    begin_s: int
    end_s: int
    energy_tenth_uwh: int
    power_w: float


class Numbered(NamedTuple):
    """A run and the running number of its appliance."""

    run: Run
    number: int


class Appliance(NamedTuple):
    """What is remembered of an appliance, so that it is known again.

    Without a number yet (0) it is a guess: runs that fit none of the known ones.
    """

    kind: Kind
    number: int
    power_w: float
    run_count: int


class Correction(NamedTuple):
    """What a resident said about one run: its kind as estimated, and what it really was."""

    run: Run
    kind: Kind


def found(estimate: Estimate, rules: Mapping[Kind, Rule]) -> list[Run]:
    """The runs in an estimate, in order of time."""
    runs = []
    for kind in APPLIANCES:
        if kind in RUNLESS:
            continue
        powers = estimate.powers_w[kind]
        pause = round(rules[kind].pause_min * MINUTE_S / estimate.step_s)
        for begin, end in run_bounds(powers > 0, pause):
            run = powers[begin:end]
            energy = float(run.sum()) * estimate.step_s / 3600 * TENTH_UWH_PER_WH
            reached = float(np.quantile(run[run > 0.5 * run.max()], 0.5))
            begin_s = estimate.begin_s + begin * estimate.step_s
            end_s = estimate.begin_s + end * estimate.step_s
            runs.append(Run(kind, begin_s, end_s, round(energy), reached))
    return sorted(runs, key=lambda run: (run.begin_s, run.kind))


def corrected(
    estimate: Estimate, runs: Iterable[Run], corrections: Sequence[Correction]
) -> list[Run]:
    """The runs as the resident's corrections tell them, those that resemble a corrected one too.

    Moves their power in the estimate to the right kind.
    """
    told = []
    for run in runs:
        kind = next((c.kind for c in corrections if _concerns(c, run)), run.kind)
        if kind != run.kind:
            begin = max(0, (run.begin_s - estimate.begin_s) // estimate.step_s)
            end = (run.end_s - estimate.begin_s) // estimate.step_s
            if kind in APPLIANCES:
                estimate.powers_w[kind, begin:end] += estimate.powers_w[run.kind, begin:end]
            estimate.powers_w[run.kind, begin:end] = 0
        if kind in APPLIANCES:
            told.append(run._replace(kind=kind))
    return told


def _concerns(correction: Correction, run: Run) -> bool:
    said = correction.run
    if said.kind != run.kind or run.end_s <= said.begin_s:
        return False
    if run.begin_s < said.end_s:
        return True
    length = (run.end_s - run.begin_s) / (said.end_s - said.begin_s)
    return (
        abs(math.log(run.power_w / said.power_w)) < ALIKE_POWER
        and abs(math.log(length)) < ALIKE_LENGTH
    )


def numbered(
    runs: Iterable[Run],
    appliances: Sequence[Appliance],
    earlier: Collection[Numbered],
    counts: Collection[Run],
    *,
    is_vague: bool = False,
) -> tuple[list[Numbered], list[Appliance]]:
    """The runs with their numbers, and what is known of the appliances then.

    A run that was numbered `earlier` keeps its number, however much of it has become known since.
    Of the runs that `counts` names, the appliances' powers are learned. What quarter hours tell
    `is_vague`.
    """
    known = list(appliances)
    told = []
    for run in runs:
        number = _earlier_number(run, earlier)
        learned = _numbered(run, known, run.kind in SINGLE or (is_vague and run.kind not in LONG))
        if run in counts:
            known = learned.appliances
        told.append(Numbered(run, number or learned.number))
    return told, known


def _earlier_number(run: Run, earlier: Iterable[Numbered]) -> int | None:
    for one, number in earlier:
        if one.kind == run.kind and one.begin_s < run.end_s and run.begin_s < one.end_s:
            return number
    return None


class _Learned(NamedTuple):
    number: int
    appliances: list[Appliance]


def _numbered(run: Run, appliances: list[Appliance], is_single: bool) -> _Learned:
    mine = [place for place, one in enumerate(appliances) if one.kind == run.kind]
    if not mine:
        return _Learned(1, [*appliances, Appliance(run.kind, 1, run.power_w, 1)])

    def distance(place: int) -> float:
        return abs(math.log(run.power_w / appliances[place].power_w))

    nearest = min(mine, key=distance)
    confirmed = min((place for place in mine if appliances[place].number), key=distance)
    changed = list(appliances)
    if not is_single and distance(nearest) > SAME_POWER.get(run.kind, SAME_POWER_USUALLY):
        changed.append(Appliance(run.kind, 0, run.power_w, 1))
        return _Learned(appliances[confirmed].number, changed)
    one = appliances[confirmed if is_single else nearest]
    weight = 1 / min(one.run_count + 1, LONGEST_MEMORY)
    power = one.power_w * (run.power_w / one.power_w) ** weight
    number = one.number
    enough = RUNS_OF_ANOTHER.get(run.kind, RUNS_OF_ANOTHER_USUALLY)
    if not number and one.run_count + 1 >= enough:
        number = 1 + max(appliances[place].number for place in mine)
    changed[appliances.index(one)] = Appliance(run.kind, number, power, one.run_count + 1)
    return _Learned(number or appliances[confirmed].number, changed)

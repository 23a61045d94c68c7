"""The runs of appliances, and which appliance of its kind each run belongs to."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from broker.energy.disaggregation import levels
from broker.energy.disaggregation.estimate import Estimate
from broker.energy.disaggregation.kinds import APPLIANCES, Kind, Rule
from broker.energy.disaggregation.run_bounds import run_bounds
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
LEAST_CHARGE_WH, SURE_CHARGE_WH = 2500, 5000
"""Less tells nothing about a car: its end, or something else. And what is no other thing."""
TOGETHER_POWER = math.log(1.15)
"""How near the power of two cars that charge at once has to be to the sum of theirs."""
RUNS_OF_ANOTHER = {Kind.ELECTRIC_CAR: 2}
RUNS_OF_ANOTHER_USUALLY = 4
"""So many similar runs that fit no known appliance make another one; a car's power is sure, and
stronger charges than any known car's make one at once."""
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
    """The runs in an estimate, in order of time.

    A car's run that changes its level is several, one directly after the other: another car may
    have joined in. `numbered` makes one of them again if none has.
    """
    runs = []
    for kind in APPLIANCES:
        if kind in RUNLESS:
            continue
        powers = estimate.powers_w[kind]
        pause = round(rules[kind].pause_min * MINUTE_S / estimate.step_s)
        for begin, end in run_bounds(powers > 0, pause):
            parts = [(0, end - begin)]
            if kind in LONG:
                parts = levels.bounds(powers[begin:end], estimate.step_s / MINUTE_S)
            runs += [_found(estimate, kind, begin + first, begin + last) for first, last in parts]
    return sorted(runs, key=lambda run: (run.begin_s, run.kind))


def _found(estimate: Estimate, kind: Kind, begin: int, end: int) -> Run:
    run = estimate.powers_w[kind, begin:end]
    energy = float(run.sum()) * estimate.step_s / 3600 * TENTH_UWH_PER_WH
    reached = float(np.median(run[run > 0.5 * run.max()]))
    begin_s = estimate.begin_s + begin * estimate.step_s
    return Run(kind, begin_s, begin_s + (end - begin) * estimate.step_s, round(energy), reached)


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

    Of `found`'s parts of a car's run those of one number are one run again.

    A run that was numbered `earlier` keeps its number, however much of it has become known since.
    Of the runs that `counts` names, the appliances' powers are learned. What quarter hours tell
    `is_vague`.
    """
    known = list(appliances)
    told: list[Numbered] = []
    for chain in chains(runs):
        parts = _joined(Numbered(run, _number_of_part(run, known)) for run in chain)
        if len(parts) > 1:
            numbers = [_earlier_number(run, earlier) or number for run, number in parts]
            told += _joined(Numbered(part.run, n) for part, n in zip(parts, numbers, strict=True))
            continue
        run = parts[0].run
        number = _earlier_number(run, earlier)
        if _is_slight(run) or _pair(run, known):
            number = number or parts[0].number
        else:
            is_single = run.kind in SINGLE or (is_vague and run.kind not in LONG)
            learned = _numbered(run, known, is_single)
            known = learned.appliances if chain[-1] in counts else known
            number = number or learned.number
        told.append(Numbered(run, number))
    return told, known


def chains(runs: Iterable[Run]) -> list[list[Run]]:
    """Runs of a kind that follow each other without a pause, and all others alone."""
    chains: list[list[Run]] = []
    open_chains: dict[tuple[Kind, int], list[Run]] = {}
    for run in runs:
        chain = open_chains.pop((run.kind, run.begin_s), None)
        if chain is None:
            chain = []
            chains.append(chain)
        chain.append(run)
        if run.kind in LONG:
            open_chains[run.kind, run.end_s] = chain
    return chains


def _joined(parts: Iterable[Numbered]) -> list[Numbered]:
    """Neighbours of the same number as one run."""
    joined: list[Numbered] = []
    for run, number in parts:
        if joined and joined[-1].number == number:
            joined[-1] = Numbered(_one_run(joined[-1].run, run), number)
        else:
            joined.append(Numbered(run, number))
    return joined


def _is_slight(run: Run) -> bool:
    return run.kind in LONG and run.energy_tenth_uwh < LEAST_CHARGE_WH * TENTH_UWH_PER_WH


def _number_of_part(run: Run, appliances: Sequence[Appliance]) -> int:
    """The likeliest number, with nothing learned from it; of two at once the larger one's."""
    sure = [one for one in appliances if one.kind == run.kind and one.number]
    if not sure:
        return 1
    likeliest = _pair(run, sure) or min(
        sure, key=lambda one: abs(math.log(run.power_w / one.power_w))
    )
    return likeliest.number


def _pair(run: Run, appliances: Sequence[Appliance]) -> Appliance | None:
    """The larger of two cars that together, rather than any alone, charge with a run's power."""
    if run.kind not in LONG:
        return None
    sure = [one for one in appliances if one.kind == run.kind and one.number]
    alone = min((abs(math.log(run.power_w / one.power_w)) for one in sure), default=0)
    for one, other in combinations(sure, 2):
        both = abs(math.log(run.power_w / (one.power_w + other.power_w)))
        if both < min(alone, TOGETHER_POWER):
            return max(one, other, key=lambda car: car.power_w)
    return None


def _one_run(first: Run, second: Run) -> Run:
    power = max(first, second, key=lambda run: run.energy_tenth_uwh).power_w
    energy = first.energy_tenth_uwh + second.energy_tenth_uwh
    return Run(first.kind, first.begin_s, second.end_s, energy, power)


def _earlier_number(run: Run, earlier: Iterable[Numbered]) -> int | None:
    """Of the run that it has most in common with."""
    number, most_s = None, 0
    for one, earlier_number in earlier:
        common_s = min(one.end_s, run.end_s) - max(one.begin_s, run.begin_s)
        if one.kind == run.kind and common_s > most_s:
            number, most_s = earlier_number, common_s
    return number


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
        number = 0
        if _cannot_be(run, [appliances[place] for place in mine]):
            number = 1 + max(appliances[place].number for place in mine)
        changed.append(Appliance(run.kind, number, run.power_w, 1))
        return _Learned(number or appliances[confirmed].number, changed)
    one = appliances[confirmed if is_single else nearest]
    weight = 1 / min(one.run_count + 1, LONGEST_MEMORY)
    power = one.power_w * (run.power_w / one.power_w) ** weight
    number = one.number
    enough = RUNS_OF_ANOTHER.get(run.kind, RUNS_OF_ANOTHER_USUALLY)
    if not number and one.run_count + 1 >= enough:
        number = 1 + max(appliances[place].number for place in mine)
    changed[appliances.index(one)] = Appliance(run.kind, number, power, one.run_count + 1)
    return _Learned(number or appliances[confirmed].number, changed)


def _cannot_be(run: Run, appliances: Sequence[Appliance]) -> bool:
    """Whether a charge is of none of the cars: they may charge with less than they can, but not
    with more."""
    strongest_w = max(one.power_w for one in appliances)
    is_sure = run.energy_tenth_uwh >= SURE_CHARGE_WH * TENTH_UWH_PER_WH
    return run.kind in LONG and is_sure and run.power_w > strongest_w

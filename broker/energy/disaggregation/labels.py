"""Quarter hours split by label, to the last 0.1 µWh, and labels as the contract writes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from broker.energy.disaggregation.estimate import Estimate
from broker.energy.disaggregation.kinds import APPLIANCES, LABELS, Kind
from broker.energy.disaggregation.resampling import Steps
from broker.energy.disaggregation.runs import RUNLESS, Numbered
from broker.energy.series import EnergySeries
from broker.units import QUARTER_HOUR_S

KINDS = {label: kind for kind, label in LABELS.items()}


class Part(NamedTuple):
    """What one appliance took in the quarter hour from `start_s` on, in 0.1 µWh."""

    start_s: int
    kind: Kind
    number: int
    energy_tenth_uwh: int


def written(kind: int, number: int) -> str:
    """A label: `Waschmaschine-1`."""
    return f"{LABELS[Kind(kind)]}-{number}"


def read(label: str) -> tuple[Kind, int] | None:
    """Kind and number of a label; None if it is none."""
    name, _, number = label.rpartition("-")
    if name not in KINDS or not number.isascii() or not number.isdigit() or len(number) > 4:
        return None
    return KINDS[name], int(number)


def split(
    series: EnergySeries, steps: Steps, estimate: Estimate, runs: Iterable[Numbered]
) -> list[Part]:
    """The known quarter hours of a series, each split by the shares that an estimate says.

    The parts of a quarter hour add up to its energy exactly: what no appliance explains is base
    load up to the floor, and „Sonstiges“ above it. Parts of 0 are left out.
    """
    powers = _by_appliance(estimate, runs)
    per = QUARTER_HOUR_S // estimate.step_s
    parts: list[Part] = []
    for start_s, energy, known in zip(
        series.starts_s.tolist(), series.energies.tolist(), series.known.tolist(), strict=True
    ):
        first = (start_s - estimate.begin_s) // estimate.step_s
        if known and first >= 0 and first + per <= len(steps.powers_w):
            here = slice(first, first + per)
            shares = _shares(powers, steps, estimate, here)
            parts += _parts(start_s, energy, shares)
    return parts


Key = tuple[Kind, int]


def _by_appliance(
    estimate: Estimate, runs: Iterable[Numbered]
) -> dict[Key, np.ndarray[tuple[int], np.dtype[np.float32]]]:
    powers = {(kind, 1): estimate.powers_w[kind].copy() for kind in APPLIANCES}
    for run, number in runs:
        if number > 1 and run.kind not in RUNLESS:
            first, last = (
                max(0, (time_s - estimate.begin_s) // estimate.step_s)
                for time_s in (run.begin_s, run.end_s)
            )
            other = powers.setdefault((run.kind, number), np.zeros_like(powers[run.kind, 1]))
            other[first:last] += powers[run.kind, 1][first:last]
            powers[run.kind, 1][first:last] = 0
    return {key: power for key, power in powers.items() if power.any()}


def _shares(
    powers: dict[Key, np.ndarray[tuple[int], np.dtype[np.float32]]],
    steps: Steps,
    estimate: Estimate,
    here: slice,
) -> list[tuple[Key, float]]:
    total = float(steps.powers_w[here].sum())
    if total <= 0:
        return []
    shares = [(key, float(power[here].sum()) / total) for key, power in powers.items()]
    floor = (Kind.BASE_LOAD, 1), float(estimate.floors_w[here].sum()) / total
    return [*shares, floor]


def _parts(start_s: int, energy: int, shares: Sequence[tuple[Key, float]]) -> list[Part]:
    left = energy
    parts = []
    for (kind, number), share in shares:
        part = min(left, int(share * energy))
        if part > 0:
            parts.append(Part(start_s, kind, number, part))
            left -= part
    if left > 0 or not parts:
        # A quarter hour of nothing at all is base load of 0, so that it is known to be there.
        rest = Kind.OTHER if shares else Kind.BASE_LOAD
        parts.append(Part(start_s, rest, 1, left))
    return parts

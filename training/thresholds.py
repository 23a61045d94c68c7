"""Which share of the power a network must give a kind before Broker names it.

Chosen on generated homes that no window was cut from, and on the measured time that training may
see: never on what decides how good the networks are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from broker.energy.disaggregation import estimate, resampling
from broker.energy.disaggregation.kinds import APPLIANCES, Kind
from broker.energy.disaggregation.network import Network
from training import homes, measured, weeks
from training.judged import readings_of

HOMES = 32
FIRST_SEED = 50_000
"""Of the homes to choose by; `training.score_generated` judges others."""
CANDIDATES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
MEASURED_COUNT = 8.0
"""For as many generated homes, which are fuller of what looks like something else, each measured
home counts."""
WORSE_COSTS, MADE_UP_COSTS = 1.0, 0.5
"""What error beyond that of saying nothing costs once more, and what error in a home that lacks
the appliance costs."""


@dataclass(frozen=True)
class KnownHome:
    """Minutes of a home from `first_s` on and of each kind in it whose truth is known, in W."""

    first_s: int
    whole_w: np.ndarray
    known: np.ndarray
    kinds_w: dict[Kind, np.ndarray]
    weight: float = 1.0


def generated_home(seed: int) -> KnownHome:
    """Four weeks of a home with the appliances that homes usually have."""
    rng = np.random.default_rng(seed)
    of_kinds = {kind: np.zeros(weeks.MINUTES, np.float32) for kind in APPLIANCES}
    for kind, name in zip(APPLIANCES, weeks.CLASSES, strict=True):
        if rng.random() < homes.PRESENT[name]:
            of_kinds[kind] += weeks.appliance(rng, name)
            if kind == Kind.FRIDGE and rng.random() < homes.SECOND_FRIDGE:
                of_kinds[kind] += weeks.appliance(rng, name)
    whole = weeks.background(rng) + sum(of_kinds.values())
    return KnownHome(1_700_006_400, whole, np.ones(len(whole), bool), of_kinds)


def measured_home(home: measured.MeasuredHome) -> KnownHome:
    """A measured home's time for training."""
    of_kinds = {
        kind: np.sum(home.appliances_w[name], axis=0).astype(np.float32)
        for kind, name in zip(APPLIANCES, weeks.CLASSES, strict=True)
        if name in home.appliances_w
    }
    whole = home.background_w + sum(of_kinds.values())
    return KnownHome(home.first_s, whole, home.known, of_kinds, MEASURED_COUNT)


def known_homes(*, is_synthetic: bool = False) -> list[KnownHome]:
    """All homes to choose by; measured ones too unless it `is_synthetic`."""
    chosen = [generated_home(FIRST_SEED + number) for number in range(HOMES)]
    homes = [] if is_synthetic else measured.for_training()
    return chosen + [measured_home(home) for home in homes]


def errors(network: Network, home: KnownHome) -> dict[Kind, tuple[float, np.ndarray]]:
    """Of each kind with known truth its mean power and each candidate's mean error, in W."""
    times, counters = readings_of(home.first_s, home.whole_w, 60)
    course = resampling.course(times.tolist(), counters.tolist(), [None] * len(times))
    assert course is not None
    step_s, per = network.step_s, network.step_s // 60
    begin_s = int(times[0]) + -int(times[0]) % step_s
    steps = resampling.stepped(course, begin_s, int(times[-1]) // step_s * step_s, step_s)
    split, floors = estimate.unsifted(network, steps)
    heights = np.maximum(steps.powers_w - floors, estimate.LEAST_HEIGHT_W)
    first = (begin_s - home.first_s) // 60
    minutes = slice(first, first + per * len(heights))
    known = home.known[minutes].reshape(-1, per).all(1)
    rules = estimate.rules_of(network)
    found = {}
    for kind, power in home.kinds_w.items():
        truth = power[minutes].reshape(-1, per).mean(1)
        missed = []
        for share in CANDIDATES:
            kept = split[kind].copy()
            estimate.keep_runs(kept, heights, share, rules[kind], step_s)
            missed.append(np.abs(kept - truth)[known].mean())
        found[kind] = float(truth[known].mean()), np.array(missed)
    return found


def least_shares(network: Network, *, is_synthetic: bool = False) -> list[float]:
    """For each kind the candidate with the lowest error in relation to the kind's own power, or
    to its usual one in homes that lack it."""
    known = known_homes(is_synthetic=is_synthetic)
    found = [(home.weight, errors(network, home)) for home in known]
    chosen = []
    for kind in APPLIANCES:
        rows = [(weight, *one[kind]) for weight, one in found if kind in one]
        there = [row for row in rows if row[1] > 0]
        weights = [weight for weight, _, _ in there]
        usual_w = float(np.median([power for _, power, _ in there]))
        relative = np.array([missed / power for _, power, missed in there])
        made_up = np.array([missed / usual_w for _, power, missed in rows if power == 0])
        costs = relative + WORSE_COSTS * np.maximum(relative - 1, 0)
        cost = np.average(costs, axis=0, weights=weights)
        if len(made_up):
            cost += MADE_UP_COSTS * made_up.mean(0)
        best = int(cost.argmin())
        chosen.append(CANDIDATES[best])
        print(
            f"  {weeks.CLASSES[kind]:16} from a share of {CANDIDATES[best]:.2f}: misses"
            f" {relative[:, best].mean():.2f}, worse than nothing in"
            f" {(relative[:, best] > 1).sum()} of {len(there)} homes",
            flush=True,
        )
    return chosen

"""How much of a home's power each kind of appliance takes, step by step."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

from broker.energy.disaggregation import kinds, sharpening
from broker.energy.disaggregation.features import Floats
from broker.energy.disaggregation.kinds import Kind, Rule
from broker.energy.disaggregation.network import Network, shipped
from broker.energy.disaggregation.resampling import Steps
from broker.energy.disaggregation.run_bounds import run_bounds
from broker.units import MINUTE_S

FINEST_S = 150
"""Readings at least this often are good for minutes."""
SPARSEST_S = 1200
"""Readings more seldom than this tell nothing about appliances."""
RARE_S = 90
"""Readings that are rarer than this lie further apart than a minute."""
PULSES = (Kind.KETTLE, Kind.MICROWAVE)
"""What is on once, with one power, for about as long as rare readings lie apart."""
PAST_SHARE, FUTURE_SHARE = 1 / 4, 1 / 8
"""Of a window, at its ends: what a step has to have behind and before it if there is any."""
BATCH = 8
LEAST_HEIGHT_W = 1e-6
ALWAYS_W = 1.0
MOST_IDLE_SHARE = 0.05
"""A home always takes something. Where more of the time shows nothing, plants feed in behind the
meter, and hide what is used."""


class Estimate(NamedTuple):
    """Power in W of each kind of appliance (kinds, steps) and of the floor that hardly moves."""

    begin_s: int
    step_s: int
    powers_w: Floats
    floors_w: Floats


def network_for(interval_s: float) -> Network | None:
    """The network for readings that come every so many seconds; None if that is too seldom."""
    if interval_s <= FINEST_S:
        return shipped("minute")
    return shipped("quarter_hour") if interval_s <= SPARSEST_S else None


def rules_of(network: Network) -> Mapping[Kind, Rule]:
    """What a run is at least, as far as a network's steps show it."""
    return kinds.MINUTE_RULES if network.step_s == MINUTE_S else kinds.QUARTER_HOUR_RULES


def hides_consumption(steps: Steps) -> bool:
    """Whether a meter seems to show only what is left after a plant's own production."""
    powers = steps.powers_w[steps.known]
    if not len(powers) or powers.mean() < ALWAYS_W:
        return False
    return float((powers < ALWAYS_W).mean()) > MOST_IDLE_SHARE


def estimated(network: Network, steps: Steps, absent: Collection[Kind] = ()) -> Estimate:
    """The most likely split of the steps. The kinds of a step add up to its power at most.

    Kinds that are `absent` from a home get nothing. Unknown steps get nothing.
    """
    split, floors = unsifted(network, steps, absent)
    is_rare = network.step_s == MINUTE_S and steps.interval_s > RARE_S
    rules = kinds.RARE_RULES if is_rare else rules_of(network)
    heights = np.maximum(steps.powers_w - floors, LEAST_HEIGHT_W)
    for kind in kinds.APPLIANCES:
        keep_runs(split[kind], heights, network.least_shares[kind], rules[kind], network.step_s)
    if is_rare:
        sharpen(split, floors, steps)
    return Estimate(steps.begin_s, steps.step_s, split, floors)


def sharpen(split: Floats, floors: Floats, steps: Steps) -> None:
    """Moves what rare readings tell, in W of each kind (kinds, steps), to when it was; in place."""
    pulses = split[list(PULSES)]
    heights = np.maximum(steps.powers_w - floors, LEAST_HEIGHT_W)
    sharpening.follow_switchings(split, floors, steps)
    for kind, pulse in zip(PULSES, pulses, strict=True):
        sharpening.gather_pulses(pulse, heights, steps)
        split[kind] = pulse


def unsifted(
    network: Network, steps: Steps, absent: Collection[Kind] = ()
) -> tuple[Floats, Floats]:
    """Power in W of each kind (kinds, steps) and of the floor as the network says, sure or not."""
    powers = _filled(steps)
    lacking = max(0, network.window - len(powers))
    padded = np.concatenate([np.full(lacking, powers.min(), np.float32), powers])
    split, floors = _in_windows(network, padded, tuple(int(kind) for kind in absent))
    split, floors = split[:, lacking:], floors[lacking:]
    split[:, ~steps.known] = 0
    return split, np.minimum(floors, powers)


def _filled(steps: Steps) -> Floats:
    powers = np.maximum(steps.powers_w, 0).astype(np.float32)
    if not steps.known.all():
        known = powers[steps.known]
        powers = powers.copy()
        powers[~steps.known] = np.quantile(known, 0.05) if len(known) else 0
    return powers


def _in_windows(network: Network, powers: Floats, absent: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Powers of kinds and floors: windows overlap, so that few steps lie at an end."""
    window, count = network.window, len(powers)
    past, future = int(window * PAST_SHARE), int(window * FUTURE_SHARE)
    starts = [*range(0, count - window, window - past - future), count - window]
    split = np.empty((len(kinds.APPLIANCES), count), np.float32)
    floors = np.empty(count, np.float32)
    for first in range(0, len(starts), BATCH):
        chosen = starts[first : first + BATCH]
        batch = np.stack([powers[start : start + window] for start in chosen])
        shares, batch_floors = network.shares(batch, absent)
        heights = np.maximum(batch - batch_floors, 0)
        for n, start in enumerate(chosen):
            skipped = past if start else 0
            split[:, start + skipped : start + window] = (shares[n, :-1] * heights[n])[:, skipped:]
            floors[start + skipped : start + window] = batch_floors[n]
    return split, floors


def keep_runs(powers: Floats, heights: Floats, least_share: float, rule: Rule, step_s: int) -> None:
    """Leaves only what is believed to be a run of one kind; changes `powers`.

    All in W per step; `heights` above the floor.
    """
    powers[(powers < least_share * heights) | (powers < rule.power_w)] = 0
    step_min = step_s / MINUTE_S
    for begin, end in run_bounds(powers > 0, round(rule.pause_min / step_min)):
        run = powers[begin:end]
        if (
            (end - begin) * step_min < rule.duration_min
            or run.sum() * step_s / 3600 < rule.energy_wh
            or run.max() < rule.peak_w
        ):
            run[:] = 0

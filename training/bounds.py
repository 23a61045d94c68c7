"""What nobody could estimate better: how much rare or missing readings hide.

Both start from the estimate that all minutes give, and show it as little as the readings that there
are do. What is lost then isn't lost by telling appliances apart less well.
"""

from __future__ import annotations

import numpy as np

from broker.energy.disaggregation import estimate
from training.judged import Truth, predicted, readings, seen

GAP_S = 3600


def by_two_minutes(truth: Truth) -> tuple[np.ndarray, np.ndarray]:
    """Starts of minutes and each kind's power in W: known of every two minutes as well as minutes
    tell it, and when in them it was as well as can be concluded from readings every two minutes."""
    starts, powers = predicted(*readings(truth, 60))
    network, steps = seen(*readings(truth, 120))
    first = (steps.begin_s - int(starts[0])) // 60
    count = len(steps.powers_w) // 2 * 2
    split = np.zeros((len(powers), len(steps.powers_w)), np.float32)
    pairs = powers[:, first : first + count].reshape(len(powers), -1, 2)
    split[:, :count] = pairs.mean(2).repeat(2, axis=1)
    floors = estimate.unsifted(network, steps)[1]
    np.minimum(split, np.maximum(steps.powers_w - floors, 0), out=split)
    estimate.sharpen(split, floors, steps)
    return starts[first : first + split.shape[1]], split


def outside_gaps(truth: Truth, times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Starts of minutes and each kind's power in W as all minutes tell it, nothing where the
    readings at `times_s` have a gap."""
    starts, powers = predicted(*readings(truth, 60))
    for gap in np.flatnonzero(np.diff(times_s) > GAP_S):
        powers[:, (starts + 60 > times_s[gap]) & (starts < times_s[gap + 1])] = 0
    return starts, powers

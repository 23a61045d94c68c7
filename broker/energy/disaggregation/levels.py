"""Where a long run is two at once: a second car began to charge, and ended."""

from __future__ import annotations

import math

import numpy as np

from broker.energy.disaggregation.features import Floats

LOOK_MIN, STRIDE_MIN = 10, 5
ANOTHER_W = 1200
"""No car charges with less. The level rises by at least as much, and to 1.3 times as much."""
HIGHER, AS_BEFORE = math.log(1.3), math.log(1.2)


def bounds(powers_w: Floats, step_min: float) -> list[tuple[int, int]]:
    """[begin, end) of the parts of a run, given in W per step: cut where it rises to a level that
    it keeps for ten minutes, and where it falls back to the one before.

    Every car's power falls towards the end of its charge; that is no cut.
    """
    look = max(1, round(LOOK_MIN / step_min))
    stride = max(1, round(STRIDE_MIN / step_min))
    cuts, below, level = [0], 0.0, 0.0
    for begin in range(0, len(powers_w) - look + 1, stride):
        seen = powers_w[begin : begin + look]
        if not (seen > 0).all():
            continue
        here = float(np.median(seen))
        around = slice(max(begin - stride, cuts[-1]), begin + look)
        rises = level and math.log(here / level) > HIGHER and here - level > ANOTHER_W
        if rises and begin - cuts[-1] >= look:
            is_higher = powers_w[around] > level * math.exp(HIGHER)
            cuts.append(around.start + int(is_higher.argmax()))
            below, level = level, float(np.median(powers_w[cuts[-1] : cuts[-1] + look]))
        elif below and abs(math.log(here / below)) < AS_BEFORE:
            is_as_before = powers_w[around] < below * math.exp(AS_BEFORE)
            cuts.append(around.start + int(is_as_before.argmax()))
            below, level = 0.0, here
        elif not level or not below:
            level = here
    return list(zip(cuts, [*cuts[1:], len(powers_w)], strict=True))

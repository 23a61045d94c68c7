"""Where something is on in a series of steps."""

from __future__ import annotations

import numpy as np

from broker.energy.disaggregation.resampling import Booleans


def run_bounds(on: Booleans, pause: int) -> list[tuple[int, int]]:
    """[begin, end) of the runs of steps that are on; up to `pause` steps of pause belong to one."""
    places = np.flatnonzero(on)
    if not len(places):
        return []
    breaks = np.flatnonzero(np.diff(places) > pause + 1)
    begins = places[np.concatenate([[0], breaks + 1])]
    ends = places[np.concatenate([breaks, [len(places) - 1]])] + 1
    return list(zip(begins.tolist(), ends.tolist(), strict=True))

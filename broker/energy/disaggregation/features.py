"""What the networks see of a window of power."""

from __future__ import annotations

from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float32]]

FEATURES = 5
FLOOR_QUANTILE = 0.05
CLIPPED_W = 4000.0


def floors_w(powers_w: Floats) -> Floats:
    """The power that is hardly ever undercut, per window: (windows, steps) → (windows, 1)."""
    count = powers_w.shape[-1]
    place = int(FLOOR_QUANTILE * (count - 1))
    floors: Floats = np.partition(powers_w, place, axis=-1)[..., place : place + 1]
    return floors


def features(powers_w: Floats, floors_w: Floats) -> Floats:
    """(windows, steps) of power in W → (windows, features, steps).

    The height above the floor, plain and as a logarithm, the change since the step before, plain
    and as a logarithm, and the floor.
    """
    height = np.maximum(powers_w - floors_w, 0)
    change = np.diff(powers_w, axis=-1, prepend=powers_w[..., :1])
    stacked: Floats = np.stack(
        [
            np.minimum(height, CLIPPED_W) / 1000,
            np.log1p(height / 10) / 3,
            np.clip(change, -CLIPPED_W, CLIPPED_W) / 1000,
            np.sign(change) * np.log1p(np.abs(change) / 10) / 3,
            np.broadcast_to(np.log1p(floors_w / 50) / 3, powers_w.shape),
        ],
        axis=-2,
    ).astype(np.float32)
    return stacked

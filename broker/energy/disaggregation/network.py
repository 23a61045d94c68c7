"""The networks, run with numpy alone: a U-Net over windows of power, trained by `training/`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from broker.energy.disaggregation.features import Floats, features, floors_w

POOL = 4


class Layer(NamedTuple):
    """A convolution: (outputs, inputs, taps) and a bias for each output."""

    weights: Floats
    bias: Floats


class Network:
    """How the power above the floor is split, for every step of a window.

    `least_shares`: what share of it is too little to be named, for each kind.
    """

    def __init__(self, arrays: dict[str, np.ndarray[Any, Any]]) -> None:
        self.step_s = int(arrays["step_s"])
        self.window = int(arrays["window"])
        self._depth = int(arrays["depth"])
        self.least_shares = [float(share) for share in arrays["least_shares"]]
        self._layers = {
            name.removesuffix(".weights"): Layer(
                arrays[name].astype(np.float32),
                arrays[name.replace(".weights", ".bias")].astype(np.float32),
            )
            for name in arrays
            if name.endswith(".weights")
        }

    def shares(self, powers_w: Floats, absent: tuple[int, ...] = ()) -> tuple[Floats, Floats]:
        """(windows, window) of power in W → (windows, kinds + 1, window) and the floors in W.

        The shares of a step add up to 1; the last one is what no kind explains. Kinds that are
        `absent` from a home get nothing: the others share it.
        """
        floors = floors_w(powers_w)
        logits = self._logits(features(powers_w, floors))
        logits[:, list(absent)] = -np.inf
        logits -= logits.max(axis=1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(axis=1, keepdims=True)
        return logits, floors

    def _logits(self, x: Floats) -> Floats:
        kept: list[Floats] = []
        for level in range(self._depth):
            x = self._block(f"down{level}", _pooled(x) if level else x)
            kept.append(x)
        for level in reversed(range(self._depth - 1)):
            wide = np.repeat(convolved(x, self._layers[f"narrow{level}"]), POOL, axis=-1)
            x = self._block(f"up{level}", np.concatenate([wide, kept[level]], axis=1))
        return convolved(x, self._layers["head"])

    def _block(self, name: str, x: Floats) -> Floats:
        for part in ("first", "second"):
            x = convolved(x, self._layers[f"{name}.{part}"])
            np.maximum(x, 0, out=x)
        return x


def convolved(x: Floats, layer: Layer) -> Floats:
    """(windows, inputs, steps) → (windows, outputs, steps); zeros beyond both ends."""
    outputs, inputs, taps = layer.weights.shape
    count, _, steps = x.shape
    if taps > 1:
        padded = np.zeros((count, inputs, steps + taps - 1), np.float32)
        padded[:, :, taps // 2 : taps // 2 + steps] = x
        # One large product is faster than one for each tap.
        x = np.concatenate([padded[:, :, tap : tap + steps] for tap in range(taps)], axis=1)
    matrix = layer.weights.transpose(0, 2, 1).reshape(outputs, taps * inputs)
    result: Floats = np.matmul(matrix, x)
    result += layer.bias[:, None]
    return result


def _pooled(x: Floats) -> Floats:
    count, channels, steps = x.shape
    pooled: Floats = x.reshape(count, channels, steps // POOL, POOL).max(axis=-1)
    return pooled


@lru_cache
def shipped(name: str) -> Network:
    """A network that comes with Broker: `minute` or `quarter_hour`."""
    with np.load(Path(__file__).with_name(f"{name}.npz")) as file:
        return Network(dict(file))

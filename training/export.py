"""A trained network as the arrays that ship with Broker.

The norms are folded into the convolutions; 16-bit floats are precise enough.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from training.network import Block, Plan, UNet


def folded(convolution: nn.Conv1d, norm: nn.BatchNorm1d) -> tuple[np.ndarray, np.ndarray]:
    """A convolution and the norm behind it as one convolution with a bias."""
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    weights = convolution.weight * scale[:, None, None]
    return weights.detach().numpy(), (norm.bias - norm.running_mean * scale).detach().numpy()


def arrays_of(network: UNet, plan: Plan) -> dict[str, np.ndarray]:
    """The arrays that `broker.energy.disaggregation.network.Network` reads."""
    arrays: dict[str, np.ndarray] = {}

    def put(name: str, weights: np.ndarray, bias: np.ndarray) -> None:
        arrays[f"{name}.weights"] = weights.astype(np.float16)
        arrays[f"{name}.bias"] = bias.astype(np.float16)

    def put_block(name: str, block: Block) -> None:
        put(f"{name}.first", *folded(block.layers[0], block.layers[1]))
        put(f"{name}.second", *folded(block.layers[3], block.layers[4]))

    for level, block in enumerate(network.down):
        put_block(f"down{level}", block)
    for level, block in enumerate(network.up):
        put_block(f"up{level}", block)
        narrow = network.narrow[level]
        put(f"narrow{level}", narrow.weight.detach().numpy(), narrow.bias.detach().numpy())
    put("head", network.head.weight.detach().numpy(), network.head.bias.detach().numpy())
    arrays["step_s"] = np.int32(plan.step_min * 60)
    arrays["window"] = np.int32(plan.window_steps)
    arrays["depth"] = np.int32(len(plan.widths))
    return arrays

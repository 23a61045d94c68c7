"""The network that is trained: a U-Net over a window of power."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from broker.energy.disaggregation.features import FEATURES

KERNEL = 5
DEEP_KERNEL = 3
POOL = 4


@dataclass(frozen=True)
class Plan:
    """One network: its steps, its size and how long it learns."""

    step_min: int
    window_steps: int
    widths: tuple[int, ...]
    batches: int


class Block(nn.Module):
    """Two convolutions, each normalised; export folds the norm into the weights."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2, bias=False),
            nn.BatchNorm1d(outputs),
            nn.ReLU(),
            nn.Conv1d(outputs, outputs, kernel, padding=kernel // 2, bias=False),
            nn.BatchNorm1d(outputs),
            nn.ReLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class UNet(nn.Module):
    """Features of a window → for each step, how the height above the floor is split (logits)."""

    def __init__(self, widths: list[int], outputs: int) -> None:
        super().__init__()
        kernels = [KERNEL if level < 2 else DEEP_KERNEL for level in range(len(widths))]
        inputs = [FEATURES, *widths[:-1]]
        self.down = nn.ModuleList(
            Block(i, o, k) for i, o, k in zip(inputs, widths, kernels, strict=True)
        )
        self.narrow = nn.ModuleList(
            nn.Conv1d(widths[level + 1], widths[level], 1) for level in range(len(widths) - 1)
        )
        self.up = nn.ModuleList(
            Block(2 * widths[level], widths[level], kernels[level])
            for level in range(len(widths) - 1)
        )
        self.head = nn.Conv1d(widths[0], outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        kept = []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else nn.functional.max_pool1d(x, POOL))
            kept.append(x)
        for level in reversed(range(len(self.up))):
            wide = self.narrow[level](x).repeat_interleave(POOL, dim=-1)
            x = self.up[level](torch.cat([wide, kept[level]], dim=1))
        return self.head(x)

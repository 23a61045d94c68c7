"""Trains one network: `python -m training.train minute|quarter_hour OUT.pt`.

The same seed on the same machine and number of threads gives the same weights.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict, dataclass

import numpy as np
import torch

from broker.energy.disaggregation.features import features, floors_w
from training import homes
from training.network import UNet
from training.weeks import CLASSES

BATCH = 32
TYPICAL_W = np.array([30, 15, 18, 25, 12, 8, 25, 60, 250, 200], np.float32)
"""What an error of each class is measured by: about its mean power in a home that has one."""
POWER_WEIGHT = 0.8
"""Of the error in power, beside that in shares: what the score counts."""
KEPT_EVERY = 500
OUTPUTS = len(CLASSES) + 1


@dataclass(frozen=True)
class Plan:
    """One network: its steps, its size and how long it learns."""

    step_min: int
    window_steps: int
    widths: tuple[int, ...]
    batches: int


PLANS = {
    "minute": Plan(1, 1024, (24, 48, 64, 96), 8000),
    "quarter_hour": Plan(15, 256, (40, 64, 80), 6000),
}


def coarser(rng: np.random.Generator, batch: homes.Windows) -> None:
    """Some windows as a meter of 2 to 4 minutes would show them, or one that loses readings."""
    for n in np.flatnonzero(rng.random(len(batch.whole_w)) < 0.5):
        series = batch.whole_w[n]
        if rng.random() < 0.35:
            lost = np.flatnonzero(rng.random(len(series) - 1) < rng.uniform(0.02, 0.15))
            mean = (series[lost] + series[lost + 1]) / 2
            series[lost] = mean
            series[lost + 1] = mean
        else:
            step = 4 if rng.random() < 0.2 else 2
            series[:] = np.repeat(series.reshape(-1, step).mean(1), step)


def quarter_hours(batch: homes.Windows, steps: int) -> homes.Windows:
    """Mean powers of 15 minutes."""
    count = len(batch.whole_w)
    return homes.Windows(
        batch.whole_w.reshape(count, steps, 15).mean(2),
        batch.classes_w.reshape(count, -1, steps, 15).mean(3),
        batch.labelled,
    )


def loss_of(logits: torch.Tensor, batch: homes.Windows, floors: np.ndarray) -> torch.Tensor:
    """How wrongly the height above the floor is split: as shares, and as power."""
    height = np.maximum(batch.whole_w - floors, 0)
    power = batch.classes_w
    total = power.sum(1)
    fits = np.minimum(1, height / np.maximum(total, 1e-3))
    share = power * (fits / np.maximum(height, 1e-3))[:, None]
    rest = np.maximum(1 - share.sum(1, keepdims=True), 0)
    labelled = torch.from_numpy(batch.labelled)[:, :, None]
    target = torch.from_numpy(np.concatenate([share, rest], 1).astype(np.float32))
    log_share = torch.log_softmax(logits, 1)
    known, others = log_share[:, :-1], log_share[:, -1:]
    hidden = torch.cat([known.masked_fill(labelled, -30.0), others], 1).logsumexp(1, keepdim=True)
    judged = torch.cat([known.masked_fill(~labelled, 0.0), hidden], 1)
    weight = torch.from_numpy(np.log1p(height / 20).astype(np.float32))
    crossed = -(target * judged).sum(1) * weight
    split = known.exp() * torch.from_numpy(height.astype(np.float32))[:, None]
    missed = (split - torch.from_numpy(power)).abs() / torch.from_numpy(TYPICAL_W)[None, :, None]
    missed = (missed * labelled).sum(1)
    return crossed.mean() + POWER_WEIGHT * missed.mean()


def keep(network: UNet, plan: Plan, path: str) -> None:
    """Stores what has been learned so far."""
    stored = {"state": network.state_dict(), "plan": asdict(plan), "outputs": OUTPUTS}
    torch.save(stored, path)


def train(given: argparse.Namespace, plan: Plan, bank: homes.Bank) -> UNet:
    """The trained network."""
    torch.manual_seed(given.seed)
    rng = np.random.default_rng(given.seed)
    batches = given.batches or plan.batches
    network = UNet(list(plan.widths), OUTPUTS)
    if given.begin:
        network.load_state_dict(torch.load(given.begin, weights_only=True)["state"])
    print(sum(weight.numel() for weight in network.parameters()), "weights", flush=True)
    optimiser = torch.optim.AdamW(network.parameters(), given.rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, given.rate, total_steps=batches, pct_start=0.1
    )
    begun, total = time.monotonic(), 0.0
    for number in range(1, batches + 1):
        batch = homes.windows(rng, bank, BATCH, plan.window_steps * plan.step_min)
        if plan.step_min == 15:
            batch = quarter_hours(batch, plan.window_steps)
        else:
            coarser(rng, batch)
        floors = floors_w(batch.whole_w)
        loss = loss_of(network(torch.from_numpy(features(batch.whole_w, floors))), batch, floors)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        total += loss.item()
        if number % 100 == 0:
            print(f"{number} {total / 100:.3f} {time.monotonic() - begun:.0f} s", flush=True)
            total = 0.0
        if number % KEPT_EVERY == 0:
            keep(network, plan, given.out)
    return network


def main() -> None:
    """Reads the command line, trains, stores the weights."""
    parser = argparse.ArgumentParser()
    parser.add_argument("network", choices=PLANS)
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batches", type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--appliances", type=int, default=100)
    parser.add_argument("--backgrounds", type=int, default=150)
    parser.add_argument("--rate", type=float, default=3e-3, help="the highest learning rate")
    parser.add_argument("--begin", help="weights to go on from")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.use_deterministic_algorithms(True)
    plan = PLANS[given.network]
    begun = time.monotonic()
    bank = homes.bank(given.seed, given.appliances, given.backgrounds)
    print(f"bank {time.monotonic() - begun:.0f} s", flush=True)
    keep(train(given, plan, bank), plan, given.out)


if __name__ == "__main__":
    main()

"""`make train`: trains both networks and writes the weights that ship with Broker.

The same seed gives the same weights, whether the training was interrupted or not: every
`KEPT_EVERY` batches everything it goes on from is stored, and a training that finds such a
checkpoint goes on from there. It computes with one thread, since more would add up in another
order.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from broker.energy.disaggregation import network as shipping
from broker.energy.disaggregation.features import features, floors_w
from training import export, homes, thresholds
from training.network import Plan, UNet
from training.weeks import CLASSES

BATCH = 32
TYPICAL_W = np.array([30, 15, 18, 25, 12, 8, 25, 60, 250, 200], np.float32)
"""What an error of each class is measured by: about its mean power in a home that has one."""
POWER_WEIGHT = 0.8
"""Of the error in power, beside that in shares: what the score counts."""
KEPT_EVERY = 250
RATE, RISING, FALLING, DECAY = 2e-3, 300, 1500, 1e-3
"""Of learning: over the first batches it rises, over the last ones it falls to nothing. In between
it is the same, so that nothing before the last ones depends on how many there are."""
APPLIANCES, BACKGROUNDS = 150, 250
"""Of each class, and of homes, to mix windows from."""
COARSER_SHARE = 0.5
OUTPUTS = len(CLASSES) + 1


PLANS = {
    "minute": Plan(1, 1024, (24, 48, 64, 96), 13000),
    "quarter_hour": Plan(15, 256, (40, 64, 80), 10000),
}


def coarser(rng: np.random.Generator, batch: homes.Windows) -> None:
    """Some windows as a meter of 2 to 4 minutes would show them, or one that loses readings.

    What is asked for is then as coarse: where in its two minutes a kettle was on, nobody can know.
    """
    for n in np.flatnonzero(rng.random(len(batch.whole_w)) < COARSER_SHARE):
        series = np.concatenate([batch.whole_w[n][None], batch.classes_w[n]])
        if rng.random() < 0.35:
            lost = np.flatnonzero(rng.random(series.shape[1] - 1) < rng.uniform(0.02, 0.15))
            mean = (series[:, lost] + series[:, lost + 1]) / 2
            series[:, lost] = mean
            series[:, lost + 1] = mean
        else:
            step = 4 if rng.random() < 0.2 else 2
            means = series.reshape(len(series), -1, step).mean(2)
            series = np.repeat(means, step, axis=1)
        batch.whole_w[n], batch.classes_w[n] = series[0], series[1:]


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


class Training:
    """A network that learns batch by batch, and what it goes on from after an interruption."""

    def __init__(self, plan: Plan, seed: int, checkpoint: Path) -> None:
        torch.manual_seed(seed)
        self.plan, self.checkpoint = plan, checkpoint
        self.rng = np.random.default_rng(seed)
        self.network = UNet(list(plan.widths), OUTPUTS)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), RATE, weight_decay=DECAY)
        self.done = 0
        self.identity = f"{seed} {plan.step_min} {plan.window_steps} {plan.widths}"
        if checkpoint.exists():
            self._go_on()

    def _go_on(self) -> None:
        stored = torch.load(self.checkpoint, weights_only=True)
        if stored["identity"] != self.identity:
            raise SystemExit(f"{self.checkpoint} is of another training: {stored['identity']}")
        for name in ("network", "optimiser"):
            getattr(self, name).load_state_dict(stored[name])
        self.rng.bit_generator.state = stored["rng"]
        self.done = stored["done"]

    def keep(self) -> None:
        """Stores all that the rest follows from."""
        stored = {
            "identity": self.identity,
            "done": self.done,
            "rng": self.rng.bit_generator.state,
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        unfinished = self.checkpoint.with_suffix(".unfinished")
        torch.save(stored, unfinished)
        unfinished.replace(self.checkpoint)

    def rate_share(self) -> float:
        """Of the highest rate of learning, for the next batch."""
        left = self.plan.batches - self.done
        return min(1.0, (self.done + 1) / RISING, left / FALLING)

    def learn(self, bank: homes.Bank) -> float:
        """One batch; its loss."""
        plan = self.plan
        batch = homes.windows(self.rng, bank, BATCH, plan.window_steps * plan.step_min)
        if plan.step_min == 15:
            batch = quarter_hours(batch, plan.window_steps)
        else:
            coarser(self.rng, batch)
        floors = floors_w(batch.whole_w)
        seen = torch.from_numpy(features(batch.whole_w, floors))
        loss = loss_of(self.network(seen), batch, floors)
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        for group in self.optimiser.param_groups:
            group["lr"] = RATE * self.rate_share()
        self.optimiser.step()
        self.done += 1
        return loss.item()


def trained(
    name: str, plan: Plan, seed: int, checkpoints: Path, *, is_synthetic: bool = False
) -> UNet:
    """A network that has learned all its batches; of measured homes too unless it
    `is_synthetic`."""
    mixed = "_synthetic" if is_synthetic else ""
    training = Training(plan, seed, checkpoints / f"{name}{mixed}.pt")
    count = sum(weight.numel() for weight in training.network.parameters())
    print(f"{name}: {count} weights, {training.done} of {plan.batches} batches done", flush=True)
    if training.done < plan.batches:
        bank = homes.bank(seed, APPLIANCES, BACKGROUNDS, is_synthetic=is_synthetic)
    begun, total = time.process_time(), 0.0
    while training.done < plan.batches:
        total += training.learn(bank)
        if training.done % KEPT_EVERY == 0 or training.done == plan.batches:
            training.keep()
            spent = time.process_time() - begun
            print(f"{training.done} {total / KEPT_EVERY:.3f} {spent:.0f} CPU s", flush=True)
            total = 0.0
    return training.network


def main() -> None:
    """Reads the command line, trains, chooses the thresholds, writes the weights."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--network", choices=PLANS, action="append", help="all unless told")
    parser.add_argument("--batches", type=int, help="other than planned")
    parser.add_argument("--checkpoints", type=Path, required=True)
    parser.add_argument("--synthetic", action="store_true", help="without any measured home")
    parser.add_argument("--out", type=Path, default=Path(shipping.__file__).parent)
    given = parser.parse_args()
    if given.synthetic and given.out == parser.get_default("out"):
        parser.error("--synthetic: needs --out, these weights aren't to be shipped")
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for folder in (given.checkpoints, given.out):
        folder.mkdir(parents=True, exist_ok=True)
    is_synthetic = given.synthetic
    for name in given.network or PLANS:
        plan = replace(PLANS[name], batches=given.batches or PLANS[name].batches)
        network = trained(name, plan, given.seed, given.checkpoints, is_synthetic=is_synthetic)
        arrays = export.arrays_of(network, plan)
        arrays["least_shares"] = np.zeros(len(CLASSES), np.float32)
        shares = thresholds.least_shares(shipping.Network(arrays), is_synthetic=is_synthetic)
        arrays["least_shares"] = np.array(shares, np.float32)
        np.savez_compressed(given.out / f"{name}.npz", **arrays)


if __name__ == "__main__":
    main()

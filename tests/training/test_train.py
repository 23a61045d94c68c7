"""A training that was interrupted ends with the same weights."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is installed for training only")

from training import homes, train  # noqa: E402
from training.network import Plan  # noqa: E402

TINY = Plan(15, 256, (8, 8), 5)


def small_bank():
    rng = np.random.default_rng(3)
    minutes = 28 * 1440
    bank = homes.Bank()
    for name in homes.CLASSES:
        bank.appliances[name] = [rng.uniform(0, 500, minutes).astype(np.float32)]
        bank.active[name] = [np.arange(minutes)]
    bank.backgrounds.append(homes.Background(rng.uniform(50, 300, minutes).astype(np.float32)))
    return bank


def test_a_training_goes_on_from_its_checkpoint_as_if_nothing_had_been(tmp_path, monkeypatch):
    monkeypatch.setattr(homes, "AS_IT_WAS", 0.0)  # no measured homes here
    bank = small_bank()
    straight = train.Training(TINY, 1, tmp_path / "straight.pt")
    for _ in range(5):
        straight.learn(bank)
    begun = train.Training(TINY, 1, tmp_path / "begun.pt")
    for done in range(1, 4):
        begun.learn(bank)
        if done == 2:
            begun.keep()
    again = train.Training(TINY, 1, tmp_path / "begun.pt")
    assert again.done == 2
    for _ in range(3):
        again.learn(bank)
    expected = straight.network.state_dict()
    for name, weights in again.network.state_dict().items():
        assert torch.equal(weights, expected[name]), name

"""The synthetic homes that networks learn from: the same for a seed, without contradictions."""

from __future__ import annotations

import numpy as np
import pytest

from training import homes, measured, runs, weeks

KINDS = sorted(weeks.SCHEDULED)


@pytest.mark.parametrize("name", KINDS)
def test_every_maker_makes_runs_of_real_power(name):
    rng = np.random.default_rng(3)
    for _ in range(20):
        run = weeks.SCHEDULED[name][0](rng)(rng)
        assert np.isfinite(run).all()
        assert run.min() >= 0
        # A flow heater of 27.5 kW is the largest of all, a few percent of noise on top.
        assert 50 < run.max() < 32_000
        assert len(run) < 14 * 3600 / runs.STEP_S


def test_a_seed_makes_the_same_weeks_again():
    def kettles(seed):
        rng = np.random.default_rng(seed)
        return weeks.scheduled(rng, runs.kettle(rng), 3, (6, 22))

    assert np.array_equal(kettles(1), kettles(1))
    assert not np.array_equal(kettles(1), kettles(2))


@pytest.mark.skipif(not measured.HOUSE20.exists(), reason="the measured homes are not there")
@pytest.mark.slow
def test_windows_hold_no_more_than_the_whole_home():
    bank = homes.bank(1, appliances_per_class=3, backgrounds=3)
    batch = homes.windows(np.random.default_rng(2), bank, 64, 1024)
    assert (batch.classes_w >= 0).all()
    assert (batch.classes_w.sum(1) <= batch.whole_w + 0.05).all()
    # Nobody knows how much of house 20 its fridge takes, so windows of it don't pretend to.
    assert not batch.labelled.all()
    assert (batch.classes_w[~batch.labelled] == 0).all()


@pytest.mark.slow
def test_a_synthetic_bank_needs_no_measured_home(monkeypatch):
    monkeypatch.setattr(measured, "for_training", lambda: pytest.fail("reads measured homes"))
    bank = homes.bank(1, appliances_per_class=1, backgrounds=2, is_synthetic=True)
    batch = homes.windows(np.random.default_rng(2), bank, 16, 1024)
    assert batch.labelled.all()
    assert batch.classes_w.any()

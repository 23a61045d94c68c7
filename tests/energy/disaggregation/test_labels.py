"""Labels add up to the meter, to the last tenth of a microwatt-hour."""

from __future__ import annotations

import numpy as np
import pytest

from broker.energy.disaggregation import labels
from broker.energy.disaggregation.estimate import Estimate
from broker.energy.disaggregation.kinds import Kind
from broker.energy.disaggregation.resampling import Steps
from broker.energy.disaggregation.runs import Numbered, Run
from broker.energy.series import EnergySeries


def home(seed=1, minutes=600):
    """Random powers of a whole home, some of them explained."""
    rng = np.random.default_rng(seed)
    powers = rng.uniform(0, 3000, minutes).astype(np.float32)
    explained = powers * rng.dirichlet(np.ones(12), minutes).T[:11].astype(np.float32)
    steps = Steps(0, 60, powers, np.ones(minutes, bool))
    return steps, Estimate(0, 60, explained[:10], explained[10])


def series_of(steps, extra=0):
    quarters = len(steps.powers_w) // 15
    energies = (steps.powers_w.reshape(quarters, 15).sum(1) * 1e7 / 60).astype(np.int64) + extra
    return EnergySeries(0, energies, np.ones(quarters, bool))


@pytest.mark.parametrize("extra", [-(10**9), -7, 0, 7, 10**9])
def test_parts_add_up_to_the_meter_exactly(extra):
    # The quarter hour's energy counts, even where the steps say something else.
    steps, estimate = home()
    series = series_of(steps, extra)
    parts = labels.split(series, steps, estimate, [])
    for start_s, energy in zip(series.starts_s, series.energies, strict=True):
        mine = [part for part in parts if part.start_s == start_s]
        assert sum(part.energy_tenth_uwh for part in mine) == energy
        assert all(part.energy_tenth_uwh > 0 for part in mine)


def test_what_nobody_explains_is_base_load_up_to_the_floor_and_other_above():
    # 100 W floor, 500 W in all, nothing explained: 25 Wh and 100 Wh in the quarter hour.
    steps = Steps(0, 60, np.full(15, 500, np.float32), np.ones(15, bool))
    estimate = Estimate(0, 60, np.zeros((10, 15), np.float32), np.full(15, 100, np.float32))
    series = EnergySeries(0, np.array([125 * 10**7]), np.ones(1, bool))
    parts = labels.split(series, steps, estimate, [])
    named = {(part.kind, part.number): part.energy_tenth_uwh for part in parts}
    assert named[Kind.BASE_LOAD, 1] == pytest.approx(25 * 10**7, abs=100)
    assert named[Kind.OTHER, 1] == pytest.approx(100 * 10**7, abs=100)


def test_a_quarter_hour_without_energy_is_a_base_load_of_nothing():
    steps = Steps(0, 60, np.zeros(15, np.float32), np.ones(15, bool))
    estimate = Estimate(0, 60, np.zeros((10, 15), np.float32), np.zeros(15, np.float32))
    series = EnergySeries(0, np.array([0]), np.ones(1, bool))
    assert labels.split(series, steps, estimate, []) == [labels.Part(0, Kind.BASE_LOAD, 1, 0)]


def test_unknown_quarter_hours_have_no_parts():
    steps, estimate = home(minutes=30)
    series = EnergySeries(0, np.array([0, 5]), np.array([False, True]))
    assert {part.start_s for part in labels.split(series, steps, estimate, [])} == {900}


def test_each_machine_of_a_kind_gets_its_own_runs():
    steps = Steps(0, 60, np.full(60, 2100, np.float32), np.ones(60, bool))
    powers = np.zeros((10, 60), np.float32)
    powers[Kind.ELECTRIC_CAR] = 2000
    estimate = Estimate(0, 60, powers, np.full(60, 100, np.float32))
    second = Numbered(Run(Kind.ELECTRIC_CAR, 1800, 3600, 0, 2000), 2)
    parts = labels.split(series_of(steps), steps, estimate, [second])
    cars = [(part.start_s, part.number) for part in parts if part.kind == Kind.ELECTRIC_CAR]
    assert cars == [(0, 1), (900, 1), (1800, 2), (2700, 2)]


def test_labels_are_written_and_read_as_in_the_contract():
    assert labels.written(Kind.DISHWASHER, 1) == "Spülmaschine-1"
    assert labels.read("Durchlauferhitzer-2") == (Kind.FLOW_HEATER, 2)
    for wrong in ("Spülmaschine", "Spülmaschine-", "-1", "Toaster-1", "Spülmaschine-²", ""):
        assert labels.read(wrong) is None

"""What is believed to be a run of an appliance."""

from __future__ import annotations

import numpy as np
import pytest

from broker.energy.disaggregation import kinds
from broker.energy.disaggregation.estimate import keep_runs
from broker.energy.disaggregation.kinds import Kind


def kept(powers_w, rules, kind):
    powers = np.array(powers_w, np.float32)
    keep_runs(powers, np.array(powers_w, np.float32), 0.1, rules[kind], 60)
    return powers


def test_of_rare_readings_the_last_seconds_of_a_kettle_belong_to_it():
    # 2.4 kW until 10 s behind a reading: 200 W on average of the next two minutes.
    powers = [0, 0, 2400, 2400, 200, 200, 0, 0]
    assert kept(powers, kinds.RARE_RULES, Kind.KETTLE) == pytest.approx(powers)


def test_what_takes_too_little_for_a_kettle_between_rare_readings_is_none():
    powers = [0, 0, 1100, 1100, 0, 0]
    assert not kept(powers, kinds.RARE_RULES, Kind.KETTLE).any()

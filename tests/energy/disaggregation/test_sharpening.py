"""Readings every two minutes: what was on between them is put where it was."""

from __future__ import annotations

import numpy as np
import pytest

from broker.energy.disaggregation.resampling import course, stepped
from broker.energy.disaggregation.sharpening import follow_switchings, gather_pulses

BASE_W, TENTH_UWH_PER_WS = 100, 10**7 / 3600


def read_every_two_minutes(power_w):
    """Minutes of power as a meter shows them that is read at every other one."""
    joules = np.concatenate([[0], np.cumsum(power_w * 60.0)])[::2]
    times = 120 * np.arange(len(joules))
    counters = np.round(joules * TENTH_UWH_PER_WS).astype(int)
    made = course(times.tolist(), counters.tolist(), [None] * len(times))
    assert made is not None
    return stepped(made, 0, int(times[-1]), 60)


def test_a_kettle_across_readings_gets_its_full_power_back():
    # 2.4 kW for five minutes, and twice for two, from odd minutes on: a reading in the middle.
    power = np.zeros(80)
    for begin, minutes in ((5, 5), (31, 2), (61, 2)):
        power[begin : begin + minutes] = 2400
    steps = read_every_two_minutes(power + BASE_W)
    kettle = steps.powers_w - BASE_W
    assert kettle[30:34] == pytest.approx([1200] * 4, abs=1)
    gather_pulses(kettle, steps)
    assert kettle == pytest.approx(power, abs=5)


def test_a_pulse_within_one_interval_stays_where_it_is():
    # Nobody can know in which of its two minutes it was.
    power = np.zeros(80)
    power[[40, 60]] = 2000
    steps = read_every_two_minutes(power + BASE_W)
    kettle = steps.powers_w - BASE_W
    gather_pulses(kettle, steps)
    assert kettle[40:42] == pytest.approx([1000, 1000], abs=1)
    assert kettle.sum() == pytest.approx(4000, abs=5)


def test_a_longer_run_begins_and_ends_between_readings():
    power = np.zeros(80)
    power[21:58] = 800
    steps = read_every_two_minutes(power + BASE_W)
    found = (steps.powers_w - BASE_W)[None]
    follow_switchings(found, np.full(80, BASE_W, np.float32), steps)
    assert found[0] == pytest.approx(power, abs=5)

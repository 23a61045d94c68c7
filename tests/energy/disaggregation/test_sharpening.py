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
    gather_pulses(kettle, steps.powers_w - BASE_W, steps)
    assert kettle == pytest.approx(power, abs=5)


def test_what_is_on_together_with_something_else_does_not_tell_a_kettles_power():
    # 2 kW: four times for four minutes and once across a reading. Twice an oven of 1.5 kW is on as
    # well, and half of it is taken for the kettle's.
    power, oven = np.zeros(120), np.zeros(120)
    for begin, minutes in ((4, 4), (14, 4), (24, 4), (34, 4), (51, 2), (70, 4), (90, 4)):
        power[begin : begin + minutes] = 2000
    for begin in (70, 90):
        oven[begin : begin + 4] = 1500
    steps = read_every_two_minutes(power + oven + BASE_W)
    heights = steps.powers_w - BASE_W
    kettle = np.where(heights > 3000, 2750, heights).astype(np.float32)
    gather_pulses(kettle, heights, steps)
    assert kettle[50:54] == pytest.approx([0, 2000, 2000, 0], abs=5)


def test_a_pulse_within_one_interval_stays_where_it_is():
    # Nobody can know in which of its two minutes it was.
    power = np.zeros(80)
    power[[40, 60]] = 2000
    steps = read_every_two_minutes(power + BASE_W)
    kettle = steps.powers_w - BASE_W
    gather_pulses(kettle, steps.powers_w - BASE_W, steps)
    assert kettle[40:42] == pytest.approx([1000, 1000], abs=1)
    assert kettle.sum() == pytest.approx(4000, abs=5)


def test_a_longer_run_begins_and_ends_between_readings():
    power = np.zeros(80)
    power[21:58] = 800
    steps = read_every_two_minutes(power + BASE_W)
    found = (steps.powers_w - BASE_W)[None]
    follow_switchings(found, np.full(80, BASE_W, np.float32), steps)
    assert found[0] == pytest.approx(power, abs=5)

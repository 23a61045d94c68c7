"""What is left of the estimate from all minutes where readings hide something."""

from __future__ import annotations

import numpy as np

from training import bounds
from training.judged import Truth, predicted, readings

MINUTES = 3 * 1440


def with_kettles():
    power = np.full(MINUTES, 120.0)
    for begin in range(400, MINUTES, 331):
        power[begin : begin + 3] += 2200
    return Truth("", 60 * np.arange(MINUTES), power, np.zeros(MINUTES, bool), {})


def test_nothing_is_left_in_gaps_and_everything_outside():
    home = with_kettles()
    times = readings(home, 60)[0]
    begin_s, end_s = 60 * 1390, 60 * 1400  # over the fourth kettle, from minute 1393 on
    hour = (times <= begin_s) | (times >= end_s + 3600)
    starts, powers = predicted(*readings(home, 60))
    assert powers[:, 1390:1460].any()
    left = bounds.outside_gaps(home, times[hour])[1]
    hidden = (starts >= begin_s) & (starts < end_s + 3600)
    assert not left[:, hidden].any()
    assert np.array_equal(left[:, ~hidden], powers[:, ~hidden])


def test_two_minutes_show_as_much_energy_of_a_kettle_as_minutes():
    home = with_kettles()
    minutes = predicted(*readings(home, 60))[1].sum()
    assert abs(bounds.by_two_minutes(home)[1].sum() / minutes - 1) < 0.02

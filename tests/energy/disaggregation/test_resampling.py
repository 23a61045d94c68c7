"""From irregular readings to even steps: no energy is lost, and nothing is made up."""

from __future__ import annotations

import numpy as np
import pytest

from broker.energy.disaggregation import estimate
from broker.energy.disaggregation.resampling import course, stepped, typical_interval_s

MINUTE_OF_1_KW = 10**10 // 60
"""0.1 µWh in a minute, nearly."""


def steps(times_s, energies, powers=None, begin_s=0, end_s=600, step_s=60):
    made = course(times_s, energies, powers or [None] * len(times_s))
    assert made is not None
    return stepped(made, begin_s, end_s, step_s)


def test_lost_readings_lose_no_energy():
    # 1 kW throughout; of eleven readings three are missing and one came 20 s late.
    times = [0, 60, 180, 240, 320, 420, 540, 600]  # at most two minutes apart
    powers = steps(times, [round(t / 60 * MINUTE_OF_1_KW) for t in times]).powers_w
    assert powers == pytest.approx([1000] * 10, rel=1e-6)


def test_readings_beside_the_minute_don_t_blur_what_was_switched():
    # 3 kW from 5:00 to 8:00 above 120 W, read 25 s after each minute: nothing lies half way.
    times = [60 * n + 25 for n in range(15)]
    joules = [120 * t + 3000 * min(max(t - 300, 0), 180) for t in times]
    made = steps(times, [round(j * 10**7 / 3600) + n for n, j in enumerate(joules)], end_s=780)
    assert made.powers_w[1:12] == pytest.approx([120] * 4 + [3120] * 3 + [120] * 4, abs=1)


def test_a_step_that_a_long_gap_touches_is_unknown():
    # Every minute, but nothing between 5:00 and 20:00.
    times = [*range(0, 301, 60), *range(1200, 1501, 60)]
    made = steps(times, [t * 10**6 + 1 for t in times], end_s=1500)
    assert made.known.tolist() == [True] * 5 + [False] * 15 + [True] * 5


def test_steps_outside_the_readings_are_unknown():
    made = steps([120, 300], [0, 10**6], begin_s=0, end_s=360)
    assert made.known.tolist() == [False, False, True, True, True, False]


def test_an_exchanged_meter_takes_nothing_back():
    # 50 Wh, then a new register that starts at 0 and counts on.
    wh = 10**7
    made = steps([0, 60, 120, 180], [1000 * wh, 1050 * wh + 1, 0, 5 * wh], end_s=180)
    assert made.powers_w == pytest.approx([3000, 0, 300])


def test_a_counter_of_whole_watt_hours_is_spread_between_its_steps():
    # 120 W take 30 s for 1 Wh; read every 10 s the counter stands still two times out of three.
    times = list(range(0, 601, 10))
    made = steps(times, [t // 30 * 10**7 for t in times], end_s=600)
    assert made.powers_w == pytest.approx([120] * 10)


def test_a_coarse_counter_gives_way_to_powers():
    times = list(range(0, 601, 10))
    powers = [2_000_000 if 120 <= t <= 240 else 100_000 for t in times]
    made = steps(times, [5 * 10**9] * 60 + [6 * 10**9], powers)
    # 2 kW from 2:00 to 4:00, with the slopes of the trapezoid at both ends.
    assert made.powers_w[2:4] == pytest.approx([2000, 2000])
    assert made.powers_w[[0, 5]] == pytest.approx([100, 100])


def test_one_reading_tells_nothing():
    assert course([0], [5], [None]) is None
    assert course([], [], []) is None


@pytest.mark.parametrize(
    ("interval_s", "step_s"),
    [(1, 60), (10, 60), (60, 60), (120, 60), (900, 900)],
    ids=["1 s", "10 s", "1 min", "2 min", "15 min"],
)
def test_the_network_follows_the_readings(interval_s, step_s):
    times = np.arange(0, 100_000, interval_s)
    network = estimate.network_for(typical_interval_s(times))
    assert network is not None
    assert network.step_s == step_s


def test_hourly_readings_are_too_sparse():
    assert estimate.network_for(3600) is None


def test_a_home_that_shows_nothing_half_the_day_feeds_in_behind_its_meter():
    hours = np.arange(0, 86_401, 60)
    powers = [0 if 9 <= t / 3600 < 17 else 300_000 for t in hours]
    made = course(hours.tolist(), [None] * len(hours), powers)
    assert made is not None
    assert estimate.hides_consumption(stepped(made, 0, 86_400, 60))
    always = course(hours.tolist(), [None] * len(hours), [300_000] * len(hours))
    assert always is not None
    assert not estimate.hides_consumption(stepped(always, 0, 86_400, 60))

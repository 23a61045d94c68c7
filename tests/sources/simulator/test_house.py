"""Counters and power of the simulated house agree with each other, whoever asks and when."""

from collections import Counter
from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from broker.sources.simulator import SONNENHOF_12, SimulatedHouse

BERLIN = ZoneInfo("Europe/Berlin")
AUTUMN_CHANGE = date(2026, 10, 25)


def at(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=BERLIN).timestamp())


def test_the_house_has_ten_flats_a_common_meter_and_two_plants(house):
    assert Counter(meter.role for meter in house.meters) == {
        "flat": 10, "common": 1, "first_production": 1, "second_production": 1,
    }  # fmt: skip
    assert len({meter.serial for meter in house.meters}) == 13
    assert all(len(meter.serial) == 14 for meter in house.meters)
    assert len({flat.mail for flat in SONNENHOF_12.flats}) == 10
    assert SONNENHOF_12.flats[0].mail == "maria.huber@example.org"
    assert any(not meter.sends_power for meter in house.meters)


def test_one_family_has_grown_by_a_child(house):
    grown = [flat.household_sizes for flat in SONNENHOF_12.flats if len(flat.household_sizes) > 1]
    assert grown == [((1200, 4), (140, 5))]


@pytest.mark.parametrize("number", range(13), ids=lambda number: f"meter {number}")
def test_energies_add_up_exactly_over_midnights_and_clock_changes(house, number):
    meter = house.meters[number]
    rng = np.random.default_rng(number)
    cuts = sorted(rng.integers(at(2026, 10, 23), at(2026, 10, 27), 12).tolist())
    parts = [house.energy_tenth_uwh(meter, *span) for span in pairwise(cuts)]
    assert sum(parts) == house.energy_tenth_uwh(meter, cuts[0], cuts[-1])


def test_energy_is_the_sum_of_the_power_of_every_second(house):
    meter = house.meters[0]
    begin_s = at(2026, 3, 10, 23, 59, 13)
    power_mw_s = sum(house.power_mw(meter, begin_s + second) for second in range(107))
    # 1e-10 kWh is 0.36 mW·s, that is 9/25.
    assert house.energy_tenth_uwh(meter, begin_s, begin_s + 107) * 9 == power_mw_s * 25


def test_energy_backwards_is_negative(house):
    noon, evening = at(2026, 3, 10, 12), at(2026, 3, 10, 20)
    meter = house.meters[3]
    forwards = house.energy_tenth_uwh(meter, noon, evening)
    assert forwards > 0
    assert house.energy_tenth_uwh(meter, evening, noon) == -forwards


@pytest.mark.parametrize(
    "anchor_s",
    [at(2026, 3, 20), at(2026, 3, 29, 13, 7, 3), at(2026, 4, 15, 1)],
    ids=["before", "amid", "after"],
)
def test_counters_are_the_anchor_plus_the_energy_since(house, anchor_s):
    meter = house.meters[4]
    # 28 to 30 March 2026: the clock springs forward on the 29th.
    times_s = np.arange(at(2026, 3, 28, 22), at(2026, 3, 31), 900)
    counters = house.counters(meter, times_s, anchor_s=anchor_s, anchor_tenth_uwh=7 * 10**13)
    expected = [
        7 * 10**13 + house.energy_tenth_uwh(meter, anchor_s, int(time_s)) for time_s in times_s
    ]
    assert counters.tolist() == expected
    assert counters.dtype == np.int64
    assert (np.diff(counters) > 0).all()


def test_no_times_no_counters(house):
    none = np.array([], dtype=np.int64)
    assert len(house.counters(house.meters[0], none, anchor_s=0, anchor_tenth_uwh=0)) == 0


def test_the_same_seed_gives_the_same_values_in_any_order(house):
    days = [date(2026, 2, 3), date(2026, 7, 14), date(2025, 12, 24)]
    forwards = {(m.key, day): house.power_w(m, day) for m in house.meters for day in days}
    other = SimulatedHouse(seed=12)
    for meter in reversed(other.meters):
        for day in reversed(days):
            assert np.array_equal(other.power_w(meter, day), forwards[meter.key, day])


def test_another_seed_gives_another_life(house):
    day = date(2026, 2, 3)
    other = SimulatedHouse(seed=13)
    assert not np.array_equal(
        other.power_w(other.meters[0], day), house.power_w(house.meters[0], day)
    )


@pytest.mark.parametrize(
    ("day", "slots"),
    [(date(2026, 3, 29), 8280), (date(2026, 7, 1), 8640), (AUTUMN_CHANGE, 9000)],
    ids=["23 hours", "24 hours", "25 hours"],
)
def test_a_day_has_as_many_slots_as_the_zone_gives_it(house, day, slots):
    assert {len(house.power_w(meter, day)) for meter in house.meters} == {slots}


def test_the_last_second_of_a_long_day_belongs_to_it(house):
    meter = house.meters[10]
    last_s = at(2026, 10, 26) - 1
    in_steps_of_9_mw = round(house.power_w(meter, AUTUMN_CHANGE)[-1] * 1000)
    assert house.power_mw(meter, last_s) == in_steps_of_9_mw


def test_nothing_ever_runs_backwards(house):
    for meter in house.meters:
        assert house.power_w(meter, date(2026, 5, 9)).min() >= 0


def test_the_labels_add_up_to_the_meter(house):
    day = date(2026, 1, 17)
    for meter in house.meters[:11]:
        together = sum(house.power_by_label_w(meter, day).values())
        # Rounding to steps of 9 mW is off by at most half a step.
        assert np.abs(together - house.power_w(meter, day)).max() < 0.0046
    assert house.power_by_label_w(house.meters[11], day) == {}

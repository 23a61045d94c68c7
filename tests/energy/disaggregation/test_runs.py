"""The same machine is the same number tomorrow; a resident's word counts more than the estimate."""

from __future__ import annotations

import random

import numpy as np
import pytest

from broker.energy.disaggregation.estimate import Estimate
from broker.energy.disaggregation.kinds import MINUTE_RULES, Kind
from broker.energy.disaggregation.runs import (
    Appliance,
    Correction,
    Numbered,
    Run,
    corrected,
    found,
    numbered,
)
from broker.units import TENTH_UWH_PER_WH

DAY_S = 86_400
WASHER, DRYER = Kind.WASHING_MACHINE, Kind.TUMBLE_DRYER


def run(kind, day, power_w, minutes=60):
    begin_s = round(day * DAY_S)
    energy = round(power_w * minutes / 60 * TENTH_UWH_PER_WH)
    return Run(kind, begin_s, begin_s + minutes * 60, energy, power_w)


def day_by_day(runs):
    """The numbers of runs that become known one after the other, as the collector sees them."""
    known, numbers = [], []
    for one in runs:
        told, known = numbered([one], known, [], [one])
        numbers.append(told[0].number)
    return numbers


def test_one_machine_keeps_its_number_for_eight_weeks():
    # Its power is estimated within 15 %, three runs a week.
    chance = random.Random(4)
    runs = [run(WASHER, day, 2000 * chance.uniform(0.85, 1.15)) for day in range(0, 56, 2)]
    assert set(day_by_day(runs)) == {1}


def test_two_cars_are_told_apart_after_a_few_charges_and_stay_so():
    # 3.7 and 11 kW, alternating. No car of 3.7 kW charges with 11, so that is known at once; but
    # one of 11 kW may have charged with 3.7 for once.
    chance = random.Random(5)
    runs = [
        run(Kind.ELECTRIC_CAR, day, (3700, 11_000)[day % 2] * chance.uniform(0.95, 1.05), 180)
        for day in range(56)
    ]
    numbers = day_by_day(runs)
    assert numbers == [1, 2] * 28
    numbers = day_by_day(runs[1:])
    assert numbers == [1, 1] + [1, 2] * 26 + [1]


def charging(*levels):
    """What is found of a car's kind in levels of (minutes, W), one directly after the other."""
    powers = np.zeros((10, 1440), np.float32)
    at = 60
    for minutes, power_w in levels:
        powers[Kind.ELECTRIC_CAR, at : at + minutes] = power_w
        at += minutes
    return found(Estimate(0, 60, powers, np.zeros(1440, np.float32)), MINUTE_RULES)


CARS = [Appliance(Kind.ELECTRIC_CAR, 1, 3700.0, 9), Appliance(Kind.ELECTRIC_CAR, 2, 11_000.0, 9)]


def test_two_cars_that_charge_at_once_keep_their_numbers():
    # 3.7 kW for eight hours; in between the other one for one hour on top.
    runs = charging((200, 3700), (60, 14_700), (220, 3700))
    told, known = numbered(runs, CARS, [], runs)
    assert [(run.end_s - run.begin_s) // 60 for run, _ in told] == [200, 60, 220]
    assert [number for _, number in told] == [1, 2, 1]
    assert known == CARS


def test_a_car_whose_power_falls_or_rises_stays_one_run():
    # Half an hour at half power first, and half an hour of tapering at the end.
    falling = [(5, 3700 - 500 * step) for step in range(1, 7)]
    runs = charging((30, 1900), (200, 3700), *falling)
    told, known = numbered(runs, CARS[:1], [], runs)
    assert [(run.end_s - run.begin_s) // 60 for run, _ in told] == [260]
    assert known[0].number == 1
    assert known[0].power_w == pytest.approx(3700)


def test_what_was_hardly_a_charge_makes_no_third_car():
    runs = [run(Kind.ELECTRIC_CAR, day, 2000, minutes=40) for day in range(9)]
    told, known = numbered(runs, CARS, [], runs)
    assert {number for _, number in told} == {1}
    assert known == CARS


def test_a_single_odd_run_makes_no_second_machine():
    runs = [run(WASHER, day, 2000) for day in range(10)]
    runs[4] = run(WASHER, 4, 700)
    assert set(day_by_day(runs)) == {1}


def test_quarter_hours_make_no_second_machine_of_means():
    # A machine whose two kilowatts fill a quarter hour now whole, now by a third.
    known, told = [], []
    for day in range(12):
        one = run(WASHER, day, 2000 if day % 2 else 650)
        numbers, known = numbered([one], known, [], [one], is_vague=True)
        told += [number.number for number in numbers]
    assert set(told) == {1}


def test_a_run_keeps_the_number_it_had_and_is_learned_only_once():
    known = [Appliance(WASHER, 1, 2000.0, 9), Appliance(WASHER, 2, 800.0, 5)]
    before = Numbered(run(WASHER, 1, 850, 30), 2)
    # Half an hour later more of it is known, and it looks like the first machine.
    told, after = numbered([run(WASHER, 1, 2000, 60)], known, [before], [])
    assert told[0].number == 2
    assert after == known


def estimate_of(kind, begin, end, power_w):
    powers = np.zeros((10, 600), np.float32)
    powers[kind, begin:end] = power_w
    return Estimate(0, 60, powers, np.full(600, 100, np.float32))


def test_runs_are_found_with_their_energy_and_power():
    made = estimate_of(WASHER, 100, 160, 2000)
    assert found(made, MINUTE_RULES) == [Run(WASHER, 6000, 9600, 20_000_000_000, 2000.0)]


def test_a_corrected_run_is_what_the_resident_says_and_so_is_one_like_it():
    # The resident's run had 1900 W for 70 min; this one 2000 W for 60 min, a day later.
    said = Correction(Run(WASHER, -DAY_S, -DAY_S + 4200, 0, 1900.0), DRYER)
    made = estimate_of(WASHER, 100, 160, 2000)
    told = corrected(made, found(made, MINUTE_RULES), [said])
    assert [one.kind for one in told] == [DRYER]
    assert made.powers_w[DRYER, 100:160].tolist() == [2000] * 60
    assert not made.powers_w[WASHER].any()


@pytest.mark.parametrize(
    ("power_w", "minutes"), [(900, 60), (2000, 10)], ids=["other power", "much shorter"]
)
def test_a_run_unlike_the_corrected_one_stays_what_it_is(power_w, minutes):
    said = Correction(Run(WASHER, -DAY_S, -DAY_S + 4200, 0, 1900.0), DRYER)
    made = estimate_of(WASHER, 100, 100 + minutes, power_w)
    runs = found(made, MINUTE_RULES)
    assert corrected(made, runs, [said]) == runs


def test_a_run_that_was_none_of_the_known_kinds_is_left_to_the_rest():
    made = estimate_of(WASHER, 100, 160, 2000)
    runs = found(made, MINUTE_RULES)
    said = Correction(runs[0], Kind.OTHER)
    assert corrected(made, runs, [said]) == []
    assert not made.powers_w.any()

"""Community energy: how much of its own generation a house uses, and whose it is."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.energy.community import (
    balance,
    dynamically_allocated,
    statically_allocated,
    summed,
    while_in_use,
)
from broker.energy.series import EnergySeries
from broker.units import ALL_PPM

QH = 900
BEGIN_S = 1_795_000_500
KWH = 10**10


def series(*energies: int | None) -> EnergySeries:
    """Quarter hours from BEGIN_S on, None where nothing is known."""
    return EnergySeries(
        BEGIN_S,
        np.array([energy or 0 for energy in energies], np.int64),
        np.array([energy is not None for energy in energies], np.bool_),
    )


def static(generation: EnergySeries, consumptions: list[EnergySeries], *shares: int):
    """Allocated by shares of the whole in ppm that hold all the time."""
    rows = np.repeat(np.array(shares, np.int64)[:, np.newaxis], len(generation), axis=1)
    wholes = np.full(len(generation), ALL_PPM, np.int64)
    return statically_allocated(generation, consumptions, rows, wholes)


def test_noon_lights_no_lamp_at_night():
    # 4 kWh made at noon and 4 kWh used, but only 1 of them at noon: by net sums it would be 100 %.
    found = balance(series(4 * KWH, 0), series(KWH, 3 * KWH))
    assert found.self_sufficiency == 0.25
    assert found.self_consumption == 0.25
    assert found.known_share == 1


def test_quarter_hours_count_by_their_energy():
    # Covered by half, wholly and not at all: 1 of 2, 1 of 1 and 0 of 5 kWh, that is 2 of 8.
    found = balance(series(KWH, 3 * KWH, 0), series(2 * KWH, KWH, 5 * KWH))
    assert found.self_sufficiency == 0.25
    # 2 of the 4 kWh that were made.
    assert found.self_consumption == 0.5


def test_what_one_side_does_not_know_counts_on_neither():
    found = balance(series(KWH, None, KWH, None), series(2 * KWH, 9 * KWH, None, None))
    assert (found.generation_tenth_uwh, found.consumption_tenth_uwh) == (KWH, 2 * KWH)
    assert found.self_sufficiency == 0.5
    assert found.known_share == 0.25


def test_without_consumption_or_generation_there_is_no_ratio():
    assert balance(series(KWH), series(0)).self_sufficiency is None
    assert balance(series(0), series(KWH)).self_consumption is None
    assert balance(series(0), series(KWH)).self_sufficiency == 0
    assert balance(series(), series()).known_share == 0


def test_a_meter_adds_nothing_outside_its_use():
    used = while_in_use(series(None, 5, None, None), BEGIN_S + QH, BEGIN_S + 3 * QH)
    assert used.energies.tolist() == [0, 5, 0, 0]
    # Within its use it is missing all the same.
    assert used.known.tolist() == [True, True, False, True]


def test_a_sum_with_a_hole_is_unknown_there():
    house = summed([series(1, 2, 3), series(10, None, 30)], BEGIN_S, BEGIN_S + 3 * QH)
    assert house.energies.tolist() == [11, 0, 33]
    assert house.known.tolist() == [True, False, True]


def test_static_shares_are_capped_and_what_is_left_goes_to_no_neighbour():
    # 10 kWh by 50, 30 and 20 %: 5, 3 and 2. The first used only 1, the others more.
    parts = static(
        series(10 * KWH),
        [series(KWH), series(4 * KWH), series(9 * KWH)],
        500_000,
        300_000,
        200_000,
    )
    assert [part.total_tenth_uwh for part in parts] == [KWH, 3 * KWH, 2 * KWH]


def test_static_shares_may_leave_a_part_to_the_grid():
    # A quarter each of 8: 2 and 2, the other 4 are fed in although the second used 6.
    parts = static(series(8), [series(5), series(6)], 250_000, 250_000)
    assert [part.total_tenth_uwh for part in parts] == [2, 2]


def test_dynamic_parts_follow_consumption():
    # 6 for a consumption of 2 + 3 + 7: half of each is 1, 1.5 and 3.5. Rounded down that is 5; the
    # unit that is left goes to the largest remainder, of these two equal ones to the first.
    parts = dynamically_allocated(series(6), [series(2), series(3), series(7)])
    assert [part.total_tenth_uwh for part in parts] == [1, 2, 3]


def test_dynamic_parts_are_all_that_is_used_when_the_roof_makes_more():
    parts = dynamically_allocated(series(100), [series(2), series(0), series(7)])
    assert [part.total_tenth_uwh for part in parts] == [2, 0, 7]


def test_a_silent_neighbour_hides_dynamic_parts_and_only_their_own_static_one():
    consumptions = [series(4), series(None)]
    assert [part.is_complete for part in static(series(4), consumptions, 500_000, 500_000)] == [
        True,
        False,
    ]
    parts = dynamically_allocated(series(4), consumptions)
    assert not any(part.known.any() for part in parts)


# A home of 60 kW at most takes 1.5e11 · 0.1 µWh in a quarter hour; 1e13 is a factory.
ENERGY = st.one_of(st.integers(0, 20), st.integers(0, 10**13))
COLUMN = st.tuples(ENERGY, st.lists(ENERGY, min_size=7, max_size=7))


@given(
    quarter_hours=st.lists(COLUMN, min_size=1, max_size=8),
    weights=st.lists(st.integers(0, ALL_PPM // 7), min_size=7, max_size=7),
)
def test_allocation_never_exceeds_what_was_made_or_used(quarter_hours, weights):
    made = [generation for generation, _ in quarter_hours]
    used = [[column[place] for _, column in quarter_hours] for place in range(7)]
    generation, consumptions = series(*made), [series(*row) for row in used]
    for parts in (
        static(generation, consumptions, *weights),
        dynamically_allocated(generation, consumptions),
    ):
        for part, one in zip(parts, consumptions, strict=True):
            assert (part.energies >= 0).all()
            assert (part.energies <= one.energies).all()
        for place, (generated, column) in enumerate(quarter_hours):
            assert sum(int(part.energies[place]) for part in parts) <= min(generated, sum(column))


@given(quarter_hours=st.lists(COLUMN, min_size=1, max_size=8))
def test_dynamic_allocation_sums_up_exactly(quarter_hours):
    generation = series(*(made for made, _ in quarter_hours))
    consumptions = [series(*(column[place] for _, column in quarter_hours)) for place in range(7)]
    parts = dynamically_allocated(generation, consumptions)
    for place, (made, column) in enumerate(quarter_hours):
        assert sum(int(part.energies[place]) for part in parts) == min(made, sum(column))
        # Nobody is more than one unit away from their exact proportion.
        for part, used in zip(parts, column, strict=True):
            whole = max(sum(column), 1)
            exact = min(made, sum(column)) * used / whole
            assert int(part.energies[place]) == pytest.approx(exact, abs=1.01, rel=1e-9)


@given(
    made=st.integers(0, 10**13),
    cuts=st.lists(st.integers(0, ALL_PPM), min_size=3, max_size=3),
)
def test_static_shares_of_a_whole_share_out_everything(made, cuts):
    bounds = [0, *sorted(cuts), ALL_PPM]
    shares = [later - earlier for earlier, later in pairwise(bounds)]
    hungry = [series(10**14)] * 4
    parts = static(series(made), hungry, *shares)
    assert sum(part.total_tenth_uwh for part in parts) == made


@given(quarter_hours=st.lists(COLUMN, min_size=1, max_size=8))
def test_self_sufficiency_lies_within_its_bounds(quarter_hours):
    generation = series(*(made for made, _ in quarter_hours))
    found = balance(generation, series(*(sum(column) for _, column in quarter_hours)))
    for ratio in (found.self_sufficiency, found.self_consumption):
        assert ratio is None or 0 <= ratio <= 1

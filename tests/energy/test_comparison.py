"""Similar homes, and what to say of a home beside them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.energy.comparison import (
    FEWEST_HOMES,
    Home,
    Judgement,
    Likeness,
    cells,
    judged,
    neighbours,
    per_person_tenth_uwh,
    percent_more,
    similar,
)
from broker.units import TENTH_UWH_PER_KWH as KWH


def homes(*told: tuple[int, float]) -> list[Home]:
    """Homes by their inhabitants and their kWh per person."""
    return [Home(inhabitants, None, kwh * KWH) for inhabitants, kwh in told]


def kwh(energy: float | None) -> float | None:
    return None if energy is None else energy / KWH


def test_each_day_is_shared_by_those_who_lived_there_on_it():
    # 6 kWh for two, then 6 kWh for three: 3 + 2.
    assert per_person_tenth_uwh({1: 6, 2: 6}, {1: 2, 2: 3}) == 5


def test_below_four_homes_nothing_is_told():
    three = homes((2, 10), (2, 20), (2, 30))
    assert neighbours(three, 2, None) is None
    found = neighbours([*three, *homes((2, 41))], 2, None)
    # 101 / 4 = 25.25, told as 25: the coming or going of a home can't be computed exactly.
    assert (found.homes, found.likeness, kwh(found.mean_tenth_uwh)) == (4, Likeness.HOUSE, 25)


def test_homes_with_about_as_many_people_are_similar():
    singles = homes(*[(1, value) for value in (100, 110, 120, 130)])
    families = homes((3, 50), (4, 60), (4, 70), (5, 80))
    # 460 / 4 and 260 / 4.
    assert kwh(neighbours(singles + families, 1, None).mean_tenth_uwh) == 115
    for inhabitants in (2, 3, 5, 9):  # of a size that nobody has: with those above, else below
        found = neighbours(singles + families, inhabitants, None)
        assert (kwh(found.mean_tenth_uwh), found.likeness) == (65, Likeness.HOUSEHOLD_SIZE)


def test_sizes_that_are_rare_are_put_together():
    # Three singles are too few, with the couples they are five; three families join those.
    told = homes((1, 9), (1, 9), (1, 9), (2, 9), (2, 9), (4, 9), (4, 9), (5, 9))
    assert [len(cell) for cell in cells(told)] == [8]
    assert [len(cell) for cell in cells([*told, *homes((6, 9))])] == [5, 4]
    assert neighbours(told, 1, None).likeness is Likeness.HOUSE


def test_the_frugal_are_at_least_four_and_leave_as_many():
    seven = homes(*[(1, value) for value in (10, 20, 30, 40, 50, 60, 70)])
    assert neighbours(seven, 1, None).frugal_tenth_uwh is None
    # (10 + 20 + 30 + 40) / 4, although a quarter of eight is two.
    assert kwh(neighbours([*seven, *homes((1, 80))], 1, None).frugal_tenth_uwh) == 25
    # A quarter of twenty is five: (1 + 2 + 3 + 4 + 5) / 5.
    twenty = homes(*[(1, value) for value in range(1, 21)])
    assert kwh(neighbours(twenty, 1, None).frugal_tenth_uwh) == 3


def test_in_a_large_house_the_flats_are_about_as_large():
    # Eight flats of 50 m² with 10 kWh, eight of 90 m² with 30.
    told = [Home(2, 50, 10 * KWH)] * 8 + [Home(2, 90, 30 * KWH)] * 8
    assert kwh(neighbours(told, 2, 60).mean_tenth_uwh) == 10
    assert kwh(neighbours(told, 2, 90).mean_tenth_uwh) == 30
    assert neighbours(told, 2, 60).likeness is Likeness.HOUSEHOLD_AND_FLAT_SIZE
    # Nobody told how large mine is, or one of theirs: people alone decide.
    assert kwh(neighbours(told, 2, None).mean_tenth_uwh) == 20
    assert neighbours([*told, Home(2, None, 0)], 2, 60).homes == 17
    # One fewer, and a half would have too few for its frugal quarter.
    assert neighbours(told[1:], 2, 60).likeness is Likeness.HOUSE


TOLD = st.builds(
    Home,
    st.integers(1, 6),
    st.none() | st.sampled_from([40.0, 55.0, 70.0, 100.0]),
    st.floats(0, 500).map(lambda value: value * KWH),
)


@given(st.lists(TOLD, min_size=FEWEST_HOMES, max_size=60))
def test_nobody_isolates_a_home_by_telling_other_sizes(others):
    """Whatever I tell of my own home, the sets I can see differ by four homes or by none."""
    seen = {
        frozenset(map(id, similar(others, inhabitants, flat_size_m2)[1]))
        for inhabitants in range(1, 8)
        for flat_size_m2 in (None, 30.0, 50.0, 60.0, 90.0, 200.0)
    }
    for some in seen:
        assert len(some) >= FEWEST_HOMES
        inner = [other for other in seen if other < some]
        assert len(some.difference(*inner)) >= FEWEST_HOMES or some == frozenset().union(*inner)
        for other in seen:
            assert not some - other or len(some - other) >= FEWEST_HOMES


@pytest.mark.parametrize(
    ("own", "frugal", "expected"),
    [
        (80, None, Judgement.GREAT),  # 20 % less
        (85, None, Judgement.GREAT),
        (86, None, Judgement.GOOD),
        (100, None, Judgement.GOOD),
        (100.4, None, Judgement.GOOD),  # shown as 0 %
        (101, None, Judgement.MORE_THAN_USUAL),
        (70, 70, Judgement.GREAT),
        (80, 70, Judgement.GOOD),
        (101, 101, Judgement.MORE_THAN_USUAL),
    ],
)
def test_the_frugal_hear_approval(own, frugal, expected):
    assert judged(percent_more(own, 100), own=own, frugal=frugal) is expected


def test_nothing_is_no_reference():
    assert percent_more(5, 0) is None
    assert (percent_more(90, 120), percent_more(150, 120)) == (-25, 25)

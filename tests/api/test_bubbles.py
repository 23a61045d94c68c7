from __future__ import annotations

from itertools import combinations, pairwise
from math import hypot

import pytest

from broker.api.bubble_places import WIDTH, layout
from broker.api.bubbles import picture, shortened

# Three flats to a hundred, with a common meter; and a whole street.
COUNTS = [*range(3, 32), 47, 61, 80, 101, 300]


@pytest.mark.parametrize("count", COUNTS)
def test_nobody_overlaps_in_any_house(count):
    places = [*layout(count).consumers, layout(count).roof, layout(count).grid]
    assert len(places) == count + 2
    for one, other in combinations(places, 2):
        assert hypot(one.x - other.x, one.y - other.y) >= one.limit + other.limit
    for place in places:
        assert place.limit <= place.x <= WIDTH - place.limit
        assert place.limit <= place.y <= layout(count).height - place.limit


@pytest.mark.parametrize("count", COUNTS)
def test_bubbles_can_be_told_from_each_other_with_a_finger(count):
    # At 320 px a drawing of 400 units is some 290 px wide.
    across_px = 2 * layout(count).consumers[0].limit * 290 / WIDTH
    assert across_px >= 24 or count > 60


@pytest.mark.parametrize("count", [3, 10, 16])
def test_where_there_are_names_no_line_of_text_meets_a_neighbours(count):
    drawn = layout(count)
    if drawn.has_names:
        rows = sorted({place.y for place in drawn.consumers})
        # Two lines of 19 units lie below each bubble.
        assert all(
            later - earlier >= 2 * drawn.consumers[0].limit + 38
            for earlier, later in pairwise(rows)
        )


def area(bubble):
    """The coloured part: without the face in the middle."""
    return bubble.radius**2 - bubble.place.core**2


def test_areas_follow_the_powers_on_one_scale():
    # The roof makes 2 kW; of the flats one draws four times as much as the other.
    drawn = picture(2e6, [800_000, 200_000, None])
    roof, (large, small, unknown) = drawn.roof, drawn.consumers
    assert area(large) / area(small) == pytest.approx(4, rel=0.05)
    assert area(roof) / area(large) == pytest.approx(2.5, rel=0.05)
    assert area(unknown) == 0
    # What is left over goes into the grid: 1 kW.
    assert area(drawn.grid) / area(roof) == pytest.approx(0.5, rel=0.05)
    assert drawn.grid.from_roof > 0
    assert all(one.radius <= one.place.limit + 0.1 for one in (roof, drawn.grid, large))


def test_at_night_all_comes_from_the_grid_and_the_roof_keeps_its_sign():
    drawn = picture(0.0, [100_000, 300_000])
    assert drawn.roof.radius == drawn.roof.place.core > 0
    assert [one.from_roof for one in drawn.consumers] == [0, 0]
    assert all(one.from_grid > 0 for one in drawn.consumers)
    # Nobody moves when the sun rises.
    assert [one.place for one in drawn.consumers] == [
        one.place for one in picture(5e6, [900_000, 1]).consumers
    ]


def test_a_quiet_house_looks_quiet():
    # 3 W aren't blown up to fill the drawing: 300 W would fill a place.
    [flat] = picture(0.0, [3000]).consumers
    assert area(flat) == pytest.approx((flat.place.limit**2 - flat.place.core**2) / 100, rel=0.1)


def test_a_long_name_is_shortened():
    assert shortened("Frau Wagner") == "Frau Wagner"
    assert shortened("WG Sonnendeck") == "WG Sonnen…"
    # Wide letters leave room for fewer.
    assert shortened("MMMMMMMMMMMMMMMM") == "MMMMMM…"

from __future__ import annotations

import pytest

from broker.api.flows import Flows, flows_now


def streams(flows):
    return flows.roof_to_house_mw, flows.roof_to_grid_mw, flows.grid_to_house_mw


@pytest.mark.parametrize(
    ("made_mw", "used_mw", "expected", "covered"),
    [
        pytest.param(3000, 1000, (1000, 2000, 0), 1.0, id="more-than-is-used"),
        pytest.param(1000, 4000, (1000, 0, 3000), 0.25, id="less-than-is-used"),
        pytest.param(0, 4000, (0, 0, 4000), 0.0, id="night"),
        pytest.param(500, 0, (0, 500, 0), None, id="nobody-at-home"),
    ],
)
def test_what_the_roof_makes_goes_to_the_house_first(made_mw, used_mw, expected, covered):
    flows = Flows(made_mw, used_mw)
    assert streams(flows) == expected
    assert flows.covered == covered


def test_a_stream_is_as_thick_as_the_root_of_its_power():
    # Of 4 kW a quarter goes to the house: half the way from the thinnest 3 to the thickest 12.
    drawn = Flows(4_000_000, 1_000_000).drawn
    assert drawn["roof-house"] == 7.5
    assert drawn["grid-house"] == 0


def test_a_house_uses_what_its_flats_and_its_common_meters_do():
    users = [{"id": "1", "power": 300_000_000}, {"id": "2", "power": None}]
    snapshot = {"group_users": users, "group_production_power": 1_000_000_000}
    # 300 W of the one known flat and 100 W of the stairs; the roof makes 1 kW.
    assert flows_now(snapshot | {"group_common_power": 100_000_000}) == Flows(1e6, 400_000)
    assert flows_now(snapshot | {"group_common_power": None}) == Flows(1e6, 300_000)
    assert flows_now({"group_users": [], "group_common_power": None}) is None

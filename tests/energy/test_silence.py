from __future__ import annotations

import pytest

from broker.energy.silence import patience_s


@pytest.mark.parametrize(
    ("times_s", "patience"),
    [
        pytest.param([], 10_800, id="nothing known: three hours"),
        pytest.param([5000], 10_800, id="one reading tells no rhythm"),
        pytest.param([0, 60, 120, 180], 900, id="each minute: not before a quarter hour"),
        pytest.param([0, 900, 1800, 2700], 2700, id="each quarter hour: three of them"),
        pytest.param([2700, 0, 1800, 900], 2700, id="in any order"),
        pytest.param([0, 900, 1800, 90_000, 90_900], 2700, id="an outage is no rhythm"),
    ],
)
def test_patience_follows_the_usual_rhythm(times_s, patience):
    assert patience_s(times_s) == patience

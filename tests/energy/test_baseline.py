from __future__ import annotations

import pytest

from broker.energy.baseline import BaselineState, state

REGISTERED_S = 1_700_000_000
LATER_S = REGISTERED_S + 86_400

NEVER = {"has_readings": False, "has_reading_near_begin": False, "has_reading_near_end": False}
SOME = NEVER | {"has_readings": True}


@pytest.mark.parametrize(
    ("known", "now_s", "expected"),
    [
        pytest.param(NEVER, REGISTERED_S, "WAITING_FOR_DATA", id="just registered"),
        pytest.param(NEVER, LATER_S - 1, "WAITING_FOR_DATA", id="last second of the first day"),
        pytest.param(NEVER, LATER_S, "NO_READINGS_AVAILABLE", id="silent for a day"),
        pytest.param(SOME, LATER_S, "WAITING_FOR_DATA", id="delivers, but not yet for a term"),
        pytest.param(
            SOME | {"has_reading_near_begin": True}, LATER_S, "WAITING_FOR_DATA", id="no end"
        ),
        pytest.param(
            SOME | {"has_reading_near_end": True}, LATER_S, "WAITING_FOR_DATA", id="no begin"
        ),
        pytest.param(
            SOME | {"has_reading_near_begin": True, "has_reading_near_end": True},
            REGISTERED_S,
            "READY",
            id="both, even on the first day",
        ),
    ],
)
def test_the_state_says_what_is_missing(known, now_s, expected):
    assert state(registered_s=REGISTERED_S, now_s=now_s, **known) == BaselineState(expected)

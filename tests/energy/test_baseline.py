from __future__ import annotations

import pytest

from broker.energy.baseline import BaselineState, source, state

REGISTERED_S = 1_700_000_000
LATER_S = REGISTERED_S + 86_400

NEVER = {
    "has_readings": False,
    "has_reading_near_begin": False,
    "has_reading_near_end": False,
    "has_bill": False,
}
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
        pytest.param(NEVER | {"has_bill": True}, LATER_S, "READY", id="by the last bill"),
    ],
)
def test_the_state_says_what_is_missing(known, now_s, expected):
    has_readings = known["has_readings"]
    known_from = source(**{name: is_so for name, is_so in known.items() if name != "has_readings"})
    found = state(
        known_from=known_from,
        registered_s=REGISTERED_S,
        now_s=now_s,
        has_readings=has_readings,
    )
    assert found == BaselineState(expected)


def test_what_was_measured_goes_before_a_bill():
    covered = {"has_reading_near_begin": True, "has_reading_near_end": True}
    assert source(**covered, has_bill=True) == "measured"
    assert source(**covered | {"has_reading_near_end": False}, has_bill=True) == "bill"
    assert source(**covered | {"has_reading_near_end": False}, has_bill=False) == "none"

"""Whether a home's consumption of the previous term is known, so that savings can be counted."""

from __future__ import annotations

from enum import StrEnum

from broker.units import DAY_S, HOUR_S

NEAR_S = 36 * HOUR_S
"""How far a reading may lie from the boundary of a term that it stands for."""
GRACE_S = DAY_S
"""How long a new home is waited for before its silence is called silence."""


class BaselineState(StrEnum):
    """What the contract says of a baseline."""

    READY = "READY"
    WAITING_FOR_DATA = "WAITING_FOR_DATA"
    NO_READINGS_AVAILABLE = "NO_READINGS_AVAILABLE"


class BaselineSource(StrEnum):
    """Where the energy of the last term is known from."""

    MEASURED = "measured"
    BILL = "bill"
    NONE = "none"


def source(
    *, has_reading_near_begin: bool, has_reading_near_end: bool, has_bill: bool
) -> BaselineSource:
    """What counts: what was measured between both boundaries, else what the last bill says."""
    if has_reading_near_begin and has_reading_near_end:
        return BaselineSource.MEASURED
    return BaselineSource.BILL if has_bill else BaselineSource.NONE


def state(
    *,
    known_from: BaselineSource,
    registered_s: int,
    now_s: int,
    has_readings: bool,
) -> BaselineState:
    """READY once the baseline is known, measured or from a bill. Else WAITING_FOR_DATA during the
    first day and as long as the meter has delivered something; NO_READINGS_AVAILABLE if it never
    has.
    """
    if known_from is not BaselineSource.NONE:
        return BaselineState.READY
    if has_readings or now_s < registered_s + GRACE_S:
        return BaselineState.WAITING_FOR_DATA
    return BaselineState.NO_READINGS_AVAILABLE

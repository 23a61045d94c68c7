"""What a home saves against its own last term, along the standard household's course."""

from __future__ import annotations

from typing import NamedTuple

from broker.energy.baseline import BaselineSource


class Saving(NamedTuple):
    """A home's saving prognosis at the time of its newest reading; energies in 0.1 µWh."""

    time_s: int
    saving_tenth_uwh: float
    baseline_tenth_uwh: int
    source: BaselineSource


def prognosis_tenth_uwh(share: float, baseline_tenth_uwh: int, used_tenth_uwh: int) -> float:
    """r(t) · baseline − (C(t) − C(term start)), in 0.1 µWh: below 0 more is used than last year.

    `share` is r(t). A home whose consumption can only be followed from a later time s on gives
    r(t) − r(s) and C(t) − C(s) instead, so that it is 0 as well for a home that uses its baseline
    along the profile.
    """
    return share * baseline_tenth_uwh - used_tenth_uwh

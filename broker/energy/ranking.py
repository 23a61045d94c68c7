"""A hit list by relative saving: who uses little already isn't behind who saves from much."""

from __future__ import annotations

from collections.abc import Sequence

DECIMALS = 1


def saved_percent(saving_tenth_uwh: float, baseline_tenth_uwh: int) -> float:
    """How much of a baseline a home has saved, in percent with one decimal; negative for more.

    Both in 0.1 µWh; the baseline is greater than 0.
    """
    return round(100 * saving_tenth_uwh / baseline_tenth_uwh, DECIMALS) + 0.0  # never −0.0


def places(descending: Sequence[float]) -> list[int]:
    """The places of values, the largest first: equal ones share theirs, and the next skips it."""
    return [descending.index(value) + 1 for value in descending]

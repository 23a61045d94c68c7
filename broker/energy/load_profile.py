"""A register's course through time as people see it: the mean power of each quarter hour."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from broker.units import QUARTER_HOUR_S


def mean_powers_mw(
    starts_s: Sequence[int], openings: Sequence[int | None], step_s: int = QUARTER_HOUR_S
) -> list[float | None]:
    """Mean power in mW between neighbouring `starts_s`; one less than there are of these.

    `openings` holds C in 0.1 µWh at `starts_s`, in order of time. A mean is known if C is known at
    both ends of a step that nothing is missing from; so the powers of a day sum up to exactly its
    energy.
    """
    tenth_uwh_per_mw = step_s * 25 // 9
    if not starts_s:
        return []
    is_complete = starts_s[-1] - starts_s[0] == step_s * (len(starts_s) - 1)
    if is_complete and None not in openings:
        return [(later - c) / tenth_uwh_per_mw for c, later in pairwise(openings)]  # type: ignore[operator]
    return [
        (later - earlier) / tenth_uwh_per_mw
        if end_s - start_s == step_s and earlier is not None and later is not None
        else None
        for (start_s, end_s), (earlier, later) in zip(
            pairwise(starts_s), pairwise(openings), strict=True
        )
    ]


def interpolated(time_s: int, earlier: tuple[int, int], later: tuple[int, int]) -> int:
    """C(t) in 0.1 µWh between two readings (time in s, cumulated energy in 0.1 µWh)."""
    (earlier_s, energy), (later_s, later_energy) = earlier, later
    if later_s == earlier_s:
        return energy
    return energy + (later_energy - energy) * (time_s - earlier_s) // (later_s - earlier_s)

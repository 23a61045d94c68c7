"""A register's course through time as people see it: mean powers of quarter hours and hours."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from broker.units import HOUR_S, QUARTER_HOUR_S, TENTH_UWH_PER_MW_QUARTER_HOUR


def mean_powers_mw(starts_s: Sequence[int], openings: Sequence[int | None]) -> list[float | None]:
    """Mean power in mW between neighbouring `starts_s`; one less than there are of these.

    `openings` holds C in 0.1 µWh at `starts_s`, in order of time. A mean is known if C is known at
    both ends of a quarter hour; so the powers of a day sum up to exactly its energy.
    """
    if not starts_s:
        return []
    is_complete = starts_s[-1] - starts_s[0] == QUARTER_HOUR_S * (len(starts_s) - 1)
    if is_complete and None not in openings:
        return [(later - c) / TENTH_UWH_PER_MW_QUARTER_HOUR for c, later in pairwise(openings)]  # type: ignore[operator]
    return [
        (later - earlier) / TENTH_UWH_PER_MW_QUARTER_HOUR
        if end_s - start_s == QUARTER_HOUR_S and earlier is not None and later is not None
        else None
        for (start_s, end_s), (earlier, later) in zip(
            pairwise(starts_s), pairwise(openings), strict=True
        )
    ]


def hourly_mean_powers_mw(
    starts_s: Sequence[int], openings: Sequence[int | None], phase_s: int
) -> dict[int, float]:
    """Mean power in mW of each hour by its end in s; hours begin `phase_s` after those of POSIX.

    The rest is as in `mean_powers_mw`. An hour is known if each of its quarter hours is: a meter
    without a counter knows C at both ends of an hour that it was silent in, and still not what
    was used.
    """
    known = {at: c for at, c in zip(starts_s, openings, strict=True) if c is not None}
    means: dict[int, float] = {}
    for begin_s, c in known.items():
        end_s = begin_s + HOUR_S
        if begin_s % HOUR_S == phase_s and all(
            at in known for at in range(begin_s + QUARTER_HOUR_S, end_s + 1, QUARTER_HOUR_S)
        ):
            means[end_s] = (known[end_s] - c) / (4 * TENTH_UWH_PER_MW_QUARTER_HOUR)
    return means


def interpolated(time_s: int, earlier: tuple[int, int], later: tuple[int, int]) -> int:
    """C(t) in 0.1 µWh between two readings (time in s, cumulated energy in 0.1 µWh)."""
    (earlier_s, energy), (later_s, later_energy) = earlier, later
    if later_s == earlier_s:
        return energy
    return energy + (later_energy - energy) * (time_s - earlier_s) // (later_s - earlier_s)

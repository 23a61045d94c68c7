"""A register's course through time as people see it: the mean power of each quarter hour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from broker.units import QUARTER_HOUR_S


def mean_powers_mw(
    boundaries: Iterable[Sequence[int | None]], until_s: int, step_s: int = QUARTER_HOUR_S
) -> dict[int, float]:
    """Mean power in mW of every known step that ends by `until_s`, keyed by its end.

    `boundaries` begin with their time in s and C at that time in 0.1 µWh, in order of time. A step
    is known if C is known at both of its ends; so the powers of a day sum up to exactly its energy.
    """
    tenth_uwh_per_mw = step_s * 25 // 9
    powers: dict[int, float] = {}
    expected_s, known = -1, None
    for start_s, opening, *_ in boundaries:
        if opening is not None and known is not None and start_s == expected_s <= until_s:
            powers[start_s] = (opening - known) / tenth_uwh_per_mw
        known = opening
        expected_s = start_s + step_s  # type: ignore[operator]
    return powers


def interpolated(time_s: int, earlier: tuple[int, int], later: tuple[int, int]) -> int:
    """C(t) in 0.1 µWh between two readings (time in s, cumulated energy in 0.1 µWh)."""
    (earlier_s, energy), (later_s, later_energy) = earlier, later
    if later_s == earlier_s:
        return energy
    return energy + (later_energy - energy) * (time_s - earlier_s) // (later_s - earlier_s)

"""What a community makes of its own generation: how much of it, and whose it is.

Everything is decided quarter hour by quarter hour and then added up: what the roof makes at noon
lights no lamp at night. Energies are whole numbers of 0.1 µWh, so that sums are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np

from broker.energy.series import Booleans, EnergySeries, Integers


class AllocationKind(StrEnum):
    """How the common generation is shared out among those who take part."""

    NONE = "none"
    STATIC = "static"
    DYNAMIC = "dynamic"


class Balance(NamedTuple):
    """A community's energies in 0.1 µWh over the quarter hours in which both sides are known."""

    generation_tenth_uwh: int
    consumption_tenth_uwh: int
    at_once_tenth_uwh: int
    """What was used in the quarter hour in which it was made: min(generation, consumption)."""
    known_quarter_hours: int
    quarter_hours: int

    @property
    def self_sufficiency(self) -> float | None:
        """The part of the consumption that the roof covered, 0 to 1; None without consumption."""
        return _ratio(self.at_once_tenth_uwh, self.consumption_tenth_uwh)

    @property
    def self_consumption(self) -> float | None:
        """The part of the generation that the house used, 0 to 1; None without generation."""
        return _ratio(self.at_once_tenth_uwh, self.generation_tenth_uwh)

    @property
    def known_share(self) -> float:
        """For which part of the time both sides are known, 0 to 1."""
        return _ratio(self.known_quarter_hours, self.quarter_hours) or 0.0


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def balance(generation: EnergySeries, consumption: EnergySeries) -> Balance:
    """How generation and consumption over the same quarter hours met."""
    known = generation.known & consumption.known
    made, used = generation.energies[known], consumption.energies[known]
    return Balance(
        int(made.sum()),
        int(used.sum()),
        int(np.minimum(made, used).sum()),
        int(known.sum()),
        len(known),
    )


def while_in_use(series: EnergySeries, begin_s: int, end_s: int | None) -> EnergySeries:
    """The same series, with nothing instead of unknown before and after its meter's use.

    A flat without a meter takes part in nothing, and a plant that isn't there yet makes nothing.
    """
    starts_s = series.starts_s
    idle = starts_s < begin_s
    if end_s is not None:
        idle |= starts_s >= end_s
    return EnergySeries(
        series.begin_s, np.where(idle, 0, series.energies), np.where(idle, True, series.known)
    )


def summed(series: Sequence[EnergySeries], begin_s: int, end_s: int) -> EnergySeries:
    """Series over the same quarter hours, [begin_s, end_s), as one.

    A sum is known if every part is: of none it is a known nothing.
    """
    empty = EnergySeries.unknown(begin_s, end_s)
    energies, known = empty.energies, ~empty.known
    for one in series:
        energies, known = energies + one.energies, known & one.known
    return EnergySeries(empty.begin_s, np.where(known, energies, 0), known)


def statically_allocated(
    generation: EnergySeries,
    consumptions: Sequence[EnergySeries],
    shares: Integers,
    wholes: Integers,
) -> list[EnergySeries]:
    """Each one's part of the generation by fixed shares, at most what they used themselves.

    `shares` has a row for each of the consumptions, which with `wholes` says what part of the
    generation is theirs in each quarter hour; a column adds up to its whole at most. What somebody
    doesn't use goes to the grid and to no neighbour. To know somebody's part it takes their own
    consumption and the generation only.
    """
    parts = _largest_remainder(generation.energies, shares, wholes)
    return [
        _part(generation.begin_s, np.minimum(part, one.energies), one.known & generation.known)
        for part, one in zip(parts, consumptions, strict=True)
    ]


def dynamically_allocated(
    generation: EnergySeries, consumptions: Sequence[EnergySeries]
) -> list[EnergySeries]:
    """Each one's part of the generation in proportion to what they used in the quarter hour.

    The parts add up to min(generation, all consumption), and nobody gets more than they used. Where
    one consumption is unknown, so are all parts.
    """
    if not consumptions:
        return []
    used = np.stack([one.energies for one in consumptions])
    known = generation.known & np.logical_and.reduce([one.known for one in consumptions])
    together = used.sum(axis=0)
    parts = _largest_remainder(np.minimum(generation.energies, together), used, together)
    return [_part(generation.begin_s, part, known) for part in parts]


def _part(begin_s: int, energies: Integers, known: Booleans) -> EnergySeries:
    return EnergySeries(begin_s, np.where(known, energies, 0), known)


def _largest_remainder(amounts: Integers, weights: Integers, wholes: Integers) -> Integers:
    """Whole parts of amounts in proportion to weights / wholes, each within 1 of the exact one.

    The parts of a column add up to exactly floor(amount · Σ weights / whole): what rounding down
    leaves goes one by one to the largest remainders, among equals to the first.
    """
    wholes = np.maximum(wholes, 1)
    parts, remainders = _divided(amounts, weights, wholes)
    together, _ = _divided(amounts, weights.sum(axis=0), wholes)
    left = together - parts.sum(axis=0)
    order = np.argsort(-remainders, axis=0, kind="stable")
    ranks = np.argsort(order, axis=0, kind="stable")
    result: Integers = parts + (ranks < left)
    return result


def _divided(
    amounts: Integers, weights: Integers, wholes: Integers
) -> tuple[np.ndarray[Any, np.dtype[np.int64]], np.ndarray[Any, np.dtype[np.int64]]]:
    """Quotient and remainder of amount · weight / whole, exact although the product may not fit.

    The quotient that floats give is wrong by less than 1 as long as it is below 2⁵⁰ (100 MWh in a
    quarter hour). So the true remainder is small, and integers that wrap around give it exactly.
    """
    quotients = np.floor(amounts * (weights / wholes)).astype(np.int64)
    remainders = amounts * weights - quotients * wholes
    steps = np.where(remainders < 0, -1, np.where(remainders >= wholes, 1, 0))
    return quotients + steps, remainders - steps * wholes

"""The energy of consecutive quarter hours, as columns: what every insight is computed from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from broker.units import QUARTER_HOUR_S

Integers = np.ndarray[Any, np.dtype[np.int64]]
Booleans = np.ndarray[Any, np.dtype[np.bool_]]
Column = np.ndarray[Any, np.dtype[Any]]

UNKNOWN = -1
"""Stands for an unknown C(t): what a register has cumulated may start at 0, but never below."""


@dataclass(frozen=True, eq=False)
class EnergySeries:
    """Quarter hours from `begin_s` on, one after the other without a hole.

    `energies` are in 0.1 µWh, `known` tells which of them are: an unknown one is 0 there, which
    says nothing. `begin_s` is in POSIX seconds and lies on a quarter hour.
    """

    begin_s: int
    energies: Integers
    known: Booleans

    @classmethod
    def unknown(cls, begin_s: int, end_s: int) -> EnergySeries:
        """The quarter hours that start in [begin_s, end_s), none of them known."""
        first_s, count = _first_and_count(begin_s, end_s)
        return cls(first_s, np.zeros(count, np.int64), np.zeros(count, np.bool_))

    @classmethod
    def of_openings(
        cls, begin_s: int, end_s: int, starts_s: Sequence[int], openings: Sequence[int | None]
    ) -> EnergySeries:
        """The quarter hours that start in [begin_s, end_s), from C(t) at some of their starts.

        `openings` holds C in 0.1 µWh at `starts_s` (in order, on quarter hours), None where it is
        unknown. A quarter hour is known if C is at its start and at its end.
        """
        first_s, count = _first_and_count(begin_s, end_s)
        stand = np.full(count + 1, UNKNOWN, np.int64)
        if starts_s:
            places = (np.asarray(starts_s, np.int64) - first_s) // QUARTER_HOUR_S
            written = np.array([UNKNOWN if c is None else c for c in openings], np.int64)
            inside = (places >= 0) & (places <= count)
            stand[places[inside]] = written[inside]
        known = (stand[:-1] != UNKNOWN) & (stand[1:] != UNKNOWN)
        return cls(first_s, np.where(known, np.diff(stand), 0), known)

    def __len__(self) -> int:
        return len(self.energies)

    @property
    def end_s(self) -> int:
        """Where the last quarter hour ends."""
        return self.begin_s + len(self) * QUARTER_HOUR_S

    @property
    def starts_s(self) -> Integers:
        """Where each quarter hour starts."""
        return self.begin_s + QUARTER_HOUR_S * np.arange(len(self), dtype=np.int64)

    @property
    def is_complete(self) -> bool:
        """Whether every quarter hour is known."""
        return bool(self.known.all())

    @property
    def total_tenth_uwh(self) -> int:
        """The energy of the known quarter hours together."""
        return int(self.energies.sum())

    def part(self, begin_s: int, end_s: int) -> EnergySeries:
        """Those of the quarter hours that start in [begin_s, end_s)."""
        begin = max(0, -((self.begin_s - begin_s) // QUARTER_HOUR_S))
        end = max(begin, min(len(self), -((self.begin_s - end_s) // QUARTER_HOUR_S)))
        begin = min(begin, len(self))
        first_s = self.begin_s + begin * QUARTER_HOUR_S
        return EnergySeries(first_s, self.energies[begin:end], self.known[begin:end])


def step_totals(
    starts_s: Integers, values: Column, known: Booleans, boundaries_s: Sequence[int]
) -> dict[int, Any]:
    """The sums of quarter hours between neighbouring boundaries, keyed by the later one.

    A sum is there only if everything is known that belongs to it. `values` may be Python's own
    integers, which no sum is too large for.
    """
    places = np.searchsorted(starts_s, boundaries_s)
    sums = np.concatenate(([0], np.cumsum(values)))[places]
    counts = np.concatenate(([0], np.cumsum(known)))[places]
    is_whole = (np.diff(counts) == np.diff(places)) & (np.diff(places) > 0)
    return {
        boundaries_s[place + 1]: sums[place + 1] - sums[place]
        for place in np.flatnonzero(is_whole).tolist()
    }


def in_turn(series: Iterable[EnergySeries], begin_s: int, end_s: int) -> EnergySeries:
    """One series of several over the same quarter hours of which at most one is known at a time.

    So it is with the meters that served a flat one after the other. Without any, all is unknown.
    """
    joined = EnergySeries.unknown(begin_s, end_s)
    for one in series:
        joined = EnergySeries(
            joined.begin_s, joined.energies + one.energies, joined.known | one.known
        )
    return joined


def _first_and_count(begin_s: int, end_s: int) -> tuple[int, int]:
    """The first quarter hour that starts at `begin_s` or later, and how many start before end."""
    first_s = begin_s + -begin_s % QUARTER_HOUR_S
    return first_s, max(0, -((first_s - end_s) // QUARTER_HOUR_S))

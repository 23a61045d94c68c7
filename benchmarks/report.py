"""Tables for people: Markdown with aligned columns, and figures with their spread."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass
class Table:
    """A heading, rows of text and the notes that a reader needs beside them."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(len(line[number]) for line in lines) for number in range(len(self.columns))]
        rule = ["-" * width for width in widths]
        written = [
            "| "
            + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            + " |"
            for line in (self.columns, rule, *self.rows)
        ]
        return "\n".join([f"\n### {self.title}\n", *written, *(f"\n{note}" for note in self.notes)])


def write(text: object) -> None:
    """Shows something at once, although the output may be a file or a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def spread(values: Sequence[float], digits: int = 2) -> str:
    """The median and, where there was more than one round, the range."""
    middle = f"{median(values):,.{digits}f}"
    if len(values) < 2:
        return middle
    return f"{middle} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def ratios(values: Iterable[float], ceilings: Iterable[float]) -> list[float]:
    """Each round's figure as a share of the ceiling of the same round."""
    return [value / ceiling for value, ceiling in zip(values, ceilings, strict=True)]


def at_least(values: Sequence[float], target: float | None) -> str:
    """Whether the median reaches a target."""
    if target is None:
        return "–"
    return f"≥ {target:.2f} {'✓' if median(values) >= target else '✗ missed'}"


def at_most(values: Sequence[float], target: float) -> str:
    """Whether the median stays within a target."""
    return f"≤ {target:.2f} {'✓' if median(values) <= target else '✗ missed'}"


def within(values: Sequence[float], share: float) -> str:
    """Whether the median of ratios lies within a share of 1."""
    return f"1 ± {share:.2f} {'✓' if abs(median(values) - 1) <= share else '✗ missed'}"

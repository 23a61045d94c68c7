"""Which hint suits a home: conditions by features, and the order that follows from them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from broker.energy.household_features import Feature, Features

SEASON_FIT = 0.2
"""How well a hint suits at least in its season."""
OUT_OF_SEASON_FIT = -1.0


@dataclass(frozen=True)
class Condition:
    """How well a hint suits by one feature: nothing at `begin`, fully at `full`, evenly between.

    `full` may be less than `begin`: then low values suit. `weight` is what "fully" counts.
    """

    feature: Feature
    begin: float
    full: float
    weight: float = 1.0

    @property
    def is_rising(self) -> bool:
        """Whether high values suit."""
        return self.full > self.begin

    def fit(self, value: float) -> float:
        """From 0 to the weight."""
        degree = (value - self.begin) / (self.full - self.begin)
        return self.weight * min(1.0, max(0.0, degree))


class HintText(NamedTuple):
    """A hint in one language."""

    headline: str
    description: str
    assumption: str
    """What the saving is computed with."""
    source: str


@dataclass(frozen=True)
class Hint:
    """An advice, what it saves, and whom it suits."""

    id: int
    icon: str
    saving_kwh: tuple[float, float]
    """What it saves in a year, at least and at most."""
    texts: Mapping[str, HintText]
    """By language."""
    general: float = 0.0
    """How well it suits a home that nothing is known about."""
    conditions: tuple[Condition, ...] = ()
    months: frozenset[int] = frozenset()
    """Its season; empty for the whole year."""
    needs: frozenset[Feature] = frozenset()
    """What must be known of a home: without a roof nobody is told to use its sun."""


class Reason(NamedTuple):
    """Why a hint suits: a feature with its value, or the month if that is the only one."""

    feature: Feature | None
    value: float
    is_high: bool = True


class Choice(NamedTuple):
    """A hint that was chosen for a home."""

    hint: Hint
    fit: float
    reason: Reason | None
    """None if it suits any home."""
    is_read: bool


def ranked(
    hints: Iterable[Hint], features: Features, month: int, read: Collection[int] = ()
) -> list[Choice]:
    """The hints for a home: unread ones first, then those that suit best, then what saves most."""
    choices = [
        Choice(hint, *_suits(hint, features, month), hint.id in read)
        for hint in hints
        if hint.needs <= features.keys()
    ]
    return sorted(choices, key=_place)


def _place(choice: Choice) -> tuple[bool, float, float, int]:
    return choice.is_read, -round(choice.fit, 3), -sum(choice.hint.saving_kwh), choice.hint.id


def _suits(hint: Hint, features: Features, month: int) -> tuple[float, Reason | None]:
    """How well, and by what most."""
    if hint.months and month not in hint.months:
        return OUT_OF_SEASON_FIT, None
    best: tuple[float, Reason | None] = hint.general, None
    if hint.months:
        best = max(hint.general, SEASON_FIT), Reason(None, month)
    for condition in hint.conditions:
        if (value := features.get(condition.feature)) is None:
            continue
        if (fit := condition.fit(value)) > 0 and fit >= best[0]:
            best = fit, Reason(condition.feature, value, condition.is_rising)
    return best

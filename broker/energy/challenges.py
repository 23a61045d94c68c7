"""Challenges: what is asked of a home, and how a run of one stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from broker.energy.challenge_rules import Look, Measure, Rule, Seen, State
from broker.energy.challenge_times import Span, Times

MOST_TIMES_LONGER = 2
"""A run that lacks data is extended at most to this many times its length."""


@dataclass(frozen=True)
class Target:
    """How a target follows from the home's own past weeks.

    By one of: the percentile of what the home reached in them; the ratio to what is to be expected
    after them, by weekday and season; or a fixed value in the rule's unit (for consumption, of each
    span).
    """

    percentile: float | None = None
    ratio: float | None = None
    value: float | None = None
    weeks: int = 6


@dataclass(frozen=True)
class Challenge:
    """A challenge is data. Texts are by language."""

    id: int
    name: Mapping[str, str]
    description: Mapping[str, str]
    rule: Rule
    times: Times
    count: int
    """How many days or nights it takes."""
    target: Target


@dataclass(frozen=True)
class Terms:
    """What a run is about, fixed when it was started.

    `spans` are the `count` first ones, and as many again to replace those that lack data. `limits`
    hold the target for each span in the rule's unit: where spans add up, so do these, else all are
    the same.
    """

    rule: Rule
    count: int
    spans: tuple[Span, ...]
    limits: tuple[float, ...]

    @property
    def begin_s(self) -> int:
        """When the first span begins."""
        return self.spans[0].begin_s

    @property
    def end_s(self) -> int:
        """When the last span would end that could be needed."""
        return self.spans[-1].end_s

    def target(self, limits: Sequence[float]) -> float:
        """The target over the spans that count, in the rule's unit."""
        return sum(limits) if self.rule.adds_up else limits[0]


class Status(StrEnum):
    """The contract's words."""

    RUNNING = "running"
    FAILED = "failed"
    SUCCEEDED = "succeeded"


class Verdict(NamedTuple):
    """How a run stands. Values are in the rule's unit, times in POSIX seconds."""

    status: Status
    is_void: bool
    """Too much is missing, so nobody knows. Such a run is over but neither lost nor won."""
    value: float
    """Measured so far in the spans that count."""
    target: float
    done: int
    """How many spans count already."""
    left_out: int
    """How many were replaced because data are missing."""
    end_s: int
    """When the last span that counts ends."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to come."""
        return self.is_void or self.status is not Status.RUNNING

    @property
    def progress(self) -> float:
        """The distance to the target, in the rule's unit: what is left of a limit, negative beyond
        it; of a least what is still missing, negative beyond it."""
        return self.target - self.value


def judge(terms: Terms, seen: Seen, now_s: int) -> Verdict:
    """How a run stands at a time, by the quarter hours that are known then.

    It is lost or won as soon as whatever comes can't change it. A span with a gap doesn't count,
    another one at the end takes its place; but what was certain before the gap stays so. A run
    that ends without having `count` spans is void.
    """
    course = _Course(terms)
    for place, span in enumerate(terms.spans):
        look = terms.rule.look(seen, span, now_s)
        if course.is_lost_with(place, look):
            return course.verdict(Status.FAILED, place, look)
        if look.state is State.COMPLETE:
            course.add(place, look)
            if len(course.places) == terms.count:
                return course.verdict(course.outcome(), place)
        elif course.is_won_with(place, look):
            return course.verdict(Status.SUCCEEDED, place, look)
        elif look.state is State.OPEN:
            return course.verdict(Status.RUNNING, place, look)
        elif course.lacks(place):
            break
    return course.void()


class _Course:
    """The spans of a run that count so far."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self.places: list[int] = []
        self._measures: list[Measure] = []

    def add(self, place: int, look: Look) -> None:
        """One more span counts."""
        self.places.append(place)
        self._measures.append(look.measure)

    def lacks(self, place: int) -> bool:
        """Whether the spans behind a place are too few."""
        return len(self._terms.spans) - 1 - place < self._terms.count - len(self.places)

    def is_lost_with(self, place: int, look: Look) -> bool:
        """Whether the target can't be reached any more, given a span's data."""
        least, most = self._bounds(look)
        if self._terms.rule.is_limit:
            return least > self._most_target(place)
        return most < self._target_from(place)

    def is_won_with(self, place: int, look: Look) -> bool:
        """Whether the target can't be missed any more."""
        least, most = self._bounds(look)
        target = self._target_from(place)
        return most <= target if self._terms.rule.is_limit else least >= target

    def outcome(self) -> Status:
        """Lost or won, now that all spans are known."""
        value, target = self._terms.rule.value(self._measures), self._target_from(0)
        is_won = value <= target if self._terms.rule.is_limit else value >= target
        return Status.SUCCEEDED if is_won else Status.FAILED

    def void(self) -> Verdict:
        """Too many spans lack data."""
        terms, done = self._terms, len(self.places)
        return Verdict(
            status=Status.RUNNING,
            is_void=True,
            value=terms.rule.value(self._measures),
            target=terms.target(terms.limits[: terms.count]),
            done=done,
            left_out=len(terms.spans) - done,
            end_s=terms.end_s,
        )

    def verdict(self, status: Status, place: int, ongoing: Look | None = None) -> Verdict:
        """How the run stands, looking at the span of a place."""
        terms, done = self._terms, len(self.places)
        measures = list(self._measures)
        if ongoing is not None and ongoing.quarter_hours > 0:
            measures.append(ongoing.measure)
        first_open = place if ongoing else place + 1
        last = min(first_open + terms.count - done, len(terms.spans)) - 1
        is_replaced = ongoing is not None and ongoing.state is State.MISSING
        return Verdict(
            status=status,
            is_void=False,
            value=terms.rule.value(measures),
            target=self._target_from(first_open),
            done=done,
            left_out=first_open - done + is_replaced,
            end_s=terms.spans[last].end_s,
        )

    def _bounds(self, look: Look) -> tuple[float, float]:
        return self._terms.rule.bounds(self._measures, look, self._terms.count)

    def _target_from(self, place: int) -> float:
        """The target if no span from a place on is left out."""
        limits = [self._terms.limits[done] for done in self.places]
        return self._terms.target([*limits, *self._terms.limits[place:]][: self._terms.count])

    def _most_target(self, place: int) -> float:
        """The highest target that spans may still be given, whichever of them are left out."""
        limits = [self._terms.limits[done] for done in [*self.places, place]]
        coming = sorted(self._terms.limits[place + 1 :], reverse=True)
        return self._terms.target([*limits, *coming][: self._terms.count])

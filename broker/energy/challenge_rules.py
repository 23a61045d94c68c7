"""The rules of challenges: what is measured in a span, and what is certain while it is running.

Each rule is a small pure function over quarter hours. Amounts are in the rule's own unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from math import inf
from typing import ClassVar, NamedTuple

import numpy as np

from broker.energy.challenge_times import Span
from broker.energy.series import Booleans, EnergySeries, Integers
from broker.units import (
    DAY_S,
    MW_PER_W,
    QUARTER_HOUR_S,
    TENTH_UWH_PER_MW_QUARTER_HOUR,
    kwh_from,
)

WAIT_S = DAY_S
"""How long after its end the data of a span are waited for before they count as missing."""
LEAST_SHARE_OF_MEMBERS = 0.8
"""How much of a community's usual consumption has to be measured in a span for it to count."""
TENTH_UWH_PER_W = MW_PER_W * TENTH_UWH_PER_MW_QUARTER_HOUR
"""1 W during a quarter hour."""


class State(Enum):
    """How much is known of a span."""

    COMPLETE = "complete"
    OPEN = "open"
    """It isn't over, or its last data may still come."""
    MISSING = "missing"
    """It has a gap."""


class Measure(NamedTuple):
    """What a rule found in a span: an amount and, for shares, what it is a part of."""

    amount: float
    whole: float = 0.0


class Look(NamedTuple):
    """What is known of a span: all of it, or what came before its first unknown quarter hour."""

    state: State
    measure: Measure
    quarter_hours: int


@dataclass(frozen=True)
class Seen:
    """The quarter hours that challenges look at, all series over the same time."""

    home: EnergySeries
    roof: EnergySeries | None = None
    members: Mapping[int, EnergySeries] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """How spans are measured and combined; a rule of the home if nothing else is said."""

    unit: ClassVar[str] = "kWh"
    is_limit: ClassVar[bool] = True
    """Whether the target is a most or a least."""
    adds_up: ClassVar[bool] = False
    """Whether spans add up, and so do their targets."""
    most: ClassVar[float] = inf
    """What no home can exceed, so no target may."""

    def look(self, seen: Seen, span: Span, now_s: int) -> Look:
        """What is known of a span at a time."""
        energies, known = self.quarter_hours(seen, span)
        whole = (span.end_s - span.begin_s) // QUARTER_HOUR_S
        begun = int(known.argmin()) if not known.all() else len(known)
        is_complete = begun == whole
        state = State.COMPLETE if is_complete else self._unfinished(seen, span, begun, now_s)
        return Look(state, self.measure(energies[:, :begun]), begun)

    def quarter_hours(self, seen: Seen, span: Span) -> tuple[Integers, Booleans]:
        """The rows of energies that `measure` takes, and which quarter hours are known."""
        part = seen.home.part(*span)
        return part.energies[np.newaxis], part.known

    def _unfinished(self, seen: Seen, span: Span, begun: int, now_s: int) -> State:
        """A quarter hour is missing once a later one is known, or no longer waited for."""
        first_unknown_s = span.begin_s + begun * QUARTER_HOUR_S
        _, known = self.quarter_hours(seen, Span(first_unknown_s, seen.home.end_s))
        is_missing = known.any() or now_s >= span.end_s + WAIT_S
        return State.MISSING if is_missing else State.OPEN

    def measure(self, energies: Integers) -> Measure:
        """What quarter hours without a gap yield."""
        raise NotImplementedError

    def value(self, measures: Sequence[Measure]) -> float:
        """Several spans together."""
        raise NotImplementedError

    def bounds(self, done: Sequence[Measure], ongoing: Look, count: int) -> tuple[float, float]:
        """Between which values `count` spans will end: those that are done, one that is running
        and others of which nothing is known yet."""
        raise NotImplementedError


@dataclass(frozen=True)
class Consumption(Rule):
    """The energy of all spans together, in kWh."""

    adds_up: ClassVar[bool] = True

    def measure(self, energies: Integers) -> Measure:
        """The energy."""
        return Measure(kwh_from(int(energies.sum())))

    def value(self, measures: Sequence[Measure]) -> float:
        """The sum."""
        return sum(measure.amount for measure in measures)

    def bounds(self, done: Sequence[Measure], ongoing: Look, count: int) -> tuple[float, float]:
        """Energy can only grow."""
        return self.value([*done, ongoing.measure]), inf


@dataclass(frozen=True)
class Peak(Rule):
    """The highest mean power of a quarter hour, in W."""

    unit: ClassVar[str] = "W"

    def measure(self, energies: Integers) -> Measure:
        """The highest mean power."""
        return Measure(int(energies.max(initial=0)) / TENTH_UWH_PER_W)

    def value(self, measures: Sequence[Measure]) -> float:
        """The highest of all."""
        return max((measure.amount for measure in measures), default=0.0)

    def bounds(self, done: Sequence[Measure], ongoing: Look, count: int) -> tuple[float, float]:
        """A peak can only be exceeded."""
        return self.value([*done, ongoing.measure]), inf


@dataclass(frozen=True)
class BaseLoad(Rule):
    """The mean power of a day's quietest quarter hours, as the mean of all days, in W."""

    unit: ClassVar[str] = "W"
    quietest: int = 12

    def measure(self, energies: Integers) -> Measure:
        """The mean power of the quietest quarter hours, or of as many as there are."""
        row = energies[0]
        if len(row) > self.quietest:
            row = np.partition(row, self.quietest - 1)[: self.quietest]
        return Measure(int(row.sum()) / (max(len(row), 1) * TENTH_UWH_PER_W))

    def value(self, measures: Sequence[Measure]) -> float:
        """The mean of the days."""
        return sum(measure.amount for measure in measures) / max(len(measures), 1)

    def bounds(self, done: Sequence[Measure], ongoing: Look, count: int) -> tuple[float, float]:
        """What has been quiet stays so: the rest of a day can only lower its base load."""
        so_far = sum(measure.amount for measure in done)
        is_last = len(done) == count - 1 and ongoing.quarter_hours >= self.quietest
        return so_far / count, (so_far + ongoing.measure.amount) / count if is_last else inf


@dataclass(frozen=True)
class SunnyShare(Rule):
    """The share of consumption that falls into quarter hours in which the roof produces, in %."""

    unit: ClassVar[str] = "%"
    is_limit: ClassVar[bool] = False
    most: ClassVar[float] = 100.0
    of_best: float = 0.2
    """From which share of its best quarter hour of the weeks before on the roof "produces"."""
    from_w: float = 0.0
    """The same in W, fixed when a challenge is started."""

    def quarter_hours(self, seen: Seen, span: Span) -> tuple[Integers, Booleans]:
        """The home and the roof; both have to be known."""
        home = seen.home.part(*span)
        if seen.roof is None:
            return home.energies[np.newaxis], np.zeros(len(home), np.bool_)
        roof = seen.roof.part(*span)
        return np.stack([home.energies, roof.energies]), home.known & roof.known

    def measure(self, energies: Integers) -> Measure:
        """The energy while the roof produces, of all the energy."""
        home, roof = energies[0], energies[-1]
        sunny = home[roof >= self.from_w * TENTH_UWH_PER_W]
        return Measure(kwh_from(int(sunny.sum())), kwh_from(int(home.sum())))

    def value(self, measures: Sequence[Measure]) -> float:
        """The share of all spans together."""
        whole = sum(measure.whole for measure in measures)
        return 100 * sum(measure.amount for measure in measures) / whole if whole else 0.0

    def bounds(self, done: Sequence[Measure], ongoing: Look, count: int) -> tuple[float, float]:
        """Nobody knows how much is used until the end."""
        return 0.0, 100.0


@dataclass(frozen=True)
class CommunityGoal(Consumption):
    """The energy of all members together, in kWh.

    `usual_kwh` says by user id how much each is expected to use; who isn't named doesn't count. A
    member whose data are missing in a span is taken to have used more or less than expected as
    much as the others did, but never less than was measured.
    """

    usual_kwh: Mapping[int, float] = field(default_factory=dict)

    def look(self, seen: Seen, span: Span, now_s: int) -> Look:
        """All members in a span."""
        nobody = EnergySeries.unknown(*span)
        flats = {user_id: seen.members.get(user_id, nobody) for user_id in self.usual_kwh}
        looks = {
            user_id: Consumption.look(self, Seen(series), span, now_s)
            for user_id, series in flats.items()
        }
        usual_kwh = dict.fromkeys(State, 0.0)
        for user_id, look in looks.items():
            usual_kwh[look.state] += self.usual_kwh[user_id]
        usual_of_all = sum(usual_kwh.values())
        least_kwh = LEAST_SHARE_OF_MEMBERS * usual_of_all
        begun = max(look.quarter_hours for look in looks.values())
        known = sum(look.measure.amount for look in looks.values())
        if usual_of_all - usual_kwh[State.MISSING] < least_kwh:
            known = self._before_it_was_missing(flats, looks, span, usual_of_all - least_kwh)
            return Look(State.MISSING, Measure(known), begun)
        if usual_kwh[State.OPEN]:
            return Look(State.OPEN, Measure(known), begun)
        whole = [look.measure.amount for look in looks.values() if look.state is State.COMPLETE]
        taken = max(known, sum(whole) * usual_of_all / usual_kwh[State.COMPLETE])
        return Look(State.COMPLETE, Measure(taken), begun)

    def _before_it_was_missing(
        self,
        flats: Mapping[int, EnergySeries],
        looks: Mapping[int, Look],
        span: Span,
        bearable_kwh: float,
    ) -> float:
        """What was measured in kWh until it turned out that too many members have gaps."""
        noticed_s = {
            user_id: _resumed_s(flats[user_id], span, look)
            for user_id, look in looks.items()
            if look.state is State.MISSING
        }
        until_s, missing_kwh = span.end_s, 0.0
        for user_id in sorted(noticed_s, key=lambda user_id: noticed_s[user_id]):
            missing_kwh += self.usual_kwh[user_id]
            if missing_kwh > bearable_kwh:
                until_s = noticed_s[user_id]
                break
        return kwh_from(
            sum(
                flats[user_id]
                .part(span.begin_s, min(until_s, _first_unknown_s(span, look)))
                .total_tenth_uwh
                for user_id, look in looks.items()
            )
        )


def _first_unknown_s(span: Span, look: Look) -> int:
    return span.begin_s + look.quarter_hours * QUARTER_HOUR_S


def _resumed_s(series: EnergySeries, span: Span, look: Look) -> int:
    """When a gap was over, at the end of the span at the latest."""
    rest = series.part(_first_unknown_s(span, look), span.end_s)
    if not rest.known.any():
        return span.end_s
    return int(rest.starts_s[rest.known.argmax()]) + QUARTER_HOUR_S

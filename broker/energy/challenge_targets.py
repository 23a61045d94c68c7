"""Targets: what is asked of a home follows from its own weeks before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np

from broker.clock import local_date
from broker.energy.challenge_rules import (
    TENTH_UWH_PER_W,
    CommunityGoal,
    Consumption,
    Look,
    Measure,
    Rule,
    Seen,
    State,
    SunnyShare,
)
from broker.energy.challenge_times import Span
from broker.energy.challenges import MOST_TIMES_LONGER, Challenge, Terms
from broker.energy.series import EnergySeries
from broker.errors import Unmeasurable
from broker.units import DAY_S

Share = Callable[[int, int], float]
"""The share of a standard household's yearly energy between two times in POSIX seconds."""

LEAST_SHARE_KNOWN = 0.5
"""Of the weeks before, as much has to be known."""
LEAST_SAME_WEEKDAYS = 2
FRESH_S = 2 * DAY_S
"""The meter must have told something within this time."""


def terms(challenge: Challenge, seen: Seen, now_s: int, zone: ZoneInfo, share: Share) -> Terms:
    """What a run that is started now is about.

    `seen` holds the weeks before. Raises Unmeasurable if they don't tell enough.
    """
    if not seen.home.part(now_s - FRESH_S, seen.home.end_s).known.any():
        raise Unmeasurable("Your meter has not sent anything for two days.")
    spans = challenge.times.following(now_s, challenge.count * MOST_TIMES_LONGER, zone)
    past = challenge.times.preceding(now_s, challenge.target.weeks, zone)
    rule = _with_sun(challenge.rule, seen, past)
    if isinstance(rule, CommunityGoal):
        rule, usual = _of_community(rule, seen, past, spans, now_s, zone, share)
        limits = [kwh * (challenge.target.ratio or 1) for kwh in usual]
    else:
        looks = [rule.look(seen, span, now_s) for span in past]
        limits = _limits(challenge, rule, past, looks, spans, zone, share)
    limits = [min(limit, rule.most) for limit in limits]
    if sum(limits[: challenge.count]) <= 0:
        raise Unmeasurable("Your meter has told of no use in the weeks before.")
    return Terms(rule, challenge.count, spans, tuple(limits))


def _limits(
    challenge: Challenge,
    rule: Rule,
    past: Sequence[Span],
    looks: Sequence[Look],
    spans: Sequence[Span],
    zone: ZoneInfo,
    share: Share,
) -> list[float]:
    target = challenge.target
    if target.value is not None:
        return [target.value] * len(spans)
    measures = [look.measure if look.state is State.COMPLETE else None for look in looks]
    known = [measure for measure in measures if measure is not None]
    if len(known) < max(LEAST_SHARE_KNOWN * len(past), LEAST_SAME_WEEKDAYS):
        raise Unmeasurable("Your meter has told too little of the weeks before to set a target.")
    if target.percentile is not None:
        reached = _reached(rule, measures, challenge.count)
        if not reached:
            raise Unmeasurable("Your meter has told too little of the weeks before.")
        limit = float(np.percentile(reached, target.percentile))
        return [limit / challenge.count if rule.adds_up else limit] * len(spans)
    assert target.ratio is not None
    if rule.adds_up:
        usual = expected(past, measures, spans, zone, share)
        if usual is None:
            raise Unmeasurable("Your meter has told too little of the same weekdays before.")
        return [kwh * target.ratio for kwh in usual]
    return [rule.value(known) * target.ratio] * len(spans)


def _reached(rule: Rule, measures: Sequence[Measure | None], count: int) -> list[float]:
    """What a run of `count` spans would have come to, begun with each span of the past."""
    runs = [measures[first : first + count] for first in range(len(measures) - count + 1)]
    return [
        rule.value(whole)
        for run in runs
        if len(whole := [measure for measure in run if measure is not None]) == count
    ]


def expected(
    past: Sequence[Span],
    measures: Sequence[Measure | None],
    spans: Sequence[Span],
    zone: ZoneInfo,
    share: Share,
) -> list[float] | None:
    """The energy in kWh to be expected in each span: the mean of the same weekdays before.

    Each is taken times what a standard household uses in the one and in the other span, so that
    neither the season nor a holiday counts as a merit. None if a weekday is known less than twice.
    """
    by_weekday: dict[int, list[float]] = {}
    for span, measure in zip(past, measures, strict=True):
        if measure is not None:
            relative = measure.amount / share(*span)
            by_weekday.setdefault(_weekday(span, zone), []).append(relative)
    usual = []
    for span in spans:
        same = by_weekday.get(_weekday(span, zone), [])
        if len(same) < LEAST_SAME_WEEKDAYS:
            return None
        usual.append(sum(same) / len(same) * share(*span))
    return usual


def _of_community(
    rule: CommunityGoal,
    seen: Seen,
    past: Sequence[Span],
    spans: Sequence[Span],
    now_s: int,
    zone: ZoneInfo,
    share: Share,
) -> tuple[CommunityGoal, list[float]]:
    """The rule with the members whose past is known, and what they use together in each span."""
    usual_kwh: dict[int, float] = {}
    together = [0.0] * len(spans)
    for user_id, series in seen.members.items():
        looks = [Consumption().look(Seen(series), span, now_s) for span in past]
        measures = [look.measure if look.state is State.COMPLETE else None for look in looks]
        usual = expected(past, measures, spans, zone, share)
        if usual is not None and sum(usual) > 0:
            usual_kwh[user_id] = sum(usual)
            together = [one + other for one, other in zip(together, usual, strict=True)]
    if not usual_kwh:
        raise Unmeasurable("Too little is known of the house's weeks before to set a target.")
    return replace(rule, usual_kwh=usual_kwh), together


def _with_sun(rule: Rule, seen: Seen, past: Sequence[Span]) -> Rule:
    """From which power on the roof "produces"."""
    if not isinstance(rule, SunnyShare):
        return rule
    roof = seen.roof or EnergySeries.unknown(0, 0)
    if past:
        roof = roof.part(past[0].begin_s, past[-1].end_s)
    best = int(roof.energies.max(initial=0))
    if best <= 0:
        raise Unmeasurable("No production of your house is known in the weeks before.")
    return replace(rule, from_w=round(best / TENTH_UWH_PER_W * rule.of_best, 1))


def _weekday(span: Span, zone: ZoneInfo) -> int:
    return local_date(span.begin_s, zone).weekday()

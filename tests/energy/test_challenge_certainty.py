"""What a run says is certain stays so, whatever comes later: more use, less use or silence."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.energy.challenge_rules import (
    BaseLoad,
    CommunityGoal,
    Consumption,
    Peak,
    Rule,
    Seen,
    SunnyShare,
)
from broker.energy.challenge_times import Times
from broker.energy.challenges import Status, Terms, judge
from broker.energy.series import EnergySeries
from broker.units import QUARTER_HOUR_S

BERLIN = ZoneInfo("Europe/Berlin")
FIRST = date(2026, 10, 23)
"""A Friday: the first week end of winter time lies in the run."""
W = 2_500_000
RULES: list[tuple[Rule, float, float]] = [
    (Consumption(), 3.0, 12.0),
    (Peak(), 400.0, 1000.0),
    (BaseLoad(quietest=4), 50.0, 300.0),
    (SunnyShare(from_w=500), 20.0, 80.0),
    (CommunityGoal(usual_kwh={1: 10.0, 2: 2.0}), 6.0, 24.0),
]
TIMES = [Times(), Times(22, 6), Times(17, 21), Times(weekdays=(5, 6))]


@st.composite
def runs(draw: st.DrawFn) -> tuple[Terms, list[EnergySeries]]:
    """A run of one to three spans with targets that may or may not be reached, and two homes."""
    rule, least, most = draw(st.sampled_from(RULES))
    times, count = draw(st.sampled_from(TIMES)), draw(st.integers(1, 3))
    begin_s = Times().span(FIRST, BERLIN).begin_s
    spans = times.following(begin_s, 2 * count, BERLIN)
    shorter = (spans[0].end_s - spans[0].begin_s) / 86_400 if rule.adds_up else 1
    limit = st.floats(least * shorter, most * shorter)
    limits = draw(st.lists(limit, min_size=2 * count, max_size=2 * count))
    if not rule.adds_up:
        limits = limits[:1] * len(limits)
    length = (spans[-1].end_s - begin_s) // QUARTER_HOUR_S + 8
    homes = []
    for _ in range(2):
        chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        watts = chance.choice([60, 150, 400, 1000], length, p=[0.3, 0.3, 0.3, 0.1])
        known = np.ones(length, np.bool_)
        for _ in range(draw(st.integers(0, 3))):
            gap = int(chance.integers(0, length))
            known[gap : gap + 12] = False
        homes.append(EnergySeries(begin_s, np.where(known, watts * W, 0), known))
    return Terms(rule, count, spans, tuple(limits)), homes


def known_until(series: EnergySeries, time_s: int) -> EnergySeries:
    later = series.starts_s >= time_s
    return EnergySeries(series.begin_s, np.where(later, 0, series.energies), series.known & ~later)


@settings(max_examples=200, deadline=None)
@given(runs())
def test_what_is_certain_stays(run: tuple[Terms, list[EnergySeries]]) -> None:
    terms, homes = run
    outcome: tuple[Status, bool] | None = None
    ends_s = []
    for time_s in range(homes[0].begin_s, homes[0].end_s + 1, 3 * QUARTER_HOUR_S):
        mine, other = (known_until(home, time_s) for home in homes)
        verdict = judge(terms, Seen(mine, other, {1: mine, 2: other}), time_s)
        ends_s.append(verdict.end_s)
        if outcome is not None:
            assert (verdict.status, verdict.is_void) == outcome
        elif verdict.is_over:
            outcome = (verdict.status, verdict.is_void)
    # Gaps only put the end off, and never beyond what was agreed.
    assert ends_s == sorted(ends_s)
    assert ends_s[-1] <= terms.end_s


@settings(max_examples=100, deadline=None)
@given(runs(), st.data())
def test_nothing_is_said_to_be_certain_that_the_future_could_change(
    run: tuple[Terms, list[EnergySeries]], data: st.DataObject
) -> None:
    """Two futures of the same past, nothing more and very much: a verdict holds in both."""
    terms, homes = run
    whole = [EnergySeries(home.begin_s, home.energies, home.known | True) for home in homes]
    quarter_hours = data.draw(st.integers(1, len(whole[0]) - 1))
    time_s = whole[0].begin_s + quarter_hours * QUARTER_HOUR_S
    mine, other = (known_until(home, time_s) for home in whole)
    verdict = judge(terms, Seen(mine, other, {1: mine, 2: other}), time_s)
    if not verdict.is_over:
        return
    for watts in (0, 20_000):
        futures = [
            EnergySeries(
                home.begin_s,
                np.where(home.starts_s >= time_s, watts * W, home.energies),
                home.known,
            )
            for home in whole
        ]
        seen = Seen(futures[0], futures[1], dict(enumerate(futures, 1)))
        assert judge(terms, seen, whole[0].end_s).status is verdict.status

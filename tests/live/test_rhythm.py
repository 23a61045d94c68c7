"""When news are told: seldom enough for every client, and yet at once to the eye."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.live.rhythm import Rhythm

TICKS = 5000
AT_ONCE_S = 1e-6


class Day(NamedTuple):
    """What became of news in the order they came."""

    told_s: list[float]
    delays_s: list[float]


def lived(heard_s: Iterable[float]) -> Day:
    """Lets news come at these times and tells them as soon as it may, the rhythm being a second."""
    rhythm, held_s, day = Rhythm(1.0), [], Day([], [])
    coming_s = [*sorted(heard_s), float("inf")]
    now_s = coming_s[0]
    for next_s in coming_s:
        while held_s and (wait_s := rhythm.wait_s(now_s)) is not None and now_s + wait_s < next_s:
            now_s += wait_s
            rhythm.take()
            rhythm.told(now_s)
            day.told_s.append(now_s)
            day.delays_s.extend(now_s - each for each in held_s)
            held_s.clear()
        now_s = next_s
        if held_s or next_s < float("inf"):
            rhythm.heard(next_s)
            held_s.append(next_s)
    return day


def share_at_once(day: Day) -> float:
    return sum(delay_s < AT_ONCE_S for delay_s in day.delays_s) / len(day.delays_s)


@given(st.lists(st.floats(0, 30), min_size=1, max_size=200))
def test_never_more_than_one_a_second_and_one_and_never_long_after(heard_s):
    day = lived(heard_s)
    assert len(day.delays_s) == len(heard_s)
    assert max(day.delays_s) <= 1.25 + AT_ONCE_S
    # Whichever two messages: those from the one to the other take a second each, half of one less.
    for first, begin_s in enumerate(day.told_s):
        for count, end_s in enumerate(day.told_s[first:]):
            assert end_s - begin_s >= count - 0.5 - AT_ONCE_S


def test_a_meter_that_speaks_every_second_is_heard_at_once_although_its_ticks_are_late():
    chance = random.Random(1)
    day = lived(tick + chance.uniform(0, 0.45) for tick in range(TICKS))
    assert share_at_once(day) == 1


@pytest.mark.parametrize(("fast", "left_out"), [(1e-4, 1), (1e-3, 10)])
def test_a_clock_that_is_fast_leaves_out_one_tick_now_and_then(fast, left_out):
    # It gains half a second, what may come early, in 5,000 or in 500 ticks.
    day = lived(tick * (1 - fast) for tick in range(TICKS))
    assert TICKS - len(day.told_s) <= left_out
    assert sum(delay_s > AT_ONCE_S for delay_s in day.delays_s) <= left_out


def test_one_very_late_tick_makes_only_the_next_ones_late():
    late = {100: 0.9, 200: 0.7}
    day = lived(tick + late.get(tick, 0) for tick in range(TICKS))
    assert sum(delay_s > AT_ONCE_S for delay_s in day.delays_s) <= 2 * len(late)


@pytest.mark.parametrize("hz", [3, 10, 100])
def test_a_flood_is_told_once_a_second(hz):
    day = lived(tick / hz for tick in range(100 * hz))
    gaps_s = [later - earlier for earlier, later in zip(day.told_s, day.told_s[1:], strict=False)]
    assert min(gaps_s) >= 1 - AT_ONCE_S
    assert max(gaps_s) <= 1 + AT_ONCE_S
    assert max(day.delays_s) <= 1


def test_news_after_long_silence_are_told_at_once():
    assert lived([0, 5, 3600]).delays_s == [0, 0, 0]


def test_what_was_taken_for_news_spends_nothing():
    rhythm = Rhythm(1.0)
    for tick in range(10):
        rhythm.heard(tick)
        assert rhythm.wait_s(tick) == 0
        rhythm.take()
        rhythm.told(tick)
        rhythm.heard(tick + 0.9)
        rhythm.untold(rhythm.take())
        assert rhythm.wait_s(tick + 0.9) is None


def test_who_only_looks_may_not_tell_more_often():
    rhythm = Rhythm(1.0)
    rhythm.told(0)
    rhythm.look()
    assert rhythm.wait_s(0.2) == pytest.approx(0.8)

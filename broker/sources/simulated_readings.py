"""What the meters of the simulated house send: when, and what their counters show then."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from broker.sources.simulator import SimulatedHouse, SimulatedMeter
from broker.units import DAY_S, HOUR_S, MINUTE_S, QUARTER_HOUR_S

TICK_S = 5
TICKS_KEPT_S = HOUR_S
"""A gap that is longer is filled by the minute."""
MINUTES_KEPT_S = 7 * DAY_S
"""A gap that is longer is filled by the quarter hour."""


class Anchor(NamedTuple):
    """What a counter shows at some time: from there it counts on."""

    time_s: int
    counter_tenth_uwh: int


class Sent(NamedTuple):
    """Readings of one meter as columns, powers None where it sends none."""

    times_s: list[int]
    counters_tenth_uwh: list[int]
    powers_mw: list[int | None]


def due_times_s(meter: SimulatedMeter, after_s: int, until_s: int, now_s: int) -> list[int]:
    """When a meter sends between two times, the first excluded, as it is known at `now_s`.

    The longer ago, the rarer: every five seconds, by the minute, by the quarter hour. Meters
    without power send by the quarter hour only.
    """
    if not meter.sends_power:
        return _grid(after_s, until_s, QUARTER_HOUR_S)
    minutes_from_s, ticks_from_s = now_s - MINUTES_KEPT_S, now_s - TICKS_KEPT_S
    return [
        *_grid(after_s, min(until_s, minutes_from_s), QUARTER_HOUR_S),
        *_grid(max(after_s, minutes_from_s), min(until_s, ticks_from_s), MINUTE_S),
        *_grid(max(after_s, ticks_from_s), until_s, TICK_S),
    ]


class Order(NamedTuple):
    """What is to be simulated: plain values, so that another process can do it."""

    meter: int
    """The meter's place in the demo house."""
    times_s: list[int]
    anchor: Anchor
    powers_from_s: int


@cache
def demo_house() -> SimulatedHouse:
    """The one demo house; every process has the same."""
    return SimulatedHouse()


def simulated(order: Order) -> Sent:
    """The readings of a meter of the demo house."""
    house = demo_house()
    meter = house.meters[order.meter]
    return sent(house, meter, order.times_s, order.anchor, order.powers_from_s)


def sent(
    house: SimulatedHouse,
    meter: SimulatedMeter,
    times_s: list[int],
    anchor: Anchor,
    powers_from_s: int = 0,
) -> Sent:
    """A meter's readings at sorted times, counted on from an anchor, with power from a time on."""
    counters = house.counters(
        meter,
        np.array(times_s, dtype=np.int64),
        anchor_s=anchor.time_s,
        anchor_tenth_uwh=anchor.counter_tenth_uwh,
    )
    powers_mw = [
        house.power_mw(meter, time_s) if meter.sends_power and time_s >= powers_from_s else None
        for time_s in times_s
    ]
    return Sent(times_s, counters.tolist(), powers_mw)


def _grid(after_s: int, until_s: int, step_s: int) -> list[int]:
    return list(range((after_s // step_s + 1) * step_s, until_s + 1, step_s))

"""Homes whose truth is known, and what Broker would estimate of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from broker.energy.disaggregation import estimate, resampling
from broker.energy.disaggregation.kinds import Kind
from broker.energy.disaggregation.network import Network

NAMES = {
    Kind.FRIDGE: "fridge",
    Kind.WASHING_MACHINE: "washing_machine",
    Kind.DISHWASHER: "dishwasher",
    Kind.TUMBLE_DRYER: "tumble_dryer",
    Kind.KETTLE: "kettle",
    Kind.MICROWAVE: "microwave",
    Kind.FLOW_HEATER: "electric_shower",
}
"""The scorer's names of our kinds."""
TENTH_UWH_PER_WS = 10**7 / 3600


@dataclass(frozen=True)
class Truth:
    """A measured home: minutes of its whole power and of each appliance with truth, in W."""

    name: str
    times_s: np.ndarray
    whole_w: np.ndarray
    gap: np.ndarray
    appliances_w: dict[str, np.ndarray]


def readings(truth: Truth, step_s: int) -> tuple[np.ndarray, np.ndarray]:
    """Counters in 0.1 µWh as a meter would send them every `step_s`."""
    return readings_of(int(truth.times_s[0]), truth.whole_w, step_s)


def readings_of(first_s: int, whole_w: np.ndarray, step_s: int) -> tuple[np.ndarray, np.ndarray]:
    """The same of minutes from `first_s` on."""
    edges = first_s + 60 * np.arange(len(whole_w) + 1)
    counted = np.concatenate([[0], np.cumsum(whole_w * 60 * TENTH_UWH_PER_WS)])
    times = np.arange(edges[0] + -edges[0] % step_s, edges[-1] + 1, step_s)
    return times, np.round(np.interp(times, edges, counted)).astype(np.int64)


def seen(times_s: np.ndarray, counters: np.ndarray) -> tuple[Network, resampling.Steps]:
    """What Broker would make of such readings, and the network it would ask."""
    course = resampling.course(times_s.tolist(), counters.tolist(), [None] * len(times_s))
    assert course is not None
    network = estimate.network_for(resampling.typical_interval_s(times_s))
    assert network is not None
    begin_s = int(times_s[0]) + -int(times_s[0]) % network.step_s
    end_s = int(times_s[-1]) - int(times_s[-1]) % network.step_s
    return network, resampling.stepped(course, begin_s, end_s, network.step_s)


def predicted(times_s: np.ndarray, counters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Starts of steps and each kind's power in W, as Broker would estimate them."""
    network, steps = seen(times_s, counters)
    split = estimate.estimated(network, steps)
    starts = steps.begin_s + network.step_s * np.arange(split.powers_w.shape[1])
    return starts, split.powers_w


def means_of(truth: Truth, minutes: int) -> Truth:
    """The same by steps of several minutes: what a meter that is read so often can tell at all."""
    first = -(int(truth.times_s[0]) // 60) % minutes
    count = (len(truth.times_s) - first) // minutes * minutes

    def means(column: np.ndarray) -> np.ndarray:
        return column[first : first + count].reshape(-1, minutes).mean(1)

    return Truth(
        truth.name,
        truth.times_s[first : first + count : minutes],
        means(truth.whole_w),
        means(truth.gap.astype(float)) > 0,
        {name: means(np.nan_to_num(power)) for name, power in truth.appliances_w.items()},
    )

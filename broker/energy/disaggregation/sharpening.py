"""Where between rare readings an appliance was on: finer than the meter was read."""

from __future__ import annotations

import numpy as np

from broker.energy.disaggregation.features import Floats
from broker.energy.disaggregation.resampling import Floats64, Steps
from broker.energy.disaggregation.run_bounds import run_bounds

USUAL_PEAK = 0.93
"""The quantile of a home's pulses that shows their full power; others were on too short for it."""
ALONE_SHARE, ALONE_COUNT = 0.8, 3
"""Of the power above the floor: pulses that take less don't tell their own power. With fewer that
take more, all have to."""


def follow_switchings(powers_w: Floats, floors_w: Floats, steps: Steps) -> None:
    """Moves each kind's power (kinds, steps) in W to when it seems to have switched; in place."""
    height = np.maximum(steps.powers_w - floors_w, 1e-3)
    powers_w *= np.maximum(steps.switched_w - floors_w, 0) / height


def gather_pulses(powers_w: Floats, heights_w: Floats, steps: Steps) -> None:
    """Gives pulses that reach over a reading their full power, for less long; in place.

    A kettle that was on from a minute before a reading to half a minute after it shows half its
    power in the one interval and a quarter in the next. What its full power is, the home's longer
    pulses tell. `heights_w`: all that was on above the floor. All in W per step.
    """
    bounds = run_bounds(powers_w > 0, 0)
    if not bounds:
        return
    tops = np.array([begin + int(powers_w[begin:end].argmax()) for begin, end in bounds])
    usual_w = _full_power_w(powers_w[tops], heights_w[tops])
    read = (steps.times_s - steps.begin_s) / steps.step_s
    for (begin, end), top in zip(bounds, tops, strict=True):
        within = read[np.searchsorted(read, begin, "right") : np.searchsorted(read, end, "left")]
        if len(within):
            run = powers_w[begin:end]
            run[:] = _gathered(run, within - begin, max(usual_w, float(powers_w[top])))


def _full_power_w(peaks_w: Floats, heights_w: Floats) -> float:
    alone = peaks_w[peaks_w >= ALONE_SHARE * heights_w]
    telling = alone if len(alone) >= ALONE_COUNT else peaks_w
    return float(np.quantile(telling, USUAL_PEAK, method="higher"))


def _gathered(run_w: Floats, read: Floats64, full_w: float) -> Floats:
    """A pulse that began before the first reading in it and ended after the last one."""
    edges = np.arange(len(run_w) + 1)
    energies = np.concatenate([[0.0], np.cumsum(run_w, dtype=np.float64)])
    at_read = np.interp(read, edges, energies)
    begin = read[0] - at_read[0] / full_w
    end = read[-1] + (energies[-1] - at_read[-1]) / full_w
    gathered: Floats = np.diff(
        np.interp(edges, [begin, *read, end], [0.0, *at_read, energies[-1]])
    ).astype(np.float32)
    return gathered

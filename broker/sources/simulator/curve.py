"""Power over one day in ten-second slots: appliances draw on it, counters read from it."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from broker.sources.simulator.local_day import SLOT_S, LocalDay

Powers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

# 1e-10 kWh is 0.36 mW·s, so 9 mW for one second is exactly 25 units of 1e-10 kWh. Power in steps
# of 9 mW makes the energy of every whole second an integer, and sums of energies exact.
STEP_MW = 9
TENTH_UWH_PER_STEP_SECOND = 25


class PowerCanvas:
    """An empty day on which runs of appliances are drawn, in W."""

    def __init__(self, day: LocalDay) -> None:
        self.day = day
        self.power_w: Powers = np.zeros(day.slots)

    def add(self, begin_s: float, end_s: float, power_w: float) -> None:
        """Draw a constant power between two instants, in seconds since local midnight."""
        self.power_w[max(0, int(begin_s // SLOT_S)) : max(0, int(end_s // SLOT_S))] += power_w

    def add_sequence(self, edges_s: Powers, powers_w: Powers) -> None:
        """Draw powers that follow one another: each from its edge to the next, in seconds."""
        edges = np.clip(edges_s // SLOT_S, 0, len(self.power_w)).astype(np.int64)
        self.power_w[edges[0] : edges[-1]] += powers_w.repeat(np.diff(edges))

    def add_samples(self, begin_s: float, samples_w: Powers) -> None:
        """Draw one value per slot from an instant on; what lies after midnight is cut off."""
        begin = max(0, int(begin_s // SLOT_S))
        space = self.power_w[begin : begin + len(samples_w)]
        space += samples_w[: len(space)]


@dataclass(frozen=True, slots=True)
class DayCurve:
    """The finished power of one meter on one local day, and the energy it adds up to."""

    day: LocalDay
    steps: Counts
    """Power of each slot in units of 9 mW."""
    energies: Counts
    """Energy since local midnight at the begin of each slot, and at the end, in 1e-10 kWh."""

    @classmethod
    def of(cls, day: LocalDay, power_w: Powers) -> "DayCurve":
        """Round a day's power (W) to steps of 9 mW and add it up."""
        steps = np.rint(power_w * (1000 / STEP_MW)).astype(np.int64)
        energies = np.zeros(len(steps) + 1, dtype=np.int64)
        np.cumsum(steps * (SLOT_S * TENTH_UWH_PER_STEP_SECOND), out=energies[1:])
        return cls(day, steps, energies)

    @property
    def date(self) -> date:
        """The local calendar day."""
        return self.day.day

    @property
    def total_tenth_uwh(self) -> int:
        """Energy of the whole day in 1e-10 kWh."""
        return int(self.energies[-1])

    @property
    def power_w(self) -> Powers:
        """Power of each slot in W."""
        return np.multiply(self.steps, STEP_MW / 1000, dtype=np.float64)

    def power_mw(self, time_s: int) -> int:
        """Power at an instant of this day in mW."""
        return int(self.steps[(time_s - self.day.begin_s) // SLOT_S]) * STEP_MW

    def energy_until(self, time_s: int) -> int:
        """Energy from local midnight to an instant before the next midnight, in 1e-10 kWh."""
        slot, rest_s = divmod(time_s - self.day.begin_s, SLOT_S)
        return int(self.energies[slot]) + int(self.steps[slot]) * (
            rest_s * TENTH_UWH_PER_STEP_SECOND
        )

    def energies_until(self, times_s: Counts) -> Counts:
        """Energy from local midnight to each instant, in 1e-10 kWh."""
        elapsed_s = times_s - self.day.begin_s
        slots = elapsed_s // SLOT_S
        rests_s = elapsed_s % SLOT_S
        return self.energies[slots] + self.steps[slots] * (rests_s * TENTH_UWH_PER_STEP_SECOND)

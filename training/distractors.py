"""What has no label of its own and must be left to „Sonstiges“, whatever it looks like."""

from __future__ import annotations

import numpy as np

from training.runs import Appliance, Rng, Run, _minutes, flat, noisy, switching


def television(rng: Rng) -> Appliance:
    """An evening's level, with some restlessness."""
    power, restless = rng.uniform(30, 280), rng.uniform(0.01, 0.15)
    return lambda rng: noisy(rng, flat(_minutes(rng, 20, 260), power), restless)


def lights(rng: Rng) -> Appliance:
    """Some lamps, some hours."""
    lamps = rng.uniform(5, 110, 6)

    def run(rng: Rng) -> Run:
        total = np.zeros(_minutes(rng, 30, 360))
        for lamp in lamps[: rng.integers(1, 7)]:
            begin, end = np.sort(rng.integers(0, len(total) + 1, 2))
            total[begin:end] += lamp
        return total

    return run


def iron(rng: Rng) -> Appliance:
    """Switches by its thermostat within minutes."""
    power, on, off = rng.uniform(1200, 2700), rng.uniform(0.15, 0.8), rng.uniform(0.3, 2.5)
    return lambda rng: switching(rng, _minutes(rng, 6, 60), power, on, off, 0)


def hair_dryer(rng: Rng) -> Appliance:
    """Minutes at one of two levels."""
    power = rng.uniform(600, 2200)
    return lambda rng: noisy(rng, flat(_minutes(rng, 1, 12), power * rng.choice([0.5, 1])), 0.02)


def toaster(rng: Rng) -> Appliance:
    """Two to four minutes."""
    power = rng.uniform(650, 1700)
    return lambda rng: noisy(rng, flat(_minutes(rng, 1.5, 4.5), power), 0.01)


def vacuum_cleaner(rng: Rng) -> Appliance:
    """Ten minutes, uneasy."""
    power = rng.uniform(400, 2000)
    return lambda rng: noisy(rng, switching(rng, _minutes(rng, 3, 30), power, 3, 0.3, 0), 0.05)


def heater(rng: Rng) -> Appliance:
    """A fan heater or oil radiator with a thermostat."""
    power, on, off = rng.uniform(500, 3000), rng.uniform(2, 30), rng.uniform(1, 30)
    return lambda rng: switching(rng, _minutes(rng, 15, 300), power, on, off, 0)


def immersion_heater(rng: Rng) -> Appliance:
    """A boiler of hot water: long and even, then short."""
    power, low = rng.uniform(1000, 3300), rng.uniform(5, 40)
    return lambda rng: noisy(rng, flat(_minutes(rng, low, low + 80), power), 0.004)


def coffee_machine(rng: Rng) -> Appliance:
    """Heats up, then pulses."""
    power = rng.uniform(800, 1600)

    def run(rng: Rng) -> Run:
        hold = switching(rng, _minutes(rng, 2, 40), power, 0.2, rng.uniform(1, 5), 3)
        return np.concatenate([flat(_minutes(rng, 0.6, 3), power), hold])

    return run


def dehumidifier(rng: Rng) -> Appliance:
    """A compressor of another kind: hours, or cycles of air conditioning."""
    power, on, off = rng.uniform(180, 1500), rng.uniform(5, 60), rng.uniform(3, 40)
    return lambda rng: switching(rng, _minutes(rng, 60, 600), power, on, off, rng.uniform(0, 60))


def computer(rng: Rng) -> Appliance:
    """A level that follows the work."""
    power, restless = rng.uniform(20, 250), rng.uniform(0.02, 0.25)
    return lambda rng: noisy(rng, flat(_minutes(rng, 20, 500), power), restless)


def pump(rng: Rng) -> Appliance:
    """A circulation pump by the clock."""
    power = rng.uniform(15, 110)
    return lambda rng: flat(_minutes(rng, 10, 300), power)


def water_pump(rng: Rng) -> Appliance:
    """Short bursts of a motor or a small heater of any power."""
    power = rng.uniform(100, 3000)
    return lambda rng: flat(_minutes(rng, 0.2, 3), power)


def two_blocks(rng: Rng) -> Appliance:
    """Anything that draws a few even blocks: bread makers, saunas, 3-D printers, steam ovens."""
    powers = rng.uniform(150, 4500, 3)

    def run(rng: Rng) -> Run:
        blocks = rng.integers(1, 5)
        return np.concatenate(
            [flat(_minutes(rng, 1, 25), rng.choice([0, *powers])) for _ in range(blocks)]
        )

    return run


# Maker, runs a day at least and at most, share of homes.
DISTRACTORS = [
    (television, 0.5, 2.5, 0.8),
    (television, 0.2, 2, 0.4),
    (lights, 0.7, 3, 0.8),
    (computer, 0.3, 2, 0.6),
    (computer, 0.3, 2, 0.3),
    (iron, 0.03, 0.3, 0.35),
    (hair_dryer, 0.1, 1, 0.35),
    (toaster, 0.1, 1, 0.4),
    (vacuum_cleaner, 0.05, 0.4, 0.5),
    (heater, 0.05, 1.5, 0.25),
    (immersion_heater, 0.2, 2, 0.15),
    (coffee_machine, 0.2, 2, 0.25),
    (dehumidifier, 0.1, 1.5, 0.2),
    (pump, 0.5, 6, 0.4),
    (water_pump, 0.3, 4, 0.15),
    (two_blocks, 0.05, 0.5, 0.25),
]

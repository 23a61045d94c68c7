"""Parametric appliances: each call of a maker draws one appliance, which then makes its runs.

A run is power in W every 10 s. The ranges are wide on purpose: the networks have to work in homes
that nobody has seen. They come from the appliances' data sheets and common knowledge of their
programmes, not from measured homes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Rng = np.random.Generator
Run = np.ndarray
Appliance = Callable[[Rng], Run]

STEP_S = 10


def _minutes(rng: Rng, low: float, high: float) -> int:
    """A duration in steps."""
    return max(1, round(rng.uniform(low, high) * 60 / STEP_S))


def flat(steps: int, power_w: float) -> Run:
    """Constant power."""
    return np.full(max(1, steps), power_w)


def switching(rng: Rng, steps: int, power_w: float, on: float, off: float, idle_w: float) -> Run:
    """Power that a motor or a thermostat switches; mean times on and off in minutes."""
    run = np.full(max(1, steps), idle_w)
    at = 0
    while at < len(run):
        length = max(1, round(on * rng.uniform(0.6, 1.4) * 6))
        run[at : at + length] = power_w * rng.uniform(0.95, 1.05)
        at += length + max(1, round(off * rng.uniform(0.6, 1.4) * 6))
    return run


def ramp(steps: int, first_w: float, last_w: float) -> Run:
    """Power that rises or falls evenly."""
    return np.linspace(first_w, last_w, max(1, steps))


def noisy(rng: Rng, run: Run, relative: float = 0.01) -> Run:
    """The run as a meter sees it."""
    return np.maximum(run * (1 + relative * rng.standard_normal(len(run))), 0)


def washing_machine(rng: Rng) -> Appliance:
    """Heats once, turns the drum in bursts, spins."""
    heater, motor, spin = rng.uniform(1600, 2500), rng.uniform(80, 400), rng.uniform(200, 800)
    duty, cold, reheats = rng.uniform(0.15, 0.6), rng.uniform(0, 0.3), rng.uniform(0, 0.8)
    heat_low = rng.uniform(4, 14)
    heat_high = heat_low + rng.choice([rng.uniform(3, 25), rng.uniform(10, 40)])
    rinses, wash = int(rng.integers(1, 5)), rng.uniform(8, 40)

    def drum(rng: Rng, low: float, high: float) -> Run:
        on = rng.uniform(0.1, 0.35)
        return switching(rng, _minutes(rng, low, high), motor, on, on * (1 - duty) / duty, 4)

    def run(rng: Rng) -> Run:
        parts = [drum(rng, 0.5, 6)]
        if rng.random() > cold:
            parts.append(flat(_minutes(rng, heat_low, heat_high), heater))
            for _ in range(rng.poisson(reheats)):
                parts += [drum(rng, 2, 8), flat(_minutes(rng, 0.5, 5), heater)]
        parts.append(drum(rng, wash * 0.5, wash * 1.4))
        for _ in range(rinses):
            parts += [drum(rng, 3, 9), ramp(_minutes(rng, 0.5, 4), spin * 0.3, spin * 0.8)]
        parts += [drum(rng, 1, 4), ramp(_minutes(rng, 2, 9), spin * 0.4, spin)]
        if rng.random() < 0.4:
            parts.append(drum(rng, 0.5, 4) * 0.5)
        return noisy(rng, np.concatenate(parts), 0.03)

    return run


def dishwasher(rng: Rng) -> Appliance:
    """Pumps throughout, heats twice or more often."""
    heater, pump = rng.uniform(1500, 2500), rng.uniform(25, 110)
    first, second = rng.uniform(4, 28), rng.choice([rng.uniform(0, 22), rng.uniform(15, 45)])
    pause, middle = rng.uniform(4, 55), rng.uniform(0, 3)
    dry, dry_w = rng.uniform(0, 40), rng.choice([0.0, 3.0, 15.0, 40.0])

    def pumping(rng: Rng, low: float, high: float) -> Run:
        level = flat(_minutes(rng, low, high), pump)
        return level * (1 - 0.6 * (rng.random(len(level)) < 0.06))

    def run(rng: Rng) -> Run:
        scale = rng.uniform(0.75, 1.25)
        parts = [pumping(rng, 1, 16), flat(_minutes(rng, first * 0.8, first * 1.2), heater + pump)]
        for _ in range(rng.poisson(middle)):
            parts += [pumping(rng, 1, 12), flat(_minutes(rng, 0.5, 9), heater + pump)]
        parts.append(pumping(rng, pause * scale * 0.9, pause * scale * 1.1))
        if second > 3:
            parts.append(flat(_minutes(rng, second * 0.8, second * 1.2), heater + pump))
            parts.append(pumping(rng, 2, 12))
        parts.append(flat(_minutes(rng, dry * 0.9, dry * 1.1 + 0.2), dry_w))
        parts.append(flat(_minutes(rng, 0.3, 1.5), pump * 0.5))
        return noisy(rng, np.concatenate(parts), 0.015)

    return run


def tumble_dryer(rng: Rng) -> Appliance:
    """Heats for long, with a thermostat towards the end; or a heat pump of less power."""
    motor = rng.uniform(120, 320)
    if rng.random() < 0.3:
        level = rng.uniform(350, 1100)

        def pumped(rng: Rng) -> Run:
            body = ramp(_minutes(rng, 40, 150), level * 0.85, level * rng.uniform(0.8, 1.1))
            warm = ramp(_minutes(rng, 2, 10), motor, level * 0.85)
            return noisy(rng, np.concatenate([warm, body, flat(_minutes(rng, 2, 8), motor)]), 0.02)

        return pumped
    heater, until = rng.uniform(1500, 3000), rng.uniform(10, 90)
    on, off = rng.uniform(0.8, 6), rng.uniform(0.4, 3)
    share, stages = rng.uniform(0, 1), rng.random() < 0.25

    def heated(rng: Rng) -> Run:
        steps = _minutes(rng, until * 0.5, until * 1.3)
        steady = int(steps * share)
        parts = [flat(max(2, steady), heater + motor)]
        parts.append(switching(rng, steps - steady + 3, heater + motor, on, off, motor))
        if stages:
            parts.append(flat(_minutes(rng, 5, 20), heater * 0.55 + motor))
        parts.append(flat(_minutes(rng, 2, 12), motor))
        return noisy(rng, np.concatenate(parts), 0.02)

    return heated


def kettle(rng: Rng) -> Appliance:
    """One pulse, as long as there is water to boil."""
    power, low = rng.uniform(1700, 3100), rng.uniform(0.5, 2)
    high = low + rng.uniform(0.5, 3)
    return lambda rng: noisy(rng, flat(_minutes(rng, low, high), power), 0.01)


def microwave(rng: Rng) -> Appliance:
    """Full power for minutes, or pulses of it."""
    power, pulsed = rng.uniform(850, 1750), rng.uniform(0, 0.5)
    low, idle = rng.uniform(0.4, 1.5), rng.uniform(0, 60)

    def run(rng: Rng) -> Run:
        steps = _minutes(rng, low, low + rng.exponential(3) + 0.3)
        if rng.random() < pulsed:
            on = rng.uniform(0.12, 0.4)
            return switching(rng, steps * 2, power, on, on * rng.uniform(0.5, 2), idle)
        return noisy(rng, flat(steps, power), 0.02)

    return run


def oven(rng: Rng) -> Appliance:
    """An oven that preheats and then cycles, hob plates, or both at once."""
    oven_w, plates_w = rng.uniform(1600, 3600), rng.uniform(800, 2300, 4)
    bakes, fan = rng.uniform(0.2, 1), rng.uniform(20, 60)

    def bake(rng: Rng) -> Run:
        on = rng.uniform(0.4, 2)
        hold = switching(rng, _minutes(rng, 8, 60), oven_w, on, on * rng.uniform(0.7, 3), fan)
        return np.concatenate([flat(_minutes(rng, 4, 15), oven_w), hold])

    def plate(rng: Rng) -> Run:
        power = rng.choice(plates_w)
        on = rng.uniform(0.1, 0.8)
        hold = switching(rng, _minutes(rng, 3, 35), power, on, on * rng.uniform(0.5, 4), 0)
        return np.concatenate([flat(_minutes(rng, 1, 6), power), hold])

    def run(rng: Rng) -> Run:
        if rng.random() < bakes:
            parts = [bake(rng)] + [plate(rng) for _ in range(rng.integers(0, 2))]
        else:
            parts = [plate(rng) for _ in range(rng.integers(1, 4))]
        total = np.zeros(max(map(len, parts)) + 120)
        for part in parts:
            at = int(rng.integers(0, 120))
            total[at : at + len(part)] += part
        return noisy(rng, total, 0.01)

    return run


def flow_heater(rng: Rng) -> Appliance:
    """Bursts of as much power as water is drawn; showers of constant power."""
    return flow_heater_of(rng, rng.choice([rng.uniform(6000, 11000), rng.uniform(11000, 27500)]))


def flow_heater_of(rng: Rng, rated: float) -> Appliance:
    """A flow heater of a rated power in W."""
    electronic, shower = rng.random() < 0.6, rng.uniform(0.2, 1)
    stages = rng.choice([1.0, 0.66, 0.5, 0.33], 2)

    def run(rng: Rng) -> Run:
        if rng.random() < shower:
            steps, level = _minutes(rng, 2.5, 13), rated * rng.uniform(0.85, 1)
        else:
            steps, level = _minutes(rng, 0.2, 2.5), rated * rng.choice(stages)
        if electronic:
            level = level * rng.uniform(0.35, 1)
            return noisy(rng, flat(steps, level), 0.04)
        return noisy(rng, flat(steps, level), 0.005)

    return run


def electric_car(rng: Rng) -> Appliance:
    """Hours of constant power, tapering at the end."""
    power = rng.choice([2300, 3700, 3700, 4600, 7400, 7400, 11000, 11000, 22000])
    return electric_car_of(rng, power * rng.uniform(0.92, 1.03))


def electric_car_of(rng: Rng, power: float) -> Appliance:
    """A car that charges with a power in W."""
    power = float(power)
    tapers, mean_h = rng.uniform(0, 0.8), np.clip(rng.uniform(6, 35) * 1000 / power, 0.7, 8)

    def run(rng: Rng) -> Run:
        body = flat(_minutes(rng, mean_h * 20, mean_h * 110), power)
        if rng.random() < 0.1:
            body[: len(body) // 2] *= rng.uniform(0.4, 0.9)
        if rng.random() < tapers:
            body = np.concatenate([body, ramp(_minutes(rng, 4, 40), power, power * 0.15)])
        return noisy(rng, body, 0.006)

    return run


def heat_pump(rng: Rng) -> Appliance:
    """A compressor that heats a house: it switches or modulates."""
    return heat_pump_of(rng, rng.uniform(700, 4500))


def heat_pump_of(rng: Rng, power: float) -> Appliance:
    """A heat pump whose compressor takes a power in W."""
    modulates = rng.random() < 0.5
    on = rng.uniform(12, 70)

    def run(rng: Rng) -> Run:
        if modulates and rng.random() < 0.75:
            steps = _minutes(rng, 60, 420)
            walk = np.cumsum(rng.standard_normal(steps // 30 + 2)) * 0.06 + rng.uniform(0.35, 0.8)
            body = power * np.clip(
                np.interp(np.arange(steps) / 30, np.arange(len(walk)), walk), 0.25, 1
            )
            if rng.random() < 0.3:
                at = int(rng.integers(0, steps))
                body[at : at + 30] *= 0.3
        else:
            body = ramp(
                _minutes(rng, on * 0.6, on * 1.5), power * 0.88, power * rng.uniform(0.95, 1.1)
            )
        start = ramp(_minutes(rng, 0.5, 3), power * 0.2, body[0])
        return noisy(rng, np.concatenate([start, body]), 0.01)

    return run

"""Weeks of single appliances and of everything else in a home, by minutes."""

from __future__ import annotations

import numpy as np

from training import distractors, runs

DAYS = 28
DAY_MIN = 1440
MINUTES = DAYS * DAY_MIN
STEPS_PER_MIN = 6

CLASSES = (
    "fridge",
    "washing_machine",
    "dishwasher",
    "tumble_dryer",
    "kettle",
    "microwave",
    "oven",
    "flow_heater",
    "electric_car",
    "heat_pump",
)
"""In the order of the networks' outputs; the rest comes after them."""

# Maker, runs a day at least and at most, typical hours of the day, merge of measured runs [min].
SCHEDULED = {
    "washing_machine": (runs.washing_machine, 0.2, 1.6, (7, 21), 25),
    "dishwasher": (runs.dishwasher, 0.2, 1.6, (7, 24), 40),
    "tumble_dryer": (runs.tumble_dryer, 0.15, 1.5, (8, 22), 20),
    "kettle": (runs.kettle, 1, 10, (6, 23), 0),
    "microwave": (runs.microwave, 0.5, 6, (6, 23), 1),
    "oven": (runs.oven, 0.3, 3, (7, 21), 0),
    "flow_heater": (runs.flow_heater, 1, 14, (5, 23), 0),
    "electric_car": (runs.electric_car, 0.2, 1.2, (15, 30), 0),
    "heat_pump": (runs.heat_pump, 2, 16, (0, 24), 0),
}


def place(series_10s: np.ndarray, run: np.ndarray, at: int) -> None:
    """Adds a run from step `at` on, cut at the end."""
    end = min(len(series_10s), at + len(run))
    if at < end:
        series_10s[at:end] += run[: end - at]


def scheduled(
    rng: np.random.Generator, appliance: runs.Appliance, per_day: float, hours: tuple[float, float]
) -> np.ndarray:
    """Minutes of an appliance that somebody starts `per_day` times a day on average."""
    series = np.zeros(MINUTES * STEPS_PER_MIN)
    habit = rng.uniform(*hours, 3)
    free_from = 0
    starts = []
    for day in range(DAYS):
        for _ in range(rng.poisson(per_day)):
            usual = rng.random() < 0.5
            hour = rng.choice(habit) + rng.normal(0, 1) if usual else rng.uniform(*hours)
            starts.append(int((day * 24 + hour) * 60 * STEPS_PER_MIN))
    for start in sorted(starts):
        at = max(start, free_from, 0)
        run = appliance(rng)
        place(series, run, at)
        free_from = at + len(run) + int(rng.uniform(1, 10) * STEPS_PER_MIN)
    return series.reshape(MINUTES, STEPS_PER_MIN).mean(1).astype(np.float32)


def fridge(rng: np.random.Generator) -> np.ndarray:
    """Minutes of a compressor that cycles for weeks, with starting current and defrosting."""
    power = rng.uniform(45, 170) if rng.random() < 0.85 else rng.uniform(20, 60)
    on, off = rng.uniform(6, 40), rng.uniform(8, 70)
    inrush, fall, jitter = rng.uniform(0, 8), rng.uniform(0, 0.35), rng.uniform(0.03, 0.25)
    defrosts_h = rng.uniform(8, 40) if rng.random() < 0.3 else np.inf
    defrost_w, idle = rng.uniform(120, 450), rng.choice([0.0, rng.uniform(0, 6)])
    series = np.full(MINUTES * STEPS_PER_MIN, idle)
    at, defrost_at = int(rng.uniform(0, off) * 6), rng.uniform(0, 40) * 360
    while at < len(series):
        hour = at / 360 % 24
        busy = 1 + 0.3 * np.sin((hour - 10) / 24 * 2 * np.pi) + (0.8 if rng.random() < 0.05 else 0)
        steps = max(3, int(on * busy * (1 + jitter * rng.standard_normal()) * 6))
        cycle = power * (1 + fall * np.exp(-np.arange(steps) / (4 * 6)))
        cycle[0] *= 1 + inrush
        series[at : at + steps] = cycle[: len(series) - at]
        at += steps
        if at > defrost_at and defrosts_h < np.inf:
            length = int(rng.uniform(8, 30) * 6)
            series[at : at + length] = defrost_w
            at += length
            defrost_at = at + defrosts_h * 360
        at += max(6, int(off / busy * (1 + jitter * rng.standard_normal()) * 6))
    series *= 1 + 0.01 * rng.standard_normal(len(series))
    return series.reshape(MINUTES, STEPS_PER_MIN).mean(1).astype(np.float32)


def background(rng: np.random.Generator) -> np.ndarray:
    """Minutes of everything without a label: standby, slow changes, distractors."""
    base = rng.choice([rng.uniform(10, 120), rng.uniform(60, 500)])
    noise = rng.uniform(0.2, 6)
    drift = np.interp(
        np.arange(MINUTES) / 180,
        np.arange(MINUTES // 180 + 2),
        rng.standard_normal(MINUTES // 180 + 2) * rng.uniform(0, 0.15),
    )
    series = base * np.maximum(0.3, 1 + drift) + noise * rng.standard_normal(MINUTES)
    for maker, least, most, share in distractors.DISTRACTORS:
        if rng.random() < share:
            hours = (0, 24) if rng.random() < 0.4 else (7, 24)
            series += scheduled(rng, maker(rng), rng.uniform(least, most), hours)
    return np.maximum(series, 0).astype(np.float32)


def warped(rng: np.random.Generator, run: np.ndarray) -> np.ndarray:
    """A measured run of minutes, as 10-s steps, stretched in time and scaled in power."""
    stretch = rng.uniform(0.8, 1.25)
    steps = max(3, int(len(run) * STEPS_PER_MIN * stretch))
    at = (np.arange(steps) + 0.5) / (STEPS_PER_MIN * stretch)
    return run[np.minimum(at.astype(int), len(run) - 1)]


def of_measured_runs(
    rng: np.random.Generator,
    pool: list[np.ndarray],
    per_day: float,
    hours: tuple[float, float],
) -> np.ndarray:
    """Minutes of an appliance whose runs are measured ones, all scaled alike."""
    few = [pool[i] for i in rng.choice(len(pool), min(len(pool), 25), replace=False)]
    scale = rng.uniform(0.8, 1.2)
    return scheduled(
        rng, lambda rng: scale * warped(rng, few[rng.integers(len(few))]), per_day, hours
    )


def appliance(rng: np.random.Generator, name: str) -> np.ndarray:
    """Minutes of one parametric appliance of a class, used as often as in some home."""
    if name == "fridge":
        return fridge(rng)
    maker, least, most, hours, _ = SCHEDULED[name]
    per_day = np.exp(rng.uniform(np.log(least), np.log(most)))
    return scheduled(rng, maker(rng), per_day, hours)

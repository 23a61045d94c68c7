"""Synthetic homes: appliances and backgrounds over weeks, mixed anew for every window.

A bank holds the minutes of many appliances of each class and of many backgrounds. A window takes
one background and, for each class, none, one or two appliances at the same time of day, so that
the number of different homes is that of all combinations.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from training import measured
from training.weeks import (
    CLASSES,
    DAY_MIN,
    SCHEDULED,
    background,
    fridge,
    of_measured_runs,
    scheduled,
)

PRESENT = {
    "fridge": 0.85,
    "washing_machine": 0.75,
    "dishwasher": 0.6,
    "tumble_dryer": 0.5,
    "kettle": 0.7,
    "microwave": 0.65,
    "oven": 0.55,
    "flow_heater": 0.25,
    "electric_car": 0.15,
    "heat_pump": 0.15,
}
SECOND_FRIDGE, SECOND_OF_ANOTHER = 0.5, 0.08
AS_IT_WAS = 0.25
"""The share of windows that are measured ones, not mixed."""
UNLABELLED: tuple[tuple[str, ...], ...] = (("fridge", "oven"), ())
"""What nobody knows of house 20 and of Darmstadt A."""
WEIGHTS = (0.35, 0.05)
"""How often their backgrounds are taken, for once each of all generated ones."""


@dataclass
class Background:
    """Minutes without the labelled classes, and which classes nobody knows to be in there."""

    power_w: np.ndarray
    unlabelled: tuple[str, ...] = ()
    weight: float = 1.0


@dataclass
class WholeHome:
    """A measured home as it was: what was on together, and when."""

    background: Background
    classes_w: dict[str, np.ndarray]
    known: np.ndarray
    active: np.ndarray


@dataclass
class Bank:
    """Everything that windows are mixed from."""

    appliances: dict[str, list[np.ndarray]] = field(default_factory=dict)
    active: dict[str, list[np.ndarray]] = field(default_factory=dict)
    backgrounds: list[Background] = field(default_factory=list)
    whole_homes: list[WholeHome] = field(default_factory=list)


def bank(
    seed: int,
    appliances_per_class: int,
    backgrounds: int,
    *,
    is_synthetic: bool = False,
) -> Bank:
    """A bank; the same for the same seed. Of measured homes too unless it `is_synthetic`."""
    rng = np.random.default_rng(seed)
    made = Bank()
    homes = [] if is_synthetic else measured.for_training()
    for name in CLASSES:
        if name == "fridge":
            series = [fridge(rng) for _ in range(appliances_per_class)]
        else:
            series = _scheduled_of_class(rng, name, appliances_per_class, homes)
        for home in homes:
            series += _whole(home, name)
        made.appliances[name] = series
        made.active[name] = [np.flatnonzero(one > 15) for one in series]
    for _ in range(backgrounds):
        made.backgrounds.append(Background(background(rng)))
    for home, unlabelled, weight in zip(homes, UNLABELLED, WEIGHTS, strict=not is_synthetic):
        made.backgrounds.append(_background_of(home, unlabelled, weight * backgrounds))
        made.whole_homes.append(_as_it_was(home, unlabelled))
    return made


def _as_it_was(home: measured.MeasuredHome, unlabelled: tuple[str, ...]) -> WholeHome:
    classes = {
        name: np.sum(series, axis=0).astype(np.float32)
        for name, series in home.appliances_w.items()
    }
    active = np.flatnonzero(sum(classes.values()) > 15)
    background = Background(home.background_w.astype(np.float32), unlabelled)
    return WholeHome(background, classes, home.known, active)


def _scheduled_of_class(
    rng: np.random.Generator, name: str, count: int, homes: list[measured.MeasuredHome]
) -> list[np.ndarray]:
    maker, least, most, hours, merge = SCHEDULED[name]
    pools = [
        [run for run in measured.runs_of(one, merge, 15) if run.sum() > 300]
        for home in homes
        for one in home.appliances_w.get(name, [])
    ]
    series = []
    for number in range(count):
        per_day = np.exp(rng.uniform(np.log(least), np.log(most)))
        if pools and number % 4 == 0:
            pool = pools[rng.integers(len(pools))]
            series.append(of_measured_runs(rng, pool, per_day, hours))
        else:
            series.append(scheduled(rng, maker(rng), per_day, hours))
    return series


def _whole(home: measured.MeasuredHome, name: str) -> list[np.ndarray]:
    """A home's own channels of a class, from midnight on, unknown minutes empty."""
    skip = -(home.first_s // 60) % DAY_MIN
    return [
        np.where(home.known, one, 0)[skip:].astype(np.float32)
        for one in home.appliances_w.get(name, [])
    ]


def _background_of(
    home: measured.MeasuredHome, unlabelled: tuple[str, ...], weight: float
) -> Background:
    skip = -(home.first_s // 60) % DAY_MIN
    known = home.known[skip:]
    power = home.background_w[skip:]
    days = len(power) // DAY_MIN
    whole = known[: days * DAY_MIN].reshape(days, DAY_MIN).all(1)
    kept = power[: days * DAY_MIN].reshape(days, DAY_MIN)[whole]
    return Background(kept.ravel().astype(np.float32), unlabelled, weight)


@dataclass
class Windows:
    """A batch: whole power and each class's power in W, and whether a class is labelled."""

    whole_w: np.ndarray
    classes_w: np.ndarray
    labelled: np.ndarray


def windows(rng: np.random.Generator, bank: Bank, count: int, minutes: int) -> Windows:
    """`count` windows of `minutes`, each of another home."""
    whole = np.zeros((count, minutes), np.float32)
    classes = np.zeros((count, len(CLASSES), minutes), np.float32)
    labelled = np.ones((count, len(CLASSES)), bool)
    weights = np.array([one.weight for one in bank.backgrounds])
    chosen = rng.choice(len(bank.backgrounds), count, p=weights / weights.sum())
    for n in range(count):
        as_it_was = rng.random() < AS_IT_WAS and bank.whole_homes
        if as_it_was and _measured_window(rng, bank, minutes, whole[n], classes[n], labelled[n]):
            continue
        back = bank.backgrounds[chosen[n]]
        focus = CLASSES[rng.integers(len(CLASSES))] if rng.random() < 0.75 else None
        minute = int(rng.integers(DAY_MIN))
        whole[n] = _cut(rng, back.power_w, minute, minutes) * np.exp(rng.normal(0, 0.1))
        for c, name in enumerate(CLASSES):
            if name in back.unlabelled:
                labelled[n, c] = False
                continue
            if name == focus or rng.random() < PRESENT[name]:
                twice = rng.random() < (SECOND_FRIDGE if name == "fridge" else SECOND_OF_ANOTHER)
                for again in range(1 + twice):
                    at_focus = name == focus and not again
                    classes[n, c] += _appliance(rng, bank, name, minute, minutes, at_focus)
    whole += classes.sum(1)
    return Windows(whole, classes, labelled)


def _measured_window(
    rng: np.random.Generator,
    bank: Bank,
    minutes: int,
    whole: np.ndarray,
    classes: np.ndarray,
    labelled: np.ndarray,
) -> bool:
    """Fills one window from a measured home, nearly always house 20; False if it has a gap."""
    home = bank.whole_homes[int(rng.random() < 0.05)]
    start = int(rng.choice(home.active)) - int(rng.integers(minutes))
    if rng.random() < 0.3:
        start = int(rng.integers(len(home.known) - minutes))
    start = min(max(start, 0), len(home.known) - minutes)
    here = slice(start, start + minutes)
    if not home.known[here].all():
        return False
    scale = rng.uniform(0.9, 1.1)
    whole[:] = home.background.power_w[here] * scale
    for c, name in enumerate(CLASSES):
        if name in home.classes_w:
            classes[c] = home.classes_w[name][here] * scale
        labelled[c] = name not in home.background.unlabelled
    return True


def _cut(rng: np.random.Generator, series: np.ndarray, minute: int, minutes: int) -> np.ndarray:
    """A window that starts at `minute` of some day."""
    days = (len(series) - minute - minutes) // DAY_MIN
    start = int(rng.integers(days + 1)) * DAY_MIN + minute
    return series[start : start + minutes]


def _appliance(
    rng: np.random.Generator, bank: Bank, name: str, minute: int, minutes: int, at_focus: bool
) -> np.ndarray:
    which = int(rng.integers(len(bank.appliances[name])))
    series = bank.appliances[name][which]
    active = bank.active[name][which]
    if at_focus and len(active) and rng.random() < 0.8:
        start = int(rng.choice(active)) - int(rng.integers(minutes))
        start = min(max(start, 0), len(series) - minutes)
        return series[start : start + minutes]
    return _cut(rng, series, minute, minutes)

"""The measured homes that training may see, as columns of minutes."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SHARED = Path(__file__).resolve().parents[2] / "shared"
HOUSE20 = SHARED / "data/refit_house20/refit_house20_1min.csv.gz"
DARMSTADT = SHARED / "data/darmstadt_plugs"
TRAINED_SHARE = 0.8
"""The first part of house 20's time; the rest is for validation."""

CLASSES_OF_HOUSE20 = {
    "kettle": "kettle",
    "dishwasher": "dishwasher",
    "washing_machine": "washing_machine",
    "microwave": "microwave",
}
CLASSES_OF_PLUGS = {
    "refrigerator": "fridge",
    "dishwasher": "dishwasher",
    "washingmachine": "washing_machine",
    "microwaveoven": "microwave",
    "waterkettle": "kettle",
}
NEVER_SWITCHING = ("refrigerator_D325D9",)
"""Takes 79 W at all times: nobody can tell it from standby."""


@dataclass(frozen=True)
class MeasuredHome:
    """Minutes of a home: what it took apart from the labelled appliances, and these by class."""

    first_s: int
    background_w: np.ndarray
    appliances_w: dict[str, list[np.ndarray]]
    known: np.ndarray


def columns(path: Path) -> dict[str, np.ndarray]:
    """A compressed CSV file of numbers; an empty cell is NaN."""
    with gzip.open(path, "rt", encoding="ascii") as file:
        names = file.readline().strip().split(",")
        rows = [
            [float(cell) if cell else np.nan for cell in line.rstrip("\n").split(",")]
            for line in file
        ]
    return dict(zip(names, np.array(rows).T, strict=True))


def house20() -> MeasuredHome:
    """The part of house 20 for training. Its fridge, oven and television stay in the background."""
    read = columns(HOUSE20)
    count = int(len(read["unix_utc"]) * TRAINED_SHARE)
    appliances = {
        of_class: [read[f"{name}_w"][:count]] for name, of_class in CLASSES_OF_HOUSE20.items()
    }
    background = read["aggregate_w"][:count] - sum(series[0] for series in appliances.values())
    return MeasuredHome(
        int(read["unix_utc"][0]), np.maximum(background, 0), appliances, read["gap"][:count] == 0
    )


def darmstadt(group: str) -> MeasuredHome:
    """One group of plugs; what has no class is the background."""
    read = columns(DARMSTADT / f"group_{group}_1min.csv.gz")
    appliances: dict[str, list[np.ndarray]] = {}
    background = np.zeros(len(read["unix_utc"]))
    for name, series in read.items():
        if name in ("unix_utc", "sum_of_plugs_w"):
            continue
        of_class = CLASSES_OF_PLUGS.get(name.rsplit("_", 1)[0])
        if of_class and name not in NEVER_SWITCHING:
            appliances.setdefault(of_class, []).append(np.nan_to_num(series))
        else:
            background += np.nan_to_num(series)
    known = np.isfinite(read["sum_of_plugs_w"])
    return MeasuredHome(int(read["unix_utc"][0]), background, appliances, known)


def for_training() -> list[MeasuredHome]:
    """House 20's first part and Darmstadt A."""
    return [house20(), darmstadt("A")]


def runs_of(series: np.ndarray, merge_min: int, least_w: float) -> list[np.ndarray]:
    """The runs in a series of minutes; pauses of up to `merge_min` belong to a run."""
    on = np.flatnonzero(series > least_w)
    if not len(on):
        return []
    pieces = np.split(on, np.flatnonzero(np.diff(on) > merge_min + 1) + 1)
    return [series[piece[0] : piece[-1] + 1] for piece in pieces]

"""`make score`: how well the shipped weights do on measured and on generated homes.

Prints the tables of the model card. Measured homes are read from ../shared; without it they are
left out, and it says so.
"""

from __future__ import annotations

import importlib.util
import resource
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np

from broker.energy.disaggregation import kinds
from broker.energy.disaggregation.network import shipped
from training import bounds, measured
from training.judged import NAMES, Truth, means_of, predicted, readings
from training.score_generated import (
    large_appliances,
    net_metering,
    stability,
    two_cars,
    usual_homes,
)

SCORER = measured.SHARED / "disaggregation/score.py"


def scorer() -> ModuleType:
    """The rules of the score, from the shared folder."""
    spec = importlib.util.spec_from_file_location("score", SCORER)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def house20(first_share: float) -> Truth:
    """House 20 after the first share of its time."""
    read = measured.columns(measured.HOUSE20)
    first = int(len(read["unix_utc"]) * first_share)
    cut = {name: column[first:] for name, column in read.items()}
    appliances = {name: cut[f"{name}_w"] for name in measured.CLASSES_OF_HOUSE20}
    times = cut["unix_utc"].astype(np.int64)
    return Truth("house 20, last fifth", times, cut["aggregate_w"], cut["gap"] > 0, appliances)


def darmstadt(group: str) -> Truth:
    """A group of plugs, the sum of which stands for the meter."""
    read = measured.columns(measured.DARMSTADT / f"group_{group}_1min.csv.gz")
    whole = read.pop("sum_of_plugs_w")
    times = read.pop("unix_utc").astype(np.int64)
    appliances: dict[str, np.ndarray] = {}
    for column, power in read.items():
        name = measured.CLASSES_OF_PLUGS.get(column.rsplit("_", 1)[0])
        if name:
            appliances[name] = appliances.get(name, 0) + np.nan_to_num(power)
    return Truth(f"Darmstadt {group}", times, np.nan_to_num(whole), np.isnan(whole), appliances)


def irregular(times_s: np.ndarray, counters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same with 5 % of the readings lost and two hours without any each week."""
    rng = np.random.default_rng(5)
    kept = rng.random(len(times_s)) > 0.05
    for begin in range(int(times_s[0]) + 200_000, int(times_s[-1]), 7 * 86_400):
        kept &= (times_s < begin) | (times_s > begin + 7200)
    kept[[0, -1]] = True
    jitter = rng.integers(-12, 13, len(times_s))
    jitter[[0, -1]] = 0
    moved = np.sort(times_s + jitter)
    return moved[kept], np.interp(moved, times_s, counters)[kept].astype(np.int64)


def scored(
    rules: ModuleType, truth: Truth, starts: np.ndarray, powers: np.ndarray
) -> tuple[dict, dict]:
    """The scorer's verdict on an estimate, over the truth's minutes."""
    columns = {
        name: rules.regrid(starts, powers[kind], truth.times_s) for kind, name in NAMES.items()
    }
    whole = np.where(truth.gap, np.nan, truth.whole_w)
    appliances = {name: np.nan_to_num(power) for name, power in truth.appliances_w.items()}
    return rules.score(truth.times_s, whole, truth.gap, appliances, columns)


Change = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
VARIANTS: list[tuple[str, int, Change | None]] = [
    ("1 min", 60, None),
    ("10 s", 10, None),
    ("30 s", 30, None),
    ("1 min, irregular, 5 % lost, 2-h gaps", 60, irregular),
    ("2 min", 120, None),
    ("5 min", 300, None),
    ("15 min", 900, None),
]


def of_home(rules: ModuleType, truth: Truth) -> None:
    """Prints what the shipped weights make of a home."""
    print(f"\n== {truth.name}")
    clean = None
    for name, step_s, change in VARIANTS:
        times, counters = readings(truth, step_s)
        if change:
            times, counters = change(times, counters)
        judged = means_of(truth, 15) if step_s >= 300 else truth
        verdict, house = scored(rules, judged, *predicted(times, counters))
        share = house["share_labelled"]
        clean = share if clean is None else clean
        worse = [n for n, row in verdict.items() if row["MAE"] > row["MAE0"] + 1e-9]
        print(
            f"{name:38} share {share:6.3f} ({share - clean:+.3f})"
            f"  worse than zero: {', '.join(worse) or 'none'}"
        )
        if step_s in (60, 900) and not change:
            print(table(verdict))
    print_bounds(rules, truth, clean)


def print_bounds(rules: ModuleType, truth: Truth, clean: float) -> None:
    """Prints what rare and missing readings cost even an estimate as good as that of minutes, and
    the same by steps as long as a meter of two minutes can tell."""

    def share(judged: Truth, estimated: tuple[np.ndarray, np.ndarray]) -> float:
        return scored(rules, judged, *estimated)[1]["share_labelled"]

    gaps = irregular(*readings(truth, 60))[0]
    for name, estimated in (
        ("2 min, told apart as by minutes", bounds.by_two_minutes(truth)),
        ("1 min, nothing in the 2-h gaps", bounds.outside_gaps(truth, gaps)),
    ):
        bound = share(truth, estimated)
        print(f"{name:38} share {bound:6.3f} ({bound - clean:+.3f})")
    by_two = means_of(truth, 2)
    fine, rare = (share(by_two, predicted(*readings(truth, step_s))) for step_s in (60, 120))
    print(f"{'2 min, both judged by two minutes':38} share {rare:6.3f} ({rare - fine:+.3f})")


def table(verdict: dict) -> str:
    """MAE, zero's MAE and the F1 scores of each appliance."""
    lines = [f"  {'':16}   mean W    MAE W  zero W     F1  runs  found  actF1"]
    for name, row in verdict.items():
        lines.append(
            f"  {name:16} {row['mean_W']:8.2f} {row['MAE']:8.2f} {row['MAE0']:7.2f}"
            f" {row['F1']:6.3f} {row['n_true']:5d} {row['n_pred']:6d} {row['actF1']:6.3f}"
        )
    return "\n".join(lines)


def cost(truth: Truth) -> None:
    """Prints CPU time, memory and size."""
    times, counters = readings(truth, 60)
    begun = time.process_time()
    predicted(times, counters)
    took = time.process_time() - begun
    days = (times[-1] - times[0]) / 86_400
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"\n{took / days:.4f} CPU s a home and day, so a day of a thousand homes takes"
        f" {1000 * took / days / 864:.2f} % of a day; {peak_mb:.0f} MB at most, the score included"
    )


def main() -> None:
    """Scores what can be scored here."""
    for name in ("minute", "quarter_hour"):
        shipped(name)
        size = (Path(kinds.__file__).with_name(f"{name}.npz")).stat().st_size
        print(f"{name}: {size / 1000:.0f} kB of weights")
    if not SCORER.exists() or not measured.HOUSE20.exists():
        print(f"Skipped: the measured homes and their scorer aren't in {measured.SHARED}.")
        return
    rules = scorer()
    truths = [house20(measured.TRAINED_SHARE), darmstadt("A"), darmstadt("B")]
    for truth in truths:
        of_home(rules, truth)
    usual_homes()
    large_appliances(rules)
    net_metering()
    stability(truths[0])
    two_cars()
    cost(truths[0])


if __name__ == "__main__":
    main()

"""`make score`: how well the shipped weights do on measured and on generated homes.

Prints the tables of the model card. Measured homes are read from ../shared; without it they are
left out, and it says so.
"""

from __future__ import annotations

import importlib.util
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from broker.energy.disaggregation import estimate, kinds, resampling
from broker.energy.disaggregation import runs as numbering
from broker.energy.disaggregation.kinds import Kind
from broker.energy.disaggregation.network import shipped
from training import homes, measured, runs

SCORER = measured.SHARED / "disaggregation/score.py"
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


def readings(truth: Truth, step_s: int) -> tuple[np.ndarray, np.ndarray]:
    """Counters in 0.1 µWh as a meter would send them every `step_s`."""
    edges = np.append(truth.times_s, truth.times_s[-1] + 60)
    counted = np.concatenate([[0], np.cumsum(truth.whole_w * 60 * TENTH_UWH_PER_WS)])
    times = np.arange(edges[0] + -edges[0] % step_s, edges[-1] + 1, step_s)
    return times, np.round(np.interp(times, edges, counted)).astype(np.int64)


def predicted(times_s: np.ndarray, counters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Starts of steps and each kind's power in W, as Broker would estimate them."""
    course = resampling.course(times_s.tolist(), counters.tolist(), [None] * len(times_s))
    assert course is not None
    network = estimate.network_for(resampling.typical_interval_s(times_s))
    assert network is not None
    begin_s = int(times_s[0]) + -int(times_s[0]) % network.step_s
    end_s = int(times_s[-1]) - int(times_s[-1]) % network.step_s
    steps = resampling.stepped(course, begin_s, end_s, network.step_s)
    split = estimate.estimated(network, steps)
    starts = begin_s + network.step_s * np.arange(split.powers_w.shape[1])
    return starts, split.powers_w


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


def quarter_hours(truth: Truth) -> Truth:
    """The same by quarter hours: what a 15-minute meter can tell at all."""
    first = -(int(truth.times_s[0]) // 60) % 15
    count = (len(truth.times_s) - first) // 15 * 15

    def means(column: np.ndarray) -> np.ndarray:
        return column[first : first + count].reshape(-1, 15).mean(1)

    return Truth(
        f"{truth.name}, by quarter hours",
        truth.times_s[first : first + count : 15],
        means(truth.whole_w),
        means(truth.gap.astype(float)) > 0,
        {name: means(np.nan_to_num(power)) for name, power in truth.appliances_w.items()},
    )


def of_home(rules: ModuleType, truth: Truth) -> None:
    """Prints what the shipped weights make of a home."""
    print(f"\n== {truth.name}")
    clean = None
    for name, step_s, change in VARIANTS:
        times, counters = readings(truth, step_s)
        if change:
            times, counters = change(times, counters)
        judged = quarter_hours(truth) if step_s >= 300 else truth
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
        f"\n{took / days:.4f} CPU s a home and day; {peak_mb:.0f} MB at most with the score itself"
    )


GENERATED = (
    [(Kind.FLOW_HEATER, runs.flow_heater_of, kw) for kw in (18, 21, 24, 27)]
    + [(Kind.ELECTRIC_CAR, runs.electric_car_of, kw) for kw in (3.7, 7.4, 11, 22)]
    + [(Kind.HEAT_PUMP, runs.heat_pump_of, kw) for kw in (1, 2, 3.5)]
)
OFTEN = {Kind.FLOW_HEATER: 6.0, Kind.ELECTRIC_CAR: 0.6, Kind.HEAT_PUMP: 8.0}
"""Runs a day."""


def generated(kind: Kind, appliance: runs.Appliance, seed: int) -> Truth:
    """Four weeks of a home with one large appliance beside what most homes have."""
    rng = np.random.default_rng(seed)
    name = homes.CLASSES[kind]
    power = homes.scheduled(rng, appliance, OFTEN[kind], homes.SCHEDULED[name][3])
    whole = power + homes.background(rng) + homes.fridge(rng)
    for other in ("washing_machine", "kettle", "oven"):
        maker, least, most, hours, _ = homes.SCHEDULED[other]
        whole = whole + homes.scheduled(rng, maker(rng), (least + most) / 3, hours)
    times = 1_700_006_400 + 60 * np.arange(len(whole))
    truth = {NAMES.get(kind, name): power.astype(float)}
    return Truth(name, times, whole.astype(float), np.zeros(len(whole), bool), truth)


def large_appliances(rules: ModuleType) -> None:
    """Prints how well flow heaters, cars and heat pumps are found in generated homes."""
    print("\n== generated homes (four weeks, three homes each)")
    for kind, maker, kw in GENERATED:
        scores = []
        for seed in (101, 102, 103):
            truth = generated(kind, maker(np.random.default_rng(seed), kw * 1000), seed)
            times, counters = readings(truth, 60)
            _, powers = predicted(times, counters)
            column = {next(iter(truth.appliances_w)): powers[kind].astype(float)}
            verdict, _ = rules.score(
                truth.times_s, truth.whole_w, truth.gap, truth.appliances_w, column
            )
            scores += [row["actF1"] for row in verdict.values()]
        shown = " ".join(f"{one:.3f}" for one in scores)
        print(f"  {homes.CLASSES[kind]:14} {kw:5.1f} kW   actF1 {np.mean(scores):.3f} ({shown})")


def net_metering() -> None:
    """Prints whether a home with a plant behind its meter is left alone."""
    rng = np.random.default_rng(7)
    whole = homes.background(rng) + homes.fridge(rng)
    minute = np.arange(len(whole)) % homes.DAY_MIN
    sun = np.clip(np.sin((minute - 420) / 600 * np.pi), 0, None) * 4000 * (minute < 1020)
    net = np.maximum(whole - sun, 0)
    steps = resampling.Steps(0, 60, net.astype(np.float32), np.ones(len(net), bool))
    verdict = "abstains" if estimate.hides_consumption(steps) else "DOES NOT ABSTAIN"
    print(f"\nA home with 4 kW of PV behind its meter, imports only: {verdict}")


def stability(truth: Truth) -> None:
    """Prints how many of the runs of a machine have the same number, over eight weeks."""
    weeks = 8 * 7 * 24 * 60
    times, counters = readings(
        Truth(truth.name, truth.times_s[:weeks], truth.whole_w[:weeks], truth.gap[:weeks], {}), 60
    )
    starts, powers = predicted(times, counters)
    floor = np.zeros(powers.shape[1], np.float32)
    made = estimate.Estimate(int(starts[0]), 60, powers, floor)
    found = numbering.found(made, kinds.MINUTE_RULES)
    known: list[numbering.Appliance] = []
    numbers: dict[Kind, list[int]] = {}
    for run in found:  # one after the other, as they become known
        told, known = numbering.numbered([run], known, [], [run])
        numbers.setdefault(run.kind, []).append(told[0].number)
    print(f"\n== the same number over eight weeks, {truth.name}")
    for kind, given in sorted(numbers.items()):
        share = max(given.count(number) for number in given) / len(given)
        print(f"  {homes.CLASSES[kind]:16} {len(given):4d} runs   {100 * share:5.1f} %")


def two_cars() -> None:
    """Prints the same for two cars of different power in one generated home."""
    rng = np.random.default_rng(11)
    made_cars = [runs.electric_car_of(rng, power) for power in (3700, 11_000)]
    night, evening = (0, 5), (17, 20)
    cars = [
        np.concatenate([homes.scheduled(rng, car, 0.6, hours) for _ in range(2)])
        for car, hours in zip(made_cars, (night, evening), strict=True)
    ]
    rest = [homes.background(rng) + homes.fridge(rng) for _ in range(2)]
    whole = cars[0] + cars[1] + np.concatenate(rest)
    times = 1_700_006_400 + 60 * np.arange(len(whole))
    truth = Truth("", times, whole.astype(float), np.zeros(len(whole), bool), {})
    starts, powers = predicted(*readings(truth, 60))
    made = estimate.Estimate(int(starts[0]), 60, powers, np.zeros(powers.shape[1], np.float32))
    known: list[numbering.Appliance] = []
    by_car: list[list[int]] = [[], []]
    for run in numbering.found(made, kinds.MINUTE_RULES):
        told, known = numbering.numbered([run], known, [], [run])
        if run.kind == Kind.ELECTRIC_CAR:
            here = slice((run.begin_s - times[0]) // 60, (run.end_s - times[0]) // 60)
            by_car[int(cars[1][here].sum() > cars[0][here].sum())].append(told[0].number)
    shares = [max(map(one.count, one)) / len(one) if one else 0 for one in by_car]
    print(
        f"  two cars in one home: {[len(one) for one in by_car]} runs, {shares} of the same number"
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
    large_appliances(rules)
    net_metering()
    stability(truths[0])
    two_cars()
    cost(truths[0])


if __name__ == "__main__":
    main()

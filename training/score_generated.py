"""The part of `make score` that needs generated homes: what the measured ones lack."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from broker.energy.disaggregation import estimate, kinds, resampling
from broker.energy.disaggregation import runs as numbering
from broker.energy.disaggregation.kinds import Kind
from training import runs, thresholds, weeks
from training.judged import NAMES, Truth, predicted, readings, readings_of

GENERATED = (
    [(Kind.FLOW_HEATER, runs.flow_heater_of, kw) for kw in (18, 21, 24, 27)]
    + [(Kind.ELECTRIC_CAR, runs.electric_car_of, kw) for kw in (3.7, 7.4, 11, 22)]
    + [(Kind.HEAT_PUMP, runs.heat_pump_of, kw) for kw in (1, 2, 3.5)]
)
OFTEN = {Kind.FLOW_HEATER: 6.0, Kind.ELECTRIC_CAR: 0.6, Kind.HEAT_PUMP: 8.0}
"""Runs a day."""
FIRST_USUAL_SEED = 60_000


def generated(kind: Kind, appliance: runs.Appliance, seed: int) -> Truth:
    """Four weeks of a home with one large appliance beside what most homes have."""
    rng = np.random.default_rng(seed)
    name = weeks.CLASSES[kind]
    power = weeks.scheduled(rng, appliance, OFTEN[kind], weeks.SCHEDULED[name][3])
    whole = power + weeks.background(rng) + weeks.fridge(rng)
    for other in ("washing_machine", "kettle", "oven"):
        maker, least, most, hours, _ = weeks.SCHEDULED[other]
        whole = whole + weeks.scheduled(rng, maker(rng), (least + most) / 3, hours)
    times = 1_700_006_400 + 60 * np.arange(len(whole))
    truth = {NAMES.get(kind, name): power.astype(float)}
    return Truth(name, times, whole.astype(float), np.zeros(len(whole), bool), truth)


def usual_homes() -> None:
    """Prints how well each kind is split in homes that neither training nor thresholds saw."""
    print("\n== generated homes (four weeks of 24, full of what looks like something else)")
    missed: dict[Kind, list[float]] = {}
    shares = []
    for seed in range(FIRST_USUAL_SEED, FIRST_USUAL_SEED + 24):
        home = thresholds.generated_home(seed)
        _, powers = predicted(*readings_of(home.first_s, home.whole_w, 60))
        errors = {kind: np.abs(powers[kind] - w).mean() for kind, w in home.kinds_w.items()}
        there = {kind: w.mean() for kind, w in home.kinds_w.items() if w.any()}
        shares.append(1 - sum(errors[kind] for kind in there) / sum(there.values()))
        for kind, mean_w in there.items():
            missed.setdefault(kind, []).append(float(errors[kind] / mean_w))
    print(f"  mean share {np.mean(shares):.3f}")
    for kind, ratios in sorted(missed.items()):
        worse = sum(ratio > 1 for ratio in ratios)
        print(
            f"  {weeks.CLASSES[kind]:16} share {1 - np.mean(ratios):6.3f}"
            f"   worse than zero in {worse} of {len(ratios)} homes"
        )


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
        print(f"  {weeks.CLASSES[kind]:14} {kw:5.1f} kW   actF1 {np.mean(scores):.3f} ({shown})")


def net_metering() -> None:
    """Prints whether a home with a plant behind its meter is left alone."""
    rng = np.random.default_rng(7)
    whole = weeks.background(rng) + weeks.fridge(rng)
    minute = np.arange(len(whole)) % weeks.DAY_MIN
    sun = np.clip(np.sin((minute - 420) / 600 * np.pi), 0, None) * 4000 * (minute < 1020)
    net = np.maximum(whole - sun, 0)
    steps = resampling.Steps(0, 60, net.astype(np.float32), np.ones(len(net), bool))
    verdict = "abstains" if estimate.hides_consumption(steps) else "DOES NOT ABSTAIN"
    print(f"\nA home with 4 kW of PV behind its meter, imports only: {verdict}")


def stability(truth: Truth) -> None:
    """Prints how many of the runs of a machine have the same number, over eight weeks."""
    first = slice(8 * 7 * weeks.DAY_MIN)
    times, counters = readings(
        Truth(truth.name, truth.times_s[first], truth.whole_w[first], truth.gap[first], {}), 60
    )
    starts, powers = predicted(times, counters)
    floor = np.zeros(powers.shape[1], np.float32)
    made = estimate.Estimate(int(starts[0]), 60, powers, floor)
    found = numbering.found(made, kinds.MINUTE_RULES)
    known: list[numbering.Appliance] = []
    numbers: dict[Kind, list[int]] = {}
    for chain in numbering.chains(found):  # one after the other, as they become known
        told, known = numbering.numbered(chain, known, [], chain)
        for run, number in told:
            numbers.setdefault(run.kind, []).append(number)
    print(f"\n== the same number over eight weeks, {truth.name}")
    for kind, given in sorted(numbers.items()):
        share = max(given.count(number) for number in given) / len(given)
        print(f"  {weeks.CLASSES[kind]:16} {len(given):4d} runs   {100 * share:5.1f} %")


def two_cars() -> None:
    """Prints the same for two cars of different power in one generated home."""
    rng = np.random.default_rng(11)
    made_cars = [runs.electric_car_of(rng, power) for power in (3700, 11_000)]
    night, evening = (0, 5), (17, 20)
    cars = [
        np.concatenate([weeks.scheduled(rng, car, 0.6, hours) for _ in range(2)])
        for car, hours in zip(made_cars, (night, evening), strict=True)
    ]
    rest = [weeks.background(rng) + weeks.fridge(rng) for _ in range(2)]
    whole = cars[0] + cars[1] + np.concatenate(rest)
    times = 1_700_006_400 + 60 * np.arange(len(whole))
    truth = Truth("", times, whole.astype(float), np.zeros(len(whole), bool), {})
    starts, powers = predicted(*readings(truth, 60))
    made = estimate.Estimate(int(starts[0]), 60, powers, np.zeros(powers.shape[1], np.float32))
    known: list[numbering.Appliance] = []
    by_car: list[list[int]] = [[], []]
    for chain in numbering.chains(numbering.found(made, kinds.MINUTE_RULES)):
        told, known = numbering.numbered(chain, known, [], chain)
        for run, number in told:
            if run.kind == Kind.ELECTRIC_CAR:
                here = slice((run.begin_s - times[0]) // 60, (run.end_s - times[0]) // 60)
                by_car[int(cars[1][here].sum() > cars[0][here].sum())].append(number)
    shares = [max(map(one.count, one)) / len(one) if one else 0 for one in by_car]
    print(
        f"  two cars in one home: {[len(one) for one in by_car]} runs, {shares} of the same number"
    )

"""Curves and bars as numbers for an SVG: pure, so that a page needs no script to show them.

A drawing lives in a square of SIZE × SIZE that the page stretches to any width; places of labels
and gaps are in percent of it. Missing is missing: a step without a value breaks the curve.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

from broker.units import QUARTER_HOUR_S, TENTH_UWH_PER_KWH, TENTH_UWH_PER_MW_QUARTER_HOUR

SIZE = 1000
MOST_TICKS = 5
LEAST_POWER_MW = 100_000
"""An axis never shows less than 100 W, so that a standby load doesn't look like a storm."""
BAR_SHARE = 0.8
"""The part of a step's width that its bar takes."""


@dataclass(frozen=True)
class Step:
    """[begin_s, end_s) and its value; None where nothing is known."""

    begin_s: int
    end_s: int
    value: float | None


@dataclass(frozen=True)
class Tick:
    """A line of the grid: its place in percent and what it stands for."""

    place: float
    value: float


@dataclass(frozen=True)
class Gap:
    """A stretch without data, in percent of the width."""

    place: float
    width: float


@dataclass(frozen=True)
class Chart:
    """What the page draws."""

    outlines: list[str]
    """One SVG path for each series, along its steps."""
    areas: list[str]
    """The same, closed down to zero."""
    gaps: list[Gap]
    """Where the first series has no value although the time is over."""
    times: list[Tick]
    values: list[Tick]


def steps(boundaries_s: Sequence[int], values: Mapping[int, float]) -> list[Step]:
    """The steps between boundaries with their values, which are keyed by a step's END."""
    return [Step(begin, end, values.get(end)) for begin, end in pairwise(boundaries_s)]


def energy_tenth_uwh(series: Sequence[Step]) -> float | None:
    """The energy under a curve of mean powers in mW, in 0.1 µWh; None if there is no value."""
    known = [
        step.value * (step.end_s - step.begin_s) / QUARTER_HOUR_S
        for step in series
        if step.value is not None
    ]
    return sum(known) * TENTH_UWH_PER_MW_QUARTER_HOUR if known else None


def as_energies(series: Sequence[Step]) -> list[Step]:
    """The same steps with their energies in 0.1 µWh instead of mean powers in mW."""
    return [Step(step.begin_s, step.end_s, energy_tenth_uwh([step])) for step in series]


def curve(series: Sequence[Sequence[Step]], times_s: Sequence[int], now_s: int) -> Chart:
    """Step curves, in mW, of series over the same boundaries; `times_s` get grid lines."""
    scale = _Scale.of(series, least_top=LEAST_POWER_MW)
    drawn = [_outlined(one, scale) for one in series]
    return _chart(drawn, series[0], scale, times_s, now_s)


def bars(series: Sequence[Sequence[Step]], times_s: Sequence[int], now_s: int) -> Chart:
    """A bar for each step with a value, in 0.1 µWh; bars of several series stand side by side."""
    scale = _Scale.of(series, least_top=TENTH_UWH_PER_KWH / 10)
    drawn = [_barred(one, scale, place, len(series)) for place, one in enumerate(series)]
    return _chart(drawn, series[0], scale, times_s, now_s)


def hour_ticks_s(begin_s: int, end_s: int, zone: ZoneInfo, every_hours: int = 6) -> list[int]:
    """When the community's clock shows a whole multiple of some hours."""
    return [
        time_s
        for time_s in range(begin_s, end_s, QUARTER_HOUR_S)
        if (local := datetime.fromtimestamp(time_s, zone)).minute == 0
        and local.hour % every_hours == 0
    ]


@dataclass(frozen=True)
class _Scale:
    """From seconds and values to places on the drawing."""

    begin_s: int
    end_s: int
    grid: list[float]

    @classmethod
    def of(cls, series: Sequence[Sequence[Step]], least_top: float) -> _Scale:
        top = max((step.value or 0.0 for one in series for step in one), default=0.0)
        return cls(series[0][0].begin_s, series[0][-1].end_s, grid_values(max(top, least_top)))

    def x(self, time_s: float) -> float:
        return round((time_s - self.begin_s) / (self.end_s - self.begin_s) * SIZE, 2)

    def y(self, value: float) -> float:
        return round(SIZE - max(value, 0.0) / self.grid[-1] * SIZE, 2)


def grid_values(top: float) -> list[float]:
    """From 0 in steps of 1, 2 or 5 times a power of ten to the first one at or above `top`."""
    magnitude = 10.0 ** math.floor(math.log10(top / MOST_TICKS))
    step = next(f * magnitude for f in (1, 2, 5, 10) if f * magnitude * MOST_TICKS >= top)
    return [step * count for count in range(math.ceil(top / step - 1e-9) + 1)]


def _chart(
    drawn: Sequence[tuple[str, str]],
    first: Sequence[Step],
    scale: _Scale,
    times_s: Sequence[int],
    now_s: int,
) -> Chart:
    return Chart(
        outlines=[outline for outline, _ in drawn],
        areas=[area for _, area in drawn],
        gaps=list(_gaps(first, scale, now_s)),
        times=[Tick(scale.x(time_s) * 100 / SIZE, time_s) for time_s in times_s],
        values=[Tick(scale.y(value) * 100 / SIZE, value) for value in scale.grid[1:]],
    )


def _runs(series: Sequence[Step]) -> Iterator[list[tuple[Step, float]]]:
    """The stretches of steps with values."""
    for is_known, run in groupby(series, key=lambda step: step.value is not None):
        if is_known:
            yield [(step, step.value or 0.0) for step in run]


def _outlined(series: Sequence[Step], scale: _Scale) -> tuple[str, str]:
    outlines, areas = [], []
    for run in _runs(series):
        path = f"M{scale.x(run[0][0].begin_s):g},{scale.y(run[0][1]):g}"
        for step, value in run:
            path += f"V{scale.y(value):g}H{scale.x(step.end_s):g}"
        outlines.append(path)
        areas.append(f"{path}V{SIZE}H{scale.x(run[0][0].begin_s):g}Z")
    return "".join(outlines), "".join(areas)


def _barred(series: Sequence[Step], scale: _Scale, place: int, count: int) -> tuple[str, str]:
    path = ""
    for step in series:
        if step.value is None:
            continue
        width = (scale.x(step.end_s) - scale.x(step.begin_s)) * BAR_SHARE
        left = scale.x(step.begin_s) + width * (1 / BAR_SHARE - 1) / 2 + width * place / count
        path += f"M{left:.2f},{SIZE}V{scale.y(step.value):g}h{width / count:.2f}V{SIZE}Z"
    return "", path


def _gaps(series: Sequence[Step], scale: _Scale, now_s: int) -> Iterator[Gap]:
    past = (step for step in series if step.end_s <= now_s)
    for is_missing, run in groupby(past, key=lambda step: step.value is None):
        if is_missing:
            stretch = list(run)
            left, right = scale.x(stretch[0].begin_s), scale.x(stretch[-1].end_s)
            yield Gap(left * 100 / SIZE, (right - left) * 100 / SIZE)

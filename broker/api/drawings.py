"""Histories, as the templates draw them: from JSON keys and powers to charts, tables and sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_login import current_user

from broker.api import charts, periods
from broker.api.formats import seconds, zone
from broker.clock import day_starts_s, now_s, written_utc
from broker.services import live
from broker.units import kwh_from


@dataclass(frozen=True)
class Drawing:
    """A chart and its numbers, in the order of the series."""

    period: periods.Period
    chart: charts.Chart
    is_curve: bool
    energies: list[float | None]
    rows: list[tuple[charts.Step, ...]]

    @property
    def highest(self) -> charts.Step | None:
        """The step in which the first series was highest."""
        known = [row[0] for row in self.rows if row[0].value is not None]
        return max(known, key=lambda step: step.value or 0.0, default=None)

    @property
    def mean(self) -> float | None:
        """The mean of the first series' known values."""
        known = [row[0].value for row in self.rows if row[0].value is not None]
        return sum(known) / len(known) if known else None


def shown_period() -> periods.Period:
    """The period that the request's query asks for."""
    return periods.asked_for(request.args, now_s(), zone())


@dataclass(frozen=True)
class Sums:
    """What the sums of today are beyond the last quarter hour that is over."""

    running: live.Running

    @property
    def until_s(self) -> int:
        """The time of the newest reading."""
        return self.running.until_s

    def kwh(self, name: str, energy_tenth_uwh: float | None) -> float:
        """A sum until then: `name` is mine, used or made."""
        added: int = getattr(self.running, name)
        return round(kwh_from((energy_tenth_uwh or 0) + added), 4)


def running_now(period: periods.Period) -> Sums | None:
    """What goes on while a page is open, for today's; None if nothing does."""
    if period.kind != "day" or period.end_s <= period.now_s:
        return None
    caller = current_user.id, current_user.group_id
    found = live.running(*caller, period.begin_s, period.now_s)
    return None if found is None else Sums(found)


def drawn(period: periods.Period, *powers: Mapping[str, float]) -> Drawing:
    """The drawing of mean powers in mW by JSON key: curves of power, or bars of energy."""
    series = [_steps(period, power) for power in powers]
    energies = [charts.energy_tenth_uwh(one) for one in series]
    if is_curve := period.kind in ("day", "week"):
        chart = charts.curve(series, _times_s(period), period.now_s)
    else:
        series = [charts.as_energies(one) for one in series]
        chart = charts.bars(series, _times_s(period), period.now_s)
    rows = [row for row in zip(*series, strict=True) if row[0].end_s <= period.now_s]
    return Drawing(period, chart, is_curve, energies, rows)


def energy_of(period: periods.Period, power: Mapping[str, float]) -> float | None:
    """The energy under mean powers by JSON key, in 0.1 µWh; None without any."""
    return charts.energy_tenth_uwh(_steps(period, power))


def moved(
    power: Mapping[str, float], period: periods.Period, before: periods.Period
) -> dict[str, float]:
    """Powers of an earlier period under the keys of this one's steps, the first over the first."""
    ends = zip(period.boundaries_s[1:], before.boundaries_s[1:], strict=False)
    keys = ((written_utc(end_s), written_utc(before_s)) for end_s, before_s in ends)
    return {key: power[earlier] for key, earlier in keys if earlier in power}


def compared(
    period: periods.Period, power: Mapping[str, float], before: Mapping[str, float]
) -> tuple[float, float] | None:
    """The energies of two series in the steps that both know, in 0.1 µWh; None without any."""
    both = power.keys() & before.keys()
    energies = [energy_of(period, {key: one[key] for key in both}) for one in (power, before)]
    mine, theirs = energies
    return None if mine is None or not theirs else (mine, theirs)


def summed(*powers: Mapping[str, float] | None) -> dict[str, float]:
    """Several meters' mean powers as one: a time counts as far as any meter has it."""
    total: Counter[str] = Counter()
    for power in powers:
        total.update(power or {})
    return dict(total)


def consumed(group: Mapping[str, Any]) -> dict[str, float]:
    """What a house uses: the flats' and the common meters' mean powers in mW by JSON key."""
    flats = [course["power"] for course in group.get("group_users", {}).values()]
    return summed(group.get("consumed_power"), group.get("other_flats_power"), *flats)


def produced(group: Mapping[str, Any]) -> dict[str, float]:
    """What the roof makes: both production meters' mean powers in mW by JSON key."""
    meters = ("produced_first_meter_power", "produced_second_meter_power")
    return summed(*(group.get(meter) for meter in meters))


def counter_ends(energy: Mapping[str, int]) -> list[str]:
    """The keys of the first and the last counter reading."""
    return sorted({min(energy), max(energy)})


def _steps(period: periods.Period, power: Mapping[str, float]) -> list[charts.Step]:
    by_end_s = {seconds(key): value for key, value in power.items()}
    return charts.steps(period.boundaries_s, by_end_s)


def _times_s(period: periods.Period) -> list[int]:
    if period.kind == "day":
        return charts.hour_ticks_s(period.begin_s, period.end_s, period.zone)
    if period.kind == "week":
        return list(day_starts_s(period.begin_s, period.end_s, period.zone))
    middles = [(step.begin_s + step.end_s) // 2 for step in charts.steps(period.boundaries_s, {})]
    return middles if period.kind == "year" else middles[:1] + middles[4::5]

"""A flat's appliances: how often they run, what a run takes and costs, when the last one was.

All of it follows from the estimate.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from broker.energy.disaggregation import labels
from broker.energy.disaggregation.kinds import APPLIANCES, Kind
from broker.energy.disaggregation.runs import Run
from broker.energy.series import Booleans, Integers
from broker.energy.tariffs import rates_of
from broker.models import RateKind, db
from broker.services import appliance_corrections, grid_rates, tariffs
from broker.services.appliance_corrections import Said
from broker.store import disaggregation as store
from broker.store.meter_uses import FLAT_OF_USER, Use
from broker.units import DAY_S, QUARTER_HOUR_S, kwh_from

LOOKED_BACK_S = 56 * DAY_S
WEEK_S = 7 * DAY_S
LEAST_RUNS = 2
"""A single run in all that time is rather a mistake than an appliance."""


class Prices(NamedTuple):
    """What a kWh from the grid costs the flat in each quarter hour from `begin_s` on, in micros."""

    begin_s: int
    micros_per_kwh: Integers
    known: Booleans

    def cost_micros(self, run: Run) -> float | None:
        """What a run costs, its energy spread evenly; None if a price isn't known."""
        first = (run.begin_s - self.begin_s) // QUARTER_HOUR_S
        here = slice(first, first + max(1, -((run.begin_s - run.end_s) // QUARTER_HOUR_S)))
        if first < 0 or not len(self.known[here]) or not self.known[here].all():
            return None
        return float(self.micros_per_kwh[here].mean()) * kwh_from(run.energy_tenth_uwh)


def of_user(user_id: int, group_id: int, now_s: int, zone: ZoneInfo) -> list[dict[str, Any]]:
    """For each appliance with a few runs in the last eight weeks, the most frequent first: its
    label, runs a week, a run's mean energy in 0.1 µWh and mean cost in micros of the currency (None
    without a tariff), begin and end of the last run in POSIX seconds.

    Counted over the time that has been split, from when the meter came to the flat.
    """
    runs: dict[tuple[Kind, int], list[Run]] = defaultdict(list)
    seen_s = 0
    for use in FLAT_OF_USER.uses(user_id, now_s - LOOKED_BACK_S, now_s):
        begin_s, end_s = use.within(now_s - LOOKED_BACK_S, now_s)
        with db.engine.connect() as connection:
            state = store.state(connection, use.meter_id)
            if state is None:
                continue
            said = appliance_corrections.of_home(connection, user_id, use.meter_id)
            begin_s, end_s = max(begin_s, state.from_s), min(end_s, state.until_s)
            seen_s += max(0, end_s - begin_s)
            for run, number in store.runs(connection, use.meter_id, begin_s, end_s):
                if run.begin_s >= begin_s:
                    kind = _told(run, said)
                    runs[kind, number if kind == run.kind else 1].append(run)
    prices = _prices(user_id, group_id, now_s - LOOKED_BACK_S, now_s, zone)
    described = [
        _described(*key, its_runs, seen_s, prices)
        for key, its_runs in runs.items()
        if key[0] in APPLIANCES and len(its_runs) >= LEAST_RUNS
    ]
    return sorted(described, key=lambda one: -one["runs_per_week"])


def _prices(user_id: int, group_id: int, begin_s: int, end_s: int, zone: ZoneInfo) -> Prices:
    first_s = begin_s - begin_s % QUARTER_HOUR_S
    starts_s = np.arange(first_s, end_s, QUARTER_HOUR_S, dtype=np.int64)
    market = grid_rates.between(RateKind.PRICE, first_s, len(starts_s))
    rates, _ = rates_of(tariffs.of_user(user_id, group_id), starts_s, zone, market)
    return Prices(first_s, rates.grid, rates.known)


def _told(run: Run, said: Said) -> Kind:
    if run.kind in said.absent:
        return Kind.OTHER
    for correction in said.runs:
        one = correction.run
        if one.kind == run.kind and run.begin_s < one.end_s and one.begin_s < run.end_s:
            return correction.kind
    return run.kind


def _described(
    kind: Kind, number: int, runs: list[Run], seen_s: int, prices: Prices
) -> dict[str, Any]:
    last = max(runs, key=lambda run: run.begin_s)
    costs = [cost for run in runs if (cost := prices.cost_micros(run)) is not None]
    return {
        "label": labels.written(kind, number),
        "runs_per_week": round(len(runs) * WEEK_S / max(seen_s, DAY_S), 2),
        "energy_per_run": sum(run.energy_tenth_uwh for run in runs) // len(runs),
        "cost_per_run": round(sum(costs) / len(costs)) if costs else None,
        "last_begin": last.begin_s,
        "last_end": last.end_s,
    }


def runs_of_user(user_id: int, begin_s: int, end_s: int) -> list[dict[str, Any]]:
    """A flat's runs that begin in [begin_s, end_s), the latest first: what can be corrected."""
    found = []
    for use in FLAT_OF_USER.uses(user_id, begin_s, end_s):
        found += _runs(user_id, use, *use.within(begin_s, end_s))
    return sorted(found, key=lambda run: -int(run["begin"]))


def _runs(user_id: int, use: Use, begin_s: int, end_s: int) -> list[dict[str, Any]]:
    with db.engine.connect() as connection:
        said = appliance_corrections.of_home(connection, user_id, use.meter_id)
        runs = store.runs(connection, use.meter_id, begin_s, end_s)
    return [
        {
            "label": labels.written(run.kind, number),
            "begin": run.begin_s,
            "end": run.end_s,
            "energy": run.energy_tenth_uwh,
        }
        for run, number in runs
        if run.begin_s >= begin_s and _told(run, said) == run.kind
    ]

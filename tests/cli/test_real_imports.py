"""Whole years of real homes through `readings import`, against sums computed independently.

REFIT, house 20 (Murray, Stankovic, Stankovic: An electrical load measurements dataset of United
Kingdom households, CC BY 4.0) and the Konstanz households of Open Power System Data (CC BY 4.0).
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from flask.testing import FlaskCliRunner
from sqlalchemy import select

import config
from broker.models import QuarterHour, db

DATA = config.PROJECT.parent / "shared" / "data"
REFIT = DATA / "refit_house20" / "refit_house20_1min.csv.gz"
KONSTANZ = DATA / "konstanz_60min"
BERLIN = ZoneInfo("Europe/Berlin")
TENTH_UWH_PER_KWH = 10**10

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"the data sets aren't at {DATA}"),
]

Import = Callable[..., dict]


@pytest.fixture
def import_csv(runner: FlaskCliRunner) -> Import:
    """Runs `flask readings import … --json` and returns what it says."""

    def run(path: Path, number: str, *words: str) -> dict:
        chosen = ["--meter", number, "--time", "unix_utc", "--json", *words]
        done = runner.invoke(args=["readings", "import", str(path), *chosen])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    return run


def quarter_hours(meter_id: int) -> list:
    with db.engine.connect() as connection:
        chosen = select(QuarterHour).where(QuarterHour.meter_id == meter_id)
        return list(connection.execute(chosen.order_by(QuarterHour.register, QuarterHour.start_s)))


def midnights_s(first: date, last: date) -> Iterator[int]:
    day = first
    while day <= last:
        yield int(datetime(day.year, day.month, day.day, tzinfo=BERLIN).timestamp())
        day += timedelta(days=1)


def daily_tenth_uwh(boundaries_s: list[int]) -> np.ndarray:
    """Energy between the boundaries, from the file alone.

    Trapezoids of neighbouring powers, nothing over gaps of more than 15 minutes, the running sum
    interpolated linearly. In whole mW·s until the end: 1 mW·s of (p0 + p1)·dt is 25/18 · 0.1 µWh.
    """
    with gzip.open(REFIT, "rt") as file:
        rows = [(int(row["unix_utc"]), row["aggregate_w"]) for row in csv.DictReader(file)]
    times_s = np.array([time_s for time_s, _ in rows])
    powers_mw = np.array([int(Decimal(power_w) * 1000) for _, power_w in rows])
    gaps_s = np.diff(times_s)
    doubled_mws = np.where(gaps_s <= 900, (powers_mw[1:] + powers_mw[:-1]) * gaps_s, 0)
    cumulated = np.concatenate([[0], np.cumsum(doubled_mws)])
    return np.diff(np.interp(boundaries_s, times_s, cumulated)) * 25 / 18


def test_every_day_of_a_home_that_sends_only_power_adds_up(
    import_csv: Import, make_meter: Callable[..., int]
) -> None:
    meter_id = make_meter("refit")
    told = import_csv(REFIT, "refit", "--power", "aggregate_w")
    assert (told["stored"], told["known"], told["quarantined"]) == (662_864, 0, 0)
    found = quarter_hours(meter_id)

    # Every whole day between the first reading (20 March 2014) and the last (23 June 2015).
    boundaries_s = list(midnights_s(date(2014, 3, 21), date(2015, 6, 23)))
    openings = {row.start_s: row.opening_tenth_uwh for row in found}
    daily = np.diff([openings[boundary_s] for boundary_s in boundaries_s])
    assert len(daily) == 459
    np.testing.assert_allclose(daily, daily_tenth_uwh(boundaries_s), rtol=1e-9)

    # In Berlin's zone summer time makes one day of 23 hours each March, winter time one of 25.
    lengths = {
        datetime.fromtimestamp(begin_s, BERLIN).date(): (end_s - begin_s) // 900
        for begin_s, end_s in pairwise(boundaries_s)
    }
    assert {day: count for day, count in lengths.items() if count != 96} == {
        date(2014, 3, 30): 92,
        date(2014, 10, 26): 100,
        date(2015, 3, 29): 92,
    }
    assert all(start_s in openings for start_s in range(boundaries_s[0], boundaries_s[-1], 900))

    again = import_csv(REFIT, "refit", "--power", "aggregate_w")
    assert (again["stored"], again["known"], again["quarantined"]) == (0, 662_864, 0)
    assert quarter_hours(meter_id) == found


def counters_kwh(path: Path) -> dict[str, dict[int, Decimal]]:
    """Every counter of a home by its column's name: what it said when."""
    with gzip.open(path, "rt") as file:
        lines = csv.reader(file)
        header = next(lines)
        time_place = header.index("unix_utc")
        places = [place for place, name in enumerate(header) if name.endswith("_kwh")]
        found: dict[str, dict[int, Decimal]] = {header[place]: {} for place in places}
        for line in lines:
            for place in places:
                if line[place]:
                    found[header[place]][int(line[time_place])] = Decimal(line[place])
    return found


# A bogus step of 804 kWh, and the photovoltaic counter's five mornings of April 2017 on which an
# hour counts 73.3 kWh, more than the 60 kWh that 60 kW bring in an hour. All others stay below 40.
STEPS = {
    ("residential3_60min.csv.gz", "grid_import_kwh"): [1_499_529_600],
    ("residential3_60min.csv.gz", "pv_kwh"): [
        1_491_613_200,
        1_491_786_000,
        1_491_872_400,
        1_491_958_800,
        1_492_045_200,
    ],
}


def cumulated_rise_tenth_uwh(meter_id: int) -> int:
    ends = select(QuarterHour.first_tenth_uwh, QuarterHour.last_tenth_uwh).where(
        QuarterHour.meter_id == meter_id, QuarterHour.first_s.is_not(None)
    )
    with db.engine.connect() as connection:
        first = connection.execute(ends.order_by(QuarterHour.start_s).limit(1)).one()
        last = connection.execute(ends.order_by(QuarterHour.start_s.desc()).limit(1)).one()
    return last.last_tenth_uwh - first.first_tenth_uwh


@pytest.mark.parametrize("house", range(1, 7), ids="house-{}".format)
def test_every_counter_of_six_homes_is_conserved(
    house: int, import_csv: Import, make_meter: Callable[..., int], runner: FlaskCliRunner
) -> None:
    name = f"residential{house}_60min.csv.gz"
    for column, counters in counters_kwh(KONSTANZ / name).items():
        meter_id = make_meter(column)
        implausible = STEPS.get((name, column), [])
        told = import_csv(KONSTANZ / name, column, "--energy", column)
        assert told["quarantined"] == len(implausible)
        assert told["stored"] == len(counters) - len(implausible)

        # The counters of one home are hourly without a gap, so the step before is an hour ago.
        steps = sum(counters[time_s] - counters[time_s - 3600] for time_s in implausible)
        whole = max(counters.values()) - min(counters.values())
        expected = (whole - steps) * TENTH_UWH_PER_KWH
        assert cumulated_rise_tenth_uwh(meter_id) == expected

        listed = runner.invoke(args=["readings", "quarantine", "list", "--meter", column, "--json"])
        waiting = [row["time_s"] for row in json.loads(listed.stdout)["quarantined"]]
        assert waiting == implausible
        if implausible:
            accept = ["readings", "quarantine", "accept", column, *map(str, implausible)]
            assert runner.invoke(args=accept).exit_code == 0
            assert cumulated_rise_tenth_uwh(meter_id) == whole * TENTH_UWH_PER_KWH

"""`python -m benchmarks.challenge_replay`: how often each challenge is won in a real home.

Every challenge is started every week over the fifteen months of the REFIT project's house 20, a
home near Loughborough, with the targets that follow from its own weeks before. Nobody there knew
of challenges, so what is counted is how often the home won by chance of its ordinary life.

The house had no roof of its own: what a plant there would have produced comes from the simulator,
with the sun of the place and weather that is made up. For the community's goals the home is a
community of one.
"""

from __future__ import annotations

import csv
import gzip
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from benchmarks import report
from benchmarks.report import Table
from broker.clock import day_start_s, local_date
from broker.energy.challenge_rules import Seen
from broker.energy.challenge_targets import Share, terms
from broker.energy.challenges import Challenge, Status, judge
from broker.energy.series import EnergySeries
from broker.energy.standard_load_profile import Profile
from broker.errors import Unmeasurable
from broker.services import challenge_catalogue, standard_load_profile
from broker.services.standard_load_profile import StandardHousehold
from broker.sources.simulator.local_day import LocalDay
from broker.sources.simulator.photovoltaics import PanelField, PhotovoltaicPlant, irradiance
from broker.sources.simulator.sun import Location, extraterrestrial_w_m2, sun_path
from broker.sources.simulator.weather import clearness, weather_of
from broker.units import DAY_S, HOUR_S, MINUTE_S, QUARTER_HOUR_S

READINGS = Path(__file__).parents[2] / "shared/data/refit_house20/refit_house20_1min.csv.gz"
ZONE = ZoneInfo("Europe/London")
PLACE = Location(52.77, -1.21)
ROOF = PhotovoltaicPlant((PanelField(9_900, 180, 35),), inverter_limit_w=8_000, performance=0.86)
SEED = 20
STARTS_AT_H = 18
"""Runs are started on Sunday evenings, so that the next day is a Monday."""
FEWEST_MINUTES = 12
"""A quarter hour is known if as many of its minutes are."""
FIRST_WEEKS = 3
"""Before that no home has enough of a past."""
MINUTES = QUARTER_HOUR_S // MINUTE_S
TENTH_UWH_PER_WS = 25_000 / 9


class Tally(NamedTuple):
    """How the runs of a challenge ended."""

    won: int
    lost: int
    void: int
    refused: int
    """How often it couldn't be started, because too little was known of the weeks before."""

    @property
    def share_won(self) -> float:
        """Of those that were decided."""
        return self.won / max(self.won + self.lost, 1)


def home(path: Path = READINGS) -> EnergySeries:
    """The home's quarter hours."""
    with gzip.open(path, "rt", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        known = [(int(row[0]), float(row[1])) for row in rows if row[6] == "0"]
    times_s = np.array([time_s for time_s, _ in known], np.int64)
    powers_w = np.array([power_w for _, power_w in known])
    begin_s = int(times_s[0]) // QUARTER_HOUR_S * QUARTER_HOUR_S
    places = (times_s - begin_s) // QUARTER_HOUR_S
    minutes = np.bincount(places)
    energies = np.bincount(places, powers_w) / np.maximum(minutes, 1) * QUARTER_HOUR_S
    is_known = minutes >= FEWEST_MINUTES
    energies = np.where(is_known, energies * TENTH_UWH_PER_WS, 0).round().astype(np.int64)
    return EnergySeries(begin_s, energies, is_known)


def roof(begin_s: int, end_s: int) -> EnergySeries:
    """What a plant at the place of the home would have produced, under made-up weather."""
    first_s = day_start_s(begin_s, ZONE)
    days = [_day_of_roof(day) for day in _days(local_date(first_s, ZONE), local_date(end_s, ZONE))]
    energies = np.concatenate(days)
    return EnergySeries(first_s, energies, np.ones(len(energies), np.bool_)).part(begin_s, end_s)


def _day_of_roof(day: date) -> np.ndarray:
    local_day, weather = LocalDay.of(day, ZONE), weather_of(SEED, day)
    sky = irradiance(
        sun_path(local_day, PLACE),
        clearness(SEED, local_day, weather),
        extraterrestrial_w_m2(local_day),
        weather.temperature_c(local_day),
    )
    of_quarter_hours = ROOF.power_w(sky).reshape(-1, QUARTER_HOUR_S // 10).mean(axis=1)
    return (of_quarter_hours * QUARTER_HOUR_S * TENTH_UWH_PER_WS).astype(np.int64)


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


def replayed(challenge: Challenge, seen: Seen, share: Share) -> Tally:
    """A challenge started every week, with what was known then; judged with all that is known."""
    outcomes: Counter[str] = Counter()
    begin_s, end_s = seen.home.begin_s, seen.home.end_s
    day = local_date(begin_s, ZONE) + timedelta(weeks=FIRST_WEEKS)
    day += timedelta(days=6 - day.weekday())
    while (now_s := day_start_s(_noon_s(day), ZONE) + STARTS_AT_H * HOUR_S) < end_s:
        outcomes[_outcome(challenge, seen, now_s, share)] += 1
        day += timedelta(weeks=1)
    return Tally(*(outcomes[name] for name in Tally._fields))


def _noon_s(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY_S + DAY_S // 2


def _outcome(challenge: Challenge, seen: Seen, now_s: int, share: Share) -> str:
    try:
        of_run = terms(challenge, _until(seen, now_s), now_s, ZONE, share)
    except Unmeasurable:
        return "refused"
    if of_run.end_s > seen.home.end_s:
        return "unfinished"
    verdict = judge(of_run, seen, of_run.end_s + 2 * DAY_S)
    if verdict.is_void:
        return "void"
    return "won" if verdict.status is Status.SUCCEEDED else "lost"


def _until(seen: Seen, now_s: int) -> Seen:
    past = seen.home.part(seen.home.begin_s, now_s)
    sun = seen.roof.part(seen.roof.begin_s, now_s) if seen.roof else None
    return Seen(past, sun, {0: past})


def replay() -> dict[int, Tally]:
    """All shipped challenges by id."""
    series = home()
    household = StandardHousehold(Profile.H0, None, ZONE)
    share = partial(standard_load_profile.years_between, household)
    seen = Seen(series, roof(series.begin_s, series.end_s), {0: series})
    shipped = challenge_catalogue.read(challenge_catalogue.SHIPPED, {})
    return {id: replayed(challenge, seen, share) for id, challenge in shipped.items()}


def table(tallies: dict[int, Tally]) -> Table:
    """How often each challenge was won."""
    shipped = challenge_catalogue.read(challenge_catalogue.SHIPPED, {})
    columns = ["id", "challenge", "won", "lost", "void", "refused", "share won"]
    rows = [
        [str(id), shipped[id].name["en"], *map(str, tally), f"{tally.share_won:.0%}"]
        for id, tally in tallies.items()
    ]
    return Table("Challenges started every week over fifteen months", columns, rows)


def main() -> int:
    """Prints the table; 1 if the readings are not there."""
    if not READINGS.exists():
        report.write(f"The readings are missing: {READINGS}")
        return 1
    report.write(table(replay()))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A community of a thousand flats whose last term is measured: what they save together."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import config
from benchmarks.house import (
    ZONE,
    Built,
    House,
    empty_installation,
    installation,
    make_meters,
    minutes,
    running_app,
)
from broker.clock import now_s
from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from broker.models import MeterRole
from broker.services.baselines import Terms
from broker.units import HOUR_S, MINUTE_S


@dataclass(frozen=True)
class Crowd(House):
    """Its installation."""

    members: int

    @property
    def described(self) -> str:
        """How large it is."""
        return f"{self.members} members"


@contextmanager
def crowd(members: int, database: str, results: Path) -> Iterator[Crowd]:
    """Members with an hour of minutes at the beginning of each of the last two terms and now."""
    name = f"{'postgresql' if database else 'sqlite'}-crowd"
    folder, environment = installation(database, name, results)
    empty_installation(folder, environment)
    with running_app(environment) as app:
        terms = Terms.at(now_s(), config.Settings.term_start, ZONE)
        ends_s = [terms.previous_s + HOUR_S, terms.begin_s + HOUR_S, now_s() - MINUTE_S]
        meters = make_meters([MeterRole.FLAT] * members, terms.previous_s)
        started_s, stored = time.perf_counter(), 0
        for end_s in ends_s:
            batch: dict[int, Columns] = {
                meter_id: minutes(meter_id, end_s - HOUR_S, end_s) for meter_id in meters
            }
            stored += take_in(batch, now_s()).stored
        seconds = time.perf_counter() - started_s
        built = Built("", "", stored, seconds)
        yield Crowd(0, app, environment, built, folder, members)

"""`flask demo`: a house with people, meters and more than a year of readings, to look around in."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from flask.cli import with_appcontext

from broker.cli.command import Report, progress, reports, say, settings
from broker.clock import day_start_s, now_s, term_start_s
from broker.errors import Conflict
from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from broker.services import demo as house_service
from broker.services import demo_challenges, meters
from broker.services.demo import SILENT_FLAT, Installed, Story
from broker.services.standard_load_profile import StandardHousehold
from broker.sources.simulated_readings import (
    MINUTES_KEPT_S,
    Anchor,
    Order,
    Sent,
    demo_house,
    due_times_s,
    simulated,
)
from broker.sources.simulator import SimulatedHouse
from broker.units import DAY_S

LEAST_DAYS = 430
"""A little more than fourteen months."""
DAYS_BEFORE_TERM = 3
FEWEST_DAYS = 100
"""So that everything that happened to the meters lies within."""
PASSWORD_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Secrets:
    """What opens the demo: random for every installation, in a file that only its owner reads."""

    password: str
    ingest_key: str
    story: Story


def secrets_file(instance: Path) -> Path:
    """Where an installation keeps its demo's secrets."""
    return instance / "demo.json"


def known_secrets(instance: Path) -> Secrets | None:
    """The demo's secrets, if it was built here."""
    path = secrets_file(instance)
    if not path.exists():
        return None
    kept = json.loads(path.read_text(encoding="utf-8"))
    return Secrets(kept["password"], kept["ingest_key"], Story(**kept["story"]))


def logins(house: SimulatedHouse, known: Secrets) -> dict[str, Any]:
    """Who can sign in to the demo, the resident of the first flat first."""
    return {
        "residents": [
            {"mail": meter.flat.mail, "password": known.password, "meter_id": meter.serial}
            for meter in house.meters
            if meter.flat is not None
        ],
        "operator": {"mail": house_service.OPERATOR["mail"], "password": known.password},
        "ingest_key": known.ingest_key,
    }


@click.command("demo")
@click.option(
    "--days",
    type=click.IntRange(min=FEWEST_DAYS),
    help="How far back readings begin. [default: before the term before this one]",
)
@with_appcontext
@reports
def demo(days: int | None) -> Report:
    """Build the demo house Sonnenhof 12, or bring the one that is there up to now.

    Ten flats, shared electricity and two plants on the roof, simulated; with all that happens in
    real houses: an exchanged meter, an outage, meters that send no power.

    Example: flask --app app demo --json
    """
    house = demo_house()
    stored = build(days)
    known = known_secrets(settings().instance)
    assert known
    who = logins(house, known)
    first, second, *_ = who["residents"]
    return Report(
        f"The demo house is built up to now; {stored} readings were added.\n"
        f"Residents: {first['mail']}, {second['mail']}, …  operator: {who['operator']['mail']}\n"
        f"Password of all of them: {known.password}",
        who,
    )


def build(days: int | None = None) -> int:
    """Builds the demo house, or what it lacks up to now; how many readings that added."""
    house, now = demo_house(), now_s()
    if (zone := settings().timezone).key != house.description.zone:
        say(f"Note: the house is in {house.description.zone}, but BROKER_TIMEZONE is {zone}.")
    known = _furnished(house, now, days)
    stored = _fill(house, known.story, now)
    household = StandardHousehold.chosen(
        settings().load_profile, settings().federal_state, settings().timezone
    )
    mails = [meter.flat.mail for meter in house.meters if meter.flat is not None]
    demo_challenges.begin(mails, household, now)
    return stored


def _furnished(house: SimulatedHouse, now: int, days: int | None) -> Secrets:
    instance, zone = settings().instance, ZoneInfo(house.description.zone)
    known = known_secrets(instance)
    is_furnished = house_service.is_furnished(house)
    if known is None and is_furnished:
        raise Conflict(
            f"There is a group {house.description.name!r} already, which the demo didn't make here."
        )
    if known is None:
        known = _new_secrets(now, zone, days)
        _keep(known, secrets_file(instance))
    if not is_furnished:
        say("Furnishing the demo house …")
        house_service.furnish(house, known.story, known.password, known.ingest_key, now, zone)
    return known


def _new_secrets(now: int, zone: ZoneInfo, days: int | None) -> Secrets:
    """From before the last term on, so that baselines and savings can be known."""
    last_term_s = term_start_s(now, settings().term_start, zone, terms_before=1)
    enough_s = min(last_term_s - DAYS_BEFORE_TERM * DAY_S, now - LEAST_DAYS * DAY_S)
    begin_s = now - days * DAY_S if days else enough_s
    letters = ("".join(secrets.choice(PASSWORD_LETTERS) for _ in range(4)) for _ in range(3))
    return Secrets(
        password="-".join(letters),
        ingest_key=secrets.token_urlsafe(32),
        story=Story.told_at(now, day_start_s(begin_s, zone), zone),
    )


def _keep(known: Secrets, path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(known), file, indent=2)


def _fill(house: SimulatedHouse, story: Story, now: int) -> int:
    """Stores what each meter sent since its last reading; how many readings that are."""
    installed = house_service.installed(house, story)
    anchors = {meter.number: meter.begin for meter in installed}
    anchors |= house_service.last_readings(list(anchors))
    orders = {
        meter.number: Order(meter.simulated.number, times_s, anchor, now - MINUTES_KEPT_S)
        for meter in installed
        if (times_s := _times_s(meter, story, anchor := anchors[meter.number], now))
    }
    begin_s = min((order.anchor.time_s for order in orders.values()), default=now)
    months = (now - begin_s) // (30 * DAY_S)
    label = f"Building {months} months of readings" if months else "Filling the gap up to now"
    stored = 0
    with _simulations(list(orders.values()), now - begin_s) as simulations:
        done = zip(orders, simulations, strict=True)
        with progress(done, label, length=len(orders)) as items:
            for number, readings in items:
                columns = Columns(
                    readings.times_s,
                    readings.counters_tenth_uwh,
                    [None] * len(readings.times_s),
                    readings.powers_mw,
                )
                stored += take_in({meters.numbered(number): columns}, now).stored
    return stored


@contextmanager
def _simulations(orders: list[Order], duration_s: int) -> Iterator[Iterator[Sent]]:
    """Every order's readings; months of them are simulated beside storing, on all cores."""
    if duration_s < DAY_S:
        yield map(simulated, orders)
        return
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as processes:
        yield processes.map(simulated, orders)


def _times_s(meter: Installed, story: Story, anchor: Anchor, now: int) -> list[int]:
    """When a meter sent since its anchor; at its first and its last time the fitter read it."""
    end_s = now if meter.end_s is None else meter.end_s
    times_s = due_times_s(meter.simulated, anchor.time_s, end_s, now)
    if anchor == meter.begin and meter.begin.time_s <= end_s:
        times_s.insert(0, meter.begin.time_s)
    if end_s == meter.end_s and end_s > anchor.time_s and times_s[-1:] != [end_s]:
        times_s.append(end_s)
    if meter.simulated.number == SILENT_FLAT:
        silence = range(story.silent_from_s, story.silent_until_s)
        times_s = [time_s for time_s in times_s if time_s not in silence]
    return times_s

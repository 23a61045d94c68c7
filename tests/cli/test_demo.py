"""The demo house: what a person finds in it, and that building it again only fills the gap."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import func, select

from broker.clock import now_s
from broker.energy.standard_load_profile import Profile
from broker.models import (
    AllocationRule,
    Avatar,
    BillBaseline,
    ChallengeRun,
    HouseholdSize,
    IngestKey,
    Meter,
    MeterEvent,
    MeterUse,
    QuarantinedReading,
    Reading,
    Tariff,
    User,
    db,
)
from broker.services import accounts, community, demo, savings
from broker.services.sessions import digest
from broker.services.standard_load_profile import StandardHousehold

NOW = "2026-11-23T10:20:00+01:00"
DAYS = 100
DAY_S = 86_400


@pytest.fixture
def build(runner: FlaskCliRunner) -> Callable[[], dict]:
    """Builds the demo with few readings and returns what it prints."""

    def built() -> dict:
        done = runner.invoke(args=["demo", "--days", str(DAYS), "--json"])
        assert done.exit_code == 0, done.output
        assert done.stderr == ""
        return json.loads(done.stdout)

    return built


def count(model: type) -> int:
    with db.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(model)) or 0


def times_s(number: str) -> list[int]:
    with db.engine.connect() as connection:
        chosen = select(Reading.time_s).join(Meter, Meter.id == Reading.meter_id)
        return list(connection.scalars(chosen.where(Meter.number == number).order_by("time_s")))


@pytest.mark.slow
def test_a_demo_house_has_everything_to_look_around_in(
    build: Callable[[], dict], app: Flask
) -> None:
    with time_machine.travel(NOW, tick=False):
        told = build()
        now = now_s()
    assert len(told["residents"]) == 10
    assert accounts.authenticate(**_login(told["residents"][0])) > 0
    assert accounts.authenticate(**_login(told["operator"])) > 0
    # Ten residents, of whom the first family grew once, and the operator without flat or picture.
    assert (count(User), count(Avatar), count(HouseholdSize)) == (11, 10, 11)
    # Ten flats, common electricity and two plants, and the meter that was exchanged.
    assert (count(Meter), count(MeterUse)) == (14, 14)
    assert community.listed(now) == [{"name": "Sonnenhof 12", "members": 11, "meters": 13}]
    with db.engine.connect() as connection:
        assert connection.scalar(select(IngestKey.digest)) == digest(told["ingest_key"])
    # What the roof makes is shared out; a build of 100 days begins after the last new year.
    assert (count(AllocationRule), count(Tariff)) == (1, 1)
    # Who moved in lately is compared with the last bill; the others were not there last term.
    with db.engine.connect() as connection:
        (newcomer,) = connection.scalars(select(BillBaseline.user_id))
    household = StandardHousehold(Profile.H0, None, ZoneInfo("Europe/Berlin"))
    saving = savings.of_user(newcomer, now, (3, 12), household)
    assert saving and saving.source == "bill"
    # An exchange is two meters here, so no counter ever falls, and nothing is implausible.
    assert (count(MeterEvent), count(QuarantinedReading)) == (0, 0)
    # Each has put one challenge away and is in the middle of another one.
    with db.engine.connect() as connection:
        runs = connection.execute(
            select(ChallengeRun.user_id, ChallengeRun.outcome, ChallengeRun.closed_s)
        ).all()
    assert len(runs) == 20
    assert len({user_id for user_id, _, closed_s in runs if closed_s is None}) == 10
    outcomes = [outcome for _, outcome, closed_s in runs if closed_s is not None]
    assert {"succeeded", "failed"} <= set(outcomes) <= {"succeeded", "failed", "void"}
    kept = app.config["BROKER"].instance / "demo.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    _happened(told, now)


def _login(known: dict) -> dict:
    return {"mail": known["mail"], "password": known["password"]}


def _happened(told: dict, now: int) -> None:
    first = times_s(told["residents"][0]["meter_id"])
    assert first[0] <= now - DAYS * DAY_S
    assert now - first[-1] < 60
    # By the quarter hour, then a week by the minute.
    steps = [later - earlier for earlier, later in pairwise(first)]
    assert steps[:10] == [900] * 10
    assert steps.count(60) >= 7 * 1440 - 61
    # The third flat's meter only counts, by the quarter hour: in 7 days 672 times.
    third = times_s(told["residents"][2]["meter_id"])
    assert len([time_s for time_s in third if time_s > now - 7 * DAY_S]) == 672
    # The ninth's was silent for five hours: 13:00 … 17:45 are 20 quarter hours without a reading.
    ninth = times_s(told["residents"][8]["meter_id"])
    gaps = [later - earlier for earlier, later in pairwise(ninth)]
    assert max(gaps) == 21 * 900
    # The exchanged meter and its successor were both read by the fitter, at the same time.
    assert times_s(demo.OLD_METER)[-1] == times_s(told["residents"][6]["meter_id"])[0]


@pytest.mark.slow
def test_a_second_build_only_fills_the_gap(
    build: Callable[[], dict], runner: FlaskCliRunner
) -> None:
    with time_machine.travel(NOW, tick=False) as travel:
        first = build()
        before = count(Reading)
        assert build() == first
        assert count(Reading) == before
        travel.shift(600)
        done = runner.invoke(args=["demo"])
        # Ten minutes by five seconds for eleven meters; 10:30 for the two that only count.
        assert "1322 readings were added" in done.stdout
        assert count(Reading) == before + 11 * 120 + 2
        assert first["residents"][0]["password"] in done.stdout
        # The exchanged meter's readings expire altogether; that doesn't make it start again.
        assert runner.invoke(args=["readings", "expire", "--days", "30"]).exit_code == 0
        assert times_s(demo.OLD_METER) == []
        assert build() == first
        assert times_s(demo.OLD_METER) == []


def test_a_group_of_that_name_is_never_taken_for_the_demo(
    runner: FlaskCliRunner, make_group: Callable[..., int]
) -> None:
    make_group("Sonnenhof 12")
    failed = runner.invoke(args=["demo", "--json"])
    assert failed.exit_code == 1
    assert failed.stdout == ""
    assert "There is a group 'Sonnenhof 12' already" in failed.stderr
    assert count(Meter) == 0

"""A resident who starts a challenge from two devices at the same moment has one run."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.managers import SyncManager
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, select

import config
from app import create_app
from broker.energy.standard_load_profile import Profile
from broker.errors import Conflict
from broker.ingest.intake import Columns, take_in
from broker.models import ChallengeRun, db, dispose_engines
from broker.services import challenge_catalogue, challenges, meters
from broker.services.standard_load_profile import StandardHousehold
from broker.units import DAY_S

HOUSEHOLD = StandardHousehold(Profile.H0, None, ZoneInfo("Europe/Berlin"))
NOW_S = 1_795_000_500
DEVICES = 2
ROUNDS = 200
ENDS_WITHIN_S = 120
A_DAY = challenge_catalogue.read(challenge_catalogue.SHIPPED, {})[3]


@pytest.fixture
def starter(resident, make_meter, assign):
    """A resident whose meter 1EMH1 has told six weeks."""
    meter_id = make_meter("1EMH1")
    assign(meter_id, resident)
    times_s = list(range(NOW_S - 43 * DAY_S, NOW_S, 900))
    counters = [10**9 * number for number in range(len(times_s))]
    nothing = [None] * len(times_s)
    take_in({meter_id: Columns(times_s, counters, nothing, nothing)}, NOW_S)
    return resident


def started(user_id: int, group_id: int) -> bool:
    """Whether a start was the one that counts; the other is a conflict and nothing else."""
    try:
        challenges.start(user_id, group_id, A_DAY, HOUSEHOLD, NOW_S)
    except Conflict:
        return False
    return True


def open_runs(user_id: int) -> int:
    statement = select(func.count()).where(
        ChallengeRun.user_id == user_id, ChallengeRun.closed_s.is_(None)
    )
    with db.engine.connect() as connection:
        return connection.scalar(statement) or 0


def test_two_hundred_times_by_threads(app: Flask, starter) -> None:
    together = Barrier(DEVICES, timeout=ENDS_WITHIN_S)

    def start() -> bool:
        with app.app_context():
            together.wait()
            return started(starter.id, starter.group_id)

    with ThreadPoolExecutor(DEVICES) as devices:
        for _ in range(ROUNDS):
            starts = [devices.submit(start) for _ in range(DEVICES)]
            assert sorted(one.result(ENDS_WITHIN_S) for one in starts) == [False, True]
            assert open_runs(starter.id) == 1
            challenges.quit(starter.id, starter.group_id, A_DAY.id, NOW_S)


def start_by_process(
    settings: config.Settings, user_id: int, group_id: int, together: Barrier
) -> list[bool]:
    """What one of two workers does: start, wait for the other, one of them quits."""
    app = create_app(settings)
    with app.app_context():
        outcomes = []
        for _ in range(ROUNDS):
            together.wait(ENDS_WITHIN_S)
            outcomes.append(started(user_id, group_id))
            together.wait(ENDS_WITHIN_S)
            if outcomes[-1]:
                assert open_runs(user_id) == 1
                challenges.quit(user_id, group_id, A_DAY.id, NOW_S)
        dispose_engines()
    return outcomes


@pytest.mark.slow
def test_two_hundred_times_by_processes(app: Flask, settings: config.Settings, starter) -> None:
    context = multiprocessing.get_context("spawn")
    manager: SyncManager = context.Manager()
    with manager, ProcessPoolExecutor(DEVICES, context) as workers:
        together = manager.Barrier(DEVICES)
        starts = [
            workers.submit(start_by_process, settings, starter.id, starter.group_id, together)
            for _ in range(DEVICES)
        ]
        mine, theirs = (one.result(ENDS_WITHIN_S) for one in starts)
    assert len(mine) == ROUNDS
    assert [one != other for one, other in zip(mine, theirs, strict=True)] == [True] * ROUNDS


def test_of_two_who_start_after_one_that_is_over_one_comes_first(app: Flask, starter) -> None:
    assert started(starter.id, starter.group_id)
    later_s = NOW_S + 10 * DAY_S  # by then, without readings, it is void
    times_s = list(range(NOW_S + 8 * DAY_S, later_s, 900))
    counters = [10**14 + 10**9 * number for number in range(len(times_s))]
    nothing = [None] * len(times_s)
    take_in({meters.numbered("1EMH1"): Columns(times_s, counters, nothing, nothing)}, later_s)
    together = Barrier(DEVICES, timeout=ENDS_WITHIN_S)

    def start() -> bool:
        with app.app_context():
            together.wait()
            try:
                challenges.start(starter.id, starter.group_id, A_DAY, HOUSEHOLD, later_s)
            except Conflict:
                return False
            return True

    with ThreadPoolExecutor(DEVICES) as devices:
        starts = [devices.submit(start) for _ in range(DEVICES)]
        assert sorted(one.result(ENDS_WITHIN_S) for one in starts) == [False, True]
    assert open_runs(starter.id) == 1
    assert len(challenges.past(starter.id)) == 1

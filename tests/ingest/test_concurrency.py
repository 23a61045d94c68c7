"""Several senders at once: whoever comes first, nothing is lost and nobody waits for ever."""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import select

import config
from app import create_app
from broker.ingest import retention
from broker.ingest.intake import Columns, Outcome, take_in
from broker.models import QuarterHour, Reading, db, dispose_engines
from broker.units import MINUTE_S, TENTH_UWH_PER_KWH

NOW_S = 1_800_000_000
START_S = 1_750_000_800
CALLS = 60
ENDS_WITHIN_S = 60


def minutes(numbers: list[int]) -> Columns:
    """600 W, by a counter: 0.01 kWh a minute."""
    nothing = [None] * len(numbers)
    counters = [number * TENTH_UWH_PER_KWH // 100 for number in numbers]
    return Columns([START_S + number * MINUTE_S for number in numbers], counters, nothing, nothing)


def calls_of(sender: int, senders: int, meter_ids: list[int]) -> list[dict[int, Columns]]:
    """A sender's share of all minutes, of all meters in each call, a part of them late.

    Half of the senders name the meters in the opposite order: whoever locked them as named would
    wait for one that waits for it.
    """
    chance = random.Random(sender)
    ordered = meter_ids if sender % 2 else meter_ids[::-1]
    calls = []
    for call in range(CALLS):
        shared = [call * 2 * senders + step for step in range(sender, 2 * senders, senders)]
        calls.append({meter_id: minutes(shared) for meter_id in ordered})
    for place in chance.sample(range(CALLS - 5), CALLS // 5):
        calls[place], calls[place + 5] = calls[place + 5], calls[place]
    return calls


def everything(table: type) -> list[tuple]:
    with db.engine.connect() as connection:
        return sorted(map(tuple, connection.execute(select(table.__table__))), key=repr)


def check(outcomes: list[Outcome], senders: int, meter_ids: list[int]) -> None:
    """All readings are there once, and the rollups are those of a recomputation."""
    wanted = CALLS * 2 * senders
    assert [sum(column) for column in zip(*outcomes, strict=True)] == [
        wanted * len(meter_ids),
        0,
        0,
    ]
    whole = minutes(list(range(wanted)))
    by_meter = [
        (meter_id, *reading) for meter_id in meter_ids for reading in zip(*whole, strict=True)
    ]
    assert everything(Reading) == sorted(by_meter, key=repr)
    rolled_up = everything(QuarterHour)
    for meter_id in meter_ids:
        retention.rebuild(meter_id, NOW_S)
    assert everything(QuarterHour) == rolled_up


def test_threads_that_name_the_same_meters_in_opposite_order(
    app: Flask, make_meter: Callable[..., int]
) -> None:
    meter_ids, senders = [make_meter() for _ in range(3)], 4
    together = Barrier(senders, timeout=ENDS_WITHIN_S)

    def send(sender: int) -> list[Outcome]:
        with app.app_context():
            together.wait()
            return [take_in(call, NOW_S) for call in calls_of(sender, senders, meter_ids)]

    with ThreadPoolExecutor(senders) as threads:
        sending = [threads.submit(send, sender) for sender in range(senders)]
        outcomes = [outcome for sent in sending for outcome in sent.result(ENDS_WITHIN_S)]
    check(outcomes, senders, meter_ids)


def send_by_process(
    settings: config.Settings, sender: int, senders: int, meter_ids: list[int]
) -> list[tuple[int, int, int]]:
    """What one of several workers, or the collector beside one, does."""
    app = create_app(settings)
    with app.app_context():
        done = [tuple(take_in(call, NOW_S)) for call in calls_of(sender, senders, meter_ids)]
        dispose_engines()
    return done


@pytest.mark.slow
def test_processes_that_name_the_same_meters_in_opposite_order(
    app: Flask, settings: config.Settings, make_meter: Callable[..., int]
) -> None:
    meter_ids, senders = [make_meter() for _ in range(3)], 2
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(senders, context) as processes:
        sending = [
            processes.submit(send_by_process, settings, sender, senders, meter_ids)
            for sender in range(senders)
        ]
        outcomes = [Outcome(*done) for sent in sending for done in sent.result(ENDS_WITHIN_S)]
    check(outcomes, senders, meter_ids)


def test_the_same_readings_from_two_senders_at_once_are_stored_once(
    app: Flask, make_meter: Callable[..., int]
) -> None:
    meter_ids = [make_meter(), make_meter()]
    calls = calls_of(0, 1, meter_ids)
    together = Barrier(2, timeout=ENDS_WITHIN_S)

    def send() -> list[Outcome]:
        with app.app_context():
            together.wait()
            return [take_in(call, NOW_S) for call in calls]

    with ThreadPoolExecutor(2) as threads:
        sending = [threads.submit(send) for _ in range(2)]
        outcomes = [outcome for sent in sending for outcome in sent.result(ENDS_WITHIN_S)]
    # Two minutes of two meters a call: new to one of the senders, known to the other.
    assert sum(outcome.stored for outcome in outcomes) == CALLS * 2 * 2
    assert sum(outcome.known for outcome in outcomes) == CALLS * 2 * 2
    check([Outcome(CALLS * 2 * 2, 0, 0)], 1, meter_ids)

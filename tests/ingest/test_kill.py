"""What was acknowledged survives the sudden death of the server, and so does the truth about it."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import islice
from threading import Condition, Event, Thread

import pytest
from flask import Flask
from sqlalchemy import select

import config
from broker.clock import now_s
from broker.ingest import retention
from broker.models import QuarantinedReading, QuarterHour, Reading, db, dispose_engines
from broker.services import keys, meters
from broker.units import MINUTE_S, TENTH_UWH_PER_KWH

KILLS = 20
CLIENTS = 4
METERS = [f"1EMH{number}" for number in range(6)]
START_S = 1_750_000_800
DEADLINE_S = 60.0

Slot = tuple[str, int]
"""A meter's number and a minute since START_S: what is read then follows from the two."""


def reading_of(slot: Slot) -> dict[str, int | str]:
    """One meter sends only power (±600 W), one both registers, the others a counter and power.

    Quarter hours count powers, so that none can be missing there unnoticed.
    """
    number, minute = slot
    said: dict[str, int | str] = {"meter_id": number, "time": START_S + minute * MINUTE_S}
    if number == METERS[0]:
        return said | {"power": (minute % 7 - 3) * 200_000}
    counter = minute * TENTH_UWH_PER_KWH // 100
    if minute % 97 == 50:
        counter += 500 * TENTH_UWH_PER_KWH  # half a megawatt hour in a minute: quarantined
    if number == METERS[1]:
        return said | {"energy": counter, "energy_out": minute * TENTH_UWH_PER_KWH // 300}
    return said | {"energy": counter, "power": 600_000}


@dataclass
class Feed:
    """What the clients have sent, and what they were told."""

    chance: random.Random
    next_minutes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(METERS, 0))
    held_back: list[list[Slot]] = field(default_factory=list)
    to_repeat: list[list[Slot]] = field(default_factory=list)
    acknowledged: set[Slot] = field(default_factory=set)
    abandoned: list[list[Slot]] = field(default_factory=list)
    answers: int = 0
    refusals: list[str] = field(default_factory=list)
    changed: Condition = field(default_factory=Condition)

    def next_call(self) -> list[Slot]:
        """A call that nobody answered, a late one, or new readings of one to three meters."""
        with self.changed:
            if self.to_repeat:
                return self.to_repeat.pop()
            if self.held_back and self.chance.random() < 0.3:
                return self.held_back.pop(self.chance.randrange(len(self.held_back)))
            if self.chance.random() < 0.3:
                self.held_back.append(self._new())
            return self._new()

    def _new(self) -> list[Slot]:
        call = []
        for number in self.chance.sample(METERS, self.chance.randint(1, 3)):
            begin = self.next_minutes[number]
            self.next_minutes[number] = begin + self.chance.choice([1, 1, 2, 5, 20])
            call += [(number, minute) for minute in range(begin, self.next_minutes[number])]
        if self.chance.random() < 0.2:
            self.chance.shuffle(call)
        return call

    def answered(self, call: list[Slot], status: int, text: str) -> None:
        """Remembers what the server said."""
        with self.changed:
            if status == 200:
                self.acknowledged.update(call)
                self.answers += 1
            else:
                self.refusals.append(f"{status}: {text}")
            self.changed.notify_all()

    def unanswered(self, call: list[Slot]) -> None:
        """Most senders try again; some calls stay as the server's death left them."""
        with self.changed:
            (self.to_repeat if self.chance.random() < 0.5 else self.abandoned).append(call)


def push_until_it_dies(feed: Feed, bind: str, key: str) -> None:
    """A client with keep-alive that sends one call after the other."""
    connection = HTTPConnection(bind, timeout=DEADLINE_S)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    while not feed.refusals:
        call = feed.next_call()
        document = json.dumps({"readings": [reading_of(slot) for slot in call]})
        try:
            connection.request("POST", "/readings", document, headers)
            response = connection.getresponse()
            text = response.read().decode()
        except (OSError, HTTPException):
            feed.unanswered(call)
            break
        feed.answered(call, response.status, text)
    connection.close()


@contextmanager
def server(settings: config.Settings) -> Iterator[tuple[str, int]]:
    """gunicorn as in production: its address and its process group, which is killed in the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{probe.getsockname()[1]}"
    environment = {name: value for name, value in os.environ.items() if name[:7] != "BROKER_"}
    environment |= {
        "BROKER_INSTANCE": str(settings.instance),
        "BROKER_DATABASE_URL": settings.database_url,
        "BROKER_BIND": bind,
    }
    words = ["gunicorn", "--config", "deploy/gunicorn.conf.py", "app:create_app()"]
    process = subprocess.Popen(
        [sys.executable, "-m", *words], cwd=config.PROJECT, env=environment, start_new_session=True
    )
    try:
        await_answer(bind, process)
        yield bind, process.pid
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def await_answer(bind: str, process: subprocess.Popen[bytes]) -> None:
    """Waits until the server answers."""
    give_up_s = time.monotonic() + DEADLINE_S
    while process.poll() is None and time.monotonic() < give_up_s:
        connection = HTTPConnection(bind, timeout=DEADLINE_S)
        try:
            connection.request("GET", "/live")
            connection.getresponse().read()
        except (OSError, HTTPException):
            time.sleep(0.02)
        else:
            return
        finally:
            connection.close()
    pytest.fail("the server doesn't answer")


def flood_and_kill(feed: Feed, settings: config.Settings, key: str) -> None:
    """Lets all clients push and kills master and worker at some moment amid that."""
    with server(settings) as (bind, group):
        clients = [
            Thread(target=push_until_it_dies, args=(feed, bind, key)) for _ in range(CLIENTS)
        ]
        enough = feed.answers + feed.chance.randint(1, 40)
        later_s = feed.chance.uniform(0, 0.02)
        for client in clients:
            client.start()
        with feed.changed:
            assert feed.changed.wait_for(
                lambda: feed.answers >= enough or feed.refusals, DEADLINE_S
            )
        # A call takes some milliseconds: any part of one may be the last that is done.
        Event().wait(later_s)
        os.killpg(group, signal.SIGKILL)
        for client in clients:
            client.join()


def rows(table: type) -> list[tuple]:
    with db.engine.connect() as connection:
        return sorted(map(tuple, connection.execute(select(table.__table__))), key=repr)


@pytest.mark.slow
def test_acknowledged_readings_survive_kill_9(app: Flask, settings: config.Settings) -> None:
    meter_ids = {number: meters.add(number, now_s()) for number in METERS}
    key = keys.make("flood", METERS, now_s())
    dispose_engines()  # SQLite recovers only when the file is opened by the first one
    feed = Feed(random.Random(20))
    for _ in range(KILLS):
        flood_and_kill(feed, settings, key)
    assert feed.refusals == []
    with server(settings):
        pass  # it comes up after the last time as well

    numbers = {meter_id: number for number, meter_id in meter_ids.items()}
    kept = {}
    for row in rows(Reading) + rows(QuarantinedReading):
        minute = (row[1] - START_S) // MINUTE_S
        kept[numbers[row[0]], minute] = row[2:5]
    lost = feed.acknowledged - kept.keys()
    assert not lost, f"{len(lost)} of {len(feed.acknowledged)}, such as {list(islice(lost, 5))}"
    for slot, values in kept.items():
        said = reading_of(slot)
        assert values == (said.get("energy"), said.get("energy_out"), said.get("power"))
    # A call that nobody answered was stored as a whole or not at all.
    assert feed.abandoned
    for call in feed.abandoned:
        assert len({slot in kept for slot in call}) == 1
    assert len(feed.acknowledged) > KILLS * len(METERS)

    made = rows(QuarterHour), rows(QuarantinedReading)
    assert all(made)
    for meter_id in meter_ids.values():
        retention.rebuild(meter_id, now_s())
    assert (rows(QuarterHour), rows(QuarantinedReading)) == made

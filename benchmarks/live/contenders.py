"""The two who are compared: Broker with a house that speaks, and the bare server."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy
from sqlalchemy import select

from benchmarks.house import (
    FLATS,
    ROLES,
    empty_installation,
    installation,
    make_meters,
    running_app,
)
from benchmarks.live.clients import Arrivals, Clients
from benchmarks.load import HOST, LoadError
from benchmarks.server import PROJECT, Server, free_port, serving
from broker.clock import now_s
from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from broker.models import Meter, MeterRole, User, db
from broker.services import keys, live, sessions
from broker.units import DAY_S, QUARTER_HOUR_S

START_S = 30.0
SETTLING_S = 3.0
"""How long the hub takes at most to fall in with a meter that speaks once a second."""
DRAIN_S = 1.0
"""How long after the last message is waited for those who get it late."""
MANY = "1000000"


def settling_s(seconds: float) -> float:
    """How long to speak before a measurement; a mere glance doesn't need to be exact."""
    return SETTLING_S if seconds >= SETTLING_S / 2 else seconds


@dataclass(frozen=True)
class Figures:
    """Of one measurement."""

    sent: int
    arrived: int
    clients: int
    cpu_s: float
    latencies_ms: Any
    size: int
    """Bytes of all messages."""
    memory_bytes: int = 0
    """What the clients cost the server."""
    tick_cpu_s: float = 0.0
    """Processor time of a reading that nobody hears of."""

    @property
    def cpu_us(self) -> float:
        """Processor time for one message to one client, in µs."""
        return self.cpu_s / self.arrived * 1e6

    def percentile_ms(self, percent: float) -> float:
        """The time within which this share of the messages arrived."""
        return float(numpy.percentile(self.latencies_ms, percent))

    def noted(self) -> dict[str, float]:
        """The figures in short."""
        return {
            "cpu_us": round(self.cpu_us, 2),
            "p50_ms": round(self.percentile_ms(50), 2),
            "p99_ms": round(self.percentile_ms(99), 2),
            "memory_kb": round(self.memory_kb, 2),
            "arrived": round(self.arrived / self.sent / self.clients, 5),
        }

    @property
    def memory_kb(self) -> float:
        """For one client, in kB."""
        return self.memory_bytes / self.clients / 1000


@dataclass
class House:
    """An installation some of whose meters speak by HTTP, as fast as they are told to."""

    folder: Path
    environment: dict[str, str]
    targets: list[tuple[str, str]]
    key: str
    numbers: list[str]
    begin_s: int
    size: int
    """Bytes of a message."""
    voices: int = 1
    """How many meters speak at a time; the others have their turn later."""
    spoken: int = 0
    stored_s: list[float] = field(default_factory=list)
    """When each reading was acknowledged."""

    def speak(self, port: int, rate: float, seconds: float) -> int:
        """Delivers readings at a steady rate; how many times."""
        connection = HTTPConnection(HOST, port, timeout=START_S)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        count, due_s = round(rate * seconds), time.monotonic()
        for _ in range(count):
            body = json.dumps({"readings": [self._reading(voice) for voice in range(self.voices)]})
            connection.request("POST", "/readings", body, headers)
            answer = connection.getresponse()
            if answer.status != 200:
                raise LoadError(f"POST /readings: {answer.status} {answer.read()!r}")
            self.stored_s.append(time.monotonic())
            answer.read()
            self.spoken += 1
            due_s += 1 / rate
            time.sleep(max(0.0, due_s - time.monotonic()))
        connection.close()
        return count

    def _reading(self, voice: int) -> dict[str, Any]:
        number = self.numbers[(self.spoken * self.voices + voice) % self.speakers]
        reading = {"meter_id": number, "time": self.begin_s + self.spoken}
        return reading | {"energy": 10**13 + self.spoken, "power": 1000 + self.spoken}

    @property
    def speakers(self) -> int:
        """The first meter alone, or all flats in turn."""
        return 1 if self.voices == 1 else len(self.targets)

    @contextmanager
    def served(self, workers: int = 1, rhythm_s: float | None = None) -> Iterator[Server]:
        """Broker serves this house."""
        chosen = {} if rhythm_s is None else {"BENCH_RHYTHM_S": str(rhythm_s)}
        application, log = "benchmarks.live.unpaced:create()", self.folder / "gunicorn.log"
        with serving("Broker", application, self.environment | chosen, log, workers) as server:
            yield server

    def measured(self, server: Server, clients: Clients, rate: float, seconds: float) -> Figures:
        """Lets the house speak and the clients listen."""
        before = self.spoken
        clients.begin()
        cpu_s = server.cpu_s()
        sent = self.speak(server.port, rate, seconds)
        time.sleep(DRAIN_S)
        cpu_s = server.cpu_s() - cpu_s
        arrivals = clients.end()
        places = arrivals.dates - self.begin_s
        mine = (places >= before) & (places < self.spoken)
        stored_s = numpy.array(self.stored_s)[places[mine]]
        late_ms = (arrivals.times_s[mine] - stored_s) * 1000
        return Figures(sent, int(mine.sum()), arrivals.clients, cpu_s, late_ms, arrivals.size)


@contextmanager
def house(results: Path, database: str, flats: int = FLATS, voices: int = 1) -> Iterator[House]:
    """A house with two plants whose meters have spoken once, a day ago; on SQLite or on a
    PostgreSQL database."""
    name = f"live-{'postgresql' if database else 'sqlite'}-{flats}"
    folder, environment = installation(database, name, results)
    environment |= {"BROKER_LIVE_PER_USER": MANY, "BROKER_LIVE_PER_ADDRESS": MANY}
    empty_installation(folder, environment)
    with running_app(environment):
        begin_s = now_s() - DAY_S
        ids = make_meters(
            [MeterRole.FLAT] * (flats - FLATS) + ROLES, begin_s - begin_s % QUARTER_HOUR_S
        )
        spoken = Columns([begin_s], [10**13 - 1], [None], [500_000])
        take_in(dict.fromkeys(ids, spoken), now_s())
        with db.engine.connect() as connection:
            numbers = list(connection.scalars(select(Meter.number).order_by(Meter.id)))
            users = connection.execute(select(User.id, User.group_id).order_by(User.id)).all()
        targets = [
            (f"/live?meter_id={number}", sessions.open_session(user.id, now_s(), 30)[0])
            for user, number in zip(users, numbers, strict=False)
        ]
        key = keys.make("live", numbers, now_s())
        size = len(live.told(users[0].group_id, now_s()).json)
        yield House(folder, environment, targets, key, numbers, begin_s + 1, size, voices)


@contextmanager
def bare(rate: float, size: int) -> Iterator[Server]:
    """The bare server, which broadcasts messages of that size at that rate."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.live.bare", str(port), str(rate), str(size)]
    with subprocess.Popen(command, cwd=PROJECT) as process:
        try:
            give_up_s = time.monotonic() + START_S
            while not _listens(port):
                if process.poll() is not None or time.monotonic() > give_up_s:
                    raise LoadError("the bare server didn't come up")
                time.sleep(0.05)
            yield Server("bare", port, (process.pid,))
        finally:
            process.kill()


def _listens(port: int) -> bool:
    """Looks without connecting, which would be no handshake."""
    sockets = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(f":{port:04X}" in line.split()[1] and line.split()[3] == "0A" for line in sockets)


def measured_bare(server: Server, clients: Clients, rate: float, seconds: float) -> Figures:
    """Lets the clients listen to the bare server."""
    clients.begin()
    cpu_s = server.cpu_s()
    time.sleep(seconds)
    cpu_s = server.cpu_s() - cpu_s
    arrivals: Arrivals = clients.end()
    late_ms = (arrivals.times_s - arrivals.dates / 1e6) * 1000
    sent = round(rate * seconds)
    return Figures(sent, len(late_ms), arrivals.clients, cpu_s, late_ms, arrivals.size)

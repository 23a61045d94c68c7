"""Clients that stop reading, vanish, or come and go for hours."""

from __future__ import annotations

import argparse
import json
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from http.client import HTTPConnection
from pathlib import Path
from statistics import mean

import numpy
import psycopg

from benchmarks import report
from benchmarks.live import journal
from benchmarks.live.clients import Clients
from benchmarks.live.contenders import House, house, settling_s
from benchmarks.load import HOST
from benchmarks.report import Table
from benchmarks.server import Server
from broker.live import peer
from broker.units import MINUTE_S

CROWD = 2000
STALLED = 10
VANISHED = 1000
WITHIN = 0.10
RETURNS_WITHIN = 0.05
ALONE_SHARE = 0.5
"""For which share of the time of the stall the others are measured without it."""
CHURN_SHARE = 0.01
"""How many of the clients leave in a second of the soak, every other one without a word."""
LOOK_EVERY_S = 5.0
GROWTH = 0.05
LARGE_FLATS, LARGE_CROWD, MINUTE_METERS = 1000, 500, 17
"""A community whose meters speak once a minute: each second 17 of them."""
CONNECTIONS = """SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""
PING_TIME_S = peer.PING_EVERY_S + peer.PONG_WITHIN_S + 2
"""Asking, waiting for the answer, and looking once a second."""


def stalled(spoken: House, options: argparse.Namespace) -> Table:
    """Table of the delay of others while some clients have stopped reading."""
    count = max(10, round(CROWD * options.scale))
    seconds = max(options.seconds, options.stall * 60)
    rows: list[tuple[str, float, float]] = []
    with (
        spoken.served() as server,
        Clients(server.port, spoken.targets, count, spoken.folder) as others,
    ):
        spoken.speak(server.port, 1, settling_s(options.seconds))
        heard = _heard_ms(spoken, server, others, seconds * ALONE_SHARE, options)
        rows.append(("without", *heard))
        with Clients(server.port, spoken.targets, STALLED, spoken.folder) as stuck:
            stuck.freeze()
            rows.append(("beside", *_heard_ms(spoken, server, others, seconds, options)))
    times = [rows[1][1] / rows[0][1]]
    verdicts = [["", ""], [f"{times[0]:.2f}", report.at_most(times, 1 + WITHIN)]]
    return Table(
        f"{STALLED} clients stop reading for {seconds / 60:.1f} minutes, {count:,} go on, 1 Hz",
        ["", "p99 ms of the others", "memory of the worker, MB", "times", "target"],
        [
            [name, f"{p99_ms:.1f}", f"{memory_mb:.1f}", *verdict]
            for (name, p99_ms, memory_mb), verdict in zip(rows, verdicts, strict=True)
        ],
    )


def _heard_ms(
    spoken: House, server: Server, others: Clients, seconds: float, options: argparse.Namespace
) -> tuple[float, float]:
    """The p99 of what others hear, in ms, and the worker's memory then, in MB; a note a minute."""
    late_ms = []
    seconds, parts = max(1.0, seconds), max(1, round(seconds / MINUTE_S))
    for number in range(parts):
        figures = spoken.measured(server, others, 1, seconds / parts)
        late_ms.append(figures.latencies_ms)
        memory_mb = server.memory_bytes() / 1e6
        what = f"stalled: part {number + 1} of {parts}"
        p99_ms = figures.percentile_ms(99)
        journal.note(options.results, what, p99_ms=round(p99_ms, 2), memory_mb=memory_mb)
    return float(numpy.percentile(numpy.concatenate(late_ms), 99)), memory_mb


def dropped(spoken: House, options: argparse.Namespace) -> Table:
    """Table of how soon clients whose network has vanished are gone."""
    count = max(10, round(VANISHED * options.scale))
    with spoken.served() as server:
        with Clients(server.port, spoken.targets, count, spoken.folder):
            spoken.speak(server.port, 1, 3)
            full_files = server.open_files()
        _await(server, full_files - count)
        start_files, start_bytes = server.open_files(), server.memory_bytes()
        with Clients(server.port, spoken.targets, count, spoken.folder) as clients:
            spoken.speak(server.port, 1, 3)
            full_bytes = server.memory_bytes()
            clients.freeze()
            frozen_s = time.monotonic()
            _await(server, start_files)
            gone_s = time.monotonic() - frozen_s
        end_bytes = server.memory_bytes()
    returned = [end_bytes / start_bytes]
    return Table(
        f"{count:,} clients vanish without a word",
        ["gone after s", "target", "MB before", "with them", "after", "times", "target"],
        [
            [
                f"{gone_s:.1f}",
                report.at_most([gone_s], PING_TIME_S),
                *(f"{size / 1e6:.1f}" for size in (start_bytes, full_bytes, end_bytes)),
                f"{returned[0]:.3f}",
                report.within(returned, RETURNS_WITHIN),
            ]
        ],
        ["“Before” is after as many others had come and gone."],
    )


def large(_: House, options: argparse.Namespace) -> Table:
    """Table of whole messages and deltas in a large community."""
    count = max(10, round(LARGE_CROWD * options.scale))
    table = Table(
        f"{LARGE_FLATS:,} flats whose meters speak once a minute, {count} clients, 1 Hz",
        ["messages", "bytes each", "CPU µs", "p50 ms", "p99 ms"],
    )
    with house(options.results, options.database, LARGE_FLATS, MINUTE_METERS) as spoken:
        for name, query in (("whole", ""), ("deltas", "&deltas=1")):
            targets = [(path + query, token) for path, token in spoken.targets]
            with (
                spoken.served() as server,
                Clients(server.port, targets, count, spoken.folder) as clients,
            ):
                spoken.speak(server.port, 1, settling_s(options.seconds))
                figures = spoken.measured(server, clients, 1, options.seconds)
            table.rows.append(
                [
                    *(name, f"{figures.size / figures.arrived:,.0f}", f"{figures.cpu_us:.1f}"),
                    *(f"{figures.percentile_ms(percent):.1f}" for percent in (50, 99)),
                ]
            )
    table.notes = ["“CPU µs” includes taking in the readings and asking for the snapshot."]
    return table


def _await(server: Server, files: int) -> None:
    """Waits until the workers hold no more than so many files; twice the ping time at most."""
    give_up_s = time.monotonic() + 2 * PING_TIME_S
    while server.open_files() > files and time.monotonic() < give_up_s:
        time.sleep(0.1)


@dataclass(frozen=True)
class Look:
    """What a server holds at a moment of the soak."""

    memory_mb: float
    files: int
    greenlets: int
    database_connections: int
    """On PostgreSQL all of the database, this program's own included; on SQLite open files."""


def soak(spoken: House, options: argparse.Namespace) -> Table:
    """Table of what grows while clients join, leave and are cut off for a while. Who loses patience
    interrupts it and sees what there is."""
    count = max(10, round(CROWD * options.scale))
    looks: list[Look] = []
    with (
        suppress(KeyboardInterrupt),
        spoken.served() as server,
        Clients(server.port, spoken.targets, count, spoken.folder) as clients,
    ):
        begin_s = shown_s = time.monotonic()
        while not looks or time.monotonic() < begin_s + options.soak * MINUTE_S:
            clients.begin(churn=max(1, round(count * CHURN_SHARE)))
            spoken.speak(server.port, 1, LOOK_EVERY_S)
            clients.end()
            looks.append(_look(server, options.database))
            now_s = time.monotonic()
            what = f"soak: minute {(now_s - begin_s) / MINUTE_S:.1f} of {options.soak:g}"
            is_minute = now_s >= shown_s + MINUTE_S
            journal.note(options.results, what, quietly=not is_minute, **asdict(looks[-1]))
            shown_s = now_s if is_minute else shown_s
    minutes = len(looks) * LOOK_EVERY_S / MINUTE_S
    table = Table(
        f"Soak: {minutes:.1f} minutes with {count:,} clients, of which {CHURN_SHARE:.0%} leave"
        " and come each second",
        ["", "at first", "at the end", "times", "target"],
        notes=["Means of the second and of the last quarter of the time."],
    )
    quarter = max(1, len(looks) // 4)
    for name in Look.__dataclass_fields__ if looks else ():
        values = [float(getattr(look, name)) for look in looks]
        first, last = mean(values[quarter : 2 * quarter] or values), mean(values[-quarter:])
        times = [last / first]
        cells = [name.replace("_", " "), f"{first:.1f}", f"{last:.1f}", f"{times[0]:.3f}"]
        table.rows.append([*cells, report.at_most(times, 1 + GROWTH)])
    return table


def _look(server: Server, database: str) -> Look:
    connection = HTTPConnection(HOST, server.port)
    connection.request("GET", "/bench/greenlets")
    greenlets = json.loads(connection.getresponse().read())["greenlets"]
    connection.close()
    held = [name for pid in server.workers for name in _files_of(pid)]
    connections = sum("broker.sqlite" in name for name in held)
    if database:
        with psycopg.connect(database) as asking:
            found = asking.execute(CONNECTIONS).fetchone()
            connections = found[0] if found else 0
    return Look(server.memory_bytes() / 1e6, len(held), greenlets, connections)


def _files_of(pid: int) -> list[str]:
    """What its descriptors lead to; one may be closed while they are read."""
    names = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            names.append(str(descriptor.readlink()))
    return names

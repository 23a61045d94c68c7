"""Clients that stop reading, vanish, or come and go for hours."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from statistics import mean

from benchmarks import report
from benchmarks.live.clients import Clients
from benchmarks.live.contenders import House, house, settling_s
from benchmarks.load import HOST
from benchmarks.report import Table
from benchmarks.server import Server
from broker.live import peer

CROWD = 2000
STALLED = 10
VANISHED = 1000
WITHIN = 0.10
RETURNS_WITHIN = 0.05
CHURN_SHARE = 0.01
"""How many of the clients leave in a second of the soak, every other one without a word."""
LOOK_EVERY_S = 5.0
GROWTH = 0.05
LARGE_FLATS, LARGE_CROWD, MINUTE_METERS = 1000, 500, 17
"""A community whose meters speak once a minute: each second 17 of them."""
PING_TIME_S = peer.PING_EVERY_S + peer.PONG_WITHIN_S + 2
"""Asking, waiting for the answer, and looking once a second."""


def stalled(spoken: House, options: argparse.Namespace) -> Table:
    """Table of the delay of others while some clients have stopped reading."""
    count = max(10, round(CROWD * options.scale))
    seconds = max(options.seconds, options.stall * 60)
    table = Table(
        f"{STALLED} clients stop reading for {seconds / 60:.1f} minutes, {count:,} go on, 1 Hz",
        ["", "p99 ms of the others", "memory of the worker, MB", "times", "target"],
    )
    with (
        spoken.served() as server,
        Clients(server.port, spoken.targets, count, options.results) as others,
    ):
        spoken.measured(server, others, 1, options.seconds)
        alone = spoken.measured(server, others, 1, seconds)
        before_mb = server.memory_bytes() / 1e6
        with Clients(server.port, spoken.targets, STALLED, spoken.folder) as stuck:
            stuck.freeze()
            beside = spoken.measured(server, others, 1, seconds)
            beside_mb = server.memory_bytes() / 1e6
    times = [beside.percentile_ms(99) / alone.percentile_ms(99)]
    verdict = report.at_most(times, 1 + WITHIN)
    table.rows = [
        ["without", f"{alone.percentile_ms(99):.1f}", f"{before_mb:.1f}", "", ""],
        [
            "beside",
            f"{beside.percentile_ms(99):.1f}",
            f"{beside_mb:.1f}",
            f"{times[0]:.2f}",
            verdict,
        ],
    ]
    return table


def dropped(spoken: House, options: argparse.Namespace) -> Table:
    """Table of how soon clients whose network has vanished are gone."""
    count = max(10, round(VANISHED * options.scale))
    with spoken.served() as server:
        with Clients(server.port, spoken.targets, count, options.results):
            spoken.speak(server.port, 1, 3)
        _await(server, server.open_files() - count)
        start_files, start_bytes = server.open_files(), server.memory_bytes()
        with Clients(server.port, spoken.targets, count, options.results) as clients:
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
    with house(options.results, LARGE_FLATS, MINUTE_METERS) as spoken:
        for name, query in (("whole", ""), ("deltas", "&deltas=1")):
            targets = [(path + query, token) for path, token in spoken.targets]
            with (
                spoken.served() as server,
                Clients(server.port, targets, count, options.results) as clients,
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
    database_files: int


def soak(spoken: House, options: argparse.Namespace) -> Table:
    """Table of what grows while clients join, leave and are cut off for a while."""
    count = max(10, round(CROWD * options.scale))
    looks: list[Look] = []
    with (
        spoken.served() as server,
        Clients(server.port, spoken.targets, count, options.results) as clients,
    ):
        end_s = time.monotonic() + options.soak * 60
        while not looks or time.monotonic() < end_s:
            clients.begin(churn=max(1, round(count * CHURN_SHARE)))
            spoken.speak(server.port, 1, LOOK_EVERY_S)
            clients.end()
            looks.append(_look(server))
    table = Table(
        f"Soak: {options.soak:g} minutes with {count:,} clients, of which {CHURN_SHARE:.0%} leave"
        " and come each second",
        ["", "at first", "at the end", "times", "target"],
        notes=["Means of the second and of the last quarter of the time."],
    )
    quarter = max(1, len(looks) // 4)
    for name in Look.__dataclass_fields__:
        values = [float(getattr(look, name)) for look in looks]
        first, last = mean(values[quarter : 2 * quarter] or values), mean(values[-quarter:])
        times = [last / first]
        cells = [name.replace("_", " "), f"{first:.1f}", f"{last:.1f}", f"{times[0]:.3f}"]
        table.rows.append([*cells, report.at_most(times, 1 + GROWTH)])
    return table


def _look(server: Server) -> Look:
    connection = HTTPConnection(HOST, server.port)
    connection.request("GET", "/bench/greenlets")
    greenlets = json.loads(connection.getresponse().read())["greenlets"]
    connection.close()
    held = [
        str(each.readlink()) for pid in server.workers for each in Path(f"/proc/{pid}/fd").iterdir()
    ]
    database_files = sum("broker.sqlite" in name for name in held)
    return Look(server.memory_bytes() / 1e6, len(held), greenlets, database_files)

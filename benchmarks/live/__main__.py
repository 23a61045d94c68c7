"""`python -m benchmarks.live`: measures the live view and prints tables in Markdown."""

from __future__ import annotations

import argparse
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks import load, report
from benchmarks.__main__ import RESULTS, described
from benchmarks.live import hardships, journal
from benchmarks.live.clients import Clients
from benchmarks.live.contenders import (
    DRAIN_S,
    Figures,
    House,
    bare,
    house,
    measured_bare,
    settling_s,
)
from benchmarks.report import Table
from benchmarks.server import Server

SECTIONS = ("crowds", "workers", "stalled", "dropped", "large", "soak")
CROWDS = ((500, 1, 2), (2000, 1, 1), (5000, 1, 1), (2000, 30, 1 / 3))
"""Clients, messages a second to each, and how many times `--seconds` each side is measured: of few
clients' messages the worst tick would be the 99th percentile."""
ALONE_SHARE = 0.5
"""For which share of that time readings come while nobody watches."""
TWO_WORKERS = 10_000
UNPACED_S = 0.001
MOST_CPU = 1.0
MOST_LATER = 1.2
MOST_MEMORY_KB = 45.0


def main() -> int:
    """Measures what the arguments ask for; 1 when something failed."""
    options = parsed(sys.argv[1:])
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that servers end as well
    report.write(f"\n## Live views: {described(options.database)}")
    try:
        with house(options.results, options.database) as spoken:
            for section in options.only:
                journal.note(options.results, f"{section} begins")
                report.write(MEASURES[section](spoken, options))
    except load.LoadError as failure:
        report.write(f"\nFAILED {failure}")
        return 1
    return 0


def parsed(arguments: list[str]) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser("benchmarks.live", description=__doc__)
    parser.add_argument("--database", default="", help="a postgresql:// URL instead of SQLite")
    parser.add_argument("--scale", type=float, default=1.0, help="share of all clients (1)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each comparison (3)")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each measurement (30)")
    parser.add_argument("--soak", type=float, default=20.0, help="minutes of the soak (20)")
    parser.add_argument("--stall", type=float, default=10.0, help="minutes without reading (10)")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="a section; repeatable")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where databases are kept")
    options = parser.parse_args(arguments)
    options.only = options.only or SECTIONS
    options.results = options.results.resolve()
    options.results.mkdir(parents=True, exist_ok=True)
    return options


def crowds(spoken: House, options: argparse.Namespace) -> Table:
    """Table of Broker beside the bare server, one worker, by clients and rate."""
    table = Table(
        f"Messages of {spoken.size} bytes to many, beside a bare `websockets.broadcast`",
        [
            *("clients", "Hz", "bare CPU µs", "CPU µs", "times", "target"),
            *("bare p50 ms", "p50 ms", "bare p99 ms", "p99 ms", "times", "target"),
            *("bare kB", "kB a client", "target", "arrived", "tick alone ms"),
        ],
    )
    for clients, rate, share in CROWDS:
        count, seconds = max(10, round(clients * options.scale)), options.seconds * share
        theirs: list[Figures] = []
        ours: list[Figures] = []
        sides = [("bare", theirs, _bare), ("Broker", ours, _broker)]
        for number in range(options.rounds):
            for name, figures, measure in reversed(sides) if number % 2 else sides:
                figures.append(measure(spoken, count, rate, seconds))
                what = f"crowds: {count} clients at {rate} Hz, round {number + 1}, {name}"
                journal.note(options.results, what, **figures[-1].noted())
        table.rows.append(_row(count, rate, theirs, ours))
    table.notes = [
        "“CPU µs” is the worker's processor time for one message to one client; Broker's includes"
        " snapshots, pings and looking after sessions, and leaves out what the same readings cost"
        " when nobody watches: “tick alone”. The bare server's ticks come from a timer of its own."
        " “ms” is the time from the acknowledged reading, or the call of `broadcast`, to the"
        " client.",
        "At 30 Hz the hub runs without its limit of one message a second and client.",
    ]
    return table


def _bare(spoken: House, count: int, rate: float, seconds: float) -> Figures:
    with bare(rate, spoken.size) as server:
        idle_bytes = server.memory_bytes()
        with Clients(server.port, [("/", "")], count, spoken.folder) as clients:
            figures = measured_bare(server, clients, rate, seconds)
            return _with_memory(figures, server.memory_bytes() - idle_bytes)


def _broker(spoken: House, count: int, rate: float, seconds: float, workers: int = 1) -> Figures:
    rhythm_s = UNPACED_S if rate > 1 else None
    with spoken.served(workers, rhythm_s) as server:
        _warm(spoken, server.port)
        alone_s = _cpu_of_ingest(spoken, server, rate, seconds * ALONE_SHARE)
        idle_bytes = server.memory_bytes()
        with Clients(server.port, spoken.targets, count, spoken.folder) as clients:
            if rhythm_s is None:
                spoken.speak(server.port, rate, settling_s(seconds))
            figures = spoken.measured(server, clients, rate, seconds)
            cpu_s = figures.cpu_s - alone_s * figures.sent
            figures = replace(figures, cpu_s=cpu_s, tick_cpu_s=alone_s)
            return _with_memory(figures, server.memory_bytes() - idle_bytes)


def _cpu_of_ingest(spoken: House, server: Server, rate: float, seconds: float) -> float:
    """Processor time that a reading takes while nobody watches."""
    before_s = server.cpu_s()
    sent = spoken.speak(server.port, rate, max(seconds, 1 / rate))
    time.sleep(DRAIN_S)
    return (server.cpu_s() - before_s) / sent


def _warm(spoken: House, port: int) -> None:
    """Loads what the first client and the first reading need, so that it isn't taken for theirs."""
    with Clients(port, spoken.targets, 10, spoken.folder):
        spoken.speak(port, 10, 0.5)
        time.sleep(0.2)


def _with_memory(figures: Figures, grown_bytes: int) -> Figures:
    return replace(figures, memory_bytes=grown_bytes)


def _row(count: int, rate: float, theirs: list[Figures], ours: list[Figures]) -> list[str]:
    cpu = [[each.cpu_us for each in side] for side in (theirs, ours)]
    p50 = [[each.percentile_ms(50) for each in side] for side in (theirs, ours)]
    p99 = [[each.percentile_ms(99) for each in side] for side in (theirs, ours)]
    memory = [[each.memory_kb for each in side] for side in (theirs, ours)]
    cpu_times, later = report.ratios(cpu[1], cpu[0]), report.ratios(p99[1], p99[0])
    return [
        f"{count:,}",
        f"{rate:g}",
        *(report.spread(side, 1) for side in cpu),
        *(report.spread(cpu_times), report.at_most(cpu_times, MOST_CPU)),
        *(report.spread(side, 1) for side in (*p50, *p99)),
        *(report.spread(later), report.at_most(later, MOST_LATER)),
        *(report.spread(side, 1) for side in memory),
        report.at_most(memory[1], MOST_MEMORY_KB),
        _arrived(ours),
        report.spread([each.tick_cpu_s * 1000 for each in ours], 1),
    ]


def _arrived(figures: list[Figures]) -> str:
    share = median(each.arrived / each.sent / each.clients for each in figures)
    return f"{share:.2%}"


def workers(spoken: House, options: argparse.Namespace) -> Table:
    """Table of many clients on two workers."""
    count = max(20, round(TWO_WORKERS * options.scale))
    figures: list[Figures] = []
    for number in range(options.rounds):
        figures.append(_broker(spoken, count, 1, options.seconds, workers=2))
        what = f"workers: {count} clients, round {number + 1}"
        journal.note(options.results, what, **figures[-1].noted())
    rows = [
        f"{count:,}",
        "1",
        report.spread([each.cpu_us for each in figures], 1),
        report.spread([each.percentile_ms(50) for each in figures], 1),
        report.spread([each.percentile_ms(99) for each in figures], 1),
        report.spread([each.memory_kb for each in figures], 1),
        _arrived(figures),
    ]
    columns = ["clients", "Hz", "CPU µs", "p50 ms", "p99 ms", "kB a client", "arrived"]
    return Table("Two workers", columns, [rows])


MEASURES: dict[str, Callable[[House, argparse.Namespace], Table]] = {
    "crowds": crowds,
    "workers": workers,
    "stalled": hardships.stalled,
    "dropped": hardships.dropped,
    "large": hardships.large,
    "soak": hardships.soak,
}

if __name__ == "__main__":
    sys.exit(main())

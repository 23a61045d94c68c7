"""`python -m benchmarks`: measures and prints tables in Markdown. See `--help`."""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import sys
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

import psycopg

from benchmarks import calls, ingest, load, report
from benchmarks.crowd import crowd
from benchmarks.house import House, house
from benchmarks.report import Table

RESULTS = Path(__file__).with_name("results")
SECTIONS = ("calls", "logins", "ingest", "storage")
SHORT_SHARE = 30 / 365
"""The shorter history that the year is compared with, to see that calls don't grow dearer."""


def main() -> int:
    """Measures what the arguments ask for; 1 when an answer was an error."""
    options = parsed(sys.argv[1:])
    own = os.environ.get("BROKER_BENCH_DATABASE_URL")
    databases = [options.database] if options.database else ["", own] if own else [""]
    try:
        for database in databases:
            _measure(database, options)
    except load.LoadError as failure:
        report.write(f"\nFAILED {failure}")
        return 1
    return 0


def parsed(arguments: list[str]) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser("benchmarks", description=__doc__)
    parser.add_argument("--database", default="", help="a postgresql:// URL instead of SQLite")
    parser.add_argument("--days", type=int, default=365, help="days of readings (365)")
    parser.add_argument("--members", type=int, default=1000, help="of the large community (1000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each comparison (3)")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of each measurement (2)")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="a section; repeatable")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where databases are kept")
    options = parser.parse_args(arguments)
    options.only = options.only or SECTIONS
    options.results = options.results.resolve()
    options.results.mkdir(parents=True, exist_ok=True)
    return options


def _measure(database: str, options: argparse.Namespace) -> None:
    report.write(f"\n## {described(database)}")
    effort = (options.rounds, options.seconds)
    if set(options.only) - {"ingest"}:
        with ExitStack() as stack:
            whole = stack.enter_context(house(database, options.days, options.results))
            houses = [whole]
            short_days = max(1, round(options.days * SHORT_SHARE))
            if "calls" in options.only and short_days < options.days:
                houses.append(stack.enter_context(house(database, short_days, options.results)))
            if "storage" in options.only:
                report.write(storage(whole))
            if {"calls", "logins"} & set(options.only):
                _measure_calls(database, houses, options)
    if "ingest" in options.only:
        report.write(ingest.measure(database, options.results, *effort))


def _measure_calls(database: str, houses: list[House], options: argparse.Namespace) -> None:
    effort = (options.rounds, options.seconds)
    with calls.contenders(houses) as served, calls.trivial_server(houses[0]) as trivial:
        start_bytes = served[0].server.memory_bytes()
        if "calls" in options.only:
            report.write(calls.measure(served, trivial, *effort))
            with (
                crowd(options.members, database, options.results) as many,
                calls.contenders([many]) as crowded,
            ):
                report.write(calls.measure(crowded, trivial, *effort, calls.OF_A_CROWD))
        if "logins" in options.only:
            report.write(calls.measure_beside_logins(served[0], *effort))
        report.write(calls.memory(served[0], start_bytes))


def storage(whole: House) -> Table:
    """Table of what the house's history cost to take in and costs to keep."""
    built = whole.built
    grown_bytes = whole.size_bytes() - built.empty_bytes
    return Table(
        f"Storage of {built.readings / 1e6:.2f} million readings, quarter hours included",
        ["figure", "value"],
        [
            ["bytes a reading", f"{grown_bytes / built.readings:.1f}"],
            ["MB per million readings", f"{grown_bytes / built.readings:.1f}"],
            ["bulk ingest, readings/s", f"{built.readings / built.seconds:,.0f}"],
        ],
    )


def described(database: str) -> str:
    """Engine, interpreter, server and processors that the figures hold for."""
    engine = f"SQLite {sqlite3.sqlite_version}"
    if database:
        with psycopg.connect(database) as connection:
            engine = f"PostgreSQL {connection.info.server_version // 10_000}"
    parts = [engine, f"Python {platform.python_version()}", f"gunicorn {version('gunicorn')}"]
    return ", ".join([*parts, f"gevent {version('gevent')}", f"{os.cpu_count()} processors"])


if __name__ == "__main__":
    sys.exit(main())

"""How fast readings are taken in, beside the database's own bulk insert of the same rows."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Protocol

import orjson
import psycopg
from sqlalchemy import insert, select
from sqlalchemy.engine import make_url

from benchmarks import load, report
from benchmarks.house import (
    INTERVAL_S,
    empty_installation,
    installation,
    make_meters,
    minutes,
    running_app,
)
from benchmarks.report import Table
from benchmarks.server import serving
from broker.clock import now_s
from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from broker.models import IngestKey, IngestKeyMeter, Meter, MeterRole, Reading, db, writer
from broker.models.database import prepare_sqlite
from broker.services import sessions
from broker.units import DAY_S, QUARTER_HOUR_S

READINGS_A_CALL = 1_000
METERS = 200
CONNECTIONS = 4
YEARS_BACK = 20
"""Where the readings begin: far enough back that none of them lies in the future."""
LEAST_ONE_METER = 0.60
LEAST_MANY_METERS = 0.25
LEAST_BY_HTTP = 0.20
MOST_ROWS_A_SECOND = 250_000
"""By HTTP; so many are written down before, so that nothing but sending is left to do."""
COLUMNS = [column.name for column in Reading.__table__.columns]

Batch = dict[int, Columns]
Row = tuple[int | None, ...]


class Ceiling(Protocol):
    """A bare table with the columns of `reading`, filled without any of Broker's code."""

    def store(self, rows: list[Row]) -> None:
        """Inserts rows in bulk and commits."""
        ...


class BareSqlite:
    """`executemany` of sqlite3 under the pragmas that Broker sets."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self.connection = sqlite3.connect(path)
        prepare_sqlite(self.connection, None)
        self.connection.execute(
            f"CREATE TABLE bare ({', '.join(f'{name} BIGINT' for name in COLUMNS)},"
            " PRIMARY KEY (meter_id, time_s)) WITHOUT ROWID"
        )
        self.statement = f"INSERT INTO bare VALUES ({', '.join('?' * len(COLUMNS))})"

    def store(self, rows: list[Row]) -> None:
        """Inserts rows in bulk and commits."""
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.executemany(self.statement, rows)
        self.connection.execute("COMMIT")

    def close(self) -> None:
        """Ends the connection."""
        self.connection.close()


class BarePostgresql:
    """`COPY` by psycopg."""

    def __init__(self, address: str) -> None:
        url = make_url(address).set(drivername="postgresql")
        self.connection = psycopg.connect(url.render_as_string(hide_password=False))
        self.connection.execute(
            f"CREATE TABLE bare ({', '.join(f'{name} BIGINT' for name in COLUMNS)},"
            " PRIMARY KEY (meter_id, time_s))".encode()
        )
        self.connection.commit()

    def store(self, rows: list[Row]) -> None:
        """Inserts rows in bulk and commits."""
        lines = ("\t".join("\\N" if value is None else str(value) for value in row) for row in rows)
        with self.connection.cursor() as cursor, cursor.copy("COPY bare FROM STDIN") as copy:
            copy.write("\n".join(lines))
        self.connection.commit()

    def close(self) -> None:
        """Ends the connection."""
        self.connection.close()


def measure(database: str, results: Path, rounds: int, seconds: float) -> Table:
    """Table of rows a second in a database of its own, in process and by HTTP."""
    name = f"{'postgresql' if database else 'sqlite'}-ingest"
    folder, environment = installation(database, name, results)
    empty_installation(folder, environment)
    ceiling_name = "COPY" if database else "executemany"
    with running_app(environment):
        meters = make_meters([MeterRole.FLAT] * (METERS + CONNECTIONS + 1), _begin_s())
        key, numbers = _ingest_key(meters[METERS + 1 :])
        with closing(_ceiling(environment, folder)) as ceiling:
            one = _interleaved(one_meter(meters[METERS]), ceiling, rounds, seconds)
            many = _interleaved(many_meters(meters[:METERS]), ceiling, rounds, seconds)
    with serving("ingest", "app:create_app()", environment, folder / "gunicorn.log") as server:
        http_per_s = [
            _by_http(server.port, key, numbers, number, seconds) for number in range(rounds)
        ]
    return Table(
        f"Ingest, each call a transaction, beside {ceiling_name} of the same rows",
        ["call", f"{ceiling_name} rows/s", "rows/s", "ratio", "target"],
        [
            _row(f"{READINGS_A_CALL:,} readings of one meter", *one, LEAST_ONE_METER),
            _row(f"one reading each of {METERS} meters", *many, LEAST_MANY_METERS),
            _row("POST /readings, 1,000 of one meter", one[0], http_per_s, LEAST_BY_HTTP),
        ],
        [f"POST /readings on {CONNECTIONS} connections, beside the first row's ceiling."],
    )


def _begin_s() -> int:
    years_back_s = now_s() - YEARS_BACK * 365 * DAY_S
    return years_back_s - years_back_s % QUARTER_HOUR_S


def _ceiling(environment: dict[str, str], folder: Path) -> BareSqlite | BarePostgresql:
    if address := environment.get("BROKER_DATABASE_URL"):
        return BarePostgresql(address)
    return BareSqlite(folder / "bare.sqlite")


def _ingest_key(meter_ids: list[int]) -> tuple[str, list[str]]:
    """A key for some meters, and their numbers."""
    token = sessions.new_token()
    key = {"name": "benchmark", "digest": sessions.digest(token), "created_s": now_s()}
    with writer(db.engine).begin() as connection:
        key_id = connection.scalar(insert(IngestKey).values(key).returning(IngestKey.id))
        doors = [{"key_id": key_id, "meter_id": meter_id} for meter_id in meter_ids]
        connection.execute(insert(IngestKeyMeter), doors)
        numbers = connection.scalars(select(Meter.number).where(Meter.id.in_(meter_ids))).all()
    return token, list(numbers)


def one_meter(meter_id: int) -> Iterator[Batch]:
    """A thousand minutes of one meter after the other."""
    span_s = READINGS_A_CALL * INTERVAL_S
    for begin_s in count(_begin_s(), span_s):
        yield {meter_id: minutes(meter_id, begin_s, begin_s + span_s)}


def many_meters(meter_ids: list[int]) -> Iterator[Batch]:
    """One minute of all meters after the other."""
    for begin_s in count(_begin_s(), INTERVAL_S):
        yield {meter_id: minutes(meter_id, begin_s, begin_s + INTERVAL_S) for meter_id in meter_ids}


def _interleaved(
    batches: Iterator[Batch], ceiling: Ceiling, rounds: int, seconds: float
) -> tuple[list[float], list[float]]:
    """Rows a second of the ceiling and of Broker, which take turns with the same rows."""
    bare_per_s, per_s = [], []
    take_in(next(batches), now_s())
    for _ in range(rounds):
        rows, bare_s, broker_s = 0, 0.0, 0.0
        while bare_s + broker_s < seconds:
            batch = next(batches)
            flat = [
                (meter_id, *row)
                for meter_id, columns in batch.items()
                for row in zip(*columns, strict=True)
            ]
            bare_s += _timed(ceiling.store, flat)
            broker_s += _timed(take_in, batch, now_s())
            rows += len(flat)
        bare_per_s.append(rows / bare_s)
        per_s.append(rows / broker_s)
    return bare_per_s, per_s


def _timed(work: Callable[..., object], *arguments: object) -> float:
    begin_s = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - begin_s


def _row(call: str, bare_per_s: list[float], per_s: list[float], least: float) -> list[str]:
    ratios = report.ratios(per_s, bare_per_s)
    figures = [report.spread(bare_per_s, 0), report.spread(per_s, 0), report.spread(ratios)]
    return [call, *figures, report.at_least(ratios, least)]


def _by_http(port: int, key: str, numbers: list[str], number: int, seconds: float) -> float:
    """Readings a second that arrive as `POST /readings`, each connection for a meter of its own."""
    most_calls = math.ceil(MOST_ROWS_A_SECOND * seconds / READINGS_A_CALL / len(numbers))
    span_s = most_calls * READINGS_A_CALL * INTERVAL_S
    begin_s = _begin_s() + number * span_s
    plans = [
        iter([_post(key, meter, begin_s, call) for call in range(most_calls)]) for meter in numbers
    ]
    outcome = load.run([load.Steady("POST /readings", port, plans)], seconds)[0]
    return outcome.per_s * READINGS_A_CALL


def _post(key: str, meter_number: str, begin_s: int, call: int) -> bytes:
    span_s = READINGS_A_CALL * INTERVAL_S
    columns = minutes(1, begin_s + call * span_s, begin_s + (call + 1) * span_s)
    readings = [
        {"meter_id": meter_number, "time": time_s, "energy": energy, "power": power_mw}
        for time_s, energy, _, power_mw in zip(*columns, strict=True)
    ]
    return load.request("POST", "/readings", key, orjson.dumps({"readings": readings}))

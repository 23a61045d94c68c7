"""`readings import` and what else one does with readings by command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import time_machine
from click.testing import Result
from flask.testing import FlaskCliRunner
from sqlalchemy import func, select

from broker.models import QuarterHour, Reading, db

Run = Callable[..., Result]

BEGIN_S = 1_790_000_100
"""A quarter hour's begin in September 2026."""


@pytest.fixture
def run(runner: FlaskCliRunner, make_meter: Callable[..., int]) -> Run:
    """Runs `flask readings …` with a meter called m."""
    make_meter("m")
    return lambda *words: runner.invoke(args=["readings", *map(str, words)])


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Writes a CSV file of lines under the title line `time,e`."""

    def write(*lines: str) -> Path:
        path = tmp_path / "readings.csv"
        path.write_text("\n".join(["time,e", *lines]) + "\n", encoding="utf-8")
        return path

    return write


CHOSEN = ("--meter", "m", "--time", "time", "--energy", "e")


def count(model: Any = Reading) -> int:
    with db.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(model)) or 0


def lines(*counters: float, begin_s: int = BEGIN_S) -> list[str]:
    return [f"{begin_s + 900 * place},{counter}" for place, counter in enumerate(counters)]


def test_a_dry_run_tells_all_and_changes_nothing(run: Run, written: Callable[..., Path]) -> None:
    # 100 → 100.5 → (a jump by 900 kWh in a quarter hour: 3.6 MW) → 101 kWh.
    path = written(*lines(100, 100.5, 1000, 101))
    told = run("import", path, *CHOSEN, "--dry-run").stdout
    assert "4 readings from 2026-09-21 16:15+02:00 to 2026-09-21 17:00+02:00" in told
    assert "100.000 … 101.000 kWh, in all 1.000 kWh" in told
    assert "3 would be stored, 0 known already, 1 would be quarantined." in told
    assert "Nothing was changed." in told
    assert (count(), count(QuarterHour)) == (0, 0)


def test_an_import_that_is_run_again_continues(run: Run, written: Callable[..., Path]) -> None:
    first = json.loads(run("import", written(*lines(1, 2)), *CHOSEN, "--json").stdout)
    assert (first["stored"], first["known"]) == (2, 0)
    again = json.loads(run("import", written(*lines(1, 2, 3)), *CHOSEN, "--json").stdout)
    assert (again["stored"], again["known"]) == (1, 2)
    assert again["last_s"] == BEGIN_S + 1800
    assert count() == 3


def test_a_line_that_cannot_be_read_stores_nothing_of_the_file(
    run: Run, written: Callable[..., Path]
) -> None:
    path = written(*lines(1, 2), "later,3")
    failed = run("import", path, *CHOSEN)
    assert failed.exit_code == 1
    assert failed.stderr == "Error: Line 4 can't be read: 'later' is not a time.\n"
    assert count() == 0
    told = json.loads(run("import", path, *CHOSEN, "--skip-bad", "--json").stdout)
    assert told["stored"] == 2
    assert told["bad_lines"] == [{"line": 4, "reason": "'later' is not a time"}]


def test_a_contradiction_names_the_reading(run: Run, written: Callable[..., Path]) -> None:
    run("import", written(*lines(1, 2)), *CHOSEN)
    failed = run("import", written(*lines(1, 7)), *CHOSEN)
    assert failed.exit_code == 1
    assert f"already has another reading at {BEGIN_S + 900}" in failed.stderr
    assert count() == 2


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        pytest.param(("--energy-unit", "J"), "'J' is none of Wh, kWh", id="unit"),
        pytest.param(("--zone", "Berlin"), "'Berlin' is no time zone", id="zone"),
        pytest.param(("--delimiter", "ab"), "A delimiter is one character", id="delimiter"),
        pytest.param(("--power", "p"), "There is no column 'p'", id="column"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    run: Run, written: Callable[..., Path], words: tuple[str, str], complaint: str
) -> None:
    failed = run("import", written(*lines(1)), *CHOSEN, *words)
    assert failed.exit_code > 0
    assert complaint in failed.stderr
    assert count() == 0


def test_units_and_a_zone_of_choice(run: Run, written: Callable[..., Path]) -> None:
    path = written("2026-09-21 12:00,20000000000")
    run("import", path, *CHOSEN, "--energy-unit", "µWh/10", "--zone", "America/New_York")
    with db.engine.connect() as connection:
        reading = connection.execute(select(Reading)).one()
    # Noon in New York is 16:00 UTC in September; 2 · 10^10 of 0.1 µWh are 2 kWh.
    assert (reading.time_s, reading.energy_tenth_uwh) == (1_790_006_400, 2 * 10**10)


def test_an_empty_file_is_no_readings(run: Run, written: Callable[..., Path]) -> None:
    for dry in ((), ("--dry-run",)):
        told = json.loads(run("import", written(), *CHOSEN, *dry, "--json").stdout)
        assert (told["readings"], told["stored"], told["first_s"]) == (0, 0, None)


def test_what_was_quarantined_is_listed_and_can_be_accepted(
    run: Run, written: Callable[..., Path]
) -> None:
    run("import", written(*lines(100, 1000, 1000.1)), *CHOSEN)
    [waiting] = json.loads(run("quarantine", "list", "--json").stdout)["quarantined"]
    assert (waiting["meter"], waiting["time_s"]) == ("m", BEGIN_S + 900)
    assert waiting["energy_before_tenth_uwh"] == 100 * 10**10
    assert "1000.000" in run("quarantine", "list", "--meter", "m").stdout
    assert run("quarantine", "accept", "m", BEGIN_S + 900).exit_code == 0
    assert run("quarantine", "list").stdout == "There are none yet.\n"
    again = run("quarantine", "accept", "m", BEGIN_S + 900)
    assert again.exit_code == 1
    assert "is in quarantine" in again.stderr


def quarter_hours() -> list[tuple[object, ...]]:
    with db.engine.connect() as connection:
        rows = connection.execute(select(QuarterHour).order_by(QuarterHour.start_s))
        return [tuple(row) for row in rows]


def test_a_rebuild_gives_the_same_quarter_hours(run: Run, written: Callable[..., Path]) -> None:
    run("import", written(*lines(1, 2, 2.5, 4)), *CHOSEN)
    before = quarter_hours()
    told = json.loads(run("rebuild", "--json").stdout)
    assert told["quarter_hours"] == {"m": 4}
    assert quarter_hours() == before


def test_raw_readings_expire_and_their_quarter_hours_stay(
    run: Run, written: Callable[..., Path]
) -> None:
    run("import", written(*lines(1, 2, 3, 4)), *CHOSEN)
    before = quarter_hours()
    with time_machine.travel(BEGIN_S + 1800 + 10 * 86_400, tick=False):
        assert "all readings are kept" in run("expire").stdout
        assert json.loads(run("expire", "--days", 10, "--json").stdout)["deleted"] == 2
    assert count() == 2
    assert quarter_hours() == before
    late = run("import", written(*lines(0.5, begin_s=BEGIN_S - 900)), *CHOSEN)
    assert late.exit_code == 1
    assert "have expired" in late.stderr

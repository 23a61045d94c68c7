"""CSV files as meters' portals, loggers and spreadsheets write them."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from broker.errors import InvalidInput
from broker.sources.csv_file import EnergyUnit, Layout, Parsed, PowerUnit, opened, parse

BERLIN = ZoneInfo("Europe/Berlin")


def parsed(text: str, *, skip_bad: bool = False, **layout: Any) -> Parsed:
    chosen = {"time": "time", "zone": BERLIN} | layout
    return parse(text.splitlines(keepends=True), Layout(**chosen), skip_bad=skip_bad)


def posix_s(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


@pytest.mark.parametrize(
    ("unit", "cell", "tenth_uwh"),
    [
        # 1 kWh is 10^10 of 0.1 µWh. As floats, 0.29 · 10^10 and 4180.07 · 10^10 miss these values.
        pytest.param(EnergyUnit.KWH, "0.29", 2_900_000_000, id="kWh"),
        pytest.param(EnergyUnit.KWH, "4180.07", 41_800_700_000_000, id="kWh-large"),
        pytest.param(EnergyUnit.WH, "12345678.9", 123_456_789_000_000, id="Wh"),
        pytest.param(EnergyUnit.TENTH_UWH, "2180256872214000", 2_180_256_872_214_000, id="µWh/10"),
        pytest.param(EnergyUnit.KWH, "1.5e3", 15_000_000_000_000, id="exponent"),
    ],
)
def test_counters_are_converted_exactly(unit: EnergyUnit, cell: str, tenth_uwh: int) -> None:
    readings = parsed(f"time,e\n1500000000,{cell}\n", energy="e", energy_unit=unit).readings
    assert readings.energies_tenth_uwh == [tenth_uwh]


@pytest.mark.parametrize(
    ("unit", "cell", "power_mw"),
    [
        pytest.param(PowerUnit.W, "595.75", 595_750, id="W"),
        pytest.param(PowerUnit.KW, "-1.2", -1_200_000, id="kW-fed-in"),
        pytest.param(PowerUnit.MW, "224550", 224_550, id="mW"),
    ],
)
def test_powers_are_converted_exactly(unit: PowerUnit, cell: str, power_mw: int) -> None:
    readings = parsed(f"time,p\n1500000000,{cell}\n", power="p", power_unit=unit).readings
    assert readings.powers_mw == [power_mw]
    assert readings.energies_tenth_uwh == [None]


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param("1579043700", id="seconds"),
        pytest.param("1579043700123", id="milliseconds"),
        pytest.param("2020-01-14T23:15:00Z", id="utc"),
        pytest.param("2020-01-15T00:15:00+01:00", id="offset"),
        pytest.param("2020-01-15 00:15", id="local"),
    ],
)
def test_a_time_is_understood_however_it_is_written(cell: str) -> None:
    assert parsed(f"time,p\n{cell},1\n", power="p").readings.times_s == [1_579_043_700]


def test_the_repeated_hour_of_autumn_is_told_apart_by_the_order_of_lines() -> None:
    # On 25 October 2020 Berlin's clocks went from 03:00 back to 02:00: two hours of two o'clock.
    clocks = ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00"]
    lines = [f"2020-10-25 {clock},{place}" for place, clock in enumerate(clocks)]
    begin_s = posix_s("2020-10-24T23:30:00+00:00")
    every_half_hour = [begin_s + 1800 * step for step in range(6)]
    upwards = parsed("\n".join(["time,p", *lines]), power="p").readings
    assert upwards.times_s == every_half_hour
    downwards = parsed("\n".join(["time,p", *reversed(lines)]), power="p").readings
    assert downwards == upwards


def test_the_hour_that_spring_skips_is_an_error() -> None:
    with pytest.raises(InvalidInput, match=r"Line 2 .*doesn't exist in Europe/Berlin"):
        parsed("time,p\n2020-03-29 02:30,1\n", power="p")


@pytest.mark.parametrize(
    "delimiter", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"]
)
def test_the_delimiter_is_found_out(delimiter: str) -> None:
    text = delimiter.join(["time", '"a, b"', "e"]) + "\n"
    text += delimiter.join(["1500000000", '"x;y"', "2"]) + "\n"
    assert parsed(text, energy="e").readings.energies_tenth_uwh == [2 * 10**10]


def test_a_given_delimiter_and_decimal_comma() -> None:
    text = "Zeit/Zählerstand\n2020-01-15 00:15/1,5\n"
    readings = parsed(
        text, time="Zeit", energy="Zählerstand", delimiter="/", decimal_comma=True
    ).readings
    assert readings.energies_tenth_uwh == [15 * 10**9]


def test_columns_by_number_with_and_without_a_header() -> None:
    rows = "1500000000,7,1\n1500000900,7,2\n"
    for text in (rows, "when,what,power\n" + rows):
        assert parsed(text, time="1", power="3").readings.powers_mw == [1000, 2000]


def test_a_headers_own_name_goes_before_a_number() -> None:
    assert parsed("time,3,2\n1500000000,10,20\n", power="2").readings.powers_mw == [20_000]


def test_empty_cells_are_no_values_and_lines_of_them_no_readings() -> None:
    found = parsed(
        "time,e,p\n1500000000,,1\n1500000060,,\n\n1500000120,1,\n", energy="e", power="p"
    )
    assert found.readings.times_s == [1_500_000_000, 1_500_000_120]
    assert found.readings.energies_tenth_uwh == [None, 10**10]
    assert found.readings.powers_mw == [1000, None]
    assert found.empty_lines == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param("yesterday,1", "'yesterday' is not a time", id="time"),
        pytest.param("20200115,1", "'20200115' is not a time", id="compact-date"),
        pytest.param("1500000000,1.5 kWh", "is not a number", id="unit-in-cell"),
        pytest.param("1500000000,nan", "is not a number", id="nan"),
        pytest.param("1500000000,inf", "out of range", id="infinity"),
        pytest.param("1500000000,1e999999999", "is not a number", id="huge"),
        pytest.param("1500000000,-1", "out of range", id="negative-counter"),
        pytest.param("1500000000", "has only 1 columns", id="short"),
        pytest.param('1500000000,"1,5"', "not a number with a decimal point", id="comma"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(line: str, reason: str) -> None:
    text = f"time,e\n1499999000,1\n{line}\n1500000900,2\n"
    with pytest.raises(InvalidInput, match=f"^Line 3 can't be read: .*{reason}"):
        parsed(text, energy="e")
    found = parsed(text, energy="e", skip_bad=True)
    assert found.readings.energies_tenth_uwh == [10**10, 2 * 10**10]
    assert [bad.line for bad in found.bad_lines] == [3]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        pytest.param({"energy": "nope"}, "no column 'nope'.*time, e, e", id="unknown"),
        pytest.param({"energy": "9"}, "no column '9'", id="number-too-high"),
        pytest.param({"energy": "e"}, "more than one column 'e'", id="twice"),
        pytest.param({}, "at least one column of values", id="none"),
    ],
)
def test_columns_that_are_not_there_are_refused(columns: dict[str, str], reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        parsed("time,e,e\n1500000000,1,1\n", **columns)


def test_a_file_is_unpacked_by_what_it_is_not_by_its_name(tmp_path: Path) -> None:
    text = "\ufefftime,p\r\n1500000000,1\r\n"
    for name, content in (("a.csv", text.encode()), ("b.csv", gzip.compress(text.encode()))):
        (tmp_path / name).write_bytes(content)
        with opened(tmp_path / name) as lines:
            assert parse(lines, Layout(time="time", power="p", zone=BERLIN)).readings.powers_mw


def test_a_damaged_archive_and_a_missing_file_are_clear_errors(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.csv.gz"
    damaged.write_bytes(gzip.compress(b"time,p\n" * 9999)[:-12])
    for path in (damaged, tmp_path / "missing.csv"):
        with pytest.raises(InvalidInput, match="can't be read"), opened(path) as lines:
            parse(lines, Layout(time="time", power="p", zone=BERLIN), skip_bad=True)

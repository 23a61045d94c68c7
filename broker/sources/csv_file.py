"""Readings from a CSV file: any delimiter, chosen columns, the usual units and ways to write time.

Numbers are converted exactly, from their decimal digits: 0.1 kWh are 10⁹ · 0.1 µWh and not one
less. Times without a zone are local times of an assumed one; the hour that the end of summer time
repeats is told apart by the order of the lines.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, NamedTuple, TextIO
from zoneinfo import ZoneInfo

from broker.errors import InvalidInput
from broker.sources.written_time import WrittenTimes
from broker.units import MW_PER_W, TENTH_UWH_PER_KWH, TENTH_UWH_PER_WH

GZIP_MAGIC = b"\x1f\x8b"
DELIMITERS = ";\t|,"
"""The comma comes last: where another delimiter stands, commas may be decimal ones."""
HIGHEST = Decimal(2**63 - 1)
"""What the database's integers can hold."""


class EnergyUnit(StrEnum):
    """What a file's counters count."""

    WH = "Wh"
    KWH = "kWh"
    TENTH_UWH = "tenth_uwh"


class PowerUnit(StrEnum):
    """What a file's powers are in."""

    W = "W"
    KW = "kW"
    MW = "mW"


ENERGY_FACTORS = {
    EnergyUnit.WH: TENTH_UWH_PER_WH,
    EnergyUnit.KWH: TENTH_UWH_PER_KWH,
    EnergyUnit.TENTH_UWH: 1,
}
POWER_FACTORS = {PowerUnit.W: MW_PER_W, PowerUnit.KW: 1000 * MW_PER_W, PowerUnit.MW: 1}


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where a file has what. Columns are named by their header or by their number from 1 on."""

    time: str
    energy: str | None = None
    energy_out: str | None = None
    power: str | None = None
    energy_unit: EnergyUnit = EnergyUnit.KWH
    power_unit: PowerUnit = PowerUnit.W
    zone: ZoneInfo
    """The zone of times that name none."""
    delimiter: str | None = None
    """None: found out from the first line."""
    decimal_comma: bool = False

    @property
    def columns(self) -> list[str | None]:
        """Every column's name, the time first; None where the file has no such value."""
        return [self.time, self.energy, self.energy_out, self.power]


class BadLine(NamedTuple):
    """A line that can't be read, counted from 1 as editors do."""

    line: int
    reason: str


class Readings(NamedTuple):
    """A file's readings, column by column; None for an empty cell."""

    times_s: list[int]
    energies_tenth_uwh: list[int | None]
    energies_out_tenth_uwh: list[int | None]
    powers_mw: list[int | None]


class Parsed(NamedTuple):
    """What a file holds."""

    readings: Readings
    empty_lines: int
    """Lines with a time but without any value."""
    bad_lines: list[BadLine]


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """A file as text, unpacked if it is gzipped, whatever its name says.

    Raises InvalidInput if it can't be read.
    """
    try:
        with path.open("rb") as raw:
            is_gzipped = raw.read(2) == GZIP_MAGIC
            raw.seek(0)
            unpacked = gzip.GzipFile(fileobj=raw) if is_gzipped else raw
            # Columns chosen by number don't care in which encoding a header was written.
            yield io.TextIOWrapper(unpacked, "utf-8-sig", errors="replace", newline="")
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidInput(f"{path}: can't be read: {error}") from error


def parse(lines: Iterable[str], layout: Layout, *, skip_bad: bool = False) -> Parsed:
    """Reads all lines of a file.

    Raises InvalidInput for an unknown column and, unless `skip_bad`, for the first line that can't
    be read, with its number.
    """
    if not any(layout.columns[1:]):
        raise InvalidInput("Choose at least one column of values: energy, energy_out or power.")
    iterator = iter(lines)
    first_line = next(iterator, "")
    reader = csv.reader(
        chain([first_line], iterator), delimiter=layout.delimiter or delimiter_of(first_line)
    )
    first_row = next(reader, [])
    has_header = not _begins_with_data(first_row, layout)
    parser = _RowParser(layout, _indexes(first_row, layout, has_header))
    if not has_header:
        parser.take(first_row, 1, skip_bad)
    try:
        for row in reader:
            if row:
                parser.take(row, reader.line_num, skip_bad)
    except csv.Error as error:
        raise InvalidInput(f"Line {reader.line_num}: {error}.") from error
    return Parsed(_in_order(parser.readings), parser.empty_lines, parser.bad_lines)


def delimiter_of(line: str) -> str:
    unquoted = "".join(line.split('"')[::2])
    return next((delimiter for delimiter in DELIMITERS if delimiter in unquoted), ",")


def _begins_with_data(first_row: Sequence[str], layout: Layout) -> bool:
    """Whether the first row has a time where a header would have a title."""
    try:
        WrittenTimes(layout.zone).posix_s(first_row[int(layout.time) - 1])
    except (ValueError, IndexError):
        return False
    return True


def _indexes(first_row: Sequence[str], layout: Layout, has_header: bool) -> list[int | None]:
    """The places of the chosen columns in a row; a header's own name goes before a number."""
    header = [cell.strip() for cell in first_row] if has_header else []
    width = len(first_row)
    return [name if name is None else _index(header, width, name) for name in layout.columns]


def _index(header: list[str], width: int, name: str) -> int:
    if header.count(name) == 1:
        return header.index(name)
    if name.isdecimal() and 1 <= int(name) <= width:
        return int(name) - 1
    problem = "more than one column" if name in header else "no column"
    raise InvalidInput(f"There is {problem} {name!r}; the first line has: {', '.join(header)}.")


def _in_order(readings: Readings) -> Readings:
    """The same readings by time: some portals write the newest line first."""
    times_s = readings.times_s
    if all(earlier <= later for earlier, later in pairwise(times_s)):
        return readings
    order = sorted(range(len(times_s)), key=times_s.__getitem__)
    columns: Iterable[list[Any]] = readings
    return Readings(*([column[place] for place in order] for column in columns))


class _RowParser:
    """Turns rows into columns of integers."""

    def __init__(self, layout: Layout, indexes: list[int | None]) -> None:
        time_index, *value_indexes = indexes
        assert time_index is not None
        self.empty_lines = 0
        self.bad_lines: list[BadLine] = []
        self._time_index = time_index
        self._times = WrittenTimes(layout.zone)
        self._times_s: list[int] = []
        energy, power = ENERGY_FACTORS[layout.energy_unit], POWER_FACTORS[layout.power_unit]
        kinds = ((energy, Decimal(0)), (energy, Decimal(0)), (power, -HIGHEST))
        self._value_indexes = value_indexes
        self._values = [
            (index, number_reader(factor, lowest, layout.decimal_comma))
            for index, (factor, lowest) in zip(value_indexes, kinds, strict=True)
            if index is not None
        ]
        self._nothing = [None] * len(self._values)
        self._flat_values: list[int | None] = []
        """Row after row in one list: half a million small ones would keep the collector busy."""

    @property
    def readings(self) -> Readings:
        """Everything taken so far."""
        width, count = len(self._values), len(self._times_s)
        chosen = iter(self._flat_values[place::width] for place in range(width))
        empty: list[int | None] = [None] * count
        columns = (empty if index is None else next(chosen) for index in self._value_indexes)
        return Readings(self._times_s, *columns)

    def take(self, row: Sequence[str], line: int, skip_bad: bool) -> None:
        """Adds a row's reading, or the reason why it can't be read."""
        try:
            values = [
                read(cell) if (cell := row[index].strip()) else None for index, read in self._values
            ]
            time_s = self._times.posix_s(row[self._time_index])
        except (ValueError, IndexError) as error:
            short = isinstance(error, IndexError)
            reason = f"it has only {len(row)} columns" if short else str(error)
            if not skip_bad:
                raise InvalidInput(f"Line {line} can't be read: {reason}.") from error
            self.bad_lines.append(BadLine(line, reason))
            return
        if values == self._nothing:
            self.empty_lines += 1
        else:
            self._times_s.append(time_s)
            self._flat_values += values


def number_reader(factor: int, lowest: Decimal, decimal_comma: bool) -> Callable[[str], int]:
    """Reads a decimal number exactly, times a factor, rounded to a whole number that fits."""

    def read(cell: str) -> int:
        try:
            number = Decimal(cell) * factor
            if lowest <= number <= HIGHEST:
                return round(number)
        except ArithmeticError:
            raise ValueError(f"{cell!r} is not a number with a decimal point") from None
        raise ValueError(f"{cell!r} is out of range")

    def read_comma(cell: str) -> int:
        if "." in cell:
            raise ValueError(f"{cell!r} is not a number with a decimal comma")
        return read(cell.replace(",", "."))

    return read_comma if decimal_comma else read

"""What a kWh from the grid costs and emits, as CSV files and senders write it.

Whatever is given for an hour holds for each of its quarter hours.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from broker.errors import InvalidInput
from broker.sources.csv_file import delimiter_of, number_reader
from broker.sources.written_time import WrittenTimes
from broker.units import (
    HOUR_S,
    MG_PER_G,
    MICROS_PER_HUNDREDTH,
    MICROS_PER_KWH_PER_UNIT_PER_MWH,
    QUARTER_HOUR_S,
)

HIGHEST = 10**9
"""1000 of the currency, or a ton of CO2, per kWh: more is a wrong unit."""
MOST_SENT = 10_000
STEPS_S = (QUARTER_HOUR_S, HOUR_S)

UNITS = {
    "ct/kWh": MICROS_PER_HUNDREDTH,
    "EUR/MWh": MICROS_PER_KWH_PER_UNIT_PER_MWH,
    "g/kWh": MG_PER_G,
}
"""What one of a unit is in micros or mg per kWh. A kg per MWh is a g per kWh."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where a file has what; columns are named by their title or by their number from 1 on."""

    time: str
    value: str
    unit: str
    zone: ZoneInfo
    """The zone of times that name none."""
    step_s: int | None = None
    """How long each line holds; None: until the next one, an hour or a quarter."""
    delimiter: str | None = None
    decimal_comma: bool = False


class _Line(NamedTuple):
    number: int
    start_s: int
    per_kwh: int


def parse(lines: Iterable[str], layout: Layout) -> dict[int, int]:
    """A file's rates in micros or mg per kWh, by the start of their quarter hour.

    Raises InvalidInput for an unknown column and for the first line that can't be read or
    contradicts another one, with its number: all of a file or nothing.
    """
    iterator = iter(lines)
    first = next(iterator, "")
    delimiter = layout.delimiter or delimiter_of(first)
    reader = csv.reader(chain([first], iterator), delimiter=delimiter)
    try:
        rows = [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise InvalidInput(f"Line {reader.line_num}: {error}.") from error
    if not rows:
        raise InvalidInput("The file is empty.")
    has_header = not _is_data(rows[0][1], layout)
    titles = [cell.strip() for cell in rows[0][1]] if has_header else []
    places = [_place(name, titles, len(rows[0][1])) for name in (layout.time, layout.value)]
    found = _read(rows[1:] if has_header else rows, places, layout)
    return _spread(found, layout.step_s or _step_s(found))


def _is_data(row: Sequence[str], layout: Layout) -> bool:
    """Whether a row has a time where a header would have a title."""
    try:
        WrittenTimes(layout.zone).posix_s(row[int(layout.time) - 1])
    except (ValueError, IndexError):
        return False
    return True


def _place(name: str, titles: list[str], width: int) -> int:
    if titles.count(name) == 1:
        return titles.index(name)
    if name.isdecimal() and 1 <= int(name) <= width:
        return int(name) - 1
    raise InvalidInput(f"There is no column {name!r}; the first line has: {', '.join(titles)}.")


def _read(
    rows: Sequence[tuple[int, list[str]]], places: Sequence[int], layout: Layout
) -> list[_Line]:
    times = WrittenTimes(layout.zone)
    read = number_reader(UNITS[layout.unit], Decimal(-HIGHEST), layout.decimal_comma)
    found = []
    for number, row in rows:
        try:
            start_s = times.posix_s(row[places[0]])
            per_kwh = read(row[places[1]].strip())
            if start_s % QUARTER_HOUR_S:
                raise ValueError(f"{row[places[0]]!r} is not on a quarter hour")
            if per_kwh > HIGHEST:
                raise ValueError(f"{row[places[1]]!r} is out of range")
        except IndexError:
            raise InvalidInput(f"Line {number} has only {len(row)} columns.") from None
        except ValueError as error:
            raise InvalidInput(f"Line {number} can't be read: {error}.") from None
        found.append(_Line(number, start_s, per_kwh))
    return sorted(found, key=lambda line: line.start_s)


def _step_s(lines: Sequence[_Line]) -> int:
    """The shortest time between two lines, which has to be an hour or a quarter."""
    distances_s = {
        later.start_s - earlier.start_s
        for earlier, later in pairwise(lines)
        if later.start_s > earlier.start_s
    }
    if not distances_s or (step_s := min(distances_s)) not in STEPS_S:
        raise InvalidInput("Say by the step whether each line holds an hour or a quarter.")
    return step_s


def _spread(lines: Sequence[_Line], step_s: int) -> dict[int, int]:
    rates: dict[int, int] = {}
    for line in lines:
        for start_s in range(line.start_s, line.start_s + step_s, QUARTER_HOUR_S):
            if rates.setdefault(start_s, line.per_kwh) != line.per_kwh:
                raise InvalidInput(f"Line {line.number} contradicts another one for its time.")
    return rates


def pushed(document: Any, field: str, value: str) -> dict[int, int]:
    """The rates of `{field: [{"time", value}], "step"?}`, by the start of their quarter hour.

    Raises InvalidInput naming the first one that can't be taken.
    """
    entries = document.get(field) if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise InvalidInput(f'{field}: send {{"{field}": [{{"time": …, "{value}": …}}]}}.')
    if unknown := sorted(set(document) - {field, "step"}):
        raise InvalidInput(f"{unknown[0]}: there is no such field.")
    if len(entries) > MOST_SENT:
        raise InvalidInput(f"{field}: at most {MOST_SENT} a call, these are {len(entries)}.")
    step_s = document.get("step", QUARTER_HOUR_S)
    if type(step_s) is not int or step_s not in STEPS_S:
        raise InvalidInput("step: must be 900 or 3600.")
    rates: dict[int, int] = {}
    for place, entry in enumerate(entries):
        name = f"{field}[{place}]"
        if not isinstance(entry, dict) or set(entry) != {"time", value}:
            raise InvalidInput(f"{name}: must have time and {value}.")
        time_s = _whole(entry["time"], f"{name}.time", 0, 2**40)
        per_kwh = _whole(entry[value], f"{name}.{value}", -HIGHEST, HIGHEST)
        if time_s % QUARTER_HOUR_S:
            raise InvalidInput(f"{name}.time: must lie on a quarter hour.")
        for start_s in range(time_s, time_s + step_s, QUARTER_HOUR_S):
            if rates.setdefault(start_s, per_kwh) != per_kwh:
                raise InvalidInput(f"{name}: contradicts another one for its time.")
    return rates


def _whole(value: Any, name: str, lowest: int, highest: int) -> int:
    if type(value) is not int:
        raise InvalidInput(f"{name}: must be a whole number.")
    if not lowest <= value <= highest:
        raise InvalidInput(f"{name}: must lie between {lowest} and {highest}.")
    return value

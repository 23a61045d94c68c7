"""Broker's own push: `{"readings": [{"meter_id", "time", "energy", "energy_out"?, "power"?}]}`.

Checked column by column by hand: a schema over each reading costs four times as much.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from broker.errors import InvalidInput

MOST_READINGS = 10_000
LARGEST_COUNTER_TENTH_UWH = 4 * 10**18
"""400 GWh: leaves room for the sum of several registers in 64 bits."""
LARGEST_POWER_MW = 10**12
"""1 GW either way."""

FIELDS = ("meter_id", "time", "energy", "energy_out", "power")
BOUNDS = {
    "time": (0, 2**40),
    "energy": (0, LARGEST_COUNTER_TENTH_UWH),
    "energy_out": (0, LARGEST_COUNTER_TENTH_UWH),
    "power": (-LARGEST_POWER_MW, LARGEST_POWER_MW),
}


class Pushed(NamedTuple):
    """Readings of one meter: times in s, energies in 0.1 µWh, powers in mW, None where not sent."""

    times_s: list[int]
    energies_tenth_uwh: list[int | None]
    energies_out_tenth_uwh: list[int | None]
    powers_mw: list[int | None]


def parsed(document: Any) -> dict[str, Pushed]:
    """The readings of a push by meter number, in the order they came.

    Raises InvalidInput naming the first reading and field that can't be taken.
    """
    readings = document.get("readings") if isinstance(document, dict) else None
    if not isinstance(readings, list):
        raise InvalidInput('readings: send {"readings": [ … ]}.')
    if len(readings) > MOST_READINGS:
        raise InvalidInput(f"readings: at most {MOST_READINGS} a call, these are {len(readings)}.")
    if set(map(type, readings)) - {dict}:
        _refuse(readings, lambda reading: not isinstance(reading, dict), "must be an object")
    columns = {field: [reading.get(field) for reading in readings] for field in FIELDS}
    _check(columns, readings)
    return _by_meter(columns)


def _check(columns: dict[str, list[Any]], readings: list[Any]) -> None:
    known = set(FIELDS)
    if set().union(*readings) - known:
        allowed = ", ".join(FIELDS)
        _refuse(readings, lambda reading: set(reading) - known, f"may only have {allowed}")
    numbers = columns["meter_id"]
    if set(map(type, numbers)) - {str}:
        _refuse(numbers, lambda value: not isinstance(value, str), "must be a string", "meter_id")
    if any("\0" in number for number in set(numbers)):
        _refuse(numbers, lambda value: "\0" in value, "contains what is not text", "meter_id")
    _check_numbers(columns["time"], "time", required=True)
    for field in ("energy", "energy_out", "power"):
        _check_numbers(columns[field], field)
    if None in columns["energy"]:
        given = zip(columns["energy"], columns["energy_out"], columns["power"], strict=True)
        empty = [values == (None, None, None) for values in given]
        if True in empty:
            _refuse(empty, bool, "needs energy or power", "energy")


def _check_numbers(column: list[Any], field: str, *, required: bool = False) -> None:
    lowest, highest = BOUNDS[field]
    kinds = set(map(type, column))
    allowed = {int} if required else {int, type(None)}
    if kinds - allowed:
        _refuse(column, lambda value: type(value) not in allowed, "must be a whole number", field)
    given = [value for value in column if value is not None] if type(None) in kinds else column
    if given and not (lowest <= min(given) and max(given) <= highest):
        _refuse(
            column,
            lambda value: value is not None and not lowest <= value <= highest,
            f"must lie between {lowest} and {highest}",
            field,
        )


def _refuse(
    column: Sequence[Any], is_wrong: Callable[[Any], Any], message: str, field: str = ""
) -> None:
    place = next(place for place, value in enumerate(column) if is_wrong(value))
    raise InvalidInput(f"readings[{place}]{'.' if field else ''}{field}: {message}.")


def _by_meter(columns: dict[str, list[Any]]) -> dict[str, Pushed]:
    numbers = columns["meter_id"]
    values = [columns[field] for field in FIELDS[1:]]
    if len(set(numbers)) == 1:
        return {numbers[0]: Pushed(*values)}
    by_meter: defaultdict[str, Pushed] = defaultdict(lambda: Pushed([], [], [], []))
    for number, time_s, energy, energy_out, power in zip(numbers, *values, strict=True):
        pushed = by_meter[number]
        pushed.times_s.append(time_s)
        pushed.energies_tenth_uwh.append(energy)
        pushed.energies_out_tenth_uwh.append(energy_out)
        pushed.powers_mw.append(power)
    return dict(by_meter)

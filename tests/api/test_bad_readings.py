"""Bad readings: a push is taken whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest

METER = "1EMH0000000001"
NUMBERS = ("time", "energy", "energy_out", "power")

NO_NUMBERS: dict[str, str] = {
    "truth value": "true",
    "text": '"1"',
    "empty text": '""',
    "fraction": "1.5",
    "whole fraction": "1.0",
    "exponent": "1e9",
    "list": "[1]",
    "object": "{}",
    "NaN": "NaN",
    "Infinity": "Infinity",
    "minus Infinity": "-Infinity",
    "1e400": "1e400",
    "2**63": str(2**63),
    "2**64": str(2**64),
    "10**30": str(10**30),
    "5000 digits": "9" * 5000,
    "minus 2**63": str(-(2**63)),
    "minus 10**30": str(-(10**30)),
    "leading zero": "007",
    "plus sign": "+7",
    "hexadecimal": "0x7",
    "undefined": "undefined",
}
TIMES = {
    "null": "null",
    "negative": "-1",
    "milliseconds": "1768900000000",
    "microseconds": "1768900000000000",
    "ISO": '"2026-01-20T12:00:00Z"',
    "far future": str(2**40),
}
COUNTERS = {"negative": "-1", "beyond 400 GWh": str(4 * 10**18 + 1)}
POWERS = {"beyond 1 GW": str(10**12 + 1), "beyond minus 1 GW": str(-(10**12) - 1)}
METERS = {
    "missing": "null",
    "number": "1",
    "truth value": "true",
    "list": f'["{METER}"]',
    "object": f'{{"id": "{METER}"}}',
    "NUL": f'"{METER}\\u0000"',
    "lone surrogate": '"\\ud800"',
}
UNKNOWN_METERS = {
    "empty": "",
    "blank": " ",
    "unknown": "1EMH9999999999",
    "somebody else's": "1EMH0000000002",
    "other case": METER.lower(),
    "with a blank": f"{METER} ",
    "one megabyte": "x" * 1_000_000,
    "wildcard": "1EMH%",
    "SQL": "' OR '1'='1",
    "its row": "1",
}


@pytest.fixture
def reading(house) -> Callable[..., dict[str, Any]]:
    """A good reading of the house's meter, newer than the one it has."""

    def make(**changed: Any) -> dict[str, Any]:
        good = {"meter_id": METER, "time": house.base_s + 60, "energy": 10**12 + 10**6}
        return good | {"power": 500_000} | changed

    return make


@pytest.fixture
def push(bad) -> Callable[..., Any]:
    """A request with readings; text goes as it is, so that it may be what JSON can't say."""

    def make(name: str, readings: Any, *, statuses: tuple[int, ...] = (400,)) -> Any:
        text = readings if isinstance(readings, str) else json.dumps({"readings": readings})
        kind = "application/json"
        return bad(name, "POST", "/readings", data=text, content_type=kind, statuses=statuses)

    return make


def with_raw(reading: dict[str, Any], field: str, raw: str) -> str:
    """A push whose last reading has raw JSON in a field; the one before it is good."""
    good = json.dumps(reading | {"time": reading["time"] - 30})
    wrong = json.dumps(reading | {field: "RAW"}).replace('"RAW"', raw)
    return f'{{"readings": [{good}, {wrong}]}}'


def test_the_reading_that_all_others_differ_from_is_good(house, push, reading):
    answer = house.answer_to(push("good", [reading()]), 0)
    assert answer.json == {"stored": 1, "known": 0, "quarantined": 0}


@pytest.mark.parametrize("field", NUMBERS)
def test_what_is_no_whole_number_in_range(house, push, reading, field):
    special = {"time": TIMES, "power": POWERS}.get(field, COUNTERS)
    house.assert_refuses(
        push(f"{field}: {name}", with_raw(reading(), field, raw))
        for name, raw in (NO_NUMBERS | special).items()
    )


def test_what_is_no_meter_of_the_key(house, push, reading):
    house.assert_refuses(
        [
            *(
                push(f"meter: {name}", with_raw(reading(), "meter_id", raw), statuses=(400, 403))
                for name, raw in METERS.items()
            ),
            *(
                push(f"meter: {name}", [reading(), reading(meter_id=number)], statuses=(403,))
                for name, number in UNKNOWN_METERS.items()
            ),
        ]
    )


def test_what_is_no_reading(house, push, reading):
    shapes: dict[str, Any] = {
        "null": None,
        "a number": 1,
        "a text": "reading",
        "a list": [METER, 1, 1],
        "an empty object": {},
        "an unknown field": reading(voltage=230),
        "another case": reading(Energy=1),
        "a field without a name": reading() | {"": 1},
        "no energy nor power": {"meter_id": METER, "time": house.base_s + 60},
        "only nulls": reading(energy=None, energy_out=None, power=None),
        **{
            f"no {field}": {name: value for name, value in reading().items() if name != field}
            for field in ("meter_id", "time")
        },
    }
    house.assert_refuses(
        push(name, [reading(time=house.base_s), of]) for name, of in shapes.items()
    )


def test_what_is_no_list_of_readings(house, push, reading):
    one = orjson.dumps(reading()).decode()
    house.assert_refuses(
        [
            push("null", "null"),
            push("the list itself", f"[{one}]"),
            push("one reading itself", one),
            push("an object", f'{{"readings": {one}}}'),
            push("a text", '{"readings": "none"}'),
            push("missing", '{"reading": []}'),
            push("broken off", f'{{"readings": [{one}, '),
            push("lines", f'{{"readings": [{one}]}}\n{{"readings": [{one}]}}'),
            push("10,001 readings", [reading(time=house.base_s - n) for n in range(10_001)]),
            push("100,000 nulls", [None] * 100_000),
        ]
    )


def test_times_that_cannot_have_been_measured(house, push, reading):
    # The clock of a meter may be a quarter of an hour ahead; an hour is a wrong time zone.
    ahead = {"an hour": 2 * 3600, "a day": 86_400 + 3600, "a year": 366 * 86_400}
    house.assert_refuses(
        push(name, [reading(), reading(time=house.base_s + 3600 + by_s)])
        for name, by_s in ahead.items()
    )


def test_readings_that_contradict_others(house, push, reading):
    known = {"time": house.base_s, "energy": 10**12, "power": 500_000}
    # What is stored already, with one value another, added or left out.
    others = [
        {"energy": 10**12 + 1},
        {"power": 500_001},
        {"energy_out": 1},
        {"power": None},
        {"energy": None},
    ]
    house.assert_refuses(
        [
            push("in itself", [reading(), reading(energy=10**12 + 2)], statuses=(400, 409)),
            push("in itself, power", [reading(), reading(power=1)], statuses=(400, 409)),
            *(
                push(f"stored, {other}", [reading(), reading(**known | other)], statuses=(409,))
                for other in others
            ),
        ]
    )

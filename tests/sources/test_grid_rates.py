"""Wholesale prices and CO2 intensities as files and senders write them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from broker.errors import InvalidInput
from broker.sources.grid_rates import Layout, parse, pushed

BERLIN = ZoneInfo("Europe/Berlin")
QH = 900


def at(local: str, zone: ZoneInfo = BERLIN) -> int:
    return int(datetime.fromisoformat(local).replace(tzinfo=zone).timestamp())


def read(text: str, **chosen):
    layout = {"time": "1", "value": "2", "unit": "EUR/MWh", "zone": BERLIN} | chosen
    return parse(text.splitlines(keepends=True), Layout(**layout))


def test_an_hour_s_price_holds_for_its_four_quarters():
    # 83.25 €/MWh are 8.325 ct/kWh, 83,250 micros; negative prices are prices too.
    rates = read("time,price\n2026-01-20 12:00,83.25\n2026-01-20 13:00,-5\n")
    noon_s = at("2026-01-20 12:00")
    assert rates == {noon_s + QH * n: 83_250 if n < 4 else -5000 for n in range(8)}


def test_quarter_hours_are_told_by_the_distance_of_the_lines():
    rates = read("1769000400,10\n1769001300,11\n", unit="ct/kWh")
    assert rates == {1769000400: 100_000, 1769001300: 110_000}


def test_named_columns_a_decimal_comma_and_a_semicolon():
    text = "Von;Bis;Preis\n2026-01-20 12:00;2026-01-20 13:00;1,5\n2026-01-20 13:00;x;2\n"
    rates = read(text, time="Von", value="Preis", unit="ct/kWh", decimal_comma=True)
    assert rates[at("2026-01-20 12:45")] == 15_000
    assert len(rates) == 8


def test_a_time_with_a_zone_of_its_own_needs_no_other():
    rates = read("2026-01-20T12:00+00:00,1\n2026-01-20T13:00+00:00,1\n")
    assert min(rates) == at("2026-01-20 13:00")


def test_the_hour_that_the_end_of_summer_time_repeats_comes_twice():
    hours = ["01:00", "02:00", "02:00", "03:00"]
    text = "".join(f"2026-10-25 {hour},{place}\n" for place, hour in enumerate(hours))
    rates = read(text)
    begin_s = at("2026-10-25 01:00")
    assert [rates[begin_s + 3600 * n] for n in range(4)] == [0, 1000, 2000, 3000]
    assert len(rates) == 16


def test_a_line_alone_needs_a_step():
    with pytest.raises(InvalidInput, match="step"):
        read("2026-01-20 12:00,1\n")
    assert len(read("2026-01-20 12:00,1\n", step_s=3600)) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("time,price\n2026-01-20 12:00,1\n2026-01-20 13:00,x\n", "Line 3", id="text"),
        pytest.param("time,price\n2026-01-20 12:00,\n", "Line 2", id="empty"),
        pytest.param("time,price\n2026-01-20 12:00\n", "Line 2 has only 1", id="short"),
        pytest.param("time,price\n2026-01-20 12:05,1\n", "quarter hour", id="odd-minute"),
        pytest.param("time,price\nyesterday,1\n", "not a time", id="no-time"),
        pytest.param("time,price\n2026-03-29 02:00,1\n", "doesn't exist", id="skipped-hour"),
        pytest.param("1769000400,1\n1769000400,2\n1769001300,3\n", "contradicts", id="twice"),
        pytest.param("1769000400,1\n1769007600,2\n", "step", id="two-hours"),
        pytest.param("1769000400,1e9\n1769001300,2\n", "out of range", id="too-dear"),
        pytest.param("1769000400,nan\n1769001300,2\n", "not a number", id="nan"),
        pytest.param("", "empty", id="nothing"),
        pytest.param("a,b\n", "step", id="only-a-header"),
        pytest.param("a\n1\n", "no column '2'", id="no-such-column"),
    ],
)
def test_a_bad_file_is_refused_as_a_whole(text, said):
    with pytest.raises(InvalidInput, match=said):
        read(text)


def test_what_is_sent():
    sent = {"prices": [{"time": 1769000400, "price": -1}], "step": 3600}
    assert pushed(sent, "prices", "price") == {1769000400 + QH * n: -1 for n in range(4)}
    assert pushed({"prices": []}, "prices", "price") == {}


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        pytest.param([], "send", id="list"),
        pytest.param({"prices": {}}, "send", id="object"),
        pytest.param({"prices": [], "unit": "ct"}, "unit", id="unknown-field"),
        pytest.param({"prices": [], "step": 60}, "900 or 3600", id="minutes"),
        pytest.param({"prices": [], "step": True}, "900 or 3600", id="bool-step"),
        pytest.param({"prices": [{"time": 900}]}, r"prices\[0\]", id="no-price"),
        pytest.param({"prices": [{"time": 900, "price": 1.5}]}, "whole number", id="float"),
        pytest.param({"prices": [{"time": 900, "price": True}]}, "whole number", id="bool"),
        pytest.param({"prices": [{"time": 901, "price": 1}]}, "quarter hour", id="odd-second"),
        pytest.param({"prices": [{"time": -900, "price": 1}]}, "between", id="before-1970"),
        pytest.param({"prices": [{"time": 900, "price": 10**10}]}, "between", id="too-dear"),
        pytest.param(
            {"prices": [{"time": 900, "price": 1}, {"time": 900, "price": 2}]},
            r"prices\[1\]: contradicts",
            id="contradiction",
        ),
        pytest.param({"prices": [{}] * 10_001}, "at most 10000", id="too-many"),
    ],
)
def test_what_is_sent_wrong_is_named(sent, said):
    with pytest.raises(InvalidInput, match=said):
        pushed(sent, "prices", "price")

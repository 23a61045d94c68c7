"""The commands that enter tariffs, prices and CO2 intensities."""

from __future__ import annotations

import json

import pytest

from broker.models import RateKind
from broker.services import grid_rates

FAR = "2999-01-01"


@pytest.fixture
def run(runner):
    """Runs a command; `run("tariff", "list")`."""
    return lambda *words: runner.invoke(args=words)


@pytest.fixture
def ada(make_group, make_user):
    return make_user(make_group("H"), mail="ada@example.org")


def data(result) -> dict:
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_a_tariff_is_entered_shown_and_ended(run, ada):
    entered = data(
        run(
            *("tariff", "add", "--group", "H", "--from", "today", "--work-price", "32.5"),
            *("--base-price-year", "130", "--pv-price", "24.05", "--json"),
        )
    )
    assert entered["work_price_micros_per_kwh"] == 325_000
    assert entered["pv_price_micros_per_kwh"] == 240_500
    own = ("--resident", "ada@example.org", "--from", FAR, "--work-price", "17.8", "--dynamic")
    assert run("tariff", "add", *own, "--tax", "19", "--base-price-month", "9.9").exit_code == 0
    shown = run("tariff", "list", "--group", "H").output
    assert "32.5 ct/kWh, 130 a year, own PV 24.05 ct/kWh" in shown
    assert "17.8 ct/kWh and the market's price with 19 % tax, 9.9 a month" in shown
    assert data(run("tariff", "end", "1", "--at", FAR, "--json")) == {"number": 1, "until": FAR}
    assert data(run("tariff", "end", "2", "--at", FAR, "--json")) == {"number": 2, "until": None}
    (left,) = data(run("tariff", "list", "--json"))["tariffs"]
    assert left["until"] == FAR


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param("--group X --work-price 30", "no group", id="group"),
        pytest.param("--resident x@example.org --work-price 30", "no account", id="resident"),
        pytest.param("--work-price 30", "Give either", id="nobody"),
        pytest.param("--group H --work-price 30,5", "not a number", id="comma"),
        pytest.param("--group H --work-price nan", "not a number", id="nan"),
        pytest.param("--group H --work-price 0.00001", "finer", id="too-fine"),
        pytest.param("--group H --work-price 20000", "10,000 ct", id="too-dear"),
        pytest.param("--group H --work-price 30 --from 2020-01-01", "--correct", id="past"),
        pytest.param(f"--group H --work-price 30 --until {FAR}", "a day", id="no-day"),
        pytest.param(
            "--group H --work-price 30 --base-price-year 1 --base-price-month 1",
            "by the year or by the month",
            id="two-base-prices",
        ),
    ],
)
def test_a_bad_tariff_is_one_clear_line(run, ada, words, said):
    failed = run("tariff", "add", "--from", FAR, *words.split())
    assert failed.exit_code != 0
    assert said in failed.output
    assert "Traceback" not in failed.output
    assert data(run("tariff", "list", "--json")) == {"tariffs": []}


@pytest.fixture
def write(tmp_path):
    def write_file(text: str) -> str:
        path = tmp_path / "rates.csv"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write_file


def test_prices_are_imported_and_corrected_only_on_purpose(run, app, write):
    file = write("time,price\n2026-01-20 12:00,83.25\n2026-01-20 13:00,-5\n")
    imported = data(run("prices", "import", file, "--unit", "EUR/MWh", "--json"))
    assert (imported["stored"], imported["known"], imported["replaced"]) == (8, 0, 0)
    assert data(run("prices", "list", "--json"))["count"] == 8
    # 12:00 in Berlin is 11:00 UTC.
    assert imported["begin_s"] == 1768906800
    file = write("time,price\n2026-01-20 12:00,83.25\n2026-01-20 13:00,-6\n")
    refused = run("prices", "import", file, "--unit", "EUR/MWh")
    assert refused.exit_code == 1
    assert "2026-01-20 12:00:00 (UTC): another price" in refused.output
    again = data(run("prices", "import", file, "--unit", "EUR/MWh", "--replace", "--json"))
    assert (again["stored"], again["known"], again["replaced"]) == (0, 4, 4)
    assert (
        grid_rates.between(RateKind.PRICE, 1768906800, 8)[0].tolist() == [83_250] * 4 + [-6000] * 4
    )


def test_a_bad_row_leaves_nothing_of_the_file(run, app, write):
    file = write("time,price\n2026-01-20 12:00,83.25\n2026-01-20 13:00,free\n")
    refused = run("prices", "import", file, "--unit", "EUR/MWh")
    assert refused.exit_code == 1
    assert "Line 3 can't be read: 'free' is not a number" in refused.output
    assert data(run("prices", "list", "--json"))["count"] == 0


def test_co2_intensities_are_imported(run, app, write):
    file = write("Zeit;g/kWh\n2026-01-20T11:00Z;412,5\n2026-01-20T11:15Z;400\n")
    words = ("--time", "Zeit", "--value", "g/kWh", "--decimal-comma", "--json")
    assert data(run("co2", "import", file, *words))["stored"] == 2
    assert grid_rates.between(RateKind.CO2, 1768906800, 2)[0].tolist() == [412_500, 400_000]
    assert "2 quarter hours" in run("co2", "list").output


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("prices", "import", "/no/such/file", "--unit", "ct/kWh"), id="no-file"),
        pytest.param(("prices", "import", "/", "--unit", "ct/kWh"), id="folder"),
        pytest.param(("co2", "import", "/dev/null"), id="empty"),
        pytest.param(("co2", "import", "/dev/null", "--delimiter", "ab"), id="delimiter"),
    ],
)
def test_a_file_that_can_not_be_read_is_one_clear_line(run, app, words):
    failed = run(*words)
    assert failed.exit_code == 1
    assert failed.output.startswith("Error: ")
    assert failed.output.count("\n") == 1

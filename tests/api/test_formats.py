from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from broker.api import formats

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("tenth_uwh", "english", "german"),
    [
        pytest.param(0, "0.00 kWh", "0,00 kWh", id="nothing"),
        pytest.param(123_400_000_000, "12.3 kWh", "12,3 kWh", id="a-day"),
        pytest.param(99_960_000_000, "10.0 kWh", "10,0 kWh", id="rounded-up-to-ten"),
        pytest.param(21_802_568_722_140, "2,180 kWh", "2.180 kWh", id="a-year"),
        pytest.param(None, "–", "–", id="unknown"),
    ],
)
def test_energy_is_written_in_kwh(tenth_uwh, english, german):
    assert formats.energy(tenth_uwh, "en").replace("\xa0", " ") == english
    assert formats.energy(tenth_uwh, "de").replace("\xa0", " ") == german


@pytest.mark.parametrize(
    ("mw", "german"),
    [
        pytest.param(224_550.0, "225 W", id="watts"),
        pytest.param(999_600, "1,00 kW", id="rounded-up-to-a-kilowatt"),
        pytest.param(2_345_678, "2,35 kW", id="kilowatts"),
        pytest.param(None, "–", id="unknown-is-not-zero"),
    ],
)
def test_power_is_written_in_w_or_kw(mw, german):
    assert formats.power(mw, "de").replace("\xa0", " ") == german


def test_labels_of_an_axis_are_short():
    assert formats.power(1_500_000, "en", short=True) == "1.5\xa0kW"
    assert formats.energy(50 * 10**10, "de", short=True) == "50\xa0kWh"


def test_times_are_the_communitys():
    # A JSON key is UTC; at that moment Berlin is an hour ahead.
    time_s = formats.seconds("2020-01-15 23:30:00")
    assert formats.time_of_day(time_s, BERLIN) == "00:30"
    assert formats.written(time_s, "day", BERLIN, "de") == "Donnerstag, 16. Januar 2020"
    assert formats.written(time_s, "day", BERLIN, "en") == "Thursday, January 16, 2020"


@pytest.mark.parametrize(
    ("written", "english", "german"),
    [
        # Millionths of the currency: 1,234.56 €.
        pytest.param(lambda of: formats.money(1_234_560_000, "EUR", of), "€1,234.56", "1.234,56 €"),
        pytest.param(lambda of: formats.money(1_500_000, "JPY", of), "¥2", "2 ¥"),
        pytest.param(lambda of: formats.co2(999_400, of), "999 g", "999 g"),
        pytest.param(lambda of: formats.co2(1_234_000, of), "1.2 kg", "1,2 kg"),
        pytest.param(lambda of: formats.percent(0.444, of), "44%", "44 %"),
        # Not all of it, however little is missing.
        pytest.param(lambda of: formats.percent(0.9999, of), "99%", "99 %"),
        pytest.param(lambda of: formats.percent(1.0, of), "100%", "100 %"),
        pytest.param(lambda of: formats.percent(None, of), "–", "–"),
    ],
)
def test_money_co2_and_shares(written, english, german):
    shown = [written(of).replace("\N{NO-BREAK SPACE}", " ") for of in ("en", "de")]
    assert shown == [english, german]

"""What electricity costs, with every number worked out by hand."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.energy.series import EnergySeries
from broker.energy.tariffs import (
    BasePeriod,
    Tariff,
    TariffKind,
    base_micros,
    charged,
    rates_of,
    rounded,
    tariff_on,
)

BERLIN = ZoneInfo("Europe/Berlin")
KWH = 10**10
CT = 10_000
EURO = 1_000_000
QH = 900


def at(local: str) -> int:
    """A time of a Berlin clock in POSIX seconds."""
    return int(datetime.fromisoformat(local).replace(tzinfo=BERLIN).timestamp())


def series(begin: str, *energies: int | None) -> EnergySeries:
    return EnergySeries(
        at(begin),
        np.array([energy or 0 for energy in energies], np.int64),
        np.array([energy is not None for energy in energies], np.bool_),
    )


def fixed(begin: str, ct_per_kwh: float, end: str | None = None, **chosen) -> Tariff:
    return Tariff(
        begin=date.fromisoformat(begin),
        end=date.fromisoformat(end) if end else None,
        kind=chosen.pop("kind", TariffKind.FIXED),
        work_price_micros_per_kwh=round(ct_per_kwh * CT),
        **chosen,
    )


def costs(
    tariffs: list[Tariff],
    used: EnergySeries,
    allocated: EnergySeries | None = None,
    market: list[float | None] | None = None,
) -> list[int | None]:
    """The micros that each quarter hour costs; `market` in ct/kWh."""
    given_ct = market or [None] * len(used)
    prices = np.array([round((ct or 0) * CT) for ct in given_ct], np.int64)
    is_priced = np.array([ct is not None for ct in given_ct], np.bool_)
    rates, _ = rates_of(tariffs, used.starts_s, BERLIN, (prices, is_priced))
    found = charged(used, allocated, rates)
    return [
        rounded(grid + pv) if known else None
        for grid, pv, known in zip(found.grid, found.pv, found.known, strict=True)
    ]


def test_a_fixed_price():
    # 0.05 kWh for 40 ct/kWh are 2 ct.
    assert costs([fixed("2026-01-01", 40)], series("2026-01-20 00:00", KWH // 20)) == [2 * CT]


def test_a_tariff_changes_at_local_midnight_and_not_at_utc_s():
    # The quarter hours at 23:45 and at 00:00 in Berlin: 1 kWh for 30 ct, then 1 kWh for 35 ct.
    used = series("2026-06-30 23:45", KWH, KWH)
    tariffs = [fixed("2026-01-01", 30, "2026-07-01"), fixed("2026-07-01", 35)]
    assert costs(tariffs, used) == [30 * CT, 35 * CT]


def test_a_tariff_that_begins_on_the_day_of_25_hours():
    # 25 October 2026 in Berlin has 100 quarter hours, all of them at the new price; the last of
    # the day before and the first of the day after are beside them.
    used = series("2026-10-24 23:45", *[KWH] * 102)
    tariffs = [
        fixed("2026-01-01", 30, "2026-10-25"),
        fixed("2026-10-25", 20, "2026-10-26"),
        fixed("2026-10-26", 40),
    ]
    assert costs(tariffs, used) == [30 * CT, *[20 * CT] * 100, 40 * CT]


def test_before_and_after_all_tariffs_nothing_is_known():
    used = series("2026-06-30 23:45", KWH, KWH)
    assert costs([fixed("2026-07-01", 30)], used) == [None, 30 * CT]
    assert costs([fixed("2026-01-01", 30, "2026-07-01")], used) == [30 * CT, None]


def test_a_flat_s_own_tariff_goes_before_the_group_s():
    own = fixed("2026-07-01", 20, "2026-07-02")
    tariffs = [fixed("2026-01-01", 30), own]
    assert costs(tariffs, series("2026-06-30 23:45", KWH, KWH)) == [30 * CT, 20 * CT]
    assert tariff_on(tariffs, date(2026, 7, 1)) is own
    assert tariff_on(tariffs, date(2026, 7, 2)) is tariffs[0]


def test_dynamic_prices_with_a_surcharge_and_tax():
    # 18 ct of network and levies on top of 10 ct and 19 % of it: 29.9 ct. A negative price lowers
    # the whole: 18 − 5.95 = 12.05 ct, and −20 ct turn it into earnings: 18 − 23.8 = −5.8 ct.
    tariff = fixed("2026-01-01", 18, kind=TariffKind.DYNAMIC, tax_ppm=190_000)
    used = series("2026-01-20 12:00", KWH, KWH, 2 * KWH, KWH)
    assert costs([tariff], used, market=[10, -5, -20, None]) == [
        round(29.9 * CT),
        round(12.05 * CT),
        round(-11.6 * CT),
        None,  # nobody has said what this quarter hour costs
    ]


def test_own_pv_has_its_own_price():
    # 1 kWh, of which 0.6 came from the roof at 20 ct and 0.4 from the grid at 35: 12 + 14 ct.
    tariff = fixed("2026-01-01", 35, pv_price_micros_per_kwh=20 * CT)
    used, mine = (
        series("2026-01-20 12:00", KWH, KWH),
        series("2026-01-20 12:00", KWH * 6 // 10, None),
    )
    # Whose the roof's energy was in the second is unknown, and so is what that costs.
    assert costs([tariff], used, mine) == [26 * CT, None]
    # Without a price of its own it costs what all energy costs, known or not.
    assert costs([fixed("2026-01-01", 35)], used, mine) == [35 * CT, 35 * CT]


def test_a_gap_has_no_cost():
    assert costs([fixed("2026-01-01", 40)], series("2026-01-20 00:00", None, KWH)) == [
        None,
        40 * CT,
    ]


def test_sums_are_rounded_once():
    # 10 quarter hours of a thousandth of a kWh at 30.04 ct: each is 300.4 micros and rounds to
    # 300; together they are 3004.
    used = series("2026-01-20 00:00", *[KWH // 1000] * 10)
    tariffs = [fixed("2026-01-01", 30.04)]
    market = (np.zeros(10, np.int64), np.zeros(10, np.bool_))
    rates, _ = rates_of(tariffs, used.starts_s, BERLIN, market)
    found = charged(used, None, rates)
    assert costs(tariffs, used) == [300] * 10
    assert rounded(int(found.grid.sum())) == 3004


def test_a_lifetime_of_a_factory_does_not_overflow():
    # 1e13 in each of 3 years' quarter hours at 90 ct: 1e13 · 105,216 · 900,000 / 1e10.
    used = EnergySeries(at("2026-01-01 00:00"), np.full(105_216, 10**13), np.full(105_216, True))
    market = (np.zeros(105_216, np.int64), np.zeros(105_216, np.bool_))
    rates, _ = rates_of([fixed("2020-01-01", 90)], used.starts_s, BERLIN, market)
    assert rounded(int(charged(used, None, rates).grid.sum())) == 1000 * 105_216 * 900_000


def test_the_base_price_is_spread_over_days():
    # 73 € a year are 20 ct a day, in a leap year of 366 days a little less.
    tariff = fixed("2026-01-01", 30, base_price_micros=73 * EURO)
    days = [at("2026-01-20 00:00"), at("2026-01-21 00:00"), at("2026-01-21 06:00")]
    assert base_micros([tariff], days, BERLIN) == {days[1]: 20 * CT, days[2]: 5 * CT}
    leap = [at("2028-02-29 00:00"), at("2028-03-01 00:00")]
    assert base_micros([tariff], leap, BERLIN) == {leap[1]: Fraction(73 * EURO, 366)}


def test_a_monthly_base_price_is_the_same_every_month():
    tariff = fixed("2026-01-01", 30, base_price_micros=9 * EURO, base_period=BasePeriod.MONTH)
    months = [at(f"2026-{month:02}-01 00:00") for month in range(1, 13)]
    assert set(base_micros([tariff], months, BERLIN).values()) == {9 * EURO}


@pytest.mark.parametrize(
    ("day", "after", "quarter_hours"),
    [
        pytest.param("2026-03-29", "2026-03-30", 92, id="23-hours"),
        pytest.param("2026-10-25", "2026-10-26", 100, id="25-hours"),
    ],
)
def test_a_day_of_any_length_has_the_same_base_price(day, after, quarter_hours):
    tariff = fixed("2026-01-01", 30, base_price_micros=73 * EURO)
    times_s = list(range(at(f"{day} 00:00"), at(f"{after} 00:00") + 1, QH))
    of_steps = base_micros([tariff], times_s, BERLIN)
    assert len(of_steps) == quarter_hours
    assert sum(of_steps.values()) == 20 * CT


def test_the_base_price_follows_the_tariff_of_the_day():
    cheap = fixed("2026-01-01", 30, "2026-07-01", base_price_micros=73 * EURO)
    dear = fixed("2026-07-02", 30, base_price_micros=146 * EURO)
    # 30 June, 1 July without any tariff, 2 July; nothing is due for a day without one.
    times_s = [at(f"2026-{day} 00:00") for day in ("06-30", "07-01", "07-02", "07-03")]
    assert list(base_micros([cheap, dear], times_s, BERLIN).values()) == [20 * CT, 0, 40 * CT]


ENERGIES = st.lists(st.integers(0, 10**11), min_size=4, max_size=96)


@given(energies=ENERGIES, price=st.integers(-(10**6), 10**7), later=st.integers(0, 10**7))
def test_a_later_tariff_leaves_the_past_unchanged_bit_for_bit(energies, price, later):
    used = series("2026-06-30 12:00", *energies)
    before = fixed("2026-01-01", price / CT)
    ended = fixed("2026-01-01", price / CT, "2026-07-01")
    after = fixed("2026-07-01", later / CT)
    past = used.part(used.begin_s, at("2026-07-01 00:00"))
    assert costs([ended, after], used)[: len(past)] == costs([before], used)[: len(past)]

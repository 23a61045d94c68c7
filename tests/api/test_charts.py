from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from broker.api import charts

BERLIN = ZoneInfo("Europe/Berlin")
# 2026-11-23 00:00 in Berlin.
MIDNIGHT_S = 1_795_388_400
QUARTERS_S = [MIDNIGHT_S + 900 * n for n in range(5)]


def steps(*values):
    """The first hour of a day, by the ends of its quarter hours; None is left out."""
    keyed = {QUARTERS_S[n + 1]: value for n, value in enumerate(values) if value is not None}
    return charts.steps(QUARTERS_S, keyed)


def drawn(*values, now_s=QUARTERS_S[-1]):
    return charts.curve([steps(*values)], [], now_s)


def test_a_value_belongs_to_the_quarter_hour_that_its_key_ends():
    first = steps(100_000.0, None, None, None)[0]
    assert (first.begin_s, first.end_s, first.value) == (MIDNIGHT_S, MIDNIGHT_S + 900, 100_000.0)


def test_the_curve_goes_flat_along_each_quarter_hour():
    # The axis ends at 200 W; 100 W is half of it, so 500 of 1000 from above; a quarter is 250.
    chart = drawn(100_000.0, 200_000.0, 50_000.0, 0.0)
    assert chart.outlines == ["M0,500V500H250V0H500V750H750V1000H1000"]
    assert chart.areas == ["M0,500V500H250V0H500V750H750V1000H1000V1000H0Z"]
    assert chart.gaps == []


def test_a_gap_breaks_the_curve_and_is_marked():
    chart = drawn(100_000.0, None, None, 100_000.0)
    # Two pieces: the first quarter and the last one; nothing runs down to zero between them.
    assert chart.outlines == ["M0,0V0H250M750,0V0H1000"]
    assert chart.gaps == [charts.Gap(place=25.0, width=50.0)]


def test_what_has_not_happened_yet_is_no_gap():
    chart = drawn(100_000.0, None, None, None, now_s=QUARTERS_S[2])
    assert chart.gaps == [charts.Gap(place=25.0, width=25.0)]


def test_a_small_load_does_not_fill_the_axis():
    # 2 W on an axis up to 100 W.
    assert drawn(2000.0, 2000.0, 2000.0, 2000.0).outlines[0].startswith("M0,980")


@pytest.mark.parametrize(
    ("top", "values"),
    [
        pytest.param(100, [0, 20, 40, 60, 80, 100], id="exactly-on-a-line"),
        pytest.param(101, [0, 50, 100, 150], id="just-above"),
        pytest.param(2_300_000, [0, 500_000, 1_000_000, 1_500_000, 2_000_000, 2_500_000], id="kW"),
    ],
)
def test_grid_lines_are_round_numbers_that_reach_the_top(top, values):
    assert charts.grid_values(top) == values


def test_the_energy_of_a_curve_is_the_sum_of_its_quarter_hours():
    # 1 kW for half an hour, then nothing known: 0.5 kWh.
    assert charts.energy_tenth_uwh(steps(1e6, 1e6, None, None)) == 0.5 * 10**10
    assert charts.energy_tenth_uwh(steps(None, None, None, None)) is None


def test_bars_of_two_series_stand_side_by_side():
    series = charts.as_energies(steps(1e6, None, None, None))
    chart = charts.bars([series, series], [], QUARTERS_S[-1])
    # A step is 250 wide, its bars 80 % of that, each of the two 100; 0.25 kWh of 0.25.
    assert chart.areas == ["M25.00,1000V0h100.00V1000Z", "M125.00,1000V0h100.00V1000Z"]


@pytest.mark.parametrize(
    ("begin_s", "hours", "places"),
    [
        pytest.param(1_795_388_400, 24, [0, 6, 12, 18], id="2026-11-23-of-24-hours"),
        # In spring 06:00 comes five hours after midnight, in autumn seven.
        pytest.param(1_774_738_800, 23, [0, 5, 11, 17], id="2026-03-29-of-23-hours"),
        pytest.param(1_792_879_200, 25, [0, 7, 13, 19], id="2026-10-25-of-25-hours"),
    ],
)
def test_the_axis_follows_the_clock_on_the_wall_also_on_dst_days(begin_s, hours, places):
    ticks = charts.hour_ticks_s(begin_s, begin_s + hours * 3600, BERLIN)
    assert [(tick - begin_s) / 3600 for tick in ticks] == places

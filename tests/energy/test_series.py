"""Quarter hours as columns: what is known, what isn't, and parts of it."""

from __future__ import annotations

from broker.energy.series import EnergySeries, in_turn

QH = 900
BEGIN_S = 1_795_000_500  # a multiple of 900


def test_missing_is_missing_and_not_zero():
    # C is 5, 8, unknown, 9, 9: one step of 3, two that lack an end, one of truly nothing.
    starts_s = [BEGIN_S + n * QH for n in range(5)]
    series = EnergySeries.of_openings(BEGIN_S, BEGIN_S + 4 * QH, starts_s, [5, 8, None, 9, 9])
    assert series.energies.tolist() == [3, 0, 0, 0]
    assert series.known.tolist() == [True, False, False, True]
    assert series.total_tenth_uwh == 3
    assert not series.is_complete


def test_a_hole_between_stored_quarter_hours_is_unknown():
    # Inside a longer gap there are no rows at all.
    starts_s = [BEGIN_S, BEGIN_S + QH, BEGIN_S + 9 * QH, BEGIN_S + 10 * QH]
    series = EnergySeries.of_openings(BEGIN_S, BEGIN_S + 10 * QH, starts_s, [0, 1, 50, 52])
    assert series.known.tolist() == [True, *[False] * 8, True]
    assert series.total_tenth_uwh == 1 + 2


def test_a_window_that_starts_amid_a_quarter_hour_begins_with_the_next():
    series = EnergySeries.of_openings(BEGIN_S + 1, BEGIN_S + 2 * QH + 1, [BEGIN_S + QH], [7])
    assert series.begin_s == BEGIN_S + QH
    assert len(series) == 2
    assert series.end_s == BEGIN_S + 3 * QH
    assert not series.known.any()


def test_parts_are_cut_at_quarter_hours_and_never_reach_outside():
    starts_s = [BEGIN_S + n * QH for n in range(6)]
    series = EnergySeries.of_openings(BEGIN_S, BEGIN_S + 5 * QH, starts_s, [0, 1, 3, 6, 10, 15])
    part = series.part(BEGIN_S + QH, BEGIN_S + 3 * QH)
    assert (part.begin_s, part.energies.tolist()) == (BEGIN_S + QH, [2, 3])
    assert series.part(BEGIN_S - QH, BEGIN_S + QH).energies.tolist() == [1]
    assert series.part(BEGIN_S + 4 * QH, BEGIN_S + 99 * QH).energies.tolist() == [5]
    assert len(series.part(BEGIN_S + 9 * QH, BEGIN_S + 10 * QH)) == 0
    assert len(series.part(BEGIN_S - 9 * QH, BEGIN_S - 5 * QH)) == 0
    assert series.part(BEGIN_S + QH, BEGIN_S + 2 * QH).starts_s.tolist() == [BEGIN_S + QH]


def test_two_meters_in_turn_are_one_series():
    end_s = BEGIN_S + 3 * QH
    old = EnergySeries.of_openings(BEGIN_S, end_s, [BEGIN_S, BEGIN_S + QH], [100, 104])
    new = EnergySeries.of_openings(BEGIN_S, end_s, [BEGIN_S + 2 * QH, end_s], [0, 2])
    joined = in_turn([old, new], BEGIN_S, end_s)
    assert joined.energies.tolist() == [4, 0, 2]
    assert joined.known.tolist() == [True, False, True]
    assert len(in_turn([], BEGIN_S, end_s)) == 3

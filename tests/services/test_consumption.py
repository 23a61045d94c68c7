"""What a flat used, from stored quarter hours, and when a remembered result is outdated."""

from __future__ import annotations

import pytest

from broker.ingest import quarantine
from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from broker.services import consumption, meters
from broker.services.remembered import Remembered
from broker.units import TENTH_UWH_PER_KWH as KWH

QH = 900
BEGIN_S = 1_795_000_500
NOW_S = BEGIN_S + 30 * 86_400


def say(meter_id: int, *rows: tuple[int, float]) -> None:
    """Counters in kWh at numbers of quarter hours after BEGIN_S."""
    times = [round(BEGIN_S + number * QH) for number, _ in rows]
    nothing = [None] * len(rows)
    counters = [round(kwh * KWH) for _, kwh in rows]
    take_in({meter_id: Columns(times, counters, nothing, nothing)}, NOW_S)


def quarter_hours(resident, count: int) -> list[float | None]:
    """kWh of the first quarter hours; None where unknown."""
    series = consumption.of_user(resident.id, BEGIN_S, BEGIN_S + count * QH)
    return [
        round(energy / KWH, 6) if known else None
        for energy, known in zip(series.energies.tolist(), series.known.tolist(), strict=True)
    ]


@pytest.fixture
def meter_id(make_meter, assign, resident) -> int:
    meter_id = make_meter("1EMH001")
    assign(meter_id, resident, BEGIN_S)
    return meter_id


def stamp(resident, count: int = 8):
    return consumption.stamp_of_user(resident.id, BEGIN_S, BEGIN_S + count * QH)


def test_finished_quarter_hours_are_known_and_the_running_one_is_not(resident, meter_id):
    say(meter_id, (0, 10), (1, 10.1), (2, 10.3), (2.5, 10.4))
    assert quarter_hours(resident, 4) == [0.1, 0.2, None, None]


def test_a_flat_whose_meter_was_exchanged_goes_on(resident, meter_id, app):
    say(meter_id, (0, 10), (1, 10.1), (2, 10.3))
    meters.add("1EMHNEW", 0)
    meters.swap("1EMH001", "1EMHNEW", BEGIN_S + 2 * QH)
    new_id = meters.numbered("1EMHNEW")
    # Old: 10 → 10.3. New from 0 on: 0.4, 0.5. What the old one would show later isn't theirs.
    say(new_id, (2, 0), (3, 0.4), (4, 0.9))
    assert quarter_hours(resident, 4) == [0.1, 0.2, 0.4, 0.5]
    bounds = [BEGIN_S, BEGIN_S + 4 * QH]
    assert consumption.energies_of_user(resident.id, bounds) == {bounds[1]: 1.2 * KWH}


def test_totals_count_over_a_gap_and_quarter_hours_do_not(resident, meter_id):
    # Twelve silent quarter hours (3 h > 2 h): 1.2 kWh, half of them before the middle.
    say(meter_id, (0, 10), (12, 11.2))
    assert quarter_hours(resident, 12) == [None] * 12
    bounds = [BEGIN_S, BEGIN_S + 6 * QH, BEGIN_S + 12 * QH, BEGIN_S + 13 * QH]
    energies = consumption.energies_of_user(resident.id, bounds)
    assert energies == {bounds[1]: 0.6 * KWH, bounds[2]: 0.6 * KWH}  # the last one isn't over


def test_a_period_is_missing_if_the_meter_that_followed_says_nothing(resident, meter_id, app):
    say(meter_id, (0, 10), (4, 10.4))
    meters.add("1EMHNEW", 0)
    meters.swap("1EMH001", "1EMHNEW", BEGIN_S + 4 * QH)
    bounds = [BEGIN_S, BEGIN_S + 4 * QH, BEGIN_S + 8 * QH]
    assert consumption.energies_of_user(resident.id, bounds) == {bounds[1]: 0.4 * KWH}
    assert consumption.energies_of_user(resident.id, [bounds[0], bounds[2]]) == {}


def test_nobody_else_changes_a_stamp_and_appending_behind_the_window_does_not(
    resident, meter_id, make_user, make_meter, assign
):
    say(meter_id, (0, 10), (9, 10.9))
    before = stamp(resident)
    neighbour, other_id = make_user(resident.group_id), make_meter()
    assign(other_id, neighbour, BEGIN_S)
    say(other_id, (0, 1), (3, 2))
    say(meter_id, (10, 11), (20, 12))
    assert stamp(resident) == before
    assert hash(before) == hash(stamp(resident))


def test_whatever_changes_the_quarter_hours_changes_the_stamp(resident, meter_id):
    seen = [stamp(resident)]
    say(meter_id, (0, 10), (1, 10.1))  # the first readings
    seen.append(stamp(resident))
    say(meter_id, (6, 10.6))  # newer ones
    seen.append(stamp(resident))
    say(meter_id, (3, 10.2))  # a late one
    seen.append(stamp(resident))
    say(meter_id, (7, 900))  # an impossible jump: it counts once it is accepted, not before
    assert stamp(resident) == seen[-1]
    quarantine.accept(meter_id, BEGIN_S + 7 * QH, NOW_S)
    seen.append(stamp(resident))
    assert len(set(seen)) == len(seen)


def test_a_reading_that_is_known_already_changes_no_stamp(resident, meter_id):
    say(meter_id, (0, 10), (1, 10.1), (5, 10.6))
    before = stamp(resident)
    say(meter_id, (1, 10.1))
    assert stamp(resident) == before


def test_a_house_tells_its_meters_apart(resident, meter_id, make_meter, assign):
    roof_id = make_meter()
    assign(roof_id, begin_s=BEGIN_S, group_id=resident.group_id, role="first_production")
    say(meter_id, (0, 10), (1, 10.1))
    say(roof_id, (0, 0), (1, 3))
    of_group = consumption.of_group(resident.group_id, BEGIN_S, BEGIN_S + QH)
    assert {use.role: series.energies.tolist() for use, series in of_group} == {
        "flat": [KWH // 10],
        "first_production": [3 * KWH],
    }
    assert [use.user_id for use, _ in of_group] == [resident.id, None]


def test_what_is_remembered_is_computed_once_and_the_oldest_is_forgotten():
    computed = []
    squares: Remembered[int] = Remembered(most=2)

    def square(number: int) -> int:
        return squares.get(number, lambda: computed.append(number) or number**2)

    # 3 pushes out 2, since 1 was asked for in between.
    assert [square(n) for n in (1, 2, 1, 3, 1, 2)] == [1, 4, 1, 9, 1, 4]
    assert computed == [1, 2, 3, 2]

"""What the roof makes: all plants together, and known only where each that runs has told."""

from __future__ import annotations

import pytest

from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from broker.models import MeterRole
from broker.services import production
from broker.units import TENTH_UWH_PER_KWH as KWH

QH = 900
BEGIN_S = 1_795_000_500
NOW_S = BEGIN_S + 86_400
FIRST, SECOND = MeterRole.FIRST_PRODUCTION.value, MeterRole.SECOND_PRODUCTION.value


def say(meter_id: int, *rows: tuple[int, float]) -> None:
    """Counters in kWh at numbers of quarter hours after BEGIN_S."""
    nothing = [None] * len(rows)
    times = [BEGIN_S + number * QH for number, _ in rows]
    counters = [round(kwh * KWH) for _, kwh in rows]
    take_in({meter_id: Columns(times, counters, nothing, nothing)}, NOW_S)


def made(group_id: int, count: int) -> list[float | None] | None:
    """kWh of the first quarter hours; None where unknown."""
    series = production.of_group(group_id, BEGIN_S, BEGIN_S + count * QH)
    if series is None:
        return None
    return [
        round(energy / KWH, 6) if known else None
        for energy, known in zip(series.energies.tolist(), series.known.tolist(), strict=True)
    ]


@pytest.fixture
def group_id(resident) -> int:
    return resident.group_id


@pytest.fixture
def first(make_meter, assign, group_id) -> int:
    meter_id = make_meter()
    assign(meter_id, group_id=group_id, role=FIRST, begin_s=BEGIN_S)
    say(meter_id, (0, 10), (1, 11), (2, 13), (3, 13))
    return meter_id


def test_a_house_without_plants_has_no_roof(resident, make_meter, assign, group_id):
    assign(make_meter(), resident)
    assert made(group_id, 2) is None


def test_plants_add_up_and_a_silent_one_makes_the_sum_unknown(first, make_meter, assign, group_id):
    second = make_meter()
    assign(second, group_id=group_id, role=SECOND, begin_s=BEGIN_S)
    # 1 + 0.5 and 2 + 0.25 kWh; of the third quarter hour the second plant says nothing.
    say(second, (0, 0), (1, 0.5), (2, 0.75))
    assert made(group_id, 4) == [1.5, 2.25, None, None]


def test_a_plant_counts_from_the_day_it_is_there(first, make_meter, assign, group_id):
    second = make_meter()
    assign(second, group_id=group_id, role=SECOND, begin_s=BEGIN_S + 2 * QH)
    say(second, (2, 0), (3, 4))
    # Alone until then: 1 and 2 kWh, and then 0 + 4.
    assert made(group_id, 3) == [1, 2, 4]


def test_a_plants_meter_is_exchanged(make_meter, assign, group_id):
    old, new = make_meter(), make_meter()
    assign(old, group_id=group_id, role=FIRST, begin_s=BEGIN_S, end_s=BEGIN_S + QH)
    assign(new, group_id=group_id, role=FIRST, begin_s=BEGIN_S + QH)
    say(old, (0, 500), (1, 501), (2, 509))
    say(new, (1, 0), (2, 2))
    assert made(group_id, 2) == [1, 2]


def test_the_stamp_changes_with_late_readings_only(first, group_id):
    def stamp():
        return production.stamp_of_group(group_id, BEGIN_S, BEGIN_S + 2 * QH)

    before = stamp()
    say(first, (4, 14))
    assert stamp() == before
    take_in({first: Columns([BEGIN_S + 450], [round(10.1 * KWH)], [None], [None])}, NOW_S)
    assert stamp() != before

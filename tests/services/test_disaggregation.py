"""Quarter hours split by appliance: exact, rerunnable, caught up with whatever readings come."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import sqlalchemy

from broker.api.formats import seconds
from broker.energy.tariffs import Tariff, TariffKind
from broker.errors import InvalidInput, NotFound
from broker.ingest import retention
from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from broker.models import Disaggregation, db
from broker.services import (
    appliance_corrections,
    appliances,
    consumption,
    disaggregation,
    disaggregation_progress,
    tariffs,
)
from broker.units import DAY_S, HOUR_S, QUARTER_HOUR_S

BERLIN = ZoneInfo("Europe/Berlin")
BEGIN_S = 1_794_783_600
"""A midnight in Berlin."""
DAYS = 4
END_S = BEGIN_S + DAYS * DAY_S
NOW_S = END_S + 60


def powers_w(days: int = DAYS) -> np.ndarray:
    """Minutes of a home: 120 W, a fridge of 80 W, and an 11-kW car from 19:00 to 22:00."""
    minute = np.arange(days * 1440)
    fridge = np.where(minute % 45 < 15, 80, 0)
    car = np.where((minute % 1440 >= 19 * 60) & (minute % 1440 < 22 * 60), 11_000, 0)
    return 120 + fridge + car + 3 * np.sin(minute)


def readings(powers: np.ndarray, begin_s: int = BEGIN_S) -> Columns:
    """A counter every minute, from 1000 kWh on."""
    counters = 10**13 + np.concatenate([[0], np.cumsum(powers * 10**7 / 60)]).astype(np.int64)
    times = [begin_s + 60 * n for n in range(len(counters))]
    nothing = [None] * len(times)
    return Columns(times, counters.tolist(), nothing, nothing)


def part(columns: Columns, first: int, last: int) -> Columns:
    return Columns(*(list(column)[first:last] for column in columns))


def catch_up(meter_id: int) -> None:
    while disaggregation_progress.catch_up(meter_id):
        pass


def rows() -> list[tuple[int, ...]]:
    with db.engine.connect() as connection:
        table = Disaggregation.__table__
        return [tuple(r) for r in connection.execute(sqlalchemy.select(table).order_by(*table.c))]


def mine(resident, begin_s=BEGIN_S, end_s=END_S, resolution="quarter_hour", now_s=NOW_S):
    return disaggregation.of_user(resident.id, begin_s, end_s, resolution, BERLIN, now_s).energies


def kwh(steps, label):
    return sum(step.get(label, 0) for step in steps.values()) / 10**10


@pytest.fixture
def meter_id(make_meter, assign, resident) -> int:
    meter_id = make_meter("1EMH001")
    assign(meter_id, resident, BEGIN_S)
    return meter_id


@pytest.fixture
def home(meter_id) -> int:
    take_in({meter_id: readings(powers_w())}, NOW_S)
    return meter_id


def assert_adds_up(resident, steps, begin_s=BEGIN_S, end_s=END_S):
    series = consumption.of_user(resident.id, begin_s, end_s)
    energies = series.energies[series.known].tolist()
    assert [sum(step.values()) for step in steps.values()] == energies
    assert len(steps) == len(energies)


def test_labels_add_up_to_each_quarter_hour_exactly(resident, home):
    catch_up(home)
    steps = mine(resident)
    assert len(steps) == DAYS * 96
    assert_adds_up(resident, steps)
    assert next(iter(steps)) == "2026-11-15 23:15:00"  # the end of the first, in UTC


def test_the_car_is_found_and_always_the_same_one(resident, home):
    catch_up(home)
    steps = mine(resident)
    # Four evenings of 33 kWh; the fridge keeps a third of 80 W, 2.6 kWh in four days.
    assert kwh(steps, "Elektroauto-1") == pytest.approx(132, rel=0.05)
    assert kwh(steps, "Grundlast-1") == pytest.approx(11.5, rel=0.1)
    assert "Elektroauto-2" not in steps["2026-11-15 23:15:00"]


def test_every_quarter_hour_names_every_label_of_the_time(resident, home):
    catch_up(home)
    named = {tuple(step) for step in mine(resident).values()}
    assert len(named) == 1
    assert all(value >= 0 for step in mine(resident).values() for value in step.values())


def split_all_again(meter_id: int) -> list[tuple[int, ...]]:
    with db.engine.connect() as connection:
        connection.execute(sqlalchemy.text("UPDATE disaggregation_state SET settled_s = from_s"))
        connection.commit()
    catch_up(meter_id)
    return rows()


def test_a_second_time_changes_nothing(resident, home):
    catch_up(home)
    before = rows()
    catch_up(home)
    assert rows() == before
    # In other stretches the estimate may differ a little; nothing is there twice.
    again = split_all_again(home)
    assert split_all_again(home) == again
    assert {row[1] for row in again} == {row[1] for row in before}
    assert_adds_up(resident, mine(resident))


def test_without_a_collector_asking_is_enough(resident, home):
    steps = mine(resident, END_S - 2 * DAY_S)
    assert len(steps) == 2 * 96
    assert_adds_up(resident, steps, END_S - 2 * DAY_S)


def test_new_quarter_hours_are_provisional_and_settle(resident, meter_id):
    # It is 19:30 on the last evening: the car has been charging for half an hour.
    columns = readings(powers_w())
    now = (DAYS - 1) * 1440 + 19 * 60 + 31
    take_in({meter_id: part(columns, 0, now)}, BEGIN_S + now * 60)
    catch_up(meter_id)
    known_s = BEGIN_S + (now - 1) * 60
    first = mine(resident, now_s=known_s)
    assert_adds_up(resident, first, end_s=known_s)
    take_in({meter_id: part(columns, now, len(columns.times_s))}, NOW_S)
    catch_up(meter_id)
    assert_adds_up(resident, mine(resident))
    assert kwh(mine(resident), "Elektroauto-1") == pytest.approx(132, rel=0.05)
    assert (
        appliances.of_user(resident.id, resident.group_id, NOW_S, BERLIN)[0]["label"]
        == "Elektroauto-1"
    )


def test_late_readings_are_split_anew(resident, meter_id):
    columns = readings(powers_w())
    # Four hours of the second evening, the car among them, arrive two days late.
    late = slice(1440 + 18 * 60, 1440 + 22 * 60 + 30)
    early = Columns(*(list(c)[: late.start] + list(c)[late.stop :] for c in columns))
    take_in({meter_id: early}, NOW_S)
    catch_up(meter_id)
    assert len(mine(resident)) < DAYS * 96
    assert kwh(mine(resident), "Elektroauto-1") == pytest.approx(99, rel=0.05)
    take_in({meter_id: part(columns, late.start, late.stop)}, NOW_S)
    catch_up(meter_id)
    assert_adds_up(resident, mine(resident))
    assert kwh(mine(resident), "Elektroauto-1") == pytest.approx(132, rel=0.05)


def test_what_has_changed_since_is_not_shown_until_it_is_split_anew(
    resident, meter_id, monkeypatch
):
    columns = readings(powers_w())
    hole = slice(1000, 1100)
    take_in(
        {meter_id: Columns(*(list(c)[: hole.start] + list(c)[hole.stop :] for c in columns))},
        NOW_S,
    )
    catch_up(meter_id)
    monkeypatch.setattr(disaggregation, "MOST_STRETCHES", 0)
    take_in({meter_id: part(columns, hole.start, hole.stop)}, NOW_S)
    steps = mine(resident)
    series = consumption.of_user(resident.id, BEGIN_S, END_S)
    ends = (series.starts_s + QUARTER_HOUR_S).tolist()
    by_end = dict(zip(ends, series.energies.tolist(), strict=True))
    assert all(sum(step.values()) == by_end[seconds(key)] for key, step in steps.items())
    assert len(steps) < DAYS * 96


def test_days_are_sums_of_their_quarter_hours(resident, home):
    catch_up(home)
    days = mine(resident, resolution="day")
    assert list(days) == [f"2026-11-{day} 23:00:00" for day in (16, 17, 18, 19)]
    assert sum(sum(step.values()) for step in days.values()) == sum(
        sum(step.values()) for step in mine(resident).values()
    )
    assert len(mine(resident, resolution="hour")) == DAYS * 24
    assert list(mine(resident, resolution="month")) == ["2026-11-30 23:00:00"]


def test_a_house_is_the_sum_of_its_flats_and_what_they_share(
    resident, home, make_user, make_meter, assign
):
    neighbour, other_id, common_id, roof_id = (
        make_user(resident.group_id),
        make_meter(),
        make_meter(),
        make_meter(),
    )
    assign(other_id, neighbour, BEGIN_S)
    assign(common_id, begin_s=BEGIN_S, group_id=resident.group_id, role="common")
    assign(roof_id, begin_s=BEGIN_S, group_id=resident.group_id, role="first_production")
    for one in (other_id, common_id, roof_id):
        take_in({one: readings(powers_w())}, NOW_S)
    steps = disaggregation.of_group(
        resident.group_id, BEGIN_S + DAY_S, END_S, "quarter_hour", BERLIN, NOW_S
    ).energies
    # Two flats and the stairs; what the roof makes is no consumption.
    alone = mine(resident, BEGIN_S + DAY_S)
    assert [sum(step.values()) for step in steps.values()] == [
        3 * sum(step.values()) for step in alone.values()
    ]
    assert kwh(steps, "Elektroauto") == pytest.approx(3 * kwh(alone, "Elektroauto-1"))


def test_a_request_does_not_split_a_whole_street(resident, make_user, make_meter, assign):
    one_day = readings(powers_w(1))
    flats = [resident, *(make_user(resident.group_id) for _ in range(9))]
    for number, flat in enumerate(flats):
        meter_id = make_meter(f"1EMH{number:03}")
        assign(meter_id, flat, BEGIN_S)
        take_in({meter_id: one_day}, NOW_S)

    def split_meters() -> int:
        disaggregation.of_group(resident.group_id, BEGIN_S, END_S, "day", BERLIN, NOW_S)
        return len({meter_id for meter_id, *_ in rows()})

    # A meter's day takes one stretch.
    assert split_meters() == disaggregation.MOST_STRETCHES == 8
    assert split_meters() == 10, "who asks again gets the rest"


def test_a_tenant_sees_nothing_of_the_one_before(resident, home, make_user):
    newcomer = make_user(resident.group_id)
    with db.engine.connect() as connection:
        moved_s = BEGIN_S + 2 * DAY_S
        connection.execute(sqlalchemy.text("UPDATE meter_use SET end_s = :t"), {"t": moved_s})
        connection.execute(
            sqlalchemy.text(
                "INSERT INTO meter_use (meter_id, group_id, user_id, role, register, begin_s) "
                "VALUES (:m, :g, :u, 'flat', 1, :t)"
            ),
            {"m": home, "g": resident.group_id, "u": newcomer.id, "t": moved_s},
        )
        connection.commit()
    catch_up(home)
    assert len(mine(resident)) == 2 * 96
    assert len(mine(newcomer)) == 2 * 96
    assert not mine(resident).keys() & mine(newcomer).keys()
    assert (
        appliances.of_user(newcomer.id, newcomer.group_id, NOW_S, BERLIN)[0]["last_begin"]
        >= moved_s
    )


@pytest.mark.parametrize("exports", [True, False], ids=["export register", "zeros by day"])
def test_a_plant_behind_the_same_meter_is_left_alone(resident, meter_id, exports):
    powers = powers_w()
    hour = np.arange(len(powers)) % 1440 / 60
    net = np.where((hour > 9) & (hour < 16), 0, powers)
    columns = readings(net)
    if exports:
        fed_in = readings(np.where(net == 0, 2000, 0))
        columns = columns._replace(energies_out_tenth_uwh=fed_in.energies_tenth_uwh)
    take_in({meter_id: columns}, NOW_S)
    catch_up(meter_id)
    assert mine(resident) == {}


def test_hourly_readings_are_left_alone(resident, meter_id):
    columns = readings(powers_w())
    take_in({meter_id: Columns(*(list(column)[::60] for column in columns))}, NOW_S)
    catch_up(meter_id)
    assert mine(resident) == {}


def test_a_lacking_kind_is_left_out_at_once_and_from_now_on(resident, meter_id):
    columns = readings(powers_w())
    half = 2 * 1440 + 1
    take_in({meter_id: part(columns, 0, half)}, BEGIN_S + half * 60)
    catch_up(meter_id)
    said = appliance_corrections.lacks(resident.id, "Elektroauto", NOW_S)
    assert appliance_corrections.lacks(resident.id, "Elektroauto", NOW_S) == said
    assert kwh(mine(resident), "Elektroauto-1") == 0
    assert_adds_up(resident, mine(resident))
    take_in({meter_id: part(columns, half, len(columns.times_s))}, NOW_S)
    catch_up(meter_id)
    assert kwh(mine(resident), "Elektroauto-1") == 0
    assert_adds_up(resident, mine(resident))
    appliance_corrections.withdraw(resident.id, said["id"])
    # What was split while it counted stays; what was split before is as it was.
    assert kwh(mine(resident), "Elektroauto-1") == pytest.approx(66, rel=0.05)


def test_one_correction_after_the_other_counts_at_once(resident, home):
    # The second one may get the id of the first, which is gone.
    catch_up(home)
    assert kwh(mine(resident), "Kühlschrank-1") > 0
    first = appliance_corrections.lacks(resident.id, "Elektroauto", NOW_S)
    assert kwh(mine(resident), "Elektroauto-1") == 0
    appliance_corrections.withdraw(resident.id, first["id"])
    appliance_corrections.lacks(resident.id, "Kühlschrank", NOW_S)
    assert kwh(mine(resident), "Elektroauto-1") > 0
    assert kwh(mine(resident), "Kühlschrank-1") == 0


def test_a_corrected_run_counts_at_once_and_so_do_later_ones_like_it(resident, meter_id):
    columns = readings(powers_w())
    three_days = 3 * 1440 + 1
    take_in({meter_id: part(columns, 0, three_days)}, BEGIN_S + three_days * 60)
    catch_up(meter_id)
    evening_s = BEGIN_S + DAY_S + 20 * HOUR_S
    said = appliance_corrections.was(
        resident.id, evening_s, "Elektroauto-1", "Durchlauferhitzer", NOW_S
    )
    at_once = mine(resident, BEGIN_S + DAY_S, BEGIN_S + 2 * DAY_S)
    assert kwh(at_once, "Durchlauferhitzer-1") == pytest.approx(33, rel=0.05)
    take_in({meter_id: part(columns, three_days, len(columns.times_s))}, NOW_S)
    catch_up(meter_id)
    steps = mine(resident)
    # The first evening came before the corrected one; the other three are like it.
    assert kwh(steps, "Elektroauto-1") == pytest.approx(33, rel=0.05)
    assert kwh(steps, "Durchlauferhitzer-1") == pytest.approx(99, rel=0.05)
    assert_adds_up(resident, steps)
    appliance_corrections.withdraw(resident.id, said["id"])
    catch_up(meter_id)
    assert kwh(mine(resident), "Elektroauto-1") == pytest.approx(132, rel=0.05)
    assert appliance_corrections.listed(resident.id) == []


def test_nobody_corrects_what_is_not_there_or_not_theirs(resident, home, make_user):
    catch_up(home)
    noon_s = BEGIN_S + 12 * HOUR_S
    with pytest.raises(NotFound):
        appliance_corrections.was(resident.id, noon_s, "Elektroauto-1", "Backofen", NOW_S)
    stranger = make_user()
    with pytest.raises(NotFound):
        appliance_corrections.was(
            stranger.id, BEGIN_S + 20 * HOUR_S, "Elektroauto-1", "Backofen", NOW_S
        )
    for label in ("Grundlast", "Sonstiges", "Toaster", "Elektroauto-1", ""):
        with pytest.raises(InvalidInput):
            appliance_corrections.lacks(resident.id, label, NOW_S)
    said = appliance_corrections.lacks(resident.id, "Mikrowelle", NOW_S)
    with pytest.raises(NotFound):
        appliance_corrections.withdraw(stranger.id, said["id"])


def test_statistics_tell_runs_a_week_and_the_last_one(resident, home):
    catch_up(home)
    car = appliances.of_user(resident.id, resident.group_id, NOW_S, BERLIN)[0]
    # Four runs in four days are seven a week; each takes 33 kWh.
    assert car["label"] == "Elektroauto-1"
    assert car["runs_per_week"] == 7
    assert car["energy_per_run"] / 10**10 == pytest.approx(33, rel=0.05)
    assert abs(car["last_begin"] - (END_S - 5 * HOUR_S)) <= 120
    assert abs(car["last_end"] - (END_S - 2 * HOUR_S)) <= 120


def test_a_run_costs_what_the_grid_s_energy_costs(resident, home):
    catch_up(home)
    assert (
        appliances.of_user(resident.id, resident.group_id, NOW_S, BERLIN)[0]["cost_per_run"] is None
    )
    fixed = Tariff(begin=date(2026, 1, 1), kind=TariffKind.FIXED, work_price_micros_per_kwh=300_000)
    tariffs.add(fixed, date(2026, 1, 1), mail=resident.mail)
    car = appliances.of_user(resident.id, resident.group_id, NOW_S, BERLIN)[0]
    # 33 kWh at 30 ct.
    assert car["cost_per_run"] / 10**6 == pytest.approx(9.9, rel=0.05)


def test_expired_readings_leave_their_quarter_hours(resident, home):
    retention.expire(END_S - DAY_S)
    catch_up(home)
    assert_adds_up(resident, mine(resident))
    assert kwh(mine(resident), "Elektroauto-1") > 60

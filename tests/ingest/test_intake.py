"""Readings in: whatever order they come in, the quarter hours are those of the raw readings."""

from __future__ import annotations

import random
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select

from broker.errors import Conflict, InvalidInput
from broker.ingest import quarantine, retention
from broker.ingest.intake import Columns, Outcome, take_in
from broker.models import (
    Meter,
    MeterEvent,
    QuarantinedReading,
    QuarterHour,
    Reading,
    db,
    writer,
)
from broker.units import TENTH_UWH_PER_KWH

KWH = TENTH_UWH_PER_KWH
NOW_S = 1_800_000_000
START_S = 1_750_000_800  # 300 s into a quarter hour


def add_meter(number: str) -> int:
    with writer(db.engine).begin() as connection:
        return connection.execute(
            insert(Meter).values(number=number, created_s=0, max_power_w=60_000)
        ).inserted_primary_key[0]


@pytest.fixture
def meter_id(app) -> int:
    return add_meter("1EMH001")


def readings(*rows: tuple[int, float | None], powers: bool = False) -> Columns:
    """Counters in kWh, or powers in W, at times in s after START_S."""
    times = [START_S + time_s for time_s, _ in rows]
    nothing = [None] * len(rows)
    if powers:
        return Columns(times, nothing, nothing, [round(w * 1000) for _, w in rows])
    return Columns(times, [round(kwh * KWH) for _, kwh in rows], nothing, nothing)


def stored(table, meter_id: int) -> list[tuple]:
    with db.engine.connect() as connection:
        columns = [c for c in table.__table__.c if c.name not in ("id", "meter_id", "noted_s")]
        rows = connection.execute(select(*columns).where(table.meter_id == meter_id))
        return sorted(map(tuple, rows), key=repr)


def total_kwh(meter_id: int) -> float:
    with db.engine.connect() as connection:
        low, high = connection.execute(
            select(
                func.min(QuarterHour.first_tenth_uwh), func.max(QuarterHour.last_tenth_uwh)
            ).where(QuarterHour.meter_id == meter_id)
        ).one()
    return (high - low) / KWH


def test_new_readings_are_stored_once_and_known_ever_after(meter_id):
    batch = {meter_id: readings((0, 1), (60, 1.01), (120, 1.02))}
    assert take_in(batch, NOW_S) == Outcome(3, 0, 0)
    before = stored(QuarterHour, meter_id)
    assert take_in(batch, NOW_S) == Outcome(0, 3, 0)
    assert stored(QuarterHour, meter_id) == before


def test_another_value_for_the_same_time_is_refused_and_nothing_of_the_call_is_stored(meter_id):
    take_in({meter_id: readings((0, 1), (60, 2))}, NOW_S)
    with pytest.raises(Conflict, match=rf"1EMH001 .* {START_S + 60}"):
        take_in({meter_id: readings((60, 2.5), (120, 3))}, NOW_S)
    assert len(stored(Reading, meter_id)) == 2


def test_one_call_that_contradicts_itself_is_refused(meter_id):
    with pytest.raises(Conflict):
        take_in({meter_id: readings((0, 1), (0, 2))}, NOW_S)
    assert stored(Reading, meter_id) == []


def test_a_time_in_the_future_is_refused(meter_id):
    # Milliseconds sent as seconds, or local time taken for UTC.
    with pytest.raises(InvalidInput, match="future"):
        take_in({meter_id: readings((NOW_S, 1))}, NOW_S)


def test_a_late_reading_lands_where_it_belongs(meter_id):
    # An hour is known by its ends only: 1 kWh spread evenly. Then the middle arrives: all of it
    # was used in the second half.
    take_in({meter_id: readings((0, 1), (3600, 2))}, NOW_S)
    take_in({meter_id: readings((1800, 1))}, NOW_S)
    openings = {row[1] - START_S: row[2] / KWH for row in stored(QuarterHour, meter_id) if row[2]}
    # START_S is 300 s into its quarter hour, so boundaries fall at 600, 1500, 2400 and 3300 s.
    assert openings == {
        600: 1.0,
        1500: 1.0,
        2400: pytest.approx(1 + 600 / 1800),
        3300: pytest.approx(1 + 1500 / 1800),
    }


def test_an_implausible_jump_waits_for_the_operator(meter_id):
    rows = [(0, 10), (3600, 11), (7200, 815), (10800, 816), (14400, 818)]
    assert take_in({meter_id: readings(*rows)}, NOW_S) == Outcome(4, 0, 1)
    assert total_kwh(meter_id) == 1 + 1 + 2
    assert [row[2] for row in stored(MeterEvent, meter_id)] == ["implausible"]
    quarantine.accept(meter_id, START_S + 7200, NOW_S)
    assert total_kwh(meter_id) == 808
    assert len(stored(Reading, meter_id)) == 5
    assert take_in({meter_id: readings((7200, 815))}, NOW_S) == Outcome(0, 1, 0)


def test_a_quarantined_reading_sent_again_is_known(meter_id):
    take_in({meter_id: readings((0, 10), (60, 900))}, NOW_S)
    assert take_in({meter_id: readings((60, 900))}, NOW_S) == Outcome(0, 1, 0)
    with pytest.raises(Conflict):
        take_in({meter_id: readings((60, 901))}, NOW_S)


def test_a_late_reading_can_clear_a_suspicion(meter_id):
    # 70 kWh in one hour is too much.
    assert take_in({meter_id: readings((0, 10), (3600, 80))}, NOW_S) == Outcome(1, 0, 1)
    # Ten minutes before, it was at 79.9 already: that is the reading to doubt, 80 follows it well.
    assert take_in({meter_id: readings((3000, 79.9))}, NOW_S) == Outcome(0, 0, 1)
    assert [row[0] - START_S for row in stored(QuarantinedReading, meter_id)] == [3000]
    assert total_kwh(meter_id) == pytest.approx(0.1)


def test_a_two_way_meter_has_two_registers(meter_id):
    times = [START_S, START_S + 60, START_S + 120]
    columns = Columns(times, [KWH, KWH, 2 * KWH], [5 * KWH, 6 * KWH, 6 * KWH], [None] * 3)
    take_in({meter_id: columns}, NOW_S)
    by_register = {row[0]: (row[4], row[7]) for row in stored(QuarterHour, meter_id)}
    # 1 → 2 kWh taken, 5 → 6 kWh fed in: (first counter, last counter) of each register.
    assert by_register == {1: (KWH, 2 * KWH), 2: (5 * KWH, 6 * KWH)}


def test_negative_power_without_counters_is_exported(meter_id):
    # 1 kW for 6 min is 0.1 kWh taken; −2 kW for 6 min is 0.2 kWh fed in; ramps of a second count
    # half: 0.5 · 1 s · 1 kW and 0.5 · 1 s · 2 kW.
    take_in(
        {meter_id: readings((0, 1000), (360, 1000), (361, -2000), (721, -2000), powers=True)}, NOW_S
    )
    last = {row[0]: row[7] / KWH for row in stored(QuarterHour, meter_id) if row[7] is not None}
    assert last[1] == pytest.approx(0.1 + 0.5 / 3600, abs=1e-9)
    assert last[2] == pytest.approx(0.2, abs=1e-9)  # the register begins with its first export


def test_feeding_in_ends_with_a_call_that_only_takes(meter_id):
    # −2 kW for 5 min, then 1 kW for 8 min, then −2 kW again for 1 min, each in a call of its own:
    # 2 kW · (300 + 60) s and half of each ramp of a second are fed in, nothing in between.
    for call in ([(0, -2000), (300, -2000)], [(301, 1000), (780, 1000)], [(781, -2000)]):
        take_in({meter_id: readings(*call, powers=True)}, NOW_S)
    take_in({meter_id: readings((841, -2000), powers=True)}, NOW_S)
    fed_in = max(row[7] for row in stored(QuarterHour, meter_id) if row[0] == 2) / KWH
    assert fed_in == pytest.approx(2 * (300 + 60 + 0.5 + 0.5) / 3600, abs=1e-9)
    appended = stored(QuarterHour, meter_id)
    retention.rebuild(meter_id, NOW_S)
    assert stored(QuarterHour, meter_id) == appended


def test_expired_raw_readings_leave_their_quarter_hours(meter_id):
    take_in({meter_id: readings(*((minute * 60, minute / 100) for minute in range(120)))}, NOW_S)
    before = stored(QuarterHour, meter_id)
    horizon_s = START_S + 3600
    assert retention.expire(horizon_s) == 55  # the horizon is rounded down by 300 s
    retention.rebuild(meter_id, NOW_S)
    assert stored(QuarterHour, meter_id) == before
    with pytest.raises(InvalidInput, match="expired"):
        take_in({meter_id: readings((30, 0.005))}, NOW_S)
    assert take_in({meter_id: readings((7200, 1.3))}, NOW_S).stored == 1


def test_many_meters_in_one_call(app):
    meters = [add_meter(f"M{n}") for n in range(30)]
    for minute in range(3):
        batch = {m: readings((minute * 60, minute + n)) for n, m in enumerate(meters)}
        take_in(batch, NOW_S)
    # A kWh a minute is 60 kW: just plausible.
    assert all(total_kwh(m) == 2 for m in meters)


steps = st.lists(
    st.tuples(
        st.integers(1, 4000),
        st.sampled_from([None, 0, 10**6, 10**9, 10**10, -(10**7), -(10**8), -(10**11), 8 * 10**12]),
        st.sampled_from([None, None, 0, 10**9, 9 * 10**12, -(10**11)]),
        st.sampled_from([None, 100_000, 2_000_000, -1_500_000]),
    ),
    min_size=1,
    max_size=25,
)


def rows_of(given_steps) -> list[tuple]:
    time_s, energy, energy_out, rows = START_S, 10**13, 2 * 10**13, []
    for duration_s, rise, rise_out, power in given_steps:
        time_s += duration_s
        if rise is None and rise_out is None and power is None:
            continue
        energy += rise or 0
        energy_out += rise_out or 0
        rows.append(
            (
                time_s,
                None if rise is None else max(energy, 0),
                None if rise_out is None else max(energy_out, 0),
                power,
            )
        )
    return rows


@given(steps, st.integers(1, 6), st.randoms(use_true_random=False))
@settings(
    max_examples=80,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_neither_order_nor_splitting_nor_repeating_changes_anything(
    app, given_steps, size, shuffle: random.Random
):
    rows = rows_of(given_steps)
    in_order, disordered = (add_meter(uuid4().hex) for _ in range(2))
    if not rows:
        return
    take_in({in_order: Columns(*map(list, zip(*rows, strict=True)))}, NOW_S)
    shuffled = rows + shuffle.sample(rows, len(rows) // 2)
    shuffle.shuffle(shuffled)
    for begin in range(0, len(shuffled), size):
        part = shuffled[begin : begin + size]
        take_in({disordered: Columns(*map(list, zip(*part, strict=True)))}, NOW_S)
    for table in (Reading, QuarantinedReading, QuarterHour, MeterEvent):
        assert stored(table, disordered) == stored(table, in_order), table.__tablename__
    retention.rebuild(disordered, NOW_S)
    assert stored(QuarterHour, disordered) == stored(QuarterHour, in_order)

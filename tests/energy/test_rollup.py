"""Readings become quarter hours: the definition, and that the quick way equals it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.energy.quarter_hours import QuarterHour
from broker.energy.register import Continued, RegisterEventKind, Suspect, continued
from broker.energy.rollup import RegisterColumns, rolled_up
from broker.units import TENTH_UWH_PER_KWH

KWH = TENTH_UWH_PER_KWH
MINUTE_S = 60
HOUR_S = 3600
MAX_POWER_W = 60_000


def of_counters(*points: tuple[int, float | None], every_s: int = 1) -> RegisterColumns:
    """Counters in kWh at times in s."""
    return RegisterColumns(
        [time * every_s for time, _ in points],
        [None if kwh is None else round(kwh * KWH) for _, kwh in points],
        [None] * len(points),
    )


def of_powers(*points: tuple[int, int]) -> RegisterColumns:
    """Powers in W at times in s."""
    return RegisterColumns(
        [time for time, _ in points], [None] * len(points), [w * 1000 for _, w in points]
    )


def rolled(columns: RegisterColumns, **given) -> Continued:
    return rolled_up(None, columns, max_power_w=MAX_POWER_W, **given)


def consumed_kwh(columns: RegisterColumns, **given) -> float:
    """From the first to the last reading."""
    with_readings = [q for q in rolled(columns, **given).quarter_hours if q.first_s is not None]
    return (with_readings[-1].last - with_readings[0].first) / KWH


def test_a_rising_counter_counts_what_it_shows():
    assert consumed_kwh(of_counters((0, 100.0), (1, 100.5), (2, 103.0), every_s=HOUR_S)) == 3.0


def test_an_exchanged_meter_never_gives_negative_consumption():
    # 100 → 150 on the old meter, exchanged, 5 → 20 on the new one: 50 + 15.
    columns = of_counters((0, 100), (1, 150), (2, 5), (3, 20), every_s=HOUR_S)
    assert consumed_kwh(columns) == 65
    assert [e.kind for e in rolled(columns).events] == [RegisterEventKind.NEW_REGISTER]


def test_a_reset_inside_an_outage_counts_nothing_for_the_step():
    # Two days of silence, then a new register at 1 kWh: only what it counts afterwards is known.
    assert consumed_kwh(of_counters((0, 900), (48, 1), (49, 3), every_s=HOUR_S)) == 2


def test_jitter_counts_as_nothing_and_is_not_counted_again_on_the_way_back():
    # 100 → 99.995 is jitter; at 100.105 the meter has seen 0.105 kWh more than at 100.
    columns = of_counters((0, 100), (1, 99.995), (2, 100.105), every_s=HOUR_S)
    assert consumed_kwh(columns) == 0.105
    assert [e.kind for e in rolled(columns).events] == [RegisterEventKind.JITTER]


def test_a_fall_of_exactly_a_hundredth_is_a_new_register():
    assert consumed_kwh(of_counters((0, 100), (1, 99.99), (2, 100.09), every_s=HOUR_S)) == 0.1


def test_a_jump_beyond_the_plausible_power_is_quarantined_and_the_counter_goes_on_from_there():
    # +804 kWh in an hour is 804 kW: out. The next readings rise normally from there: in.
    columns = of_counters((0, 10), (1, 11), (2, 815), (3, 816), (4, 818), every_s=HOUR_S)
    assert rolled(columns).implausible == [2 * HOUR_S]
    assert consumed_kwh(columns) == 1 + 1 + 2
    assert consumed_kwh(columns, accepted={2 * HOUR_S}) == 808


def test_a_lone_spike_disturbs_nothing():
    columns = of_counters((0, 10), (1, 11), (2, 9000), (3, 12), (4, 13), every_s=HOUR_S)
    assert rolled(columns).implausible == [2 * HOUR_S]
    assert consumed_kwh(columns) == 3


def test_exactly_the_plausible_power_is_believed():
    # 60 kW for an hour are 60 kWh.
    assert rolled(of_counters((0, 0), (1, 60), every_s=HOUR_S)).implausible == []
    assert rolled(of_counters((0, 0), (1, 60.001), every_s=HOUR_S)).implausible == [HOUR_S]


def test_a_zero_after_boot_costs_nothing_but_its_own_step():
    # A head that says 0 after a restart: down is a new register, back up is an impossible jump.
    columns = of_counters((0, 3094.0), (1, 0), (2, 3094.7), (3, 3095.2), every_s=10 * MINUTE_S)
    assert consumed_kwh(columns) == 0.5


def test_power_alone_is_integrated_by_trapezoids_and_a_longer_gap_adds_nothing():
    # 1 kW rising to 3 kW in 15 min: 0.5 kWh. 20 silent minutes: nothing. 2 kW for 6 min: 0.2 kWh.
    columns = of_powers((0, 1000), (900, 3000), (2100, 2000), (2460, 2000))
    assert consumed_kwh(columns) == 0.7


def test_a_counter_takes_over_from_integrated_power():
    # 1 kW for 10 min, then the meter starts to send its counter, which stood at 5000 kWh.
    power = of_powers((0, 1000), (600, 1000))
    counter = of_counters((660, 5000), (1260, 5000.25))
    columns = RegisterColumns(*(a + b for a, b in zip(power, counter, strict=True)))
    assert abs(consumed_kwh(columns) - (1 / 6 + 0.25)) < 1e-9


def opening_keys(columns: RegisterColumns) -> dict[int, float | None]:
    return {
        q.start_s: None if q.opening is None else q.opening / KWH
        for q in rolled(columns).quarter_hours
    }


def test_boundaries_are_interpolated_in_gaps_of_up_to_two_hours_and_missing_in_longer_ones():
    # 10:00 and 12:00 are exactly two hours apart: every quarter hour between is known.
    assert opening_keys(of_counters((36000, 1), (43200, 9))) == {
        36000 + 900 * n: 1 + n for n in range(9)
    }
    # One second more, and none is.
    assert opening_keys(of_counters((36000, 1), (43201, 9))) == {36000: 1, 43200: None}


def test_power_gaps_are_interpolated_up_to_fifteen_minutes_only():
    assert opening_keys(of_powers((0, 1000), (1200, 1000))) == {0: 0, 900: None}


def test_a_reading_on_the_boundary_belongs_to_the_quarter_hour_it_opens():
    assert opening_keys(of_counters((900, 2), (1800, 3))) == {900: 2, 1800: 3}


counters = st.lists(
    st.tuples(
        st.integers(1, 9000),  # s since the one before
        st.one_of(
            st.none(),
            st.integers(0, 20_000_000_000),  # rises by up to 2 kWh …
            st.integers(-200_000_000, 0),  # … falls by jitter or a little more
            st.sampled_from([-(10**12), 8 * 10**12]),  # … is exchanged, or spikes
        ),
        st.one_of(st.none(), st.integers(-5_000_000, 70_000_000)),
    ),
    min_size=1,
    max_size=60,
)


def columns_of(steps, start_s: int = 1_700_000_000) -> RegisterColumns:
    time_s, counter, rows = start_s, 50 * 10**12, []
    for duration_s, rise, power in steps:
        time_s += duration_s
        if rise is None and power is None:
            continue
        if rise is not None:
            counter = max(counter + rise, 0)
        rows.append((time_s, None if rise is None else counter, power))
    return RegisterColumns(*([row[n] for row in rows] for n in range(3)))


plain_steps = st.lists(
    st.tuples(st.integers(1, 3000), st.integers(0, 10_000_000), st.integers(0, 50_000_000)),
    min_size=12,
    max_size=80,
)


def by_definition(columns: RegisterColumns) -> Continued:
    return continued(None, columns.readings(), max_power_w=MAX_POWER_W)


@given(counters)
@settings(max_examples=150, deadline=None)
def test_columns_equal_the_definition_whatever_happens(steps):
    columns = columns_of(steps)
    assert rolled(columns) == by_definition(columns)


@given(plain_steps, st.sampled_from(["both", "counter", "power"]))
@settings(max_examples=100, deadline=None)
def test_columns_equal_the_definition_when_nothing_special_happens(steps, kind):
    columns = columns_of(steps)
    nothing = [None] * len(columns.times_s)
    if kind == "counter":
        columns = columns._replace(powers_mw=nothing)
    elif kind == "power":
        columns = columns._replace(counters=nothing)
    assert rolled(columns) == by_definition(columns)


@given(counters, st.integers(0, 60))
@settings(max_examples=150, deadline=None)
def test_splitting_a_run_of_readings_changes_nothing(steps, cut):
    columns = columns_of(steps)
    head, tail = columns.part(0, cut), columns.part(cut, len(columns.times_s))
    first = rolled(head)
    latest: QuarterHour | None = first.quarter_hours[-1] if first.quarter_hours else None
    suspects = [
        Suspect(time_s, counter)
        for time_s, counter in zip(head.times_s, head.counters, strict=True)
        if time_s in first.implausible and counter is not None
        if latest is None or time_s > latest.last_s
    ]
    second = rolled_up(
        latest, tail, max_power_w=MAX_POWER_W, suspect=suspects[-1] if suspects else None
    )
    joined = {q.start_s: q for q in first.quarter_hours + second.quarter_hours}
    assert list(joined.values()) == by_definition(columns).quarter_hours

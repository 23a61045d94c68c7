"""Splits the quarter hours that have come since, a stretch at a time: rerunnable, never twice.

The newest days come first, then what is newer, then the past. A quarter hour is settled once the
hour that follows is known; until then it is split anew each time. Late readings are found by what
they change: where the parts of a quarter hour don't add up to its energy any more.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from broker.energy.disaggregation import estimate, labels, resampling, runs
from broker.energy.disaggregation.labels import Part
from broker.energy.disaggregation.network import Network
from broker.energy.disaggregation.resampling import Course, Steps
from broker.energy.disaggregation.runs import Appliance, Numbered
from broker.models import (
    DisaggregationState,
    Meter,
    MeterRole,
    MeterUse,
    Register,
    db,
    writer,
)
from broker.services import appliance_corrections, inexogy, meters
from broker.services.side_thread import SideThread
from broker.store import disaggregation as store
from broker.store import quarter_hours, readings
from broker.store.disaggregation import Service, State
from broker.units import DAY_S, HOUR_S, MINUTE_S, QUARTER_HOUR_S

CONSUMING = (MeterRole.FLAT.value, MeterRole.COMMON.value)
STRETCH_S = 4 * DAY_S
"""What is split in one transaction, so that nobody waits for long."""
FIRST_S = 3 * DAY_S
SETTLES_AFTER_S = HOUR_S
PAST_S, FUTURE_S = 18 * HOUR_S, 3 * HOUR_S
"""What the networks see before and behind a stretch of minutes."""
SPARSE_PAST_S, SPARSE_FUTURE_S = 48 * HOUR_S, 10 * HOUR_S
"""The same for quarter hours."""
EXPORTS_SHARE = 0.005
"""Of the energy that a home takes: who feeds in more uses some of it unseen."""

_estimator = SideThread()


class Stretch(NamedTuple):
    """What is to be split: [begin_s, end_s), which lies within one service, and the state then."""

    begin_s: int
    end_s: int
    after: State
    learns: tuple[int, int]
    """Runs that end in here have not been learned from yet."""


class _Split(NamedTuple):
    parts: list[Part]
    runs: list[Numbered]
    appliances: list[Appliance]


def consuming_meters() -> list[int]:
    """The meters of flats and of common consumption."""
    statement = (
        select(MeterUse.meter_id)
        .where(
            MeterUse.role.in_(CONSUMING),
            MeterUse.register == int(Register.IMPORT),
        )
        .distinct()
        .order_by(MeterUse.meter_id)
    )
    with db.engine.connect() as connection:
        return list(connection.scalars(statement))


def states(meter_ids: Collection[int]) -> dict[int, State]:
    """How far these meters' quarter hours have been split, by meter id; those that are, at all."""
    with db.engine.connect() as connection:
        return store.states(connection, meter_ids)


def listed() -> list[dict[str, Any]]:
    """How far each meter's quarter hours have been split, times in POSIX seconds."""
    statement = (
        select(
            Meter.number.label("meter"),
            DisaggregationState.from_s,
            DisaggregationState.settled_s,
            DisaggregationState.until_s,
        )
        .join(Meter, Meter.id == DisaggregationState.meter_id)
        .order_by(Meter.number)
    )
    with db.engine.connect() as connection:
        return [row._asdict() for row in connection.execute(statement)]


def again(number: str | None, from_s: int) -> int:
    """Has the quarter hours of one meter, or of all, split anew from a time on; of how many.

    Raises NotFound for an unknown meter.
    """
    meter_ids = consuming_meters() if number is None else [meters.numbered(number)]
    with writer(db.engine).begin() as connection:
        for meter_id in meter_ids:
            state = store.state(connection, meter_id)
            if state is not None:
                begin_s = max(state.from_s, from_s - from_s % QUARTER_HOUR_S)
                store.again_from(connection, meter_id, begin_s)
    return len(meter_ids)


def catch_up(meter_id: int) -> bool:
    """Splits a meter's next stretch; whether there was anything to do."""
    with db.engine.connect() as connection:
        before = store.state(connection, meter_id)
        services = store.services(connection, meter_id, CONSUMING)
        stretch = _next(connection, meter_id, before, services)
        if stretch is None:
            return False
        service = _service_at(services, stretch.begin_s)
        split = _split(connection, meter_id, stretch, service)
    with writer(db.engine).begin() as connection:
        quarter_hours.lock(connection, [meter_id])
        if not store.take_turn(connection, before, stretch.after):
            return True
        told = inexogy.told_parts(connection, meter_id, stretch.begin_s, stretch.end_s)
        store.replace_parts(connection, meter_id, stretch.begin_s, stretch.end_s, split.parts, told)
        store.replace_runs(connection, meter_id, stretch.begin_s, stretch.end_s, split.runs)
        store.replace_appliances(connection, meter_id, split.appliances)
    return True


def _service_at(services: list[Service], time_s: int) -> Service | None:
    for service in services:
        if service.begin_s <= time_s and (service.end_s is None or time_s < service.end_s):
            return service
    return None


def _next(
    connection: Connection, meter_id: int, state: State | None, services: list[Service]
) -> Stretch | None:
    extent = store.extent(connection, meter_id)
    if extent is None or not services:
        return None
    revision = connection.scalar(select(Meter.past_revision).where(Meter.id == meter_id)) or 0
    first_s, newest_s = max(extent[0], services[0].begin_s), extent[1]
    if services[-1].end_s is not None:
        newest_s = min(newest_s, services[-1].end_s)
    if first_s >= newest_s:
        return None
    if state is None:
        from_s = max(first_s, newest_s - FIRST_S)
        state = State(meter_id, from_s, from_s, from_s, revision, newest_s, 0)
        return _onwards(state, newest_s, services)
    if state.past_revision != revision or state.compared_s < state.until_s:
        begins = 0 if state.past_revision != revision else state.compared_s
        state = state._replace(past_revision=revision, compared_s=max(begins, state.from_s))
        return _compared(connection, state, newest_s, services)
    if newest_s > state.until_s or state.settled_s < state.until_s - SETTLES_AFTER_S:
        return _onwards(state, newest_s, services)
    if first_s < state.from_s:
        return _back(state, first_s, services)
    return None


def _clipped(
    begin_s: int, end_s: int, services: list[Service], *, from_end: bool
) -> tuple[int, int]:
    """The first or the last piece of [begin_s, end_s) in which the meter serves one home."""
    cuts = {begin_s, end_s}
    for service in services:
        cuts |= {t for t in (service.begin_s, service.end_s) if t and begin_s < t < end_s}
    ordered = sorted(cuts)
    return (ordered[-2], ordered[-1]) if from_end else (ordered[0], ordered[1])


def _onwards(state: State, newest_s: int, services: list[Service]) -> Stretch:
    end_s = min(newest_s, state.settled_s + STRETCH_S)
    begin_s, end_s = _clipped(state.settled_s, end_s, services, from_end=False)
    settled_s = end_s
    if end_s == newest_s:
        settled_s = max(begin_s, newest_s - SETTLES_AFTER_S)
    after = state._replace(settled_s=settled_s, until_s=end_s, compared_s=end_s)
    return Stretch(begin_s, end_s, after, (begin_s, settled_s))


def _back(state: State, first_s: int, services: list[Service]) -> Stretch:
    begin_s = max(first_s, state.from_s - STRETCH_S)
    begin_s, end_s = _clipped(begin_s, state.from_s, services, from_end=True)
    return Stretch(begin_s, end_s, state._replace(from_s=begin_s), (begin_s, end_s))


def _compared(
    connection: Connection, state: State, newest_s: int, services: list[Service]
) -> Stretch | None:
    """The next stretch that late readings have changed; else goes on as if nothing had been."""
    until_s = min(state.until_s, newest_s)
    wrong_s = store.first_contradiction_s(connection, state.meter_id, state.compared_s, until_s)
    if wrong_s is None:
        return _onwards(state, newest_s, services)
    begin_s = max(state.from_s, wrong_s - SETTLES_AFTER_S)
    begin_s, end_s = _clipped(begin_s, min(until_s, begin_s + STRETCH_S), services, from_end=False)
    return Stretch(begin_s, end_s, state._replace(compared_s=end_s), (0, 0))


def _split(
    connection: Connection, meter_id: int, stretch: Stretch, service: Service | None
) -> _Split:
    known = store.appliances(connection, meter_id)
    nothing = _Split([], [], known)
    series = store.series(connection, meter_id, stretch.begin_s, stretch.end_s)
    out = store.exported_tenth_uwh(connection, meter_id, stretch.begin_s, stretch.end_s)
    if service is None or out > EXPORTS_SHARE * series.total_tenth_uwh:
        return nothing
    seen = _seen(connection, meter_id, stretch)
    if seen is None:
        return nothing
    network, steps = seen
    said = appliance_corrections.of_home(connection, service.user_id, meter_id)
    made = _estimator.run(estimate.estimated, network, steps, said.absent)
    told = [
        run
        for run in runs.corrected(made, runs.found(made, estimate.rules_of(network)), said.runs)
        if run.end_s > stretch.begin_s and run.begin_s < stretch.end_s
    ]
    earlier = store.runs(connection, meter_id, stretch.begin_s, stretch.end_s)
    counts = [run for run in told if stretch.learns[0] < run.end_s <= stretch.learns[1]]
    numbered, appliances = runs.numbered(
        told, known, earlier, counts, is_vague=network.step_s > MINUTE_S
    )
    return _Split(labels.split(series, steps, made, numbered), numbered, appliances)


def _seen(connection: Connection, meter_id: int, stretch: Stretch) -> tuple[Network, Steps] | None:
    """The steps of a stretch and around it; None where they would tell nothing."""
    course, past_s, future_s = _course(connection, meter_id, stretch)
    if course is None:
        return None
    network = estimate.network_for(resampling.typical_interval_s(course.times_s))
    if network is None:
        return None
    begin_s = min(stretch.begin_s, _on_grid(max(stretch.begin_s - past_s, int(course.times_s[0]))))
    last_s = min(stretch.end_s + future_s, int(course.times_s[-1]))
    steps = resampling.stepped(
        course, begin_s, max(stretch.end_s, last_s - last_s % QUARTER_HOUR_S), network.step_s
    )
    return None if estimate.hides_consumption(steps) else (network, steps)


def _on_grid(time_s: int) -> int:
    return time_s + -time_s % QUARTER_HOUR_S


def _course(
    connection: Connection, meter_id: int, stretch: Stretch
) -> tuple[Course | None, int, int]:
    """What the meter says about a stretch, and how much of the time around it is worth a look.

    From raw readings; once they have expired, from what is kept of the quarter hours.
    """
    begin_s, end_s = stretch.begin_s - PAST_S, stretch.end_s + FUTURE_S
    raw = readings.counted(connection, meter_id, begin_s, end_s)
    course = resampling.course(*raw)
    if course and resampling.typical_interval_s(course.times_s) <= estimate.FINEST_S:
        return course, PAST_S, FUTURE_S
    begin_s, end_s = stretch.begin_s - SPARSE_PAST_S, stretch.end_s + SPARSE_FUTURE_S
    if course:
        course = resampling.course(*readings.counted(connection, meter_id, begin_s, end_s))
    else:
        starts_s, openings = store.openings(connection, meter_id, begin_s, end_s)
        course = resampling.course(starts_s, openings, [None] * len(starts_s))
    return course, SPARSE_PAST_S, SPARSE_FUTURE_S

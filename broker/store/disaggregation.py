"""Split quarter hours, runs and appliances of a meter, and how far the splitting has come."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select, update

from broker.energy.disaggregation.kinds import Kind
from broker.energy.disaggregation.labels import Part
from broker.energy.disaggregation.runs import Appliance, Numbered, Run
from broker.energy.series import EnergySeries
from broker.models import Appliance as ApplianceRow
from broker.models import (
    ApplianceRun,
    Disaggregation,
    DisaggregationSource,
    DisaggregationState,
    MeterUse,
    Prepared,
    Register,
)
from broker.store import rows
from broker.store.quarter_hours import TABLE as QUARTER_HOUR

TABLE: Table = Disaggregation.__table__  # type: ignore[assignment]
RUN: Table = ApplianceRun.__table__  # type: ignore[assignment]
STATE: Table = DisaggregationState.__table__  # type: ignore[assignment]


class State(NamedTuple):
    """The columns of `models.DisaggregationState`."""

    meter_id: int
    from_s: int
    settled_s: int
    until_s: int
    past_revision: int
    compared_s: int
    turn: int


class Service(NamedTuple):
    """Whose a meter is at a time, and until when; nobody's if `user_id` is None."""

    user_id: int | None
    begin_s: int
    end_s: int | None


class StoredPart(NamedTuple):
    """A part of a quarter hour as `energy.disaggregation.labels.Part`, with who says so."""

    start_s: int
    kind: Kind
    number: int
    energy_tenth_uwh: int
    source: int


_PARTS = Prepared(
    select(TABLE.c.start_s, TABLE.c.kind, TABLE.c.number, TABLE.c.energy_tenth_uwh, TABLE.c.source)
    .where(
        TABLE.c.meter_id == bindparam("meter_id"),
        TABLE.c.start_s >= bindparam("begin_s"),
        TABLE.c.start_s < bindparam("end_s"),
    )
    .order_by(TABLE.c.start_s)
)


def parts(meter_id: int, begin_s: int, end_s: int) -> list[StoredPart]:
    """The split quarter hours that start in [begin_s, end_s)."""
    found = _PARTS.rows(meter_id=meter_id, begin_s=begin_s, end_s=end_s)
    return [StoredPart(row[0], Kind(row[1]), *row[2:]) for row in found]


def state(connection: Connection, meter_id: int) -> State | None:
    """How far a meter's quarter hours have been split."""
    row = connection.execute(select(*STATE.c).where(STATE.c.meter_id == meter_id)).first()
    return None if row is None else State(*row)


def states(connection: Connection, meter_ids: Collection[int]) -> dict[int, State]:
    """The same for several meters, by id; those without a state are left out."""
    found = connection.execute(select(*STATE.c).where(STATE.c.meter_id.in_(meter_ids)))
    return {row[0]: State(*row) for row in found}


def take_turn(connection: Connection, before: State | None, after: State) -> bool:
    """Notes a new state; False, without doing anything, if it isn't `before` any more."""
    if before is None:
        rows_of_meter = select(func.count()).where(STATE.c.meter_id == after.meter_id)
        if connection.scalar(rows_of_meter):
            return False
        connection.execute(insert(STATE).values(after._asdict()))
        return True
    changed = connection.execute(
        update(STATE)
        .where(STATE.c.meter_id == before.meter_id, STATE.c.turn == before.turn)
        .values(after._replace(turn=before.turn + 1)._asdict())
    )
    return changed.rowcount == 1


def again_from(connection: Connection, meter_id: int, time_s: int) -> None:
    """Has everything from a time on split anew."""
    connection.execute(
        update(STATE)
        .where(STATE.c.meter_id == meter_id, STATE.c.settled_s > time_s)
        .values(settled_s=time_s, turn=STATE.c.turn + 1)
    )


def openings(
    connection: Connection, meter_id: int, begin_s: int, end_s: int
) -> tuple[list[int], list[int]]:
    """Starts of quarter hours in [begin_s, end_s], and C(t) of the import register where known."""
    found = connection.execute(
        select(QUARTER_HOUR.c.start_s, QUARTER_HOUR.c.opening_tenth_uwh)
        .where(
            QUARTER_HOUR.c.meter_id == meter_id,
            QUARTER_HOUR.c.register == int(Register.IMPORT),
            QUARTER_HOUR.c.start_s >= begin_s,
            QUARTER_HOUR.c.start_s <= end_s,
            QUARTER_HOUR.c.opening_tenth_uwh.is_not(None),
        )
        .order_by(QUARTER_HOUR.c.start_s)
    ).all()
    return [row[0] for row in found], [row[1] for row in found]


def series(connection: Connection, meter_id: int, begin_s: int, end_s: int) -> EnergySeries:
    """The energies of a meter's quarter hours that start in [begin_s, end_s), as imported."""
    return EnergySeries.of_openings(begin_s, end_s, *openings(connection, meter_id, begin_s, end_s))


def exported_tenth_uwh(connection: Connection, meter_id: int, begin_s: int, end_s: int) -> int:
    """What a meter fed in within the quarter hours that start in [begin_s, end_s)."""
    openings = select(
        func.max(QUARTER_HOUR.c.last_tenth_uwh), func.min(QUARTER_HOUR.c.first_tenth_uwh)
    ).where(
        QUARTER_HOUR.c.meter_id == meter_id,
        QUARTER_HOUR.c.register == int(Register.EXPORT),
        QUARTER_HOUR.c.start_s >= begin_s,
        QUARTER_HOUR.c.start_s < end_s,
    )
    last, first = connection.execute(openings).one()
    return 0 if last is None else int(last - first)


def extent(connection: Connection, meter_id: int) -> tuple[int, int] | None:
    """[begin_s, end_s) of a meter's finished quarter hours; None if it has none."""
    of_meter = (
        QUARTER_HOUR.c.meter_id == meter_id,
        QUARTER_HOUR.c.register == int(Register.IMPORT),
        QUARTER_HOUR.c.opening_tenth_uwh.is_not(None),
    )
    first = select(QUARTER_HOUR.c.start_s).where(*of_meter).order_by(QUARTER_HOUR.c.start_s)
    last = first.order_by(None).order_by(QUARTER_HOUR.c.start_s.desc())
    begin_s = connection.scalar(first.limit(1))
    end_s = connection.scalar(last.limit(1))
    return None if begin_s is None or end_s is None or begin_s >= end_s else (begin_s, end_s)


def services(connection: Connection, meter_id: int, roles: Iterable[str]) -> list[Service]:
    """Whom a meter serves in some roles, by time."""
    found = connection.execute(
        select(MeterUse.user_id, MeterUse.begin_s, MeterUse.end_s)
        .where(
            MeterUse.meter_id == meter_id,
            MeterUse.register == int(Register.IMPORT),
            MeterUse.role.in_(list(roles)),
        )
        .order_by(MeterUse.begin_s)
    )
    return [Service(*row) for row in found]


def first_contradiction_s(
    connection: Connection, meter_id: int, begin_s: int, end_s: int
) -> int | None:
    """The first quarter hour in [begin_s, end_s) whose rows don't add up to its energy (any more).

    One of known energy without rows is among them, and one with rows whose energy isn't known.
    """
    sums = connection.execute(
        select(TABLE.c.start_s, func.sum(TABLE.c.energy_tenth_uwh))
        .where(TABLE.c.meter_id == meter_id, TABLE.c.start_s >= begin_s, TABLE.c.start_s < end_s)
        .group_by(TABLE.c.start_s)
    ).all()
    split = {row[0]: int(row[1]) for row in sums}
    known = series(connection, meter_id, begin_s, end_s)
    for start_s, energy, is_known in zip(
        known.starts_s.tolist(), known.energies.tolist(), known.known.tolist(), strict=True
    ):
        if is_known != (start_s in split) or (is_known and split[start_s] != energy):
            return int(start_s)
    return None


def replace_parts(
    connection: Connection,
    meter_id: int,
    begin_s: int,
    end_s: int,
    own: Iterable[Part],
    told: Iterable[Part] = (),
) -> None:
    """Puts parts in the place of all that start in [begin_s, end_s): our own and, for the
    quarter hours that inexogy has told, those of inexogy."""
    connection.execute(
        delete(TABLE).where(
            TABLE.c.meter_id == meter_id, TABLE.c.start_s >= begin_s, TABLE.c.start_s < end_s
        )
    )
    told = list(told)
    told_s = {part.start_s for part in told}
    left = [part for part in own if part.start_s not in told_s]
    _add_parts(connection, meter_id, left, DisaggregationSource.BROKER)
    _add_parts(connection, meter_id, told, DisaggregationSource.INEXOGY)


def put_told(connection: Connection, meter_id: int, told: Sequence[Part]) -> None:
    """Puts what inexogy has told in the place of whatever its quarter hours were split into."""
    starts_s = {part.start_s for part in told}
    connection.execute(
        delete(TABLE).where(TABLE.c.meter_id == meter_id, TABLE.c.start_s.in_(starts_s))
    )
    _add_parts(connection, meter_id, told, DisaggregationSource.INEXOGY)
    connection.execute(
        update(STATE).where(STATE.c.meter_id == meter_id).values(turn=STATE.c.turn + 1)
    )


def _add_parts(
    connection: Connection, meter_id: int, new: Iterable[Part], source: DisaggregationSource
) -> None:
    rows.insert(
        connection,
        TABLE,
        [
            (meter_id, p.start_s, int(p.kind), p.number, p.energy_tenth_uwh, int(source))
            for p in new
        ],
    )


def runs(connection: Connection, meter_id: int, begin_s: int, end_s: int) -> list[Numbered]:
    """The runs that touch [begin_s, end_s), by time."""
    found = connection.execute(
        select(RUN)
        .where(RUN.c.meter_id == meter_id, RUN.c.begin_s < end_s, RUN.c.end_s > begin_s)
        .order_by(RUN.c.begin_s)
    )
    return [
        Numbered(
            Run(Kind(row.kind), row.begin_s, row.end_s, row.energy_tenth_uwh, row.power_w),
            row.number,
        )
        for row in found
    ]


def replace_runs(
    connection: Connection, meter_id: int, begin_s: int, end_s: int, new: Sequence[Numbered]
) -> None:
    """Puts runs in the place of all that touch [begin_s, end_s)."""
    connection.execute(
        delete(RUN).where(RUN.c.meter_id == meter_id, RUN.c.begin_s < end_s, RUN.c.end_s > begin_s)
    )
    rows.upsert(
        connection,
        RUN,
        [
            (meter_id, r.begin_s, int(r.kind), r.end_s, number, r.energy_tenth_uwh, r.power_w)
            for r, number in new
        ],
    )


def appliances(connection: Connection, meter_id: int) -> list[Appliance]:
    """What is remembered of a meter's appliances."""
    found = connection.execute(
        select(ApplianceRow.kind, ApplianceRow.number, ApplianceRow.power_w, ApplianceRow.run_count)
        .where(ApplianceRow.meter_id == meter_id)
        .order_by(ApplianceRow.id)
    )
    return [Appliance(Kind(row[0]), *row[1:]) for row in found]


def replace_appliances(connection: Connection, meter_id: int, known: Iterable[Appliance]) -> None:
    """Remembers these instead."""
    connection.execute(delete(ApplianceRow).where(ApplianceRow.meter_id == meter_id))
    new = [one._asdict() | {"meter_id": meter_id, "kind": int(one.kind)} for one in known]
    if new:
        connection.execute(insert(ApplianceRow), new)

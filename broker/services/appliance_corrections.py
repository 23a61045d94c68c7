"""What residents say about the estimate: „I have no dishwasher“, „this was the dryer“."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Table, delete, insert, select

from broker.energy.disaggregation import labels
from broker.energy.disaggregation.kinds import APPLIANCES, LABELS, Kind
from broker.energy.disaggregation.runs import Correction, Numbered, Run
from broker.errors import InvalidInput, NotFound
from broker.models import ApplianceCorrection, db, writer
from broker.store import disaggregation as store
from broker.store.meter_uses import FLAT_OF_USER
from broker.units import QUARTER_HOUR_S

CORRECTION: Table = ApplianceCorrection.__table__  # type: ignore[assignment]


class Said(NamedTuple):
    """What counts in a home: kinds it lacks, and runs that were something else."""

    absent: tuple[Kind, ...] = ()
    runs: tuple[Correction, ...] = ()


NOTHING = Said()


def of_home(connection: Connection, user_id: int | None, meter_id: int) -> Said:
    """What the resident of a home said about it and about this meter's runs."""
    if user_id is None:
        return NOTHING
    rows = _of_user(connection, user_id)
    return Said(
        tuple(Kind(row.said_kind) for row in rows if row.true_kind is None),
        tuple(
            Correction(
                Run(Kind(row.said_kind), row.begin_s, row.end_s, 0, row.power_w),
                Kind(row.true_kind),
            )
            for row in rows
            if row.true_kind is not None and row.meter_id == meter_id
        ),
    )


def _of_user(connection: Connection, user_id: int) -> list[Row[Any]]:
    # The latest first: of two that contradict each other it is the one that is meant.
    newest_first = (
        select(CORRECTION).where(CORRECTION.c.user_id == user_id).order_by(CORRECTION.c.id.desc())
    )
    return list(connection.execute(newest_first))


Stamp = tuple[tuple[int | None, ...], ...]


def stamp_of(user_ids: Collection[int]) -> Stamp:
    """While this is the same, these residents have said the same."""
    if not user_ids:
        return ()
    column = CORRECTION.c
    said = (column.id, column.said_kind, column.said_number, column.true_kind, column.begin_s)
    statement = select(*said).where(column.user_id.in_(user_ids)).order_by(column.id)
    with db.engine.connect() as connection:
        return tuple(tuple(row) for row in connection.execute(statement))


def listed(user_id: int) -> list[dict[str, Any]]:
    """A resident's corrections, the latest first, times in POSIX seconds."""
    with db.engine.connect() as connection:
        return [_described(row) for row in _of_user(connection, user_id)]


def _described(row: Row[Any]) -> dict[str, Any]:
    said = LABELS[Kind(row.said_kind)]
    return {
        "id": row.id,
        "label": said if row.said_number is None else f"{said}-{row.said_number}",
        "appliance": None if row.true_kind is None else LABELS[Kind(row.true_kind)],
        "begin": row.begin_s,
        "end": row.end_s,
    }


def lacks(user_id: int, label: str, now_s: int) -> dict[str, Any]:
    """Notes that a home has no appliance of a kind; the same again changes nothing.

    Raises InvalidInput for a label that is no appliance's.
    """
    kind = appliance_kind(label)
    values = {"user_id": user_id, "said_kind": int(kind), "created_s": now_s}
    with writer(db.engine).begin() as connection:
        for row in _of_user(connection, user_id):
            if row.said_kind == kind and row.true_kind is None:
                return _described(row)
        return _added(connection, values)


def was(user_id: int, time_s: int, label: str, appliance: str, now_s: int) -> dict[str, Any]:
    """Notes that the run of `label` at a time was another kind of appliance, or „Sonstiges“.

    Everything since that run is split anew. Raises InvalidInput for labels that are none, and
    NotFound if the resident's flat had no such run then.
    """
    named = labels.read(label)
    if named is None or named[0] not in APPLIANCES:
        raise InvalidInput("label: no appliance with a running number, such as Waschmaschine-1.")
    true = Kind.OTHER if appliance == LABELS[Kind.OTHER] else appliance_kind(appliance)
    if true == named[0]:
        raise InvalidInput("appliance: the same as it is now.")
    with writer(db.engine).begin() as connection:
        meter_id, run = _run_at(connection, user_id, time_s, *named)
        values = {
            "user_id": user_id,
            "meter_id": meter_id,
            "said_kind": int(run.kind),
            "said_number": named[1],
            "true_kind": int(true),
            "begin_s": run.begin_s,
            "end_s": run.end_s,
            "power_w": run.power_w,
            "created_s": now_s,
        }
        store.again_from(connection, meter_id, run.begin_s - run.begin_s % QUARTER_HOUR_S)
        return _added(connection, values)


def appliance_kind(name: str) -> Kind:
    """The kind that a label without a number names. Raises InvalidInput if it names none."""
    kind = labels.KINDS.get(name)
    if kind is None or kind not in APPLIANCES:
        known = ", ".join(LABELS[one] for one in APPLIANCES)
        raise InvalidInput(f"No appliance is called so. Known are {known}.")
    return kind


def _run_at(
    connection: Connection, user_id: int, time_s: int, kind: Kind, number: int
) -> tuple[int, Run]:
    for use in FLAT_OF_USER.uses(user_id, time_s, time_s + 1):
        found: list[Numbered] = store.runs(
            connection, use.meter_id, time_s, time_s + QUARTER_HOUR_S
        )
        for run, its_number in found:
            if run.kind == kind and its_number == number:
                return use.meter_id, run
    raise NotFound(f"There is no run of {labels.written(kind, number)} at that time.")


def _added(connection: Connection, values: dict[str, Any]) -> dict[str, Any]:
    added = connection.execute(insert(CORRECTION).values(values).returning(*CORRECTION.c))
    return _described(added.one())


def withdraw(user_id: int, correction_id: int) -> None:
    """Deletes a resident's correction; what it changed is split anew.

    Raises NotFound if they have none of this id.
    """
    mine = (CORRECTION.c.id == correction_id, CORRECTION.c.user_id == user_id)
    with writer(db.engine).begin() as connection:
        row = connection.execute(select(CORRECTION).where(*mine)).first()
        if row is None:
            raise NotFound("There is no such correction.")
        connection.execute(delete(CORRECTION).where(*mine))
        since_s = row.created_s if row.begin_s is None else row.begin_s
        for use in FLAT_OF_USER.uses(user_id, since_s, 2**62):
            if row.meter_id in (None, use.meter_id):
                store.again_from(
                    connection, use.meter_id, max(since_s - since_s % QUARTER_HOUR_S, use.begin_s)
                )

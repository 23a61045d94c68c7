"""Challenges: what there is, starting and quitting a run, how it stands and how it went."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from broker.clock import day_start_s
from broker.energy.challenge_targets import terms
from broker.energy.challenges import Challenge, Status, Verdict
from broker.errors import Conflict, NotFound
from broker.models import ChallengeRun, RunOutcome, db, writer
from broker.services import challenge_runs, standard_load_profile
from broker.services.challenge_catalogue import Catalogue
from broker.services.challenge_runs import Run
from broker.services.standard_load_profile import StandardHousehold

MOST_SHOWN = 50
"""Of the runs of the past."""


class Note(StrEnum):
    """What else there is to say of a run."""

    NOT_BEGUN = "not_begun"
    EXTENDED = "extended"
    WAITING = "waiting"
    VOID = "void"


class PastRun(NamedTuple):
    """A run that was put away. Value and target are in the unit; names by language."""

    name: Mapping[str, str]
    started_s: int
    outcome: RunOutcome
    value: float
    target: float
    unit: str


def listed(
    user_id: int, group_id: int, catalogue: Catalogue, language: str, now_s: int
) -> list[dict[str, Any]]:
    """All challenges, with how often the resident ran each and won.

    A run counts from its start on, unless it is void.
    """
    counted = (
        select(
            ChallengeRun.challenge_id,
            func.count(),
            func.count().filter(ChallengeRun.outcome == RunOutcome.SUCCEEDED.value),
        )
        .where(ChallengeRun.user_id == user_id, ChallengeRun.outcome != RunOutcome.VOID.value)
        .group_by(ChallengeRun.challenge_id)
    )
    with db.engine.connect() as connection:
        counts = {id: [total, won] for id, total, won in connection.execute(counted)}
    if (run := challenge_runs.open_run(user_id)) is not None:
        verdict = challenge_runs.verdict(run, user_id, group_id, now_s)
        count = counts.setdefault(run.challenge_id, [0, 0])
        count[0] += not verdict.is_void
        count[1] += verdict.status is Status.SUCCEEDED
    return [
        {
            "id": challenge.id,
            "name": challenge.name[language],
            "description": challenge.description[language],
            "total": counts.get(challenge.id, (0, 0))[0],
            "succeeded": counts.get(challenge.id, (0, 0))[1],
        }
        for challenge in sorted(catalogue.values(), key=lambda challenge: challenge.id)
    ]


def start(
    user_id: int, group_id: int, challenge: Challenge, household: StandardHousehold, now_s: int
) -> None:
    """Starts a run; one that is over makes way for it. Days are those of the household's zone.

    Raises Conflict while another one runs, Unmeasurable if the readings tell too little.
    """
    earlier = challenge_runs.open_run(user_id)
    closing = None
    if earlier is not None:
        closing = challenge_runs.verdict(earlier, user_id, group_id, now_s)
        if not closing.is_over:
            raise Conflict("You are in the middle of a challenge. Finish or quit it first.")
    zone = household.zone
    begin_s = day_start_s(now_s, zone, 7 * challenge.target.weeks + 1)
    past = challenge_runs.seen(challenge.rule, user_id, group_id, begin_s, now_s)
    share = partial(standard_load_profile.years_between, household)
    agreed = terms(challenge, past, now_s, zone, share)
    values = {
        "user_id": user_id,
        "challenge_id": challenge.id,
        "started_s": now_s,
        "terms": challenge_runs.written(challenge.name, agreed),
    }
    try:
        with writer(db.engine).begin() as connection:
            if earlier is not None and closing is not None:
                _close(connection, earlier, closing, now_s)
            connection.execute(insert(ChallengeRun).values(values))
    except IntegrityError as error:
        raise Conflict("You have just started a challenge on another device.") from error


def status(user_id: int, group_id: int, language: str, now_s: int) -> dict[str, Any]:
    """How the resident's run stands, until it is put away; empty if there is none."""
    run = challenge_runs.open_run(user_id)
    if run is None:
        return {}
    verdict = challenge_runs.verdict(run, user_id, group_id, now_s)
    agreed = run.kept.terms
    return {
        "id": run.challenge_id,
        "progress": round(verdict.progress, 4),
        "expiresAt": 0 if verdict.is_over else max(0, verdict.end_s - now_s),
        "status": verdict.status.value,
        "name": run.kept.name[language],
        "unit": agreed.rule.unit,
        "isLimit": agreed.rule.is_limit,
        "target": round(verdict.target, 4),
        "value": round(verdict.value, 4),
        "days": agreed.count,
        "daysDone": verdict.done,
        "daysLeftOut": verdict.left_out,
        "beginsAt": agreed.begin_s,
        "endsAt": verdict.end_s,
        "note": _note(run, verdict, now_s),
    }


def quit(user_id: int, group_id: int, challenge_id: int, now_s: int) -> None:
    """Puts the run of a challenge away: one that is over with its outcome, else it is aborted.

    Raises NotFound if the resident has no such run, or no longer.
    """
    run = challenge_runs.open_run(user_id)
    if run is None or run.challenge_id != challenge_id:
        raise NotFound("You are not running this challenge.")
    verdict = challenge_runs.verdict(run, user_id, group_id, now_s)
    with writer(db.engine).begin() as connection:
        if not _close(connection, run, verdict, now_s):
            raise NotFound("You are not running this challenge.")


def past(user_id: int) -> list[PastRun]:
    """The runs that a resident has put away, the newest first."""
    columns = (
        ChallengeRun.terms,
        ChallengeRun.started_s,
        ChallengeRun.outcome,
        ChallengeRun.value,
        ChallengeRun.target,
    )
    statement = (
        select(*columns)
        .where(ChallengeRun.user_id == user_id, ChallengeRun.closed_s.is_not(None))
        .order_by(ChallengeRun.started_s.desc(), ChallengeRun.id.desc())
        .limit(MOST_SHOWN)
    )
    with db.engine.connect() as connection:
        rows = connection.execute(statement).all()
    runs = []
    for text, started_s, outcome, value, target in rows:
        kept = challenge_runs.read(text)
        unit = kept.terms.rule.unit
        runs.append(PastRun(kept.name, started_s, RunOutcome(outcome), value, target, unit))
    return runs


def _close(connection: Connection, run: Run, verdict: Verdict, now_s: int) -> bool:
    """Puts a run away with its outcome; False if somebody else has just done so."""
    closed = connection.execute(
        update(ChallengeRun)
        .where(ChallengeRun.id == run.id, ChallengeRun.closed_s.is_(None))
        .values(
            closed_s=now_s,
            outcome=_outcome(verdict).value,
            value=verdict.value,
            target=verdict.target,
        )
    )
    return closed.rowcount == 1


def _outcome(verdict: Verdict) -> RunOutcome:
    if verdict.is_void:
        return RunOutcome.VOID
    if verdict.status is Status.RUNNING:
        return RunOutcome.ABORTED
    return RunOutcome(verdict.status.value)


def _note(run: Run, verdict: Verdict, now_s: int) -> str | None:
    if verdict.is_void:
        return Note.VOID.value
    if verdict.is_over:
        return None
    if now_s < run.kept.terms.begin_s:
        return Note.NOT_BEGUN.value
    if now_s >= verdict.end_s:
        return Note.WAITING.value
    return Note.EXTENDED.value if verdict.left_out else None

"""The demo's residents have tried challenges: each has won or lost one and is in another one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from broker.clock import day_start_s
from broker.errors import Unmeasurable
from broker.models import ChallengeRun, User, db
from broker.services import challenge_catalogue, challenge_runs, challenges
from broker.services.challenge_catalogue import Catalogue
from broker.services.standard_load_profile import StandardHousehold
from broker.units import DAY_S, HOUR_S

TRIED = (6, 2, 12, 1, 3)
"""Ids of the challenges that are over, by turns."""
RUNNING = (10, 1, 8, 6, 15, 14)
TRIED_DAYS_AGO = 12
RUNNING_DAYS_AGO = 3
STARTED_AT_S = 19 * HOUR_S


def begin(mails: Sequence[str], household: StandardHousehold, now_s: int) -> None:
    """Lets residents who never tried anything have started two challenges in the past days.

    Which ones follows from their place in the list; how they went, from their readings.
    """
    shipped = challenge_catalogue.read(challenge_catalogue.SHIPPED, {})
    has_tried = select(ChallengeRun.id).where(ChallengeRun.user_id == User.id).exists()
    statement = select(User.mail, User.id, User.group_id).where(User.mail.in_(mails), ~has_tried)
    with db.engine.connect() as connection:
        residents = {mail: (id, group_id) for mail, id, group_id in connection.execute(statement)}
    for place, mail in enumerate(mails):
        if mail in residents:
            _try(*residents[mail], place, shipped, household, now_s)


def _try(
    user_id: int,
    group_id: int,
    place: int,
    shipped: Catalogue,
    household: StandardHousehold,
    now_s: int,
) -> None:
    tried_s, running_s = (
        day_start_s(now_s, household.zone, days_ago) + STARTED_AT_S
        for days_ago in (TRIED_DAYS_AGO, RUNNING_DAYS_AGO)
    )
    tried = shipped[TRIED[place % len(TRIED)]]
    running = shipped[RUNNING[place % len(RUNNING)]]
    try:
        challenges.start(user_id, group_id, tried, household, tried_s)
        if run := challenge_runs.open_run(user_id):
            over_s = min(run.kept.terms.spans[tried.count - 1].end_s + HOUR_S, running_s - DAY_S)
            challenges.quit(user_id, group_id, tried.id, over_s)
        challenges.start(user_id, group_id, running, household, running_s)
    except Unmeasurable:
        return  # a flat that has only just got its meter

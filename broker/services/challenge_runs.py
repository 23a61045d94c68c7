"""Runs of challenges: their terms as they are kept, and how they stand by the stored readings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import bindparam, select

from broker.energy.challenge_rules import (
    BaseLoad,
    CommunityGoal,
    Consumption,
    Peak,
    Rule,
    Seen,
    SunnyShare,
)
from broker.energy.challenge_times import Span
from broker.energy.challenges import Terms, Verdict, judge
from broker.energy.series import EnergySeries, in_turn
from broker.models import ChallengeRun, MeterRole, Prepared
from broker.services import consumption, production
from broker.services.remembered import Remembered
from broker.store.meter_uses import Stamp
from broker.units import QUARTER_HOUR_S

MOST_REMEMBERED = 4_096
MOST_HOUSES = 4
"""Neighbours often start the same thing on the same day, and read the whole house for it."""
RULES: dict[str, type[Rule]] = {
    "consumption": Consumption,
    "peak": Peak,
    "base_load": BaseLoad,
    "sunny_share": SunnyShare,
    "community_goal": CommunityGoal,
}
NAMES = {rule: name for name, rule in RULES.items()}

OPEN = Prepared(
    select(
        ChallengeRun.id, ChallengeRun.challenge_id, ChallengeRun.started_s, ChallengeRun.terms
    ).where(ChallengeRun.user_id == bindparam("user_id"), ChallengeRun.closed_s.is_(None))
)

_verdicts: Remembered[Verdict] = Remembered(MOST_REMEMBERED)
_houses: Remembered[Seen] = Remembered(MOST_HOUSES)


class Kept(NamedTuple):
    """What was written down when a run was started: the challenge's name by language, and terms."""

    name: Mapping[str, str]
    terms: Terms


class Run(NamedTuple):
    """A run that hasn't been put away."""

    id: int
    challenge_id: int
    started_s: int
    kept: Kept


def open_run(user_id: int) -> Run | None:
    """The run that a resident has not put away yet: there is at most one."""
    row = OPEN.first(user_id=user_id)
    return None if row is None else Run(row.id, row.challenge_id, row.started_s, read(row.terms))


def verdict(run: Run, user_id: int, group_id: int, now_s: int) -> Verdict:
    """How a run stands now, by the readings that are stored."""
    terms = run.kept.terms
    whole = needs_house(terms.rule)
    stamp_of = consumption.stamp_of_group if whole else consumption.stamp_of_user
    stamp = stamp_of(group_id if whole else user_id, terms.begin_s, terms.end_s)
    # Spans begin and end on quarter hours, and so does the time for which data are waited.
    key = (run.id, stamp, now_s // QUARTER_HOUR_S)
    return _verdicts.get(key, lambda: judge(terms, _seen(terms, user_id, group_id, stamp), now_s))


def _seen(terms: Terms, user_id: int, group_id: int, stamp: Stamp) -> Seen:
    window = (terms.begin_s, terms.end_s)
    if not needs_house(terms.rule):
        return seen(terms.rule, user_id, group_id, *window)
    house = _houses.get((group_id, stamp, window), lambda: of_house(group_id, *window))
    return _at_home(house, user_id)


def needs_house(rule: Rule) -> bool:
    """Whether a rule looks at more than the resident's own flat."""
    return isinstance(rule, SunnyShare | CommunityGoal)


def seen(rule: Rule, user_id: int, group_id: int, begin_s: int, end_s: int) -> Seen:
    """The quarter hours that a rule looks at."""
    if not needs_house(rule):
        return Seen(consumption.of_user(user_id, begin_s, end_s))
    return _at_home(of_house(group_id, begin_s, end_s), user_id)


def of_house(group_id: int, begin_s: int, end_s: int) -> Seen:
    """The quarter hours of all members and of the roof, at nobody's home."""
    served = consumption.of_group(group_id, begin_s, end_s)
    flats: dict[int, list[EnergySeries]] = {}
    for use, series in served:
        if use.user_id is not None and use.role == MeterRole.FLAT:
            flats.setdefault(use.user_id, []).append(series)
    members = {member: in_turn(flat, begin_s, end_s) for member, flat in flats.items()}
    roof = production.together(served, begin_s, end_s)
    return Seen(EnergySeries.unknown(begin_s, end_s), roof, members)


def _at_home(house: Seen, user_id: int) -> Seen:
    return replace(house, home=house.members.get(user_id, house.home))


def written(name: Mapping[str, str], terms: Terms) -> str:
    """A run's name and terms as JSON."""
    parameters = asdict(terms.rule)
    if isinstance(terms.rule, CommunityGoal):
        parameters["usual_kwh"] = list(terms.rule.usual_kwh.items())
    kept = {
        "name": dict(name),
        "rule": NAMES[type(terms.rule)],
        "parameters": parameters,
        "count": terms.count,
        "spans": [list(span) for span in terms.spans],
        "limits": terms.limits,
    }
    return orjson.dumps(kept).decode()


@lru_cache(maxsize=MOST_REMEMBERED)
def read(text: str) -> Kept:
    """What `written` wrote."""
    kept: dict[str, Any] = orjson.loads(text)
    parameters = kept["parameters"]
    if "usual_kwh" in parameters:
        parameters["usual_kwh"] = dict(parameters["usual_kwh"])
    terms = Terms(
        rule=RULES[kept["rule"]](**parameters),
        count=kept["count"],
        spans=tuple(Span(*span) for span in kept["spans"]),
        limits=tuple(kept["limits"]),
    )
    return Kept(kept["name"], terms)

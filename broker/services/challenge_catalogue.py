"""The challenges that a house offers: those that ship with Broker and the operator's own.

Both are TOML files of the same form, see docs/challenges.md. Whoever writes one is told what is
wrong with it, by the number of the challenge.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from broker.energy.challenge_rules import (
    BaseLoad,
    CommunityGoal,
    Consumption,
    Peak,
    Rule,
    SunnyShare,
)
from broker.energy.challenge_times import WHOLE_DAY_H, Times
from broker.energy.challenges import Challenge, Target
from broker.errors import InvalidInput

SHIPPED = Path(__file__).with_name("challenges.toml")
OWN = "challenges.toml"
"""The operator's file in the instance folder."""

LANGUAGES = ("en", "de")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
RULES: dict[str, type[Rule]] = {
    "night_consumption": Consumption,
    "day_limit": Consumption,
    "comparable_period": Consumption,
    "base_load": BaseLoad,
    "sunny_share": SunnyShare,
    "peak": Peak,
    "community_goal": CommunityGoal,
}
NIGHT = {"from": 22, "until": 6}
ONLY_BY_RATIO = {"comparable_period", "community_goal"}
KNOWN = {"id", "rule", "name", "description", "days", "target", "from", "until", "weekdays"}
PARAMETERS = {"base_load": ("quietest", 1, 96), "sunny_share": ("of_best", 0.01, 1.0)}
"""The parameter of its own that a rule has, with its least and greatest value."""

LARGEST_ID = 2**31 - 1
MOST_DAYS = 92
MOST_WEEKS = 26
LONGEST_NAME = 60
LONGEST_DESCRIPTION = 400

Catalogue = Mapping[int, Challenge]
Table = dict[str, Any]


def load(instance: Path) -> Catalogue:
    """All challenges by id: the shipped ones and those of the instance folder, if it has some.

    Raises InvalidInput that says what is wrong with which challenge of which file.
    """
    catalogue = read(SHIPPED, {})
    own = instance / OWN
    return {**catalogue, **read(own, catalogue)} if own.exists() else catalogue


def read(path: Path, taken: Catalogue) -> Catalogue:
    """The challenges of a file; their ids must differ from those that are `taken`."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput(f"{path.name}: {error}") from error
    tables = content.get("challenge")
    if set(content) != {"challenge"} or not isinstance(tables, list):
        raise InvalidInput(f"{path.name}: Write nothing but [[challenge]] tables.")
    found: dict[int, Challenge] = {}
    wrong = []
    for number, table in enumerate(tables, 1):
        try:
            challenge = _challenge(table)
            if challenge.id in found or challenge.id in taken:
                raise ValueError(f"id: {challenge.id} is taken by another challenge.")
            found[challenge.id] = challenge
        except ValueError as error:
            wrong.append(f"{path.name}: challenge {number}: {error}")
    if wrong:
        raise InvalidInput("\n".join(wrong))
    return found


def _challenge(table: Any) -> Challenge:
    if not isinstance(table, dict):
        raise ValueError("It is no table.")
    name = table.get("rule")
    if name not in RULES:
        raise ValueError(f"rule: must be one of {', '.join(RULES)}.")
    own = PARAMETERS.get(name)
    if unknown := set(table) - KNOWN - ({own[0]} if own else set()):
        raise ValueError(f"{', '.join(sorted(unknown))}: unknown for {name}.")
    if name == "night_consumption":
        table = NIGHT | table
    parameters: Table = {}
    if own and own[0] in table:
        whole = isinstance(own[1], int)
        parameters[own[0]] = _number(table, own[0], own[1], own[2], whole=whole)
    times = _times(table)
    return Challenge(
        id=_number(table, "id", 1, LARGEST_ID, whole=True),
        name=_text(table, "name", LONGEST_NAME),
        description=_text(table, "description", LONGEST_DESCRIPTION),
        rule=RULES[name](**parameters),
        times=times,
        count=_number(table, "days", 1, MOST_DAYS, whole=True),
        target=_target(table.get("target"), name),
    )


def _number(table: Table, key: str, least: float, most: float, *, whole: bool = False) -> Any:
    number = table.get(key)
    kinds = int if whole else (int, float)
    if isinstance(number, bool) or not isinstance(number, kinds) or not least <= number <= most:
        kind = "a whole number" if whole else "a number"
        raise ValueError(f"{key}: must be {kind} from {least} to {most}.")
    return number


def _text(table: Table, key: str, longest: int) -> dict[str, str]:
    texts = table.get(key)
    if not isinstance(texts, dict) or set(texts) != set(LANGUAGES):
        raise ValueError(f"{key}: must be a table with the texts en and de.")
    for language, text in texts.items():
        if not isinstance(text, str) or not text.strip() or not _is_a_line(text):
            raise ValueError(f"{key}.{language}: must be a line of text.")
        if len(text) > longest:
            raise ValueError(f"{key}.{language}: has more than {longest} characters.")
    return texts


def _is_a_line(text: str) -> bool:
    return text.replace("\N{NO-BREAK SPACE}", " ").isprintable()


def _times(table: Table) -> Times:
    weekdays = table.get("weekdays", list(WEEKDAYS))
    if not isinstance(weekdays, list) or not weekdays or not all(d in WEEKDAYS for d in weekdays):
        raise ValueError(f"weekdays: must be a list of some of {', '.join(WEEKDAYS)}.")
    whole_day = {"from": 0, "until": WHOLE_DAY_H} | table
    return Times(
        from_h=_number(whole_day, "from", 0, WHOLE_DAY_H - 1, whole=True),
        until_h=_number(whole_day, "until", 1, WHOLE_DAY_H, whole=True),
        weekdays=tuple(sorted({WEEKDAYS.index(day) for day in weekdays})),
    )


def _target(table: Any, rule: str) -> Target:
    kinds = {"percentile": (1, 99), "ratio": (0.05, 2), "value": (0.001, 100_000)}
    chosen = [kind for kind in kinds if isinstance(table, dict) and kind in table]
    if len(chosen) != 1 or set(table) - {chosen[0], "weeks"}:
        raise ValueError(f"target: must have one of {', '.join(kinds)}, and may have weeks.")
    if rule in ONLY_BY_RATIO and chosen != ["ratio"]:
        raise ValueError(f"target: {rule} needs a ratio.")
    number = _number(table, chosen[0], *kinds[chosen[0]])
    weeks = _number({"weeks": 6} | table, "weeks", 2, MOST_WEEKS, whole=True)
    return Target(weeks=weeks, **{chosen[0]: number})

"""The hints that a house offers: those that ship with Broker and the operator's own.

Both are TOML files of the same form, see docs/hints.md. Whoever writes one is told what is wrong
with it, by the file and the number of the hint.
"""

from __future__ import annotations

import logging
import math
import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from broker.energy.hints import Condition, Hint, HintText
from broker.energy.household_features import Feature
from broker.errors import InvalidInput

log = logging.getLogger(__name__)

SHIPPED = Path(__file__).with_name("shipped_hints")
OWN = "hints.toml"
"""The operator's file in the instance folder."""

LANGUAGES = ("en", "de")
REQUIRED = {"id", "icon", "saving_kwh", *LANGUAGES}
OPTIONAL = {"general", "months", "needs", "fits"}
LARGEST_ID = 2**31 - 1
LARGEST_SAVING_KWH = 10_000
LARGEST_VALUE = 1_000_000
LONGEST = {"headline": 80, "description": 600, "assumption": 200, "source": 200}
"""Characters of each text."""

UNIT = re.compile(r"(?<=\d) (?=%|(?:°C|kWh|kW|W|lm|l)\b)")
"""The blank between a number and its unit: no line may end there."""
NO_BREAK = "\N{NO-BREAK SPACE}"

Catalogue = Mapping[int, Hint]
Table = dict[str, Any]


@lru_cache(maxsize=8)
def offered(instance: Path) -> Catalogue:
    """The hints by id as `load` gives them, read once in a process.

    Residents don't suffer from a mistake in the operator's file: it is left out, and the log says
    what is wrong.
    """
    try:
        return load(instance)
    except InvalidInput as error:
        log.error("%s is left out: %s", OWN, error.description)
        return shipped()


def load(instance: Path) -> Catalogue:
    """The shipped hints with those of the instance folder, which replace others of the same id.

    Raises InvalidInput that says what is wrong with which hint of which file.
    """
    own = instance / OWN
    if not own.exists():
        return shipped()
    found, without = read(own)
    catalogue = {**shipped(), **found}
    if unknown := without - catalogue.keys():
        raise InvalidInput(f"{OWN}: without: There is no hint {min(unknown)}.")
    return {number: hint for number, hint in catalogue.items() if number not in without}


@lru_cache(maxsize=1)
def shipped() -> Catalogue:
    """The hints that ship with Broker."""
    catalogue: dict[int, Hint] = {}
    for path in sorted(SHIPPED.glob("*.toml")):
        hints, _ = read(path)
        if twice := catalogue.keys() & hints.keys():
            raise InvalidInput(f"{path.name}: id: {min(twice)} is in another file as well.")
        catalogue |= hints
    return catalogue


@lru_cache(maxsize=1)
def icons() -> Mapping[str, str]:
    """The icons by name: SVG of 24 by 24 that takes the colour of the text around it."""
    files = sorted((SHIPPED / "icons").glob("*.svg"))
    return {path.stem: path.read_text(encoding="utf-8").strip() for path in files}


def read(path: Path) -> tuple[dict[int, Hint], set[int]]:
    """The hints of a file, and the ids of those that it leaves out.

    Raises InvalidInput with a line for each hint that is wrong.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput(f"{path.name}: {error}") from error
    tables, without = content.pop("hint", []), content.pop("without", [])
    if content or not isinstance(tables, list):
        raise InvalidInput(f"{path.name}: Write [[hint]] tables, and before them `without` or not.")
    found: dict[int, Hint] = {}
    wrong = []
    for number, table in enumerate(tables, 1):
        try:
            hint = _hint(table)
            if hint.id in found:
                raise ValueError(f"id: {hint.id} is taken by another hint of this file.")
            found[hint.id] = hint
        except ValueError as error:
            wrong.append(f"{path.name}: hint {number}: {error}")
    try:
        omitted = {_number(one, "without", 1, LARGEST_ID, whole=True) for one in _list(without)}
    except ValueError:
        wrong.append(f"{path.name}: without: must be a list of ids.")
    if wrong:
        raise InvalidInput("\n".join(wrong))
    return found, omitted


def _hint(table: Any) -> Hint:
    if not isinstance(table, dict):
        raise ValueError("It is no table.")
    if lacking := REQUIRED - table.keys():
        raise ValueError(f"{', '.join(sorted(lacking))}: missing.")
    if unknown := table.keys() - REQUIRED - OPTIONAL:
        raise ValueError(f"{', '.join(sorted(unknown))}: unknown.")
    if table["icon"] not in list(icons()):
        raise ValueError(f"icon: must be one of {', '.join(icons())}.")
    months = _list(table.get("months", []))
    return Hint(
        id=_number(table["id"], "id", 1, LARGEST_ID, whole=True),
        icon=table["icon"],
        saving_kwh=_saving(table["saving_kwh"]),
        texts={language: _text(table[language], language) for language in LANGUAGES},
        general=_number(table.get("general", 0), "general", 0, 1),
        conditions=tuple(_condition(one) for one in _list(table.get("fits", []))),
        months=frozenset(_number(month, "months", 1, 12, whole=True) for month in months),
        needs=frozenset(_feature(name, "needs") for name in _list(table.get("needs", []))),
    )


def _saving(pair: Any) -> tuple[float, float]:
    if not isinstance(pair, list) or len(pair) != 2:
        raise ValueError("saving_kwh: must be a list of two numbers, the least and the most.")
    least, most = (_number(kwh, "saving_kwh", 0, LARGEST_SAVING_KWH) for kwh in pair)
    if least > most:
        raise ValueError("saving_kwh: the least is more than the most.")
    return least, most


def _text(table: Any, language: str) -> HintText:
    if not isinstance(table, dict) or table.keys() != LONGEST.keys():
        raise ValueError(f"{language}: must be a table of {', '.join(LONGEST)}.")
    for field, longest in LONGEST.items():
        text = table[field]
        if not isinstance(text, str) or not text.strip() or not text.isprintable():
            raise ValueError(f"{language}.{field}: must be a line of text.")
        if len(text) > longest:
            raise ValueError(f"{language}.{field}: has more than {longest} characters.")
    return HintText(**{field: UNIT.sub(NO_BREAK, table[field]) for field in LONGEST})


def _condition(table: Any) -> Condition:
    known = {"feature", "from", "to", "weight"}
    if not isinstance(table, dict) or not {"feature", "from", "to"} <= table.keys() <= known:
        raise ValueError("fits: each must be a table of feature, from, to and perhaps weight.")
    begin = _number(table["from"], "from", 0, LARGEST_VALUE)
    full = _number(table["to"], "to", 0, LARGEST_VALUE)
    if begin == full:
        raise ValueError("fits: from and to must differ.")
    weight = _number(table.get("weight", 1), "weight", 0.01, 1)
    return Condition(_feature(table["feature"], "fits"), begin, full, weight)


def _feature(name: Any, where: str) -> Feature:
    if name not in list(Feature):
        raise ValueError(f"{where}: {name!r} is no feature. There are {', '.join(Feature)}.")
    return Feature(name)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("months, needs and fits must be lists.")
    return value


def _number(value: Any, name: str, least: float, most: float, *, whole: bool = False) -> Any:
    kinds = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not math.isfinite(value):
        raise ValueError(f"{name}: must be {'a whole number' if whole else 'a number'}.")
    if not least <= value <= most:
        raise ValueError(f"{name}: must be from {least} to {most}.")
    return value

"""Files of challenges: the shipped one, an operator's own, and what is said of mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.energy.challenge_rules import BaseLoad, Consumption, Peak
from broker.energy.challenge_times import Times
from broker.energy.challenges import Target
from broker.errors import InvalidInput
from broker.services import challenge_catalogue

GOOD = """
[[challenge]]
id = 1001
rule = "peak"
days = 2
from = 17
until = 20
weekdays = ["saturday", "sunday"]
target = {value = 2500}
name = {en = "Slow cooking", de = "Langsam kochen"}
description = {en = "Less than 2.5 kW.", de = "Weniger als 2,5 kW."}
"""


@pytest.fixture
def write(tmp_path):
    def written(text: str) -> Path:
        (tmp_path / challenge_catalogue.OWN).write_text(text, encoding="utf-8")
        return tmp_path

    return written


def test_a_dozen_good_ones_ship_and_every_rule_is_among_them():
    shipped = challenge_catalogue.read(challenge_catalogue.SHIPPED, {})
    assert len(shipped) >= 12
    assert len({type(one.rule) for one in shipped.values()}) == 5
    for language in challenge_catalogue.LANGUAGES:
        assert len({one.name[language] for one in shipped.values()}) == len(shipped)
    # The targets of all of them adapt to the home.
    assert not [one for one in shipped.values() if one.target.value is not None]


def test_a_night_is_from_22_to_6_and_everything_else_the_whole_day():
    shipped = challenge_catalogue.read(challenge_catalogue.SHIPPED, {})
    assert (shipped[1].rule, shipped[1].times) == (Consumption(), Times(22, 6))
    assert (shipped[8].rule, shipped[8].times) == (BaseLoad(), Times())


def test_an_operators_own_are_added(write):
    catalogue = challenge_catalogue.load(write(GOOD))
    own = catalogue[1001]
    assert (own.rule, own.count, own.target) == (Peak(), 2, Target(value=2500))
    assert own.times == Times(17, 20, (5, 6))
    assert own.name["de"] == "Langsam kochen"
    assert len(catalogue) == len(challenge_catalogue.read(challenge_catalogue.SHIPPED, {})) + 1


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "[[challenge]]", id="empty"),
        pytest.param("[[challenge", "challenges.toml: ", id="no-toml"),
        pytest.param("challenge = 1", "[[challenge]]", id="no-tables"),
        pytest.param("challenge = [1]", "no table", id="a-number-for-a-table"),
        pytest.param(GOOD + "\n[other]\n", "[[challenge]]", id="another-table"),
        pytest.param(changed("id = 1001", ""), "id: must be", id="no-id"),
        pytest.param(changed("id = 1001", "id = 2147483648"), "id: must be", id="large-id"),
        pytest.param(changed("id = 1001", "id = true"), "id: must be", id="a-truth-value"),
        pytest.param(changed("id = 1001", "id = 3"), "3 is taken", id="an-id-that-ships"),
        pytest.param(GOOD + GOOD, "challenge 2: id: 1001 is taken", id="the-same-id-twice"),
        pytest.param(changed('"peak"', '"peeks"'), "rule: must be one of", id="unknown-rule"),
        pytest.param(changed("days = 2", "days = 0"), "days: must be", id="no-day"),
        pytest.param(changed("days = 2", "days = 1.5"), "days: must be", id="half-a-day"),
        pytest.param(changed("from = 17", "from = 24"), "from: must be", id="hour-24"),
        pytest.param(changed("until = 20", "until = 0"), "until: must be", id="until-0"),
        pytest.param(changed('"sunday"', '"Sonntag"'), "weekdays: must be", id="german-weekday"),
        pytest.param(changed('["saturday", "sunday"]', "[]"), "weekdays:", id="no-weekday"),
        pytest.param(changed("{value = 2500}", "{}"), "target: must have", id="no-target"),
        pytest.param(
            changed("{value = 2500}", "{value = 1, ratio = 1}"), "target:", id="two-targets"
        ),
        pytest.param(changed("{value = 2500}", "{ratio = 0}"), "ratio: must be", id="no-ratio"),
        pytest.param(
            changed("{value = 2500}", "{percentile = nan}"), "percentile: must be", id="nan"
        ),
        pytest.param(
            changed("{value = 2500}", "{ratio = 0.9, weeks = 1}"), "weeks: must be", id="one-week"
        ),
        pytest.param(changed('"peak"', '"comparable_period"'), "needs a ratio", id="no-ratio"),
        pytest.param(changed(', de = "Langsam kochen"', ""), "name: must be", id="no-german"),
        pytest.param(changed('"Slow cooking"', '" "'), "name.en: must be", id="blank"),
        pytest.param(changed("Slow cooking", "x" * 61), "name.en: has more than", id="long"),
        pytest.param(GOOD + "quietest = 8\n", "quietest: unknown for peak", id="another-rules"),
        pytest.param(
            changed('"peak"', '"base_load"') + "quietest = 97\n", "quietest: must be", id="97"
        ),
    ],
)
def test_what_is_wrong_is_said(write, text, said):
    with pytest.raises(InvalidInput) as error:
        challenge_catalogue.load(write(text))
    assert said in error.value.description
    assert error.value.description.startswith("challenges.toml: ")


def test_all_mistakes_are_said_at_once(write):
    text = changed("id = 1001", "id = 0") + changed("days = 2", "days = 0")
    with pytest.raises(InvalidInput) as error:
        challenge_catalogue.load(write(text))
    assert error.value.description.splitlines() == [
        "challenges.toml: challenge 1: id: must be a whole number from 1 to 2147483647.",
        "challenges.toml: challenge 2: days: must be a whole number from 1 to 92.",
    ]

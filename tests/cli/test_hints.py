"""The operator looks at the hints and checks their own file."""

from __future__ import annotations

import json

import pytest

HINT = """
[[hint]]
id = 1
icon = "dryer"
saving_kwh = [10, 20]
[hint.en]
headline = "Use the drying room"
description = "It is in the cellar."
assumption = "ten loads a year"
source = "Your house community"
[hint.de]
headline = "Nutzen Sie den Trockenraum"
description = "Er ist im Keller."
assumption = "zehn Ladungen im Jahr"
source = "Ihre Hausgemeinschaft"
"""


@pytest.fixture
def own(settings):
    return settings.instance / "hints.toml"


def test_the_list_tells_where_a_hint_comes_from(app, runner, own):
    own.write_text(HINT, encoding="utf-8")
    told = runner.invoke(args=["hint", "list", "--language", "de"])
    assert told.exit_code == 0
    assert "1   10 to 20    hints.toml  Nutzen Sie den Trockenraum" in told.output
    document = json.loads(runner.invoke(args=["hint", "list", "--json"]).output)
    by_id = {hint["id"]: hint for hint in document["hints"]}
    assert by_id[1]["headline"] == "Use the drying room" and by_id[1]["is_own"]
    assert by_id[2]["saving_kwh"] == [90, 180] and not by_id[2]["is_own"]


def test_check_says_that_a_file_is_right(app, runner, own):
    assert "There is no" in runner.invoke(args=["hint", "check"]).output
    own.write_text(HINT, encoding="utf-8")
    told = runner.invoke(args=["hint", "check"])
    assert (told.exit_code, told.output) == (0, "hints.toml is right: 1 hints, 0 left out.\n")


def test_check_says_what_is_wrong_and_fails(app, runner, own, tmp_path):
    own.write_text(HINT.replace("dryer", "drier"), encoding="utf-8")
    told = runner.invoke(args=["hint", "check"])
    assert told.exit_code == 1
    assert "Error: hints.toml: hint 1: icon: must be one of" in told.output
    elsewhere = tmp_path / "draft.toml"
    elsewhere.write_text("[[hint]]", encoding="utf-8")
    told = runner.invoke(args=["hint", "check", str(elsewhere)])
    assert told.exit_code == 1
    assert "draft.toml: hint 1: de, en, icon, id, saving_kwh: missing." in told.output
    assert runner.invoke(args=["hint", "check", "nowhere.toml"]).exit_code == 1

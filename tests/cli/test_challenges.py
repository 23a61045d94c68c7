"""The operator's own challenges: shown, checked, and wrong ones noticed at the start."""

from __future__ import annotations

import json

import pytest

from app import create_app
from broker.services.challenge_catalogue import OWN

MINE = """
[[challenge]]
id = 1001
rule = "day_limit"
days = 1
target = {value = 5}
name = {en = "Five", de = "Fünf"}
description = {en = "A day of 5 kWh.", de = "Ein Tag mit 5 kWh."}
"""


def test_all_challenges_are_shown(runner):
    shown = runner.invoke(args=["challenge", "list", "--json"])
    assert shown.exit_code == 0
    challenges = json.loads(shown.stdout)["challenges"]
    assert challenges[0] == {
        "id": 1,
        "en": "Seven quiet nights",
        "de": "Sieben ruhige Nächte",
        "days": 7,
        "unit": "kWh",
    }
    assert "Sieben ruhige Nächte" in runner.invoke(args=["challenge", "list"]).stdout


def test_a_file_is_checked_before_it_counts(runner, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(MINE, encoding="utf-8")
    assert "1001" in runner.invoke(args=["challenge", "check", str(file)]).stdout
    file.write_text(MINE.replace("1001", "1"), encoding="utf-8")
    wrong = runner.invoke(args=["challenge", "check", str(file)])
    assert wrong.exit_code == 1
    assert "mine.toml: challenge 1: id: 1 is taken" in wrong.output


def test_an_own_file_counts_from_the_next_start(settings, tmp_path):
    (settings.instance / OWN).write_text(MINE, encoding="utf-8")
    shown = create_app(settings).test_cli_runner().invoke(args=["challenge", "list"])
    assert "Fünf" in shown.stdout


def test_a_wrong_own_file_stops_the_start_with_one_line(settings):
    (settings.instance / OWN).write_text(MINE.replace("days = 1", ""), encoding="utf-8")
    with pytest.raises(SystemExit, match=r"challenges\.toml: challenge 1: days: must be"):
        create_app(settings)

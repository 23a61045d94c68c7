"""The commands that share out what the roof makes."""

from __future__ import annotations

import json

import pytest

FAR = "2999-01-01"


@pytest.fixture
def run(runner):
    """Runs a command; `run("share", "list")`."""
    return lambda *words: runner.invoke(args=words)


@pytest.fixture
def ada(make_group, make_user):
    return make_user(make_group("H"), mail="ada@example.org")


def test_rule_and_shares_are_entered_and_shown(run, ada):
    for words in (
        ("group", "allocation", "H", "static", "--from", "today"),
        ("share", "set", "12.5", "--resident", "ADA@example.org", "--from", FAR),
        ("share", "set", "87.5", "--common", "H", "--from", FAR),
    ):
        assert run(*words).exit_code == 0
    (group,) = json.loads(run("share", "list", "--group", "H", "--json").output)["groups"]
    assert [rule["allocation"] for rule in group["rules"]] == ["static"]
    assert group["shares"] == [
        {"from": FAR, "resident": "ada@example.org", "percent": 12.5},
        {"from": FAR, "resident": None, "percent": 87.5},
    ]
    shown = run("share", "list").output
    assert "12.5 %" in shown
    assert "common consumption" in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("101", "--resident", "ada@example.org", "--from", FAR), "0 and 100 %"),
        pytest.param(("-1", "--resident", "ada@example.org", "--from", FAR), "No such option"),
        pytest.param(("a", "--common", "H", "--from", FAR), "not a number"),
        pytest.param(("1e999999999", "--common", "H", "--from", FAR), "not a number"),
        pytest.param(("0.00001", "--common", "H", "--from", FAR), "finer than"),
        pytest.param(("5", "--common", "X", "--from", FAR), "no group"),
        pytest.param(("5", "--resident", "x@example.org", "--from", FAR), "no account"),
        pytest.param(("5", "--common", "H", "--from", "2020-01-01"), "--correct"),
        pytest.param(("5", "--common", "H", "--from", "31.12.2026"), "not a day"),
        pytest.param(("5", "--from", FAR), "Give either"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_bad_shares_are_one_clear_line(run, ada, words, said):
    failed = run("share", "set", *words)
    assert failed.exit_code != 0
    assert said in failed.output
    assert "Traceback" not in failed.output
    assert json.loads(run("share", "list", "--json").output)["groups"][0]["shares"] == []

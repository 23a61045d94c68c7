"""`flask baseline`: what the operator enters from bills."""

from __future__ import annotations

import json

import pytest
import time_machine


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel("2026-11-24T12:00:00Z", tick=False) as travelled:
        yield travelled


@pytest.fixture
def baseline(runner):
    def run(*words: str):
        return runner.invoke(args=["baseline", *words])

    return run


def test_a_bill_is_entered_corrected_listed_and_removed(baseline, make_user):
    mail = make_user().mail
    entered = baseline("set", mail.upper(), "2150.5")
    assert entered.exit_code == 0, entered.output
    # The term before this one began in March 2025.
    assert entered.output == f"{mail.upper()}: 2150.5 kWh in the term of 2025.\n"
    baseline("set", mail, "2100")
    baseline("set", mail, "1900", "--term", "2023")
    listed = json.loads(baseline("list", "--json").output)["baselines"]
    assert listed == [
        {"mail": mail, "term": 2023, "kwh": 1900.0, "baseline_source": "bill"},
        {"mail": mail, "term": 2025, "kwh": 2100.0, "baseline_source": "bill"},
    ]
    assert baseline("remove", mail).exit_code == 0
    assert [row["term"] for row in json.loads(baseline("list", "--json").output)["baselines"]] == [
        2023
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("set", "nobody@example.org", "2000"), "nobody@example.org"),
        (("set", "MAIL", "0"), "more than 0"),
        (("set", "MAIL", "-5"), "No such option"),
        (("set", "MAIL", "nan"), "more than 0"),
        (("set", "MAIL", "much"), "not a number"),
        (("set", "MAIL", "2000", "--term", "2026"), "2025"),
        (("set", "MAIL", "2000", "--term", "1999"), "1999"),
        (("remove", "MAIL"), "no value"),
    ],
    ids=lambda value: "_".join(value) if isinstance(value, tuple) else None,
)
def test_bad_input_is_one_clear_line_and_changes_nothing(baseline, make_user, words, said):
    mail = make_user().mail
    refused = baseline(*(mail if word == "MAIL" else word for word in words))
    assert refused.exit_code != 0
    assert said in refused.output
    assert "Traceback" not in refused.output
    assert json.loads(baseline("list", "--json").output) == {"baselines": []}

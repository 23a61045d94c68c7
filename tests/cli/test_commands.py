"""What every command has in common, and the ones that manage groups, users, meters and keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import click
import pytest
import time_machine
from click.testing import Result
from flask import Flask
from flask.testing import FlaskCliRunner

from broker.cli import COMMANDS
from broker.clock import now_s
from broker.services import sessions
from tests import mail_peer

Run = Callable[..., Result]


@pytest.fixture
def run(runner: FlaskCliRunner) -> Run:
    """Runs a command; `run("group", "list")`."""
    return lambda *words: runner.invoke(args=words)


@pytest.fixture
def house(run: Run) -> str:
    """A group called H with an invited resident and a meter."""
    for words in (
        ("group", "add", "H"),
        ("user", "invite", "Ada@Example.org", "--group", "H", "--first-name", "Ada", "--name", "L"),
        ("meter", "add", "m1"),
        ("meter", "add", "m2"),
    ):
        assert run(*words).exit_code == 0
    return "H"


def leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        else:
            yield (*path, name)


ALL_COMMANDS = [
    path
    for command in COMMANDS
    for path in (
        leaves(command, (str(command.name),))
        if isinstance(command, click.Group)
        else [(str(command.name),)]
    )
]


@pytest.mark.parametrize("path", ALL_COMMANDS, ids=" ".join)
def test_every_command_explains_itself_by_an_example(run: Run, path: tuple[str, ...]) -> None:
    told = run(*path, "--help")
    assert told.exit_code == 0
    assert "Example" in told.output
    assert "flask --app app " + " ".join(path) in " ".join(told.output.split())


@pytest.mark.parametrize(
    ("words", "line"),
    [
        pytest.param(("group", "add", " "), "A group's name has 1 to 200 characters.", id="group"),
        pytest.param(
            ("user", "deactivate", "a@b.de"), "There is no account of 'a@b.de'.", id="user"
        ),
        pytest.param(
            ("user", "invite", "x@y.de", "--group", "G", "--first-name", "A", "--name", "B"),
            "There is no group 'G'.",
            id="invite",
        ),
        pytest.param(("key", "add", "k", "--meter", "m"), "There is no meter 'm'.", id="key"),
        pytest.param(
            ("meter", "swap", "m", "n", "--at", "now"), "There is no meter 'm'.", id="swap"
        ),
        pytest.param(
            ("readings", "import", "no.csv", "--meter", "m", "--time", "t"),
            "There is no meter 'm'.",
            id="import",
        ),
        pytest.param(
            ("readings", "quarantine", "accept", "m", "now"), "There is no meter 'm'.", id="accept"
        ),
        pytest.param(
            ("readings", "rebuild", "--meter", "m"), "There is no meter 'm'.", id="rebuild"
        ),
    ],
)
def test_bad_input_is_one_line_on_stderr(run: Run, words: tuple[str, ...], line: str) -> None:
    for json_too in ((), ("--json",)):
        failed = run(*words, *json_too)
        assert failed.exit_code == 1
        assert failed.stdout == ""
        assert failed.stderr == f"Error: {line}\n"


def test_a_time_that_is_none_is_refused(run: Run, house: str) -> None:
    failed = run("meter", "assign", "m1", "--resident", "ada@example.org", "--from", "soon")
    assert failed.exit_code == 2
    assert "'soon' is not a time" in failed.stderr


def test_a_resident_is_invited_and_later_closed_out(run: Run, house: str) -> None:
    [ada] = json.loads(run("user", "list", "--json").stdout)["users"]
    assert (ada["mail"], ada["state"], ada["group"]) == ("ada@example.org", "invited", "H")
    assert run("user", "deactivate", "ada@example.org").exit_code == 0
    [ada] = json.loads(run("user", "list", "--json").stdout)["users"]
    assert ada["state"] == "deactivated"


def test_an_invitation_says_where_its_mail_went(run: Run, house: str, app: Flask) -> None:
    told = run(
        "user", "invite", "bob@example.org", "--group", "H", "--first-name", "Bob", "--name", "B"
    )
    assert str(app.config["BROKER"].outbox) in told.stdout
    assert "/set-password?token=" in told.stdout


@pytest.mark.parametrize(
    ("mail", "is_mailed", "words"),
    [
        ("bob@example.org", True, "The mail is on its way."),
        ("unknown@example.org", False, "The mail could not be delivered and lies in "),
    ],
)
def test_an_invitation_says_whether_the_mail_server_took_its_mail(
    run: Run, house: str, app: Flask, mail: str, is_mailed: bool, words: str
) -> None:
    invite = ("user", "invite", mail, "--group", "H", "--first-name", "Bob", "--name", "B")
    with mail_peer.serving() as peer:
        app.config["BROKER"] = replace(
            app.config["BROKER"], smtp_url=f"smtp://127.0.0.1:{peer.port}"
        )
        assert words in run(*invite).stdout
        assert json.loads(run(*invite, "--json").stdout)["mailed"] is is_mailed
    assert len(peer.mails) == (2 if is_mailed else 0)


@time_machine.travel("2026-09-03T12:00:00+02:00", tick=False)
def test_a_meters_life_by_commands(run: Run, house: str) -> None:
    assigned = run("meter", "assign", "m1", "--resident", "ada@example.org", "--from", "2026-03-12")
    # Local midnight in Berlin, in winter time.
    assert "from 2026-03-12 00:00+01:00" in assigned.stdout
    swapped = run("meter", "swap", "m1", "m2", "--at", "2026-09-03 10:20")
    assert "m1 counts until 2026-09-03 10:30+02:00 (rounded up)" in swapped.stdout
    assert "m2 from 2026-09-03 10:15+02:00 on (rounded down)" in swapped.stdout
    old, new = json.loads(run("meter", "list", "--json").stdout)["meters"]
    assert (old["number"], old["uses"]) == ("m1", [])
    assert new["uses"][0]["resident"] == "ada@example.org"
    assert "ada@example.org" in run("meter", "list").stdout


def test_a_meter_needs_one_purpose(run: Run, house: str) -> None:
    both = ("--resident", "ada@example.org", "--group", "H", "--role", "common")
    for purpose in ((), both, ("--group", "H")):
        failed = run("meter", "assign", "m1", "--from", "now", *purpose)
        assert failed.exit_code == 2
        assert "either --resident, or --group and --role" in failed.stderr
    worked = run("meter", "assign", "m1", "--from", "now", "--group", "H", "--role", "common")
    assert worked.exit_code == 0


def test_a_key_is_shown_once_and_can_be_revoked(run: Run, house: str) -> None:
    made = json.loads(run("key", "add", "cellar", "--meter", "m1", "--json").stdout)
    listed = run("key", "list").stdout
    assert "cellar" in listed
    assert made["key"] not in listed
    assert run("key", "revoke", "cellar").exit_code == 0
    [key] = json.loads(run("key", "list", "--json").stdout)["keys"]
    assert key["revoked_s"] is not None


def test_deactivating_by_command_ends_sessions(run: Run, make_user: Callable[..., Any]) -> None:
    ada = make_user()
    assert "1 sessions ended" in run("user", "deactivate", ada.mail).stdout
    assert sessions.account(ada.token, now_s(), 30) is None


def test_empty_lists_say_so(run: Run) -> None:
    for words in (("group", "list"), ("user", "list"), ("meter", "list"), ("key", "list")):
        assert run(*words).stdout == "There are none yet.\n"

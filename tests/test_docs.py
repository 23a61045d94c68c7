"""The documentation keeps up with the app: settings, commands, paths and links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest
from flask import Flask

from broker.cli import COMMANDS
from config import PROJECT, Settings

DOCS = PROJECT / "docs"
PAGES = sorted([*PROJECT.glob("*.md"), *DOCS.glob("*.md")])


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def commands(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    """A command, or all that a group holds, by their words."""
    path = (*path, str(command.name))
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            yield from commands(inner, path)
    else:
        yield " ".join(path), command


OURS = [found for command in COMMANDS for found in commands(command)]


def test_every_setting_is_explained_and_no_other() -> None:
    names = {f"BROKER_{field.name.upper()}" for field in fields(Settings)}
    rows = re.findall(r"^\| `(BROKER_\w+)` \| (?:`(\w+)`|–) \|", read("settings.md"), re.MULTILINE)
    assert {name for name, _ in rows} == names
    assert len(rows) == len(names)
    # The short name is that of the same setting.
    assert all(not short or name == f"BROKER_{short.upper()}" for name, short in rows)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_that_is_mentioned_exists(page: Path) -> None:
    of_developers = {"BROKER_TEST_DATABASE_URL", "BROKER_BENCH_DATABASE_URL"}
    known = {f"BROKER_{field.name.upper()}" for field in fields(Settings)} | of_developers
    mentioned = re.findall(r"\bBROKER_[A-Z_]*[A-Z]\b", page.read_text(encoding="utf-8"))
    assert set(mentioned) <= known


@pytest.mark.parametrize(("words", "command"), OURS, ids=[words for words, _ in OURS])
def test_every_command_is_explained(words: str, command: click.Command) -> None:
    assert f"flask --app app {words}" in " ".join((command.help or "").split())
    assert f"flask --app app {words}" in read("operating.md")


def test_every_command_that_is_mentioned_exists(app: Flask) -> None:
    known = {words for words, _ in OURS}
    groups = {words.rpartition(" ")[0] for words in known} - {""}
    of_flask = {"db upgrade", "db migrate"}
    for page in PAGES:
        # The words up to the first argument: options, quotes, meters, mails and paths are none.
        said = re.findall(
            r"(?:flask --app app|^    broker) ((?:[a-z]+\b(?![@.\w-]) ?)+)",
            page.read_text(encoding="utf-8"),
            re.MULTILINE,
        )
        for words in map(str.split, said):
            starts = {" ".join(words[:length]) for length in range(1, len(words) + 1)}
            assert starts & (known | groups | of_flask), f"{page.name}: {' '.join(words)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked), target


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as the usual viewers of Markdown make them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def test_every_path_of_the_api_exists_and_none_is_forgotten(app: Flask) -> None:
    said = set(re.findall(r"`(GET|POST|PUT|DELETE) (/[^\s`?]*)", read("api.md")))
    routes = {
        (method, re.sub(r"<(?:[^:>]+:)?\w+>", "<>", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or ()) - {"HEAD", "OPTIONS"}
    }
    said = {(method, re.sub(r"<\w+>", "<>", path)) for method, path in said}
    assert said <= routes
    # A form can only POST, so what is a PUT for programs is both; files have no contract.
    files = {"/static/<>", "/static/<>/<>", "/manifest.webmanifest", "/service-worker.js"}
    assert {path for _, path in routes} - files - {"/offline"} == {path for _, path in said}

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

PROJECT = Path(__file__).parents[2]
CONFIGURATION = PROJECT / "translations" / "babel.cfg"
GERMAN = PROJECT / "translations" / "de" / "LC_MESSAGES" / "messages.po"
PLACEHOLDER = re.compile(r"%\([a-z_]+\)s|%s")
LITERAL = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`""",
    re.DOTALL,
)
"""The texts of a script; comments are found so that nothing in them is taken for one."""
NO_TEXT = re.compile(r"\$\{[^{}]*(\{[^{}]*\}[^{}]*)*\}|<[^>]*>?")
"""What is filled in, and tags."""
WORDS = re.compile(r"[A-Za-zäöüß]{2,} [A-Za-zäöü]{2,}|^\s*[A-ZÄÖÜ][a-zäöüß]{2,}(?![a-z]*-)")
FOR_NOBODY = {"Escape", "Bearer ", "logged out", "foreign meter", "12.5px system-ui, sans-serif"}
"""Keys, names of states and the like, which no page shows. Names of headers have hyphens."""
HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def texts():
    """Every text of templates and of the errors that pages show, by the documented command."""
    names = re.findall(r"-k (\w+)", CONFIGURATION.read_text(encoding="utf-8"))
    keywords = dict.fromkeys(["_", "gettext", *names]) | {"ngettext": (1, 2)}
    with CONFIGURATION.open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(PROJECT, methods, options, keywords, directory_filter=_is_ours)
    return {message for _, _, message, _, _ in found}


def _is_ours(directory):
    return (
        not Path(directory).name.startswith((".", "_")) and Path(directory).name != "node_modules"
    )


@pytest.fixture(scope="module")
def german():
    with GERMAN.open("rb") as file:
        return {message.id: message for message in read_po(file) if message.id}


def test_no_text_lacks_german(texts, german):
    assert len(texts) > 50
    lacking = sorted(text for text in texts if text not in german or not german[text].string)
    assert not lacking
    assert not [message.id for message in german.values() if message.fuzzy]


def test_german_keeps_every_placeholder(german):
    for message in german.values():
        wanted, kept = (sorted(PLACEHOLDER.findall(text)) for text in (message.id, message.string))
        assert wanted == kept, message.id


def test_no_german_is_left_over(texts, german):
    assert sorted(set(german) - texts) == []


def test_scripts_have_no_texts_of_their_own():
    scripts = [*PROJECT.glob("static/*.js"), *PROJECT.glob("templates/**/*.js")]
    assert len(scripts) > 10
    for script in scripts:
        for found in LITERAL.finditer(script.read_text(encoding="utf-8")):
            text = NO_TEXT.sub("", "".join(filter(None, found.groups())))
            if text not in FOR_NOBODY:
                assert not WORDS.search(text), f"{script.name}: {text!r}"


@pytest.mark.parametrize(
    ("accepted", "heading"),
    [
        pytest.param("de-DE,de;q=0.9,en;q=0.5", "Anmelden", id="german"),
        pytest.param("fr,en;q=0.5", "Log in", id="english-next-best"),
        pytest.param("fr", "Log in", id="neither"),
    ],
)
def test_a_browser_gets_the_language_it_prefers(client, accepted, heading):
    response = client.get("/login", headers=HTML | {"Accept-Language": accepted})
    assert f"<h1>{heading}</h1>" in response.text
    assert {"Accept", "Accept-Language", "Cookie"} <= set(response.vary)


def test_a_chosen_language_stays(client):
    assert "<h1>Anmelden</h1>" in client.get("/login?lang=de", headers=HTML).text
    assert "<h1>Anmelden</h1>" in client.get("/login", headers=HTML).text
    assert "<h1>Log in</h1>" in client.get("/login?lang=en", headers=HTML).text


def test_an_unknown_language_is_ignored(client):
    response = client.get("/login?lang=xx%00", headers=HTML)
    assert response.status_code == 200
    assert '<html lang="en">' in response.text


def test_the_switch_keeps_the_rest_of_the_address(client):
    page = client.get("/login?next=/profile", headers=HTML).text
    assert 'href="/login?next=/profile&amp;lang=de"' in page


def test_a_message_from_python_is_translated_with_its_numbers(browser, resident):
    browser.get("/login?lang=de")
    form = {"user": resident.mail, "password": "not this one"}
    browser.post("/login", form)
    page = browser.get("/login").text
    assert "E-Mail-Adresse und Passwort passen nicht zusammen." in page
    assert 'role="alert"' in page


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "This link is unknown, used or has expired. Ask for a new one."),
        ("de", "Dieser Link ist unbekannt, schon benutzt oder abgelaufen."),
    ],
)
def test_people_are_told_nothing_of_fields(client, language, sentence):
    shown = client.get(f"/password/reset/void?lang={language}", headers=HTML)
    assert shown.status_code == 400
    assert f'<p class="message error">{sentence}' in shown.text


def test_a_field_is_named_as_the_form_does(browser, resident):
    browser.log_in(resident)
    form = {"oldPassword": resident.password, "password": "password"}
    browser.post("/update-password", form)
    page = browser.get("/update-password?lang=en").text
    assert ">Password: Too many people use this one. Choose another.<" in page

"""Every page, for everybody who may see it: on a phone and a wide screen, by day and by night, in
both languages. What none may do: see also `tests/chromium.py`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from babel.messages.pofile import read_po
from playwright.sync_api import Browser, Page, Route

from broker.api.representation import contract_of
from config import PROJECT
from tests.chromium import Watch, log_in

AXE = PROJECT / "node_modules" / "axe-core" / "axe.min.js"
AXE_SCRIPT = AXE.read_text(encoding="utf-8") if AXE.exists() else ""
CATALOGUE = PROJECT / "translations" / "de" / "LC_MESSAGES" / "messages.po"
LOCALES = {"en": "en-GB", "de": "de-DE"}
HEIGHT = 844
SLOWEST_MS = 120_000
"""The first to ask how the house's electricity is split waits for a hundred days of ten flats."""
LOOKS = {
    "en": ((320, "dark"), (768, "light"), (390, "light"), (1280, "dark")),
    "de": ((320, "light"), (768, "dark"), (390, "dark"), (1280, "light")),
}
"""Widths in px and themes; each language, theme and width meets each of the others."""
WIDTHS_OF_AXE = (390, 1280)
AXE_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
    "iframes": False,
    "preload": False,
}
RULES = {"en": {}, "de": {"color-contrast": {"enabled": False}}}
"""It takes most of axe's time, and colours are the same in every language."""


@dataclass(frozen=True)
class Visit:
    """A page, and somebody who opens it. `path` may name what the demo house knows."""

    path: str
    who: str = "resident"
    status: int = 200

    def __str__(self) -> str:
        return f"{self.who}-{self.path}"


DRAWN_OTHERWISE = ("/docs", "/offline")
"""Pages whose views give nothing else, so that no contract names them."""
HISTORIES = ("/individual-consumption-history", "/group-consumption-history")
PERIODS = (
    "",
    "?resolution=hour&begin={6}",
    "?resolution=day&begin={31}",
    "?resolution=month&begin={99}",
)
"""Today, and a week, a month and a year that began so many days ago."""
OF_A_HOUSE = (
    *("/", "/live", "/hints", "/challenges", "/challenges/status", "/comparison", "/ranking"),
    *("/individual-disaggregation", "/group-disaggregation", "/per-capita-consumption", "/profile"),
    *("/individual-global-challenge", "/community-global-challenge", *HISTORIES),
)
OF_THE_OPERATOR = (
    *("/operator", "/operator/users", "/operator/groups", "/operator/meters", "/operator/keys"),
    *("/operator/meters/swap", "/operator/meters/events", "/operator/quarantine"),
    *("/operator/tariffs", "/operator/baselines", "/operator/catalogues"),
)
VISITS = [
    Visit("/login", "stranger"),
    *(Visit(path, "stranger") for path in DRAWN_OTHERWISE),
    Visit("/set-password?token={invitation}", "stranger"),
    Visit("/password/request-reset-token", "stranger"),
    Visit("/password/reset/{reset}", "stranger"),
    Visit("/password/reset/void", "stranger", 400),
    Visit("/unsubscribe/{unsubscribe}", "stranger"),
    *map(Visit, OF_A_HOUSE),
    *(Visit(path + period) for path in HISTORIES for period in PERIODS[1:]),
    *map(Visit, ("/update-password", "/profile/delete")),
    Visit("/operator", status=403),
    Visit("/nowhere", status=404),
    *(Visit(path, "newcomer") for path in OF_A_HOUSE),
    *(Visit(path, "operator") for path in ("/", *OF_THE_OPERATOR)),
]


def test_no_page_is_forgotten(app):
    ways = app.url_map.bind("house.example")
    pages = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in rule.methods and contract_of(app.view_functions[rule.endpoint]).page
    }
    visited = {
        ways.match(visit.path.partition("?")[0], return_rule=True)[0].rule
        for visit in VISITS
        if visit.status != 404
    }
    assert visited == {*pages, *DRAWN_OTHERWISE}


@pytest.fixture(scope="module")
def catalogue() -> dict[str, list[re.Pattern[str]]]:
    """Texts that a page in a language must not have, since they are of the other one."""
    with CATALOGUE.open("rb") as file:
        texts = [
            (message.id, message.string)
            for message in read_po(file)
            if isinstance(message.id, str) and message.id and "%(" not in message.id
        ]
    return {
        language: [
            re.compile(rf"(?<!\w){re.escape(foreign)}(?!\w)")
            for foreign, own in pairs
            if len(foreign) >= 8 and not any(foreign in text for _, text in pairs)
        ]
        for language, pairs in (("de", texts), ("en", [(german, text) for text, german in texts]))
    }


STOP_WORDS = {
    "en": re.compile(r"\b(der|und|ist|nicht|für|von|mit|Sie|Ihre?|wird|werden|kein|keine)\b"),
    "de": re.compile(r"\b(the|and|is|are|of|your?|with|there|this|from|it|not)\b"),
}
TEXTS = """() => {
  const texts = [];
  const skipped = (node) => node.closest("[lang]") !== document.documentElement
    || node.closest("script, style, code, cite");
  for (const node of document.querySelectorAll("body, body *")) {
    if (skipped(node)) continue;
    for (const name of ["aria-label", "title", "alt", "placeholder"])
      if (node.hasAttribute(name)) texts.push(node.getAttribute(name));
    for (const [name, value] of Object.entries(node.dataset)) texts.push(value);
    for (const child of node.childNodes) if (child.nodeType === 3) texts.push(child.data.trim());
  }
  return texts.filter((text) => text);
}"""
SETTLED = """() => new Promise((done) =>
  requestAnimationFrame(() => setTimeout(() => requestAnimationFrame(done))))"""
CHARTS_ARE_OPEN = """() => document.querySelectorAll("figure[data-path]").length
  === document.querySelectorAll(".plot canvas").length"""
OPEN_ALL = """() => document.querySelectorAll("details:not(.more)").forEach(
  (one) => (one.open = one.querySelectorAll("tr").length < 50))"""
SIDEWAYS = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return null;
  const wide = [...document.querySelectorAll("body *")].filter(
    (node) => node.getBoundingClientRect().right > width + 1);
  return wide.slice(-3).map((node) => node.outerHTML.slice(0, 120));
}"""
VIOLATIONS = """async (options) => {
  const { violations } = await axe.run(document, options);
  const start = ({ html }) => html.slice(0, 160);
  return violations.map(
    ({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map(start).join(" ")}`);
}"""


@pytest.fixture(scope="module")
def look(chromium: Browser, sonnenhof: Any) -> Iterator[Callable[..., tuple[Page, Watch]]]:
    """A page of somebody's browser in a language, always the same one, and who watches it."""
    with ExitStack() as stack:

        @cache
        def opened(who: str, language: str) -> tuple[Page, Watch]:
            bind = sonnenhof.settings.bind
            context = chromium.new_context(
                locale=LOCALES[language], base_url=f"http://{bind}", service_workers="block"
            )
            stack.callback(context.close)
            context.set_default_timeout(SLOWEST_MS)
            context.route("**/offline", _not_sent)
            if who != "stranger":
                log_in(context, bind, sonnenhof.tokens[who])
            watch = Watch(bind)
            return watch.follow(context.new_page()), watch

        yield opened


def _not_sent(route: Route) -> None:
    """The page without a network, as a service worker gives it after a form: so it stays."""
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace("<html", "<html data-not-sent", 1))


@pytest.mark.slow
@pytest.mark.skipif(not AXE_SCRIPT, reason="needs axe: make setup-dev")
@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("visit", VISITS, ids=str)
def test_page(sonnenhof, look, catalogue, visit, language):
    page, watch = look(visit.who, language)
    answer = page.goto(sonnenhof.address(visit.path))
    wrong = [] if answer.status == visit.status else [f"answers {answer.status}"]
    page.wait_for_function(CHARTS_ARE_OPEN)
    wrong += _wrong_words(page, language, catalogue[language], sonnenhof.names)
    page.evaluate(OPEN_ALL)
    page.evaluate(AXE_SCRIPT)
    for width, theme in LOOKS[language]:
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.evaluate(SETTLED)
        if wide := page.evaluate(SIDEWAYS):
            wrong.append(f"scrolls sideways at {width} px, {theme}: {wide}")
        if width in WIDTHS_OF_AXE:
            told = page.evaluate(VIOLATIONS, AXE_OPTIONS | {"rules": RULES[language]})
            wrong += [f"{width} px, {theme}: {violation}" for violation in told]
    complaints = watch.taken()
    # Chromium tells the page's own status there as well.
    wrong += [one for one in complaints if visit.status == 200 or f"of {visit.status}" not in one]
    if wrong:
        pytest.fail("\n".join(wrong))


def _wrong_words(
    page: Page, language: str, foreign: list[re.Pattern[str]], names: tuple[str, ...]
) -> Iterator[str]:
    """What is wrong with a page's language, title and heading."""
    if (said := page.locator("html").get_attribute("lang")) != language:
        yield f"says that it is in {said}"
    if (headings := page.locator("h1").count()) != 1:
        yield f"has {headings} headings of the first rank"
    if not re.fullmatch(r"\S.* · Broker", page.title()):
        yield f"is called {page.title()!r}"
    for text in page.evaluate(TEXTS):
        for name in names:
            text = text.replace(name, "")
        if STOP_WORDS[language].search(text) or any(one.search(text) for one in foreign):
            yield f"isn't translated: {text!r}"

"""Broker without a network in a real browser: what is there, how old it is, and who may see it."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from broker.clock import day_start_s, now_s
from broker.ingest.intake import Columns, take_in
from broker.services import sessions
from config import Settings
from tests.chromium import PHONE

OURS = "caches.keys().then((names) => names.filter((name) => name.startsWith('broker:/:')))"
KEPT = f"{OURS}.then((names) => names.filter((name) => name.includes(':kept-')))"
KEPT_PATHS = """(async () => {
  const paths = [];
  for (const name of await caches.keys())
    if (name.includes(":kept-"))
      for (const { url } of await (await caches.open(name)).keys())
        paths.push(new URL(url).pathname);
  return paths.sort();
})()"""
BOTH_PATHS = ["/", "/individual-consumption-history"]
pytestmark = pytest.mark.slow


@pytest.fixture
def flat(resident, settings, make_meter, assign):
    """A flat that has drawn 360 W since midnight, or the last two hours just after it."""
    meter_id = make_meter()
    assign(meter_id, resident)
    begin_s = min(day_start_s(now_s(), settings.timezone), now_s() - 7200) // 900 * 900
    times_s = list(range(begin_s, now_s(), 900))
    # 360 W are 10^6 · 0.1 µWh a second.
    energies = [10**14 + (time_s - begin_s) * 10**6 for time_s in times_s]
    empty = [None] * len(times_s)
    take_in({meter_id: Columns(times_s, energies, empty, [360_000] * len(times_s))}, now_s())
    return resident


@pytest.fixture
def settings(live_server):
    """Those of a server that runs all through this module."""
    return live_server.settings


@pytest.fixture
def context(chromium: Browser, settings: Settings) -> Iterator[BrowserContext]:
    """A phone. Fails on any error of a script."""
    errors: list[str] = []
    address = f"http://{settings.bind}"
    phone = chromium.new_context(base_url=address, **PHONE)
    phone.on("weberror", lambda error: errors.append(str(error.error)))
    yield phone
    phone.close()
    assert errors == []


@pytest.fixture
def log_in(context: BrowserContext, settings: Settings) -> Callable[..., Page]:
    """Opens home as a resident and waits until the device has kept what it keeps."""

    def opened(who: Any, address: str = f"http://{settings.bind}") -> Page:
        context.add_cookies([{"name": "broker_session", "value": who.token, "url": address}])
        page = context.pages[0] if context.pages else context.new_page()
        page.goto(address)
        await_told(page, KEPT_PATHS, BOTH_PATHS)
        return page

    return opened


def await_told(page: Page, script: str, wanted: Any) -> None:
    """Waits until a script tells something. (A page of ours lets none wait inside it.)"""
    for _ in range(100):
        if page.evaluate(script) == wanted:
            return
        page.wait_for_timeout(50)
    assert page.evaluate(script) == wanted


def test_last_values_are_there_without_a_network_and_come_back_with_it(flat, log_in):
    page = log_in(flat)
    used = page.locator(".mine .value").first
    expect(used).to_contain_text("kWh")
    before = used.inner_text()
    page.context.set_offline(True)

    page.goto("/")
    banner = page.locator("#offline")
    expect(banner).to_contain_text(re.compile(r"old values, as of \d\d:\d\d"))
    expect(banner.locator(".age")).to_have_text(re.compile(r"^(now|\d+ seconds? ago)$"))
    expect(used).to_have_text(before)
    expect(page.locator(".now [data-of=age]")).to_have_text(re.compile(r" ago$"))
    # All that the page needs is there: its sheets and its scripts.
    assert page.evaluate("[...document.styleSheets].every((sheet) => sheet.cssRules.length > 0)")

    page.goto("/individual-consumption-history")
    expect(banner).to_contain_text("old values")
    expect(page.locator("svg.chart")).to_be_visible()

    page.goto("/hints")
    expect(page.get_by_role("heading", level=1)).to_have_text("No connection to Broker")
    page.get_by_role("link", name="To the last known values").click()
    expect(banner).to_contain_text("old values")

    # Back with the network, without a touch: here, and where no page was kept.
    page.context.set_offline(False)
    expect(banner).to_be_hidden()
    assert page.locator("html").get_attribute("data-kept-at-s") is None
    page.context.set_offline(True)
    page.goto("/hints")
    expect(page.get_by_role("heading", level=1)).to_have_text("No connection to Broker")
    page.context.set_offline(False)
    expect(page.get_by_role("heading", level=1)).to_have_text("Hints")


def test_who_logs_out_leaves_nothing_on_the_device(flat, log_in):
    page = log_in(flat)
    page.locator("details.more > summary").click()
    page.locator(".sheet").get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    await_told(page, KEPT_PATHS, [])
    page.context.set_offline(True)
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("No connection to Broker")
    expect(page.get_by_role("link", name="To the last known values")).to_be_hidden()


def test_who_logs_out_without_a_network_leaves_nothing_either(flat, log_in):
    page = log_in(flat)
    page.context.set_offline(True)
    page.locator("details.more > summary").click()
    page.locator(".sheet").get_by_role("button", name="Log out").click()
    expect(page.locator(".logged-out")).to_be_visible()
    assert page.evaluate(KEPT) == []
    page.context.set_offline(False)
    expect(page.locator("body.signed-in h1")).to_contain_text("Hello")


def test_nobody_sees_values_of_another_session(flat, make_user, log_in):
    page = log_in(flat)
    owner = page.evaluate(KEPT)
    neighbour = make_user(first_name="Grace")
    page = log_in(neighbour)
    assert len(page.evaluate(KEPT)) == 1
    assert page.evaluate(KEPT) != owner
    page.context.set_offline(True)
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Grace")

    # Ended from elsewhere, as by a new password: the next page is the one to log in.
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()
    sessions.end_session(sessions.account(neighbour.token, now_s(), 30).session_id)
    page.goto("/hints")
    page.wait_for_url("**/login**")
    await_told(page, KEPT_PATHS, [])


def test_the_end_of_a_session_is_heeded_without_a_network_as_well(flat, log_in):
    page = log_in(flat)
    page.evaluate(
        """(async () => {
          const cache = await caches.open((await caches.keys()).find((n) => n.includes(":kept-")));
          const page = await cache.match("/", { ignoreVary: true });
          const headers = new Headers(page.headers);
          headers.set("Broker-Session-End", "1800000");
          await cache.put("/", new Response(await page.text(), { headers }));
        })()"""
    )
    page.context.set_offline(True)
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("No connection to Broker")
    assert page.evaluate(KEPT) == []


def test_only_pages_and_files_are_kept_and_no_answers_for_programs(flat, log_in):
    page = log_in(flat)
    for path in ("/individual-consumption-history", "/live", "/hints", "/profile", "/live?wait=1"):
        page.evaluate("(path) => fetch(path, { headers: { Accept: 'application/json' } })", path)
    page.goto("/profile")
    kept = page.evaluate(
        """(async () => {
          const found = [];
          for (const name of await caches.keys())
            for (const request of await (await caches.open(name)).keys()) {
              const answer = await caches.match(request, { ignoreVary: true });
              found.push([new URL(request.url).pathname, answer.headers.get("Content-Type")]);
            }
          return found;
        })()"""
    )
    values = [path for path, _ in kept if not path.startswith("/static/")]
    assert sorted(values) == ["/", "/individual-consumption-history", "/offline"]
    assert not [path for path, kind in kept if "json" in kind]


def test_a_new_version_takes_the_place_of_the_older(flat, log_in, settings):
    page = log_in(flat)
    page.evaluate(
        "caches.open('broker:/:shell-older').then((old) => old.put('/x', new Response()))"
    )
    page.evaluate("caches.open('of another app')")
    # The worker of another language is one of another version.
    page.goto("/?lang=de")
    worker = "navigator.serviceWorker.controller.scriptURL"
    await_told(page, worker, f"http://{settings.bind}/service-worker.js?lang=de")
    await_told(page, "navigator.serviceWorker.controller.state", "activated")
    await_told(page, KEPT_PATHS, BOTH_PATHS)
    names = page.evaluate("caches.keys()")
    assert "broker:/:shell-older" not in names
    assert "of another app" in names
    page.context.set_offline(True)
    page.goto("/hints")
    expect(page.get_by_role("heading", level=1)).to_have_text("Keine Verbindung zu Broker")


def test_a_house_can_take_everything_back(flat, serve, log_in):
    server = serve()
    address = f"http://{server.settings.bind}"
    page = log_in(flat, address)
    page.goto("about:blank")
    server.process.send_signal(signal.SIGQUIT)  # at once, whoever is connected
    server.process.wait()
    serve(server.settings.bind, BROKER_OFFLINE_PAGES="off")
    page.goto(f"{address}/hints")
    # As a browser does by itself some seconds later.
    page.evaluate("navigator.serviceWorker.getRegistration().then((ours) => ours.update())")
    await_told(page, OURS, [])
    await_told(page, "navigator.serviceWorker.getRegistrations().then((all) => all.length)", 0)


def test_a_form_without_a_network_says_that_it_was_not_sent(flat, log_in):
    page = log_in(flat)
    page.goto("/profile")
    page.context.set_offline(True)
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator(".not-sent")).to_be_visible()


def test_what_a_browser_wants_before_it_offers_to_install(flat, log_in):
    page = log_in(flat)
    tools = page.context.new_cdp_session(page)
    assert tools.send("Page.getAppManifest")["errors"] == []
    errors = tools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # The browsers of tests keep nothing when they are closed, which is no fault of ours.
    assert [error["errorId"] for error in errors] == ["in-incognito"]

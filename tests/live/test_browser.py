"""The live page in a real browser, whatever happens to its connection."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

BACK_WITHIN_MS = 10_000
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser. Skips where there is none."""
    if not CHROMIUM:
        pytest.skip("needs Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, flat) -> Iterator[Page]:
    """A page of the flat's resident, who is logged in. Fails on any error of a script."""
    context = chromium.new_context(locale="en-GB", viewport={"width": 390, "height": 800})
    made = context.new_page()
    errors: list[str] = []
    made.on("pageerror", lambda error: errors.append(str(error)))
    yield made
    context.close()
    assert errors == []


@pytest.fixture
def open_live(page, flat):
    """Opens the live page of a server and waits until news come."""

    def opened(bind: str) -> None:
        cookie = {"name": "broker_session", "value": flat.me.token, "url": f"http://{bind}"}
        page.context.add_cookies([cookie])
        page.goto(f"http://{bind}/live")
        expect(page.locator(".state")).to_have_attribute("data-state", "open")

    return opened


def expect_power(page: Page, watts: int, within_ms: int = 5_000) -> None:
    tile = page.locator(".tile.mine .value")
    expect(tile).to_have_text(re.compile(rf"^{watts}\sW$"), timeout=within_ms)


def test_a_reading_is_seen_at_once(page, flat, serve, open_live):
    open_live(serve().settings.bind)
    flat.speak(power_w=111)
    expect_power(page, 111)
    expect(page.locator("#age")).to_have_text(re.compile(r"^(59|60|1) (minutes|hour) ago$"))


def test_after_the_sudden_death_of_the_worker(page, flat, serve, open_live):
    server = serve()
    open_live(server.settings.bind)
    flat.speak(power_w=111)
    expect_power(page, 111)
    died_s = time.monotonic()
    os.kill(server.workers()[0], signal.SIGKILL)
    flat.speak(power_w=222)
    expect_power(page, 222, BACK_WITHIN_MS)
    assert time.monotonic() - died_s < 10
    expect(page.locator(".state")).to_have_attribute("data-state", "open")


def test_where_websockets_are_blocked_news_come_as_well(page, flat, serve, open_live):
    page.route_web_socket(re.compile("/live"), lambda socket: socket.close())
    open_live(serve().settings.bind)
    for watts in (111, 222):
        flat.speak(power_w=watts)
        expect_power(page, watts)


def test_without_a_network_the_page_says_so_and_comes_back_with_it(page, flat, serve, open_live):
    open_live(serve().settings.bind)
    page.context.set_offline(True)
    expect(page.locator(".state")).to_have_attribute("data-state", "lost")
    flat.speak(power_w=333)
    page.context.set_offline(False)
    expect_power(page, 333)


def test_who_is_logged_out_elsewhere_is_asked_to_log_in(page, flat, serve, open_live):
    server = serve()
    open_live(server.settings.bind)
    assert server.request("GET", "/logout", flat.me.headers).status == 200
    page.wait_for_url("**/login**", timeout=BACK_WITHIN_MS)

"""The live page in a real browser, whatever happens to its connection."""

from __future__ import annotations

import os
import re
import signal
import time

import pytest
from playwright.sync_api import expect

BACK_WITHIN_MS = 10_000
pytestmark = pytest.mark.slow


def test_a_reading_is_seen_at_once(page, flat, serve, open_live, expect_power):
    open_live(serve().settings.bind)
    flat.speak(power_w=111)
    expect_power(111)
    expect(page.locator("#age")).to_have_text(re.compile(r"^(59|60|1) (minutes|hour) ago$"))


def test_bubbles_grow_as_the_page_would_draw_them_and_are_read_by_keys(
    page, flat, serve, open_live, expect_power
):
    open_live(serve().settings.bind)
    drawn = """all => all.map(one => [one.dataset.bubble ?? one.dataset.flowTo,
        one.querySelector(".area")?.getAttribute("r"),
        one.hasAttribute("display") ? 0 : one.getAttribute("stroke-width")])"""
    everything = "[data-bubble], [data-flow-to]"
    before = page.locator(everything).evaluate_all(drawn)
    flat.speak(power_w=1111)
    expect(page.locator(".bubble.mine .power")).to_have_text("1.11\xa0kW")
    after = page.locator(everything).evaluate_all(drawn)
    assert before != after
    still = page.context.new_page()
    still.route("**/*.js", lambda route: route.abort())
    still.goto(page.url)
    assert after == still.locator(everything).evaluate_all(drawn)
    page.locator("[data-bubble=production]").focus()
    for _ in range(2):  # the grid, then the only flat
        page.keyboard.press("ArrowRight")
    expect(page.locator(".bubbles .tip")).to_have_text("You: 1.11\xa0kW100% of what the house uses")
    page.keyboard.press("Escape")
    expect(page.locator(".bubbles .tip")).to_be_hidden()


def test_after_the_sudden_death_of_the_worker(page, flat, serve, open_live, expect_power):
    server = serve()
    open_live(server.settings.bind)
    flat.speak(power_w=111)
    expect_power(111)
    died_s = time.monotonic()
    os.kill(server.workers()[0], signal.SIGKILL)
    flat.speak(power_w=222)
    expect_power(222, BACK_WITHIN_MS)
    assert time.monotonic() - died_s < 10
    expect(page.locator(".state")).to_have_attribute("data-state", "open")


def test_where_websockets_are_blocked_news_come_as_well(page, flat, serve, open_live, expect_power):
    page.route_web_socket(re.compile("/live"), lambda socket: socket.close())
    open_live(serve().settings.bind)
    for watts in (111, 222):
        flat.speak(power_w=watts)
        expect_power(watts)


def test_without_a_network_the_page_says_so_and_comes_back_with_it(
    page, flat, serve, open_live, expect_power
):
    open_live(serve().settings.bind)
    page.context.set_offline(True)
    expect(page.locator(".state")).to_have_attribute("data-state", "lost")
    flat.speak(power_w=333)
    page.context.set_offline(False)
    expect_power(333)


def test_who_is_logged_out_elsewhere_is_asked_to_log_in(page, flat, serve, open_live, expect_power):
    server = serve()
    open_live(server.settings.bind)
    assert server.request("GET", "/logout", flat.me.headers).status == 200
    page.wait_for_url("**/login**", timeout=BACK_WITHIN_MS)
    expect(page.get_by_role("alert")).to_have_text("Your session has ended. Log in again to go on.")

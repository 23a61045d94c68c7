"""`python -m benchmarks.pages http://127.0.0.1:8080 <mail> <password>`: pages on a slow phone.

Chromium with a quarter of this machine's speed and a slow mobile network (1.6 Mbit/s, 150 ms),
as Lighthouse assumes them, without a cache: how much travels, when the largest piece is painted,
how long a touch waits for its answer, and how long a year of quarter hours takes.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import time
from datetime import UTC, datetime
from typing import Any, NamedTuple

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks import report
from benchmarks.report import Table

SLOWED_BY = 4
NETWORK = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
ROUNDS = 3
PATHS = {
    "home": "/",
    "my consumption": "/individual-consumption-history",
    "our house": "/group-consumption-history",
    "live": "/live",
    "hints": "/hints",
    "log in": "/login",
}
OBSERVED = """
window.seen = { lcp: 0, longest: 0 };
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.seen.lcp = entry.startTime;
}).observe({ type: "largest-contentful-paint", buffered: true });
new PerformanceObserver((list) => {
  for (const entry of list.getEntries())
    if (entry.interactionId) window.seen.longest = Math.max(window.seen.longest, entry.duration);
}).observe({ type: "event", durationThreshold: 16, buffered: true });
"""


class Seen(NamedTuple):
    """What one visit showed; times in ms."""

    bytes: int
    requests: int
    paint_ms: float
    touch_ms: float


def main() -> int:
    """Measures the pages of a running Broker; 1 without Chromium."""
    parser = argparse.ArgumentParser("benchmarks.pages", description=__doc__)
    parser.add_argument("address", help="where Broker runs")
    parser.add_argument("mail", help="a resident's")
    parser.add_argument("password")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        report.write("Needs Chromium.")
        return 1
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        cookies = _logged_in(browser, options)
        report.write(_pages(browser, options.address, cookies))
        report.write(_year(browser, options.address, cookies))
        browser.close()
    return 0


def _logged_in(browser: Browser, options: argparse.Namespace) -> Any:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{options.address}/login")
    page.fill("#user", options.mail)
    page.fill("#password", options.password)
    page.click("main button")
    page.wait_for_selector("body.signed-in")
    cookies = context.cookies()
    context.close()
    return cookies


def _phone(browser: Browser, cookies: Any, *, has_slow_network: bool = True) -> BrowserContext:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, device_scale_factor=2, has_touch=True
    )
    context.add_cookies(cookies)
    context.add_init_script(OBSERVED)
    page = context.new_page()
    tools = context.new_cdp_session(page)
    tools.send("Network.enable")
    if has_slow_network:
        tools.send("Network.emulateNetworkConditions", NETWORK)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED_BY})
    return context


def _pages(browser: Browser, address: str, cookies: Any) -> Table:
    rows = []
    for name, path in PATHS.items():
        own = [] if path == "/login" else cookies
        visits = [_visit(browser, address + path, own) for _ in range(ROUNDS)]
        middle = [statistics.median(values) for values in zip(*visits, strict=True)]
        rows.append([name, f"{middle[0] / 1000:.1f}", *(f"{value:.0f}" for value in middle[1:])])
    return Table(
        "Pages on a slow phone, first visit",
        ["page", "kB", "requests", "largest paint, ms", "longest touch, ms"],
        rows,
    )


def _visit(browser: Browser, address: str, cookies: Any) -> Seen:
    context = _phone(browser, cookies)
    page = context.pages[0]
    tools = context.new_cdp_session(page)
    tools.send("Network.enable")
    sizes: list[int] = []
    tools.on("Network.loadingFinished", lambda done: sizes.append(int(done["encodedDataLength"])))
    page.goto(address, wait_until="load")
    page.wait_for_timeout(1500)
    seen = page.evaluate("window.seen")
    _touch(page)
    touched = page.evaluate("window.seen")
    context.close()
    return Seen(sum(sizes), len(sizes), seen["lcp"], touched["longest"])


def _touch(page: Page) -> None:
    """Opens and closes the further ways, and reads a chart where there is one."""
    more = page.locator("details.more > summary")
    if more.count():
        more.tap()
        page.wait_for_timeout(300)
        more.tap()
    over = page.locator(".u-over")
    if over.count():
        over.scroll_into_view_if_needed()
        over.tap()
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)


def _year(browser: Browser, address: str, cookies: Any) -> Table:
    begin_s = int(datetime(datetime.now(UTC).year - 1, 12, 1, tzinfo=UTC).timestamp())
    query = f"?begin={begin_s}&end={begin_s + 365 * 86_400}&resolution=month"
    rows = []
    for name, path in list(PATHS.items())[1:3]:
        for has_slow_network in (True, False):
            context = _phone(browser, cookies, has_slow_network=has_slow_network)
            page = context.pages[0]
            page.goto(address + path + query)
            button = page.locator("figure .ways button[aria-pressed]")
            button.wait_for()
            page.wait_for_timeout(1000)
            begun_s = time.perf_counter()
            button.tap()
            page.wait_for_selector("figure button[aria-pressed=true]")
            page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
            took_ms = (time.perf_counter() - begun_s) * 1000
            network = "slow 4G" if has_slow_network else "none"
            rows.append([name, network, f"{took_ms:.0f}"])
            context.close()
    return Table(
        "A year of quarter hours, from the tap to the paint",
        ["page", "network's brake", "ms"],
        rows,
    )


if __name__ == "__main__":
    sys.exit(main())

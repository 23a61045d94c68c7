"""A real browser for tests, and what no page of ours may ever do in it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    sync_playwright,
)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NETWORK_LOSS = re.compile(
    r"WebSocket connection to .* failed"
    r"|Failed to load resource: (net::|the server responded with a status of 50[24])"
)
WORKER_REFUSED = "Service Worker registration blocked by Playwright"
"""What is said where a test asks for pages straight from the server."""
PATIENCE_MS = 15_000
PHONE = {"locale": "en-GB", "viewport": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser. Skips where there is none."""
    if not CHROMIUM:
        pytest.skip("needs Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Watch:
    """Notes errors and warnings of scripts, requests to other hosts and policies with holes."""

    home: str = ""
    """The address of the server; without one, that of the first page."""
    bears_losses: bool = False
    """Whether the test takes the server or the network away."""
    complaints: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> Page:
        """Watches a page from now on."""
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("console", self._console)
        page.on("request", self._request)
        page.on("websocket", lambda socket: self._require_ours(socket.url))
        page.on("response", self._response)
        return page

    def taken(self) -> list[str]:
        """The complaints until now, which are forgotten."""
        complaints, self.complaints = self.complaints, []
        return complaints

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning") or message.text == WORKER_REFUSED:
            return
        if self.bears_losses and NETWORK_LOSS.match(message.text):
            return
        self.complaints.append(f"console: {message.text} {message.location}")

    def _request(self, request: Request) -> None:
        self._require_ours(request.url)

    def _require_ours(self, address: str) -> None:
        parts = urlsplit(address)
        self.home = self.home or parts.netloc
        if parts.scheme not in ("data", "blob") and parts.netloc != self.home:
            self.complaints.append(f"asks another host: {address}")

    def _response(self, response: Response) -> None:
        policy = response.headers.get("content-security-policy", "")
        if self.bears_losses and not policy:
            return  # a proxy's own, while nobody stands behind it
        if "default-src 'self'" not in policy or "unsafe" in policy:
            self.complaints.append(f"{response.url} has the policy {policy!r}")


@pytest.fixture
def browse(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens phones that share nothing, at a server; fails if a page did what none may do.

    With `token` somebody is logged in; other keywords are those of Playwright's contexts.
    """
    with ExitStack() as stack:
        watches = []

        def opened(
            bind: str = "", token: str = "", *, bears_losses: bool = False, **chosen: Any
        ) -> Page:
            context = chromium.new_context(**PHONE | {"base_url": f"http://{bind}"} | chosen)
            stack.callback(context.close)
            context.set_default_timeout(PATIENCE_MS)
            if token:
                log_in(context, bind, token)
            watches.append(Watch(bind, bears_losses))
            return watches[-1].follow(context.new_page())

        yield opened
    if complaints := [complaint for watch in watches for complaint in watch.complaints]:
        pytest.fail("\n".join(complaints))


def log_in(context: BrowserContext, bind: str, token: str) -> None:
    """Lets a browser have a session that was opened elsewhere."""
    cookie = {"name": "broker_session", "value": token, "url": f"http://{bind}"}
    context.add_cookies([cookie])

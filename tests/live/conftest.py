"""A flat whose live view is watched at several servers, and meters that speak from elsewhere."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage
from websockets.sync.client import ClientConnection, connect

from broker.clock import now_s
from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from tests.chromium import log_in

SOON_S = 5.0
BACK_WITHIN_S = 10.0
METER = "MINE"


@dataclass
class Flat:
    """A resident with a meter."""

    me: Any
    meter_id: int
    counts: Any

    def watch(self, bind: str, **how: Any) -> ClientConnection:
        """Opens a live view at a server."""
        headers = {"additional_headers": self.me.headers} | how
        return connect(f"ws://{bind}/live?meter_id={METER}", proxy=None, **headers)

    def watch_again(self, bind: str) -> ClientConnection:
        """Tries until a server is back, as every client does."""
        give_up_s = time.monotonic() + BACK_WITHIN_S
        while True:
            try:
                return self.watch(bind, open_timeout=BACK_WITHIN_S)
            except (OSError, InvalidHandshake, InvalidMessage, EOFError, TimeoutError):
                assert time.monotonic() < give_up_s, "the server isn't back"
                time.sleep(0.1)

    def speak(self, power_w: int = 1) -> int:
        """A new reading is stored by this process, as by an import; its time in POSIX seconds."""
        number = next(self.counts)
        time_s = now_s() - 3600 + number
        columns = Columns([time_s], [10**12 + number], [None], [power_w * 1000])
        take_in({self.meter_id: columns}, now_s())
        return time_s


@pytest.fixture
def flat(make_user: Any, make_meter: Any, assign: Any) -> Flat:
    """A flat with a meter that has said nothing yet."""
    me, meter_id = make_user(), make_meter(METER)
    assign(meter_id, me)
    return Flat(me, meter_id, count(1))


@pytest.fixture
def hear() -> Callable[..., dict[str, Any]]:
    """Waits until a live view shows a reading of this time or a later one."""

    def wait(socket: ClientConnection, time_s: int, within_s: float = SOON_S) -> dict[str, Any]:
        give_up_s = time.monotonic() + within_s
        while True:
            message = json.loads(socket.recv(give_up_s - time.monotonic()))
            if (message["date"] or 0) >= time_s:
                return message

    return wait


@pytest.fixture
def closing() -> Callable[..., int]:
    """Waits until a live view is closed, and says with which code."""

    def wait(socket: ClientConnection, within_s: float = SOON_S) -> int:
        give_up_s = time.monotonic() + within_s
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                socket.recv(give_up_s - time.monotonic())
        assert closed.value.rcvd is not None
        return closed.value.rcvd.code

    return wait


# A browser.


@pytest.fixture
def page(browse: Callable[..., Page], flat: Flat) -> Page:
    """A page of the flat's resident, who is logged in wherever it goes first."""
    return browse(bears_losses=True)


@pytest.fixture
def open_live(page: Page, flat: Flat) -> Callable[[str], None]:
    """Opens the live page of a server and waits until news come."""

    def opened(bind: str) -> None:
        log_in(page.context, bind, flat.me.token)
        page.goto(f"http://{bind}/live")
        expect(page.locator(".state")).to_have_attribute("data-state", "open")

    return opened


@pytest.fixture
def expect_power(page: Page) -> Callable[..., None]:
    """Waits until the page shows the flat's power."""

    def wait(watts: int, within_ms: int = 5_000) -> None:
        tile = page.locator(".tile.mine .value")
        expect(tile).to_have_text(re.compile(rf"^{watts}\sW$"), timeout=within_ms)

    return wait

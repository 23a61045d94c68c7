"""The demo's meter gateway delivers like a real one: in order, in portions, what was missed too."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.serving import make_server

from broker.cli.gateway import MOST_A_CALL, Gateway
from broker.clock import now_s
from broker.errors import Forbidden
from broker.models import Reading, db
from broker.services import demo
from broker.services.demo import Installed
from broker.sources.simulated_readings import Anchor
from broker.sources.simulator import SimulatedHouse

NOON_S = 1_790_000_100
"""A quarter hour's begin."""


class Server(HTTPServer):
    """Somebody else's web server: keeps what it is sent, answers what it was told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.statuses: list[int] = []
        self.received: list[list[dict]] = []
        self.keys: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.keys.add(self.headers["Authorization"])
        if status == 200:
            self.server.received.append(body["readings"])
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b'{"errorDescription": "because"}')

    def log_message(self, *_: object) -> None:
        """Silence."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def gateway(server: Server) -> Gateway:
    """A gateway of two meters that were read at noon: one with power, one that only counts."""
    house = SimulatedHouse()
    begin = Anchor(NOON_S, 10**10)
    meters = [Installed(house.meters[place], f"m{place}", begin, None) for place in (0, 2)]
    return Gateway(server.url, "secret", house, meters, {})


def test_meters_send_every_five_seconds_or_by_the_quarter_hour(
    gateway: Gateway, server: Server
) -> None:
    assert gateway.deliver(NOON_S + 12) == 2
    assert gateway.deliver(NOON_S + 14) == 0
    [readings] = server.received
    assert [(row["meter_id"], row["time"] - NOON_S) for row in readings] == [("m0", 5), ("m0", 10)]
    assert all(row["energy"] > 10**10 and row["power"] > 0 for row in readings)
    gateway.deliver(NOON_S + 900)
    counted = [row for row in server.received[-1] if row["meter_id"] == "m2"]
    assert [(row["time"] - NOON_S, "power" in row) for row in counted] == [(900, False)]
    assert server.keys == {"Bearer secret"}


@pytest.mark.parametrize("status", [500, 503, 429])
def test_what_was_missed_comes_along_next_time(
    gateway: Gateway, server: Server, status: int
) -> None:
    server.statuses = [status]
    with pytest.raises(HTTPException, match=f"{status} .*because"):
        gateway.deliver(NOON_S + 10)
    gateway.deliver(NOON_S + 20)
    assert [row["time"] - NOON_S for row in server.received[-1]] == [5, 10, 15, 20]


def test_a_server_that_is_away_is_an_error_of_the_network(gateway: Gateway, server: Server) -> None:
    server.shutdown()
    server.server_close()
    with pytest.raises(OSError, match="refused"):
        gateway.deliver(NOON_S + 10)


def test_a_long_outage_is_delivered_in_portions_without_repeating_any(
    gateway: Gateway, server: Server
) -> None:
    # Nine days: two by the quarter hour, seven less an hour by the minute, an hour by 5 seconds;
    # and the other meter's 864 quarter hours. That is more than one call may carry.
    expected = 2 * 96 + (7 * 24 - 1) * 60 + 720 + 9 * 96
    server.statuses = [200, 503]
    with pytest.raises(HTTPException):
        gateway.deliver(NOON_S + 9 * 86_400)
    gateway.deliver(NOON_S + 9 * 86_400)
    assert [len(call) for call in server.received] == [MOST_A_CALL, expected - MOST_A_CALL]
    rows = [(row["meter_id"], row["time"]) for call in server.received for row in call]
    assert len(set(rows)) == expected
    counters = [
        row["energy"] for call in server.received for row in call if row["meter_id"] == "m0"
    ]
    assert counters == sorted(counters)


def test_a_refusal_for_good_is_said_and_not_repeated(gateway: Gateway, server: Server) -> None:
    server.statuses = [401]
    with pytest.raises(Forbidden, match=r"/readings refuses: 401 .*because"):
        gateway.deliver(NOON_S + 10)


def test_broker_itself_takes_in_what_the_gateway_sends(app: Flask) -> None:
    now, zone = now_s(), app.config["BROKER"].timezone
    house = SimulatedHouse()
    story = demo.Story.told_at(now, now - 100 * 86_400, zone)
    demo.furnish(house, story, "secret-of-the-demo", "key-of-the-demo", now, zone)
    meters = demo.installed(house, story)
    # As if everything up to a minute ago had been delivered.
    known = {meter.number: Anchor(now - 60, 10**12) for meter in meters}
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        sent = Gateway(url, "key-of-the-demo", house, meters, known).deliver(now)
        with pytest.raises(Forbidden, match="refuses: 401"):
            Gateway(url, "another-key", house, meters, known).deliver(now)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    # Eleven meters send twelve times a minute; the two that only count may or may not be due.
    assert 11 * 12 <= sent <= 11 * 12 + 2
    with db.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Reading)) == sent


def test_a_reading_that_contradicts_a_stored_one_is_left_out_and_the_rest_goes_on(
    gateway: Gateway, server: Server
) -> None:
    # The whole call is refused, then each reading is sent alone, and the first is the culprit.
    server.statuses = [409, 409]
    due = gateway.deliver(NOON_S + 10)
    assert due > 1
    assert sum(map(len, server.received)) == due - 1
    assert gateway.deliver(NOON_S + 10) == 0

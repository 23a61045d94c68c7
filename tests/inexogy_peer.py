"""A server for tests that answers `/disaggregation` as inexogy does, or fails as servers do."""

from __future__ import annotations

import json
import random
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from broker.sources.inexogy import Inexogy

USER, PASSWORD = "hausverwaltung@example.org", "sesame:öffne dich"
METER = "8fa37290c019170f35ae3e4d88abf2b8"
QUARTER_MS = 900_000


@dataclass
class Answer:
    """Something else than what is asked for."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json;charset=UTF-8"
    stops_after: int | None = None
    """Bytes of the body after which nothing comes any more."""


class Peer(ThreadingHTTPServer):
    """What it was asked, what it knows, and what it says instead."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.energies: dict[str, Callable[[int], dict[str, object] | None]] = {}
        """By meter: what is told about a quarter hour, by its start in POSIX s."""
        self.asked: list[tuple[str, int, int]] = []
        """Meter, and from when until when, in POSIX s."""
        self.instead: list[Answer] = []
        self.is_ending = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/public/v1"

    @property
    def account(self) -> Inexogy:
        return Inexogy(self.address, USER, PASSWORD)


class Handler(BaseHTTPRequestHandler):
    server: Peer

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        assert url.path == "/public/v1/disaggregation"
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        meter_id, begin_ms, end_ms = asked["meterId"], int(asked["from"]), int(asked["to"])
        self.server.asked.append((meter_id, begin_ms // 1000, end_ms // 1000))
        secret = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers["Authorization"] != f"Basic {secret}":
            self._send(Answer(401, b"Unauthorized", content_type="text/plain"))
        elif self.server.instead:
            self._send(self.server.instead.pop(0))
        elif meter_id not in self.server.energies:
            self._send(Answer(404, b"no such meter", content_type="text/plain"))
        elif end_ms - begin_ms > 7 * 86_400_000:
            self._send(Answer(400, b"at most a week", content_type="text/plain"))
        else:
            told = self.server.energies[meter_id]
            starts = list(range(begin_ms, end_ms, QUARTER_MS))
            random.Random(5).shuffle(starts)  # its maps have no order
            answer = {str(ms): energies for ms in starts if (energies := told(ms // 1000))}
            self._send(Answer(body=json.dumps(answer, ensure_ascii=False).encode()))

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body[: answer.stops_after])
        if answer.stops_after is not None:
            self.wfile.flush()
            self.server.is_ending.wait(30)

    def log_message(self, *_: object) -> None:
        """Silence."""


@contextmanager
def serving() -> Iterator[Peer]:
    """A running server on a port of its own."""
    with Peer() as peer:
        thread = threading.Thread(target=peer.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield peer
        finally:
            peer.is_ending.set()
            peer.shutdown()
            thread.join()

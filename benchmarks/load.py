"""A small HTTP/1.1 client that keeps a server busy at little cost: one epoll loop, raw sockets.

It runs in the benchmark's own process, the server in others. Work comes as streams: `Steady` ones
keep a number of connections busy all the time (closed loop), `Paced` ones send at a given rate
however slow the answers are (open loop).
"""

from __future__ import annotations

import selectors
import socket
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

HOST = "127.0.0.1"
DRAIN_S = 10.0
"""How long after the end answers that are still out are waited for."""


class LoadError(Exception):
    """The server answered something else than 2xx, or didn't speak HTTP as expected."""


@dataclass
class Outcome:
    """What became of one stream."""

    name: str
    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)

    @property
    def per_s(self) -> float:
        """Answers a second."""
        return len(self.latencies_s) / self.seconds

    def percentile_ms(self, percent: int) -> float:
        """The time within which this share of the answers came."""
        if len(self.latencies_s) < 2:
            return self.latencies_s[0] * 1000 if self.latencies_s else float("nan")
        cuts = statistics.quantiles(self.latencies_s, n=100, method="inclusive")
        return cuts[percent - 1] * 1000


@dataclass(frozen=True)
class Steady:
    """Connections that each send the next of their own requests as soon as one is answered."""

    name: str
    port: int
    requests: Sequence[Iterator[bytes]]


@dataclass(frozen=True)
class Paced:
    """Requests at a fixed rate, each on a connection of its own; late from when it was due."""

    name: str
    port: int
    per_s: float
    requests: Iterator[bytes]


class Connection:
    """One socket with at most one request on its way."""

    def __init__(self, loop: Loop, outcome: Outcome, port: int, requests: Iterator[bytes]) -> None:
        self.loop, self.outcome, self.requests = loop, outcome, requests
        self.received = bytearray()
        self.expected_bytes = 0
        self.sent_s = 0.0
        self.socket = socket.create_connection((HOST, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop.open(self)

    def send(self, due_s: float | None = None) -> bool:
        """Sends the next request; False when there is none left."""
        request = next(self.requests, None)
        if request is None:
            return False
        self.sent_s = time.perf_counter() if due_s is None else due_s
        self.socket.sendall(request)
        return True

    def read(self) -> bool:
        """Takes what has arrived; True when that completes the answer."""
        arrived = self.socket.recv(262_144)
        if not arrived:
            raise LoadError("the server closed the connection")
        self.received += arrived
        if not self.expected_bytes:
            self.expected_bytes = expected_bytes(self.received)
        if not self.expected_bytes or len(self.received) < self.expected_bytes:
            return False
        self.outcome.latencies_s.append(time.perf_counter() - self.sent_s)
        if self.received[9:10] != b"2":
            self.outcome.failures[self.received[:2000].decode("latin-1")] += 1
        self.received.clear()
        self.expected_bytes = 0
        return True


def expected_bytes(received: bytearray) -> int:
    """Length of the whole answer, headers included; 0 while they are not complete."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return 0
    headers = bytes(received[:end]).lower()
    _, found, rest = headers.partition(b"\r\ncontent-length:")
    if found:
        return end + 4 + int(rest.partition(b"\r\n")[0])
    if headers[9:12] == b"204":
        return end + 4
    raise LoadError(f"an answer without Content-Length: {headers[:200]!r}")


class Loop:
    """Runs streams side by side until the time is up and the last answers are in."""

    def __init__(self, streams: Sequence[Steady | Paced], seconds: float) -> None:
        self.selector = selectors.DefaultSelector()
        self.begin_s = time.perf_counter()
        self.end_s = self.begin_s + seconds
        self.outcomes = [Outcome(stream.name) for stream in streams]
        self.paces: list[tuple[Paced, Outcome]] = []
        self.due_s: list[float] = []
        for stream, outcome in zip(streams, self.outcomes, strict=True):
            if isinstance(stream, Paced):
                self.paces.append((stream, outcome))
                self.due_s.append(self.begin_s)
            else:
                for requests in stream.requests:
                    Connection(self, outcome, stream.port, requests).send()

    def open(self, connection: Connection) -> None:
        """Watches a connection."""
        self.selector.register(connection.socket, selectors.EVENT_READ, connection)

    def close(self, connection: Connection) -> None:
        """Hangs up."""
        self.selector.unregister(connection.socket)
        connection.socket.close()

    def run(self) -> list[Outcome]:
        """The outcome of every stream, in their order."""
        while self.selector.get_map() or time.perf_counter() < self.end_s:
            now_s = time.perf_counter()
            if now_s > self.end_s + DRAIN_S:
                raise LoadError(f"no answer within {DRAIN_S:.0f} s")
            self._send_what_is_due(now_s)
            next_s = min(self.due_s, default=self.end_s + DRAIN_S)
            for key, _ in self.selector.select(max(0.0, min(next_s, self.end_s + 1) - now_s)):
                self._take(key.data)
        self.selector.close()
        return self.outcomes

    def _send_what_is_due(self, now_s: float) -> None:
        for number, (stream, outcome) in enumerate(self.paces):
            while self.due_s[number] <= min(now_s, self.end_s):
                Connection(self, outcome, stream.port, stream.requests).send(self.due_s[number])
                self.due_s[number] += 1 / stream.per_s
            if self.due_s[number] > self.end_s:
                self.due_s[number] = float("inf")

    def _take(self, connection: Connection) -> None:
        if not connection.read():
            return
        now_s = time.perf_counter()
        connection.outcome.seconds = now_s - self.begin_s
        is_paced = any(outcome is connection.outcome for _, outcome in self.paces)
        if is_paced or now_s >= self.end_s or not connection.send():
            self.close(connection)


def run(streams: Sequence[Steady | Paced], seconds: float) -> list[Outcome]:
    """Runs streams for a time. Raises LoadError if any answer isn't a success."""
    outcomes = Loop(streams, seconds).run()
    for outcome in outcomes:
        if outcome.failures:
            answer, count = outcome.failures.most_common(1)[0]
            total = len(outcome.latencies_s)
            raise LoadError(f"{outcome.name}: {count} of {total} answers were:\n{answer}")
    return outcomes


def request(method: str, target: str, token: str = "", body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {HOST}", "Accept: application/json"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body

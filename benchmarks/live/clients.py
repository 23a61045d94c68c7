"""Thousands of clients in one process at little cost: one epoll loop, raw sockets, frames by hand.

It is a process of its own, which `Clients` starts and commands. Every arrival of a message is noted
with the `date` that the message begins with and the moment, to be compared with when it was sent.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from benchmarks.load import HOST, LoadError

KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
UPGRADE = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", KEY]
DATE = b'{"date":'
AT_ONCE = 100
"""Handshakes on their way at the same time."""
PATIENCE_S = 60.0
PING, CLOSE = 0x9, 0x8


@dataclass
class Arrivals:
    """What came: the `date` of each message, when it came (monotonic clock) and to how many."""

    dates: Any
    times_s: Any
    clients: int
    size: int
    """Bytes of all of it."""


class Clients:
    """A process of clients."""

    def __init__(self, port: int, targets: Sequence[tuple[str, str]], count: int, folder: Path):
        """Connects `count` clients, which use the targets (path, token) in turn."""
        self.count, self._file = count, folder / f"arrivals-{os.getpid()}-{port}.npz"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.live.clients"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ask(port=port, targets=targets, count=count, file=str(self._file))

    def ask(self, **command: Any) -> Any:
        """Sends a command and waits for its answer."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise LoadError("the clients have ended")
        told = json.loads(answer)
        if "error" in told:
            raise LoadError(told["error"])
        return told

    def begin(self, churn: int = 0) -> None:
        """From now on arrivals are noted; `churn` clients a second leave and others come."""
        self.ask(begin=True, churn=churn)

    def end(self) -> Arrivals:
        """What has arrived since."""
        told = self.ask(end=True)
        with numpy.load(self._file) as noted:
            arrivals = Arrivals(noted["dates"], noted["times_s"], told["clients"], told["size"])
        self._file.unlink()
        return arrivals

    def freeze(self) -> None:
        """From now on they neither read nor leave, as if their network had vanished."""
        self.process.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        """All hang up."""
        self.process.kill()
        self.process.communicate()

    def __enter__(self) -> Clients:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Process:
    """The loop of such a process."""

    def __init__(self) -> None:
        self.epoll = select.epoll()
        self.sockets: dict[int, socket.socket] = {}
        self.rests: dict[int, bytes] = {}
        self.dates, self.times_s = array("q"), array("d")
        self.last, self.last_date = b"", 0
        self.size = 0
        self.churn, self.churned_s = 0, 0.0
        self.requests: list[bytes] = []
        self.port = 0
        self.commands = sys.stdin.fileno()
        self.epoll.register(self.commands, select.EPOLLIN)

    def run(self) -> None:
        """Until the commands end."""
        while True:
            for fd, _ in self.epoll.poll(0.5 if self.churn else 5):
                if fd == self.commands:
                    line = sys.stdin.readline()
                    if not line:
                        return
                    self._obey(json.loads(line))
                else:
                    self._read(fd)
            if self.churn and time.monotonic() - self.churned_s >= 1:
                self.churned_s = time.monotonic()
                self._churn()

    def _obey(self, command: dict[str, Any]) -> None:
        answer: dict[str, Any] = {}
        if "port" in command:
            self.port = command["port"]
            self.requests = [_request(*target) for target in command["targets"]]
            self.file = command["file"]
            try:
                self._connect(command["count"])
            except (OSError, LoadError) as error:
                answer["error"] = f"{len(self.sockets)} clients connected, then: {error}"
        elif "begin" in command:
            self.dates, self.times_s, self.size = array("q"), array("d"), 0
            self.churn = command["churn"]
        else:
            self.churn = 0
            numpy.savez(self.file, dates=self.dates, times_s=self.times_s)
            answer |= {"clients": len(self.sockets), "size": self.size}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()

    def _connect(self, count: int) -> None:
        """Opens clients, some at a time; their first messages may come meanwhile."""
        opened = 0
        while opened < count:
            waiting = {}
            for _ in range(min(AT_ONCE, count - opened)):
                made = socket.create_connection((HOST, self.port), timeout=PATIENCE_S)
                made.sendall(self.requests[opened % len(self.requests)])
                waiting[made.fileno()] = made
                opened += 1
            for fd, made in waiting.items():
                self._shake_hands(made)
                made.setblocking(False)
                self.sockets[fd] = made
                self.epoll.register(fd, select.EPOLLIN)

    def _shake_hands(self, made: socket.socket) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            arrived = made.recv(65_536)
            if not arrived:
                raise LoadError(f"the server hung up after {received[:500]!r}")
            received += arrived
        head, _, rest = received.partition(b"\r\n\r\n")
        if b" 101 " not in head[:20]:
            raise LoadError(f"no handshake: {received[:500]!r}")
        self._take(made.fileno(), rest)

    def _read(self, fd: int) -> None:
        try:
            received = self.sockets[fd].recv(262_144)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        self.size += len(received)
        if received == self.last and fd not in self.rests:
            self.dates.append(self.last_date)
            self.times_s.append(time.monotonic())
        elif received:
            self._take(fd, self.rests.pop(fd, b"") + received)
        else:
            self._hang_up(fd)

    def _hang_up(self, fd: int) -> None:
        self.epoll.unregister(fd)
        self.sockets.pop(fd).close()
        self.rests.pop(fd, None)

    def _take(self, fd: int, received: bytes) -> None:
        """Walks through the frames."""
        now_s, place = time.monotonic(), 0
        while len(received) >= place + 4:
            size, begin = received[place + 1], place + 2
            if size == 126:
                size, begin = int.from_bytes(received[begin : begin + 2], "big"), begin + 2
            elif size == 127:
                size, begin = int.from_bytes(received[begin : begin + 8], "big"), begin + 8
            if len(received) < begin + size:
                break
            payload = received[begin : begin + size]
            if payload.startswith(DATE):
                end = payload.find(b",")
                date = payload[len(DATE) : end]
                if date.isdigit():
                    self.dates.append(int(date))
                    self.times_s.append(now_s)
                    self.last, self.last_date = received[place : begin + size], int(date)
            elif received[place] & 0xF == PING:
                self.sockets[fd].send(struct.pack("!BBI", 0x8A, 0x80 | size, 0) + payload)
            place = begin + size
        if place == len(received) - 2 and received[place] & 0xF == PING:
            self.sockets[fd].send(struct.pack("!BBI", 0x8A, 0x80, 0))
            place += 2
        if received[place:]:
            self.rests[fd] = received[place:]

    def _churn(self) -> None:
        """Some leave politely, some are cut off, and as many come."""
        leaving = random.sample(list(self.sockets), min(self.churn, len(self.sockets)))
        for number, fd in enumerate(leaving):
            if number % 2:
                self.sockets[fd].send(struct.pack("!BBIH", 0x88, 0x82, 0, 1001))
            else:
                cut = struct.pack("ii", 1, 0)
                self.sockets[fd].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, cut)
            self._hang_up(fd)
        self._connect(len(leaving))


def _request(path: str, token: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", f"Host: {HOST}", *UPGRADE]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


if __name__ == "__main__":
    Process().run()

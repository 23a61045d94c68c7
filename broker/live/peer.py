"""The connection of one client: it is written to without waiting, and never holds a queue.

There is no greenlet for a client. Sending is one `write`; what the network doesn't take at once
is the rest of a frame, which has to be finished, and a mailbox of one: newer news replace older.
"""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any, NamedTuple

from gevent import get_hub

from broker.live import frames

READABLE, WRITABLE = 1, 2
PING_EVERY_S = 20.0
PONG_WITHIN_S = 20.0
WRITE_WITHIN_S = 30.0
"""How long a client may take nothing of what waits for it."""
CLOSE_WITHIN_S = 3.0
READ_AT_ONCE = 4096
KERNEL_BUFFER_BYTES = 32 * 1024
"""Linux would let a client that has stopped reading hold some megabytes, all of them old news."""


class Who(NamedTuple):
    """Whom a connection belongs to, and by what right."""

    session_id: int
    user_id: int
    group_id: int
    meter_number: str


class Peer:
    """One client's end of a WebSocket whose handshake is over."""

    __slots__ = (
        "_control",
        "_forget",
        "_mailbox",
        "_reading",
        "_received",
        "_rest",
        "_socket",
        "_stuck_s",
        "_writing",
        "address",
        "closing_s",
        "fileno",
        "heard_s",
        "is_busy",
        "knows",
        "pinged_s",
        "takes_deltas",
        "who",
    )

    def __init__(
        self,
        connection: socket.socket,
        who: Who | None,
        address: str,
        forget: Callable[[Peer], None],
    ) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_BYTES)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket, self.fileno = connection, connection.fileno()
        self.who, self.address, self._forget = who, address, forget
        self._received = self._control = self._mailbox = b""
        self._rest: memoryview | bytes = b""
        self.is_busy = False
        self.takes_deltas = False
        self.knows: object = None
        self._stuck_s = self.closing_s = self.pinged_s = 0.0
        # Not all of those who came together are asked together.
        self.heard_s = monotonic() - random.random() * PING_EVERY_S / 2
        loop = get_hub().loop
        self._writing: Any = None
        self._reading: Any = loop.io(self.fileno, READABLE)
        self._reading.start(self._read)

    def send(self, frame: bytes) -> None:
        """Sends a frame at once, or when the client takes something again, unless newer came."""
        if self.is_busy:
            self._mailbox = frame
            return
        try:
            sent = os.write(self.fileno, frame)
        except BlockingIOError:
            self._mailbox = frame
        except OSError:
            self.end()
            return
        else:
            if sent == len(frame):
                return
            self._rest = memoryview(frame)[sent:]
        self._wait_for_room()

    def close(self, code: int, reason: str = "") -> None:
        """Says why, sends nothing more, and waits a little until the client has understood."""
        if self.closing_s:
            return
        self.closing_s = monotonic()
        self._mailbox = b""
        self._say(frames.closing(code, reason))

    def end(self) -> None:
        """Hangs up."""
        if self._reading is None:
            return
        self.is_busy, self._mailbox, self._rest, self._control = True, b"", b"", b""
        for watcher in (self._reading, self._writing):
            if watcher is not None:
                watcher.stop()
                watcher.close()
        self._reading = self._writing = None
        with suppress(OSError):
            self._socket.close()
        self._forget(self)

    def look_after(self, now_s: float) -> None:
        """Hangs up on who is late with anything, and asks who has been silent whether they live."""
        if self.closing_s:
            if now_s - self.closing_s > CLOSE_WITHIN_S:
                self.end()
        elif self.is_busy and now_s - self._stuck_s > WRITE_WITHIN_S:
            self.end()
        elif self.pinged_s:
            if now_s - self.pinged_s > PONG_WITHIN_S:
                self.end()
        elif now_s - self.heard_s > PING_EVERY_S:
            self.pinged_s = now_s
            self._say(frames.A_PING)

    def _say(self, control: bytes) -> None:
        """Sends a control frame: after the rest of the frame that has begun, before any news."""
        if not self.is_busy:
            self.send(control)
            if self._mailbox:  # it didn't fit, but no news may take its place
                self._control, self._mailbox = self._mailbox, b""
        elif not (self.closing_s and self._control):
            self._control = control

    def _wait_for_room(self) -> None:
        self.is_busy, self._stuck_s = True, monotonic()
        self._writing = get_hub().loop.io(self.fileno, WRITABLE)
        self._writing.start(self._write)

    def _write(self) -> None:
        """There is room again."""
        try:
            while self._take_next():
                sent = os.write(self.fileno, self._rest)
                self._stuck_s = monotonic()
                self._rest = memoryview(self._rest)[sent:]
        except BlockingIOError:
            return
        except OSError:
            self.end()
            return
        self.is_busy = False
        self._writing.stop()
        self._writing.close()
        self._writing = None

    def _take_next(self) -> bool:
        """Whether there is anything left to write; it is in `_rest` then."""
        if not self._rest:
            if self._control:
                self._rest, self._control = self._control, b""
            else:
                self._rest, self._mailbox = self._mailbox, b""
        return len(self._rest) > 0

    def _read(self) -> None:
        """The client has said something, or has gone."""
        try:
            received = os.read(self.fileno, READ_AT_ONCE)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if not received:
            self.end()
            return
        self.heard_s, self.pinged_s = monotonic(), 0.0
        received = self._received + received
        try:
            begin = 0
            while self._reading is not None and (frame := frames.next_frame(received, begin)):
                begin = frame.end
                self._answer(frame)
        except frames.ProtocolError as error:
            self._received = b""
            self.close(error.code)
        else:
            self._received = received[begin:]

    def _answer(self, frame: frames.Frame) -> None:
        if frame.opcode == frames.PING and not self.closing_s:
            self._say(frames.framed(frames.PONG, frame.payload))
        elif frame.opcode == frames.CLOSE:
            if not self.closing_s:
                code = int.from_bytes(frame.payload[:2], "big") or frames.NORMAL
                self.send(frames.closing(code))
            self.end()

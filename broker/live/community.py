"""Everybody who watches one community: news are put into words once and handed to all.

News that come faster than the rhythm are one, see `rhythm`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any, Final, NamedTuple, Protocol

from gevent import Greenlet, sleep, spawn
from gevent.event import Event

from broker.live import frames
from broker.live.peer import Peer
from broker.live.rhythm import Rhythm

log = logging.getLogger(__name__)

REST = 0.9
"""For which share of the rhythm after a message nobody looks whether others have written."""
RETRY_S = 1.0
AT_ONCE = 2000
"""Sockets that are written to before others get their turn: about 15 ms."""


class Told(Protocol):
    """What the house looks like now."""

    @property
    def json(self) -> bytes:
        """The message's text."""

    @property
    def meter_ids(self) -> frozenset[int]:
        """The meters whose readings make it outdated."""

    def since(self, earlier: Any) -> bytes:
        """The text for those who know an earlier one and want no more than what has changed."""


Tell = Callable[[int], Told]
Version = Callable[[], object]
"""Gives what changes whenever another connection writes; None where the database says so itself."""


class Message(NamedTuple):
    """A snapshot, ready to be sent."""

    told: Told
    frame: bytes

    @property
    def json(self) -> bytes:
        """Its text."""
        return self.told.json


class Community:
    """The watchers of a community and what they were told last."""

    def __init__(self, group_id: int, tell: Tell, version: Version, every_s: float) -> None:
        self.group_id: Final = group_id
        self.peers: Final[set[Peer]] = set()
        self.waiting = 0
        """How many are about to join, or wait without a socket."""
        self.meter_ids: frozenset[int] = frozenset()
        self._tell, self._find_version = tell, version
        self._rhythm = Rhythm(every_s)
        self._version: object = None
        self._latest: Message | None = None
        self._sent: Message | None = None
        self._is_outdated = self._is_certain = False
        self._asked = self._known = 0
        self._news, self._told = Event(), Event()
        self._running: Greenlet | None = None

    @property
    def is_watched(self) -> bool:
        """Whether anybody is there."""
        return bool(self.peers) or self.waiting > 0

    def rest_s(self) -> float:
        """How long nobody needs to look for news of others: next to none could be told."""
        return max(0.0, self._rhythm.told_s + REST * self._rhythm.every_s - monotonic())

    def concerns(self, meter_ids: frozenset[int]) -> bool:
        """Whether readings of these meters are news here; while that isn't known yet, they are."""
        return self._latest is None or not self.meter_ids.isdisjoint(meter_ids)

    def latest(self) -> Message:
        """What somebody who comes now is told first: found out once for all who come."""
        if self._running is None:
            self._running = spawn(self._run)
        if self._latest is None:
            message = self._message()
            if self._sent is None:
                self._sent = message
                self._rhythm.told(monotonic())
            return message
        version = self._find_version()
        if version is not None:  # nobody has looked for a while
            self.doubt(version)
        return self._message() if self._is_outdated else self._latest

    def news(self) -> None:
        """There are new readings."""
        self._is_certain = True
        self._hear()

    def doubt(self, version: object) -> None:
        """There may be new readings, if the database isn't of the version that is known."""
        if version != self._version or version is None:
            self._version = version
            if not self._is_certain:  # else this process has been quicker
                self._hear()

    def look(self) -> None:
        """Looks whether time has brought news, as a meter whose use begins now."""
        self._is_outdated = True
        self._rhythm.look()
        self._news.set()

    def wait(self, timeout_s: float) -> None:
        """Waits until something is told, at most a while."""
        self._told.wait(timeout_s)

    def end(self) -> None:
        """Nothing more is told; who waits goes on."""
        if self._running is not None:
            self._running.kill(block=False)
        self._told.set()

    def _hear(self) -> None:
        self._is_outdated = True
        self._rhythm.heard(monotonic())
        self._news.set()

    def _run(self) -> None:
        while True:
            left_s = self._rhythm.wait_s(monotonic())
            if left_s == 0:
                self._tell_all()
            else:
                self._news.wait(left_s)
                self._news.clear()

    def _tell_all(self) -> None:
        certain, self._is_certain = self._is_certain, False
        taken = self._rhythm.take()
        try:
            message = self._message()
        except Exception:
            # The database is away for a while, say. The news aren't lost by that.
            log.warning("The live view of group %d waits", self.group_id, exc_info=True)
            self._is_certain |= certain
            self.look()
            sleep(RETRY_S)
            return
        if certain or self._sent is None or message.json != self._sent.json:
            self._rhythm.told(monotonic())
            self._send(message)
        else:
            self._rhythm.untold(taken)

    def _message(self) -> Message:
        self._is_outdated = False
        self._asked = number = self._asked + 1
        try:
            self._version = self._find_version()  # first: what comes meanwhile is news
            told = self._tell(self.group_id)
        except BaseException:
            self._is_outdated = True
            raise
        message = Message(told, frames.framed(frames.TEXT, told.json))
        if number > self._known:  # who asked later may have had their answer sooner
            self._known, self._latest, self.meter_ids = number, message, told.meter_ids
        return message

    def _send(self, message: Message) -> None:
        before, self._sent = self._sent, message
        delta = b""
        told, self._told = self._told, Event()
        told.set()
        for number, peer in enumerate(tuple(self.peers), 1):
            if not peer.takes_deltas:
                peer.send(message.frame)
            elif before is None or peer.knows is not before or peer.is_busy:
                # What it still has to take may be replaced, so no delta may build on it.
                peer.send(message.frame)
                peer.knows = message
            else:
                delta = delta or frames.framed(frames.TEXT, message.told.since(before.told))
                peer.send(delta)
                peer.knows = message
            if number % AT_ONCE == 0:
                sleep(0)

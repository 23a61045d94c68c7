"""The live views of this process: who watches which community, and that there are news.

It lives on the loop of a web worker. In other processes nobody watches, so news pass unheard here;
`notifier` is how they reach the workers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socket import socket
from time import monotonic

from gevent import sleep, spawn
from gevent.event import Event

from broker.errors import TooManyAttempts
from broker.live import frames
from broker.live.community import Community, Tell, Version
from broker.live.peer import Peer, Who

SWEEP_EVERY_S = 1.0
RETRY_AFTER_S = 30
EVERY_S = 1.0
"""A client is told at most so often."""


@dataclass
class Limits:
    """How many may watch in this process at the same time."""

    per_user: int = 20
    per_address: int = 500


limits = Limits()
rhythm_s = EVERY_S
watched = Event()
"""Set while anybody watches."""

_communities: dict[int, Community] = {}
_peers: set[Peer] = set()
_held: Counter[int | str] = Counter()
_closed = Event()
_ask: tuple[Tell, Version] | None = None


def start(tell: Tell, version: Version, *alongside: Callable[[], None]) -> None:
    """From now on `tell` puts communities into words, as the database is in a version, and what
    goes on alongside runs."""
    global _ask
    if _ask is None:
        _ask = tell, version
        for task in (_sweep, *alongside):
            spawn(task)


def join(
    take_over: Callable[[], socket],
    who: Who,
    address: str,
    *,
    deltas: bool = False,
) -> None:
    """Sends a client the newest message, and from then on every news; with `deltas` only what has
    changed.

    `take_over` hands out the connection, which is the hub's from then on. Raises TooManyAttempts.
    """
    with _counted(who.user_id, address), _watching(who.group_id) as community:
        message = community.latest()
        # From here on nobody else gets a turn, so that no news are sent twice or before the first.
        peer = Peer(take_over(), who, address, _forget)
        _peers.add(peer)
        _held.update((who.user_id, address))
        community.peers.add(peer)
        peer.takes_deltas, peer.knows = deltas, message if deltas else None
        peer.send(message.frame)
    if is_closed():
        close()


def refuse(connection: socket, code: int, reason: str) -> None:
    """Takes a connection only to close it with a code: browsers learn of no other refusal."""
    peer = Peer(connection, None, "", _forget)
    _peers.add(peer)
    peer.close(code, reason)


def refuse_too_many(user_id: int, address: str) -> None:
    """Raises TooManyAttempts if a user or an address has no place left."""
    if _held[user_id] >= limits.per_user:
        raise TooManyAttempts(
            f"You have {limits.per_user} live views open already. Close one first.", RETRY_AFTER_S
        )
    if _held[address] >= limits.per_address:
        raise TooManyAttempts(
            f"{limits.per_address} live views are open from your address already.", RETRY_AFTER_S
        )


def news(
    group_id: int, is_known: Callable[[bytes], bool], timeout_s: float, user_id: int, address: str
) -> bytes:
    """The newest message, as soon as it isn't the known one; after a while also that.

    Raises TooManyAttempts.
    """
    give_up_s = monotonic() + timeout_s
    with _counted(user_id, address), _watching(group_id) as community:
        community.look()  # the caller may know more than anybody here
        while True:
            text = community.latest().json
            left_s = give_up_s - monotonic()
            if left_s <= 0 or is_closed() or not is_known(text):
                return text
            community.wait(left_s)


def publish(meter_ids: Iterable[int]) -> None:
    """Tells all who watch one of these meters that there are new readings."""
    meters = frozenset(meter_ids)
    for community in tuple(_communities.values()):
        if community.concerns(meters):
            community.news()


def rest_s() -> float:
    """How long nobody needs to look for news of others."""
    return min((community.rest_s() for community in _communities.values()), default=0.0)


def doubt(version: object = None) -> None:
    """There may be news for anybody: everybody is told what has changed, if anything has. With the
    database's version only those are meant who don't know it."""
    for community in tuple(_communities.values()):
        community.doubt(version)


def look() -> None:
    """Everybody is told what time itself has changed."""
    for community in tuple(_communities.values()):
        community.look()


def audience() -> dict[Peer, Who]:
    """Everybody who is being told something."""
    return {peer: peer.who for peer in _peers if peer.who is not None and not peer.closing_s}


def dismiss(peer: Peer, code: int, reason: str) -> None:
    """Closes a socket whose time is over."""
    _leave(peer)
    peer.close(code, reason)


def close() -> None:
    """Ends every live view: this process is about to end."""
    _closed.set()
    for peer in tuple(_peers):
        dismiss(peer, frames.SERVICE_RESTART, "Broker restarts.")
    for community in tuple(_communities.values()):
        community.end()


def is_closed() -> bool:
    """Whether there will be no more news, so that nobody should wait for any."""
    return bool(_closed.is_set())


@contextmanager
def _counted(user_id: int, address: str) -> Iterator[None]:
    """Holds a place while a client is here. Raises TooManyAttempts if there is none."""
    refuse_too_many(user_id, address)
    _held.update((user_id, address))
    try:
        yield
    finally:
        _release(user_id, address)


def _release(*keys: int | str) -> None:
    for key in keys:
        _held[key] -= 1
        if not _held[key]:
            del _held[key]


@contextmanager
def _watching(group_id: int) -> Iterator[Community]:
    """The community, which is kept at least as long as this lasts."""
    community = _communities.get(group_id)
    if community is None:
        assert _ask is not None
        community = _communities[group_id] = Community(group_id, *_ask, rhythm_s)
        watched.set()
    community.waiting += 1
    try:
        yield community
    finally:
        community.waiting -= 1
        _drop_if_alone(community)


def _leave(peer: Peer) -> None:
    if peer.who is not None and (community := _communities.get(peer.who.group_id)):
        community.peers.discard(peer)
        _drop_if_alone(community)


def _drop_if_alone(community: Community) -> None:
    if not community.is_watched and _communities.get(community.group_id) is community:
        community.end()
        del _communities[community.group_id]
        if not _communities:
            watched.clear()


def _forget(peer: Peer) -> None:
    """The connection is closed."""
    _leave(peer)
    _peers.discard(peer)
    if peer.who is not None:
        _release(peer.who.user_id, peer.address)


def _sweep() -> None:
    """Looks after every connection once a second."""
    while True:
        sleep(SWEEP_EVERY_S)
        now_s = monotonic()
        for peer in tuple(_peers):
            peer.look_after(now_s)

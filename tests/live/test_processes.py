"""Live views at several workers and hosts: all hear of everything, until they may no longer."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

TICKS = 6
SERVICE_RESTART = 1012


def peers_of(worker: int) -> int:
    """How many connections a process holds, besides those it listens on."""
    held = {str(fd.readlink()) for fd in Path(f"/proc/{worker}/fd").iterdir() if fd.is_symlink()}
    established = [
        fields[9]
        for fields in map(str.split, Path(f"/proc/{worker}/net/tcp").read_text().splitlines()[1:])
        if fields[3] == "01"
    ]
    return len({f"socket:[{inode}]" for inode in established} & held)


def test_every_worker_tells_its_clients_every_reading(flat, serve, hear):
    server = serve(BROKER_WEB_WORKERS="2", BROKER_LIVE_PER_USER="100")
    with ExitStack() as stack:
        sockets = []
        # Who accepts a connection is for the kernel to decide, so they come until both have one.
        while min(map(peers_of, server.workers())) < 3 and len(sockets) < 100:
            sockets.append(stack.enter_context(flat.watch(server.settings.bind)))
            hear(sockets[-1], 0)
        began_s = time.monotonic()
        for _ in range(TICKS):
            time_s = flat.speak()
            assert [hear(socket, time_s)["date"] for socket in sockets] == [time_s] * len(sockets)
        # At most one a second, and not only when sessions are looked after, every 2.5 s.
        assert time.monotonic() - began_s < 2 * TICKS


def test_hosts_hear_what_each_other_and_an_import_take_in(flat, serve, hear):
    hosts = [serve(), serve()]
    with ExitStack() as stack:
        sockets = [
            stack.enter_context(flat.watch(host.settings.bind)) for host in hosts for _ in range(3)
        ]
        for socket in sockets:
            hear(socket, 0)
        began_s = time.monotonic()
        for _ in range(TICKS):
            time_s = flat.speak()
            assert [hear(socket, time_s)["date"] for socket in sockets] == [time_s] * len(sockets)
        # At most one a second, and not only when sessions are looked after, every 2.5 s.
        assert time.monotonic() - began_s < 2 * TICKS


def test_after_the_sudden_death_of_a_worker(flat, serve, hear):
    server = serve()
    with flat.watch(server.settings.bind) as socket:
        hear(socket, 0)
        died_s = time.monotonic()
        os.kill(server.workers()[0], signal.SIGKILL)
        with pytest.raises(Exception, match="no close frame"):
            socket.recv(5)
    time_s = flat.speak()
    with flat.watch_again(server.settings.bind) as socket:
        assert hear(socket, time_s)["date"] == time_s
    assert time.monotonic() - died_s < 10


def test_after_the_sudden_death_of_a_host_the_other_one_serves_everybody(flat, serve, hear):
    first, second = serve(), serve()
    with flat.watch(first.settings.bind) as socket, flat.watch(second.settings.bind) as other:
        hear(socket, 0), hear(other, 0)
        died_s = time.monotonic()
        for pid in (first.process.pid, *first.workers()):
            os.kill(pid, signal.SIGKILL)
        time_s = flat.speak()
        assert hear(other, time_s)["date"] == time_s
        with flat.watch_again(second.settings.bind) as again:
            assert hear(again, time_s)["date"] == time_s
        assert time.monotonic() - died_s < 10


def test_a_stopped_server_says_that_it_will_be_back(flat, serve, hear, closing):
    server = serve()
    with flat.watch(server.settings.bind) as socket:
        hear(socket, 0)
        server.process.send_signal(signal.SIGTERM)
        assert closing(socket) == SERVICE_RESTART


# How many may watch.


def test_a_user_has_so_many_live_views_and_no_more(flat, serve, hear):
    server = serve(BROKER_LIVE_PER_USER="2")
    bind = server.settings.bind
    with flat.watch(bind) as first:
        with flat.watch(bind) as second:
            hear(first, 0), hear(second, 0)
            with pytest.raises(InvalidStatus) as refused:
                flat.watch(bind)
            assert refused.value.response.status_code == 429
            assert "2 live views" in refused.value.response.body.decode()
        assert_there_is_room_again(flat, bind, hear)


def assert_there_is_room_again(flat, bind, hear) -> None:
    with flat.watch_again(bind) as third:
        hear(third, 0)


def test_an_address_has_so_many_live_views_and_no_more(flat, serve, hear):
    server = serve(BROKER_LIVE_PER_ADDRESS="1")
    with flat.watch(server.settings.bind) as first:
        hear(first, 0)
        with pytest.raises(InvalidStatus) as refused:
            flat.watch(server.settings.bind)
        assert refused.value.response.status_code == 429


# Without WebSockets.


def test_who_waits_without_a_socket_is_told_as_soon_as_there_are_news(flat, serve):
    server = serve()
    known = server.request("GET", "/live", flat.me.headers).headers["ETag"]
    asked = flat.me.headers | {"If-None-Match": known}
    assert server.request("GET", "/live", asked).status == 304
    began_s = time.monotonic()
    assert server.request("GET", "/live?wait=1", asked).status == 304
    assert 1 <= time.monotonic() - began_s < 3
    # A proxy that compresses makes the tag a weak one.
    asked["If-None-Match"] = f"W/{known}"
    with ThreadPoolExecutor(1) as waiting:
        later = waiting.submit(server.request, "GET", "/live?wait=25", asked)
        flat.speak()
        answer = later.result(timeout=20)
    assert answer.status == 200
    assert answer.headers["ETag"] != known

"""Everything together: comes up by one command, goes down within seconds."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from select import select
from urllib.request import Request, urlopen

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

import config

SECONDS = 30
SERVICE_RESTART = 1012

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def port() -> int:
    """A port that is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def start(tmp_path: Path, port: int) -> Iterator[Start]:
    """Runs a flask command as a program of its own, on a new installation."""
    started: list[subprocess.Popen[str]] = []
    environment = {key: value for key, value in os.environ.items() if key[:7] != "BROKER_"}
    environment |= {"BROKER_INSTANCE": str(tmp_path), "BROKER_BIND": f"127.0.0.1:{port}"}

    def run(*words: str, **settings: str) -> subprocess.Popen[str]:
        program = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "app", *words],
            cwd=config.PROJECT,
            env=environment | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(program)
        return program

    yield run
    for program in started:
        program.terminate()  # it takes the processes with it that it has started
        program.communicate(timeout=SECONDS)


def children_of(pid: int) -> list[int]:
    """A process's own processes, the oldest first."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_it_starts_on_an_empty_folder_and_stops_when_told(
    start: Start, port: int, ending: signal.Signals
) -> None:
    program = start("serve")
    assert program.stdout is not None
    assert f"Broker runs at http://127.0.0.1:{port}" in program.stdout.readline()
    request = Request(f"http://127.0.0.1:{port}/login", headers={"Accept": "text/html"})
    with urlopen(request, timeout=SECONDS) as page:
        assert page.status == 200
    program.send_signal(ending)
    told, _ = program.communicate(timeout=SECONDS)
    assert program.returncode == 0
    assert told.endswith("Stopped.\n")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.slow
def test_a_taken_port_is_one_clear_line(start: Start, port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        program = start("serve")
        told, complaint = program.communicate(timeout=SECONDS)
    assert program.returncode == 1
    assert told == ""
    assert complaint == (
        f"Error: Can't listen on 127.0.0.1:{port}: another program listens there; "
        "set BROKER_BIND to a free port.\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("words", [("serve",), ("user", "list")], ids=" ".join)
def test_a_bad_setting_is_one_clear_line(start: Start, words: tuple[str, ...]) -> None:
    program = start(*words, BROKER_BIND="x")
    told, complaint = program.communicate(timeout=SECONDS)
    assert program.returncode == 1
    assert told == ""
    assert complaint == "Error: BROKER_BIND='x': host:port, such as 127.0.0.1:8080\n"


@pytest.mark.slow
def test_the_end_of_one_process_is_the_end_of_all(start: Start, port: int) -> None:
    program = start("serve", BROKER_RAW_RETENTION_DAYS="7")
    assert program.stdout is not None
    program.stdout.readline()
    children = children_of(program.pid)
    os.kill(children[0], signal.SIGKILL)
    _, complaint = program.communicate(timeout=SECONDS)
    assert program.returncode == 1
    assert "The web server ended with status -9." in complaint
    assert [Path(f"/proc/{child}").exists() for child in children] == [False, False]


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_open_live_views_are_told_and_hold_nothing_up(
    start, port, settings, make_user, make_meter, assign, ending
) -> None:
    me = make_user()
    assign(make_meter("MINE"), me)
    database = {"BROKER_DATABASE_URL": settings.database_url}
    program = start("serve", BROKER_INSTANCE=str(settings.instance), **database)
    program.stdout.readline()
    address = f"ws://127.0.0.1:{port}/live?meter_id=MINE"
    with connect(address, additional_headers=me.headers, proxy=None) as live_view:
        live_view.recv(SECONDS)
        # A browser's connection that waits for its next click.
        with socket.create_connection(("127.0.0.1", port)):
            told_s = time.monotonic()
            program.send_signal(ending)
            with pytest.raises(ConnectionClosed) as closed:
                live_view.recv(SECONDS)
            assert closed.value.rcvd.code == SERVICE_RESTART
            program.communicate(timeout=SECONDS)
            assert time.monotonic() - told_s < 5
    assert program.returncode == 0


@pytest.mark.slow
def test_a_worker_that_dies_is_replaced(start: Start, port: int) -> None:
    program = start("serve")
    assert program.stdout is not None
    program.stdout.readline()
    [web_server, _collector] = children_of(program.pid)
    [worker] = children_of(web_server)
    death = os.pidfd_open(worker)
    os.kill(worker, signal.SIGKILL)
    assert select([death], [], [], SECONDS)[0]
    os.close(death)
    # The port is the master's: whoever comes now waits for the next worker.
    request = Request(f"http://127.0.0.1:{port}/login", headers={"Accept": "text/html"})
    with urlopen(request, timeout=SECONDS) as page:
        assert page.status == 200
    assert children_of(web_server) != [worker]
    assert program.poll() is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", [("db", "upgrade"), ("serve",), ("group", "list"), ("collector",)]
)
def test_a_database_that_is_away_is_one_clear_line(start: Start, words: tuple[str, ...]) -> None:
    # Nobody listens on port 1. With a retention the collector looks into the database at once.
    url = "postgresql://broker:sesame@127.0.0.1:1/broker"
    program = start(*words, BROKER_DATABASE_URL=url, BROKER_RAW_RETENTION_DAYS="30")
    _, told = program.communicate(timeout=SECONDS)
    assert program.returncode == 1
    assert told.startswith("Error: The database can't ")
    assert told.count("\n") == 1
    assert "sesame" not in told

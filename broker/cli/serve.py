"""`flask serve`: everything that a running Broker needs, started and stopped together."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPException
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import click
import flask_migrate
from flask.cli import with_appcontext

from broker.cli.collector import own_url
from broker.cli.command import settings
from broker.cli.demo import build, known_secrets, logins
from broker.models import db
from broker.sources.simulated_readings import demo_house
from config import PROJECT

STARTING_S = 60
STOPPING_S = 8
GLANCE_S = 0.2

WEB = ("gunicorn", "--config", "deploy/gunicorn.conf.py", "app:create_app()")
COLLECTOR = ("flask", "--app", "app", "collector")
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""Our matrices are small: threads that wait for each other took three times the processor time."""


class _Process(NamedTuple):
    name: str
    running: subprocess.Popen[bytes]


class _Stopped(Exception):
    """Somebody wants everything to end."""


@click.command("serve")
@click.option("--demo", is_flag=True, help="Build the demo house first, if it isn't there yet.")
@with_appcontext
def serve(demo: bool) -> None:
    """Bring the database up to date, then run the web server and the collector until Ctrl-C.

    Example: BROKER_BIND=127.0.0.1:8080 flask --app app serve
    """
    bind = settings().bind
    url = own_url(bind)
    _require_free(bind)
    flask_migrate.upgrade()
    if demo:
        build()
        click.echo("Starting Broker …")
    db.engine.dispose()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, _stop)
    try:
        with _running() as processes:
            _await_answer(f"{url}/login", processes)
            _greet()
            while True:
                _require_alive(processes)
                time.sleep(GLANCE_S)
    except _Stopped:
        click.echo("Stopped.")


def _stop(_signal: int, _frame: object) -> None:
    raise _Stopped


def _require_free(bind: str) -> None:
    host, _, port = bind.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except OSError as error:
            reason = (
                "another program listens there; set BROKER_BIND to a free port"
                if error.errno == errno.EADDRINUSE
                else error.strerror
            )
            raise click.ClickException(f"Can't listen on {bind}: {reason}.") from error


@contextmanager
def _running() -> Iterator[list[_Process]]:
    """Starts the web server and the collector; ends both, whatever happens."""
    processes: list[_Process] = []
    try:
        for name, command in (("web server", WEB), ("collector", COLLECTOR)):
            # A session of its own: Ctrl-C reaches only this process, which then ends the others.
            running = subprocess.Popen(
                (sys.executable, "-m", *command),
                cwd=PROJECT,
                start_new_session=True,
                env=ONE_THREAD | os.environ,
            )
            processes.append(_Process(name, running))
        yield processes
    finally:
        for ending in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ending, signal.SIG_IGN)
        _end(processes)


def _end(processes: Sequence[_Process]) -> None:
    for process in processes:
        _signal_all_of(process, signal.SIGTERM)
    deadline_s = time.monotonic() + STOPPING_S
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.running.wait(max(0.0, deadline_s - time.monotonic()))
        # Also what a process that crashed left behind: gunicorn's workers hold the port.
        _signal_all_of(process, signal.SIGKILL)
        process.running.wait()


def _signal_all_of(process: _Process, which: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.running.pid, which)


def _require_alive(processes: Sequence[_Process]) -> None:
    for process in processes:
        if (status := process.running.poll()) is not None:
            raise click.ClickException(f"The {process.name} ended with status {status}.")


def _await_answer(url: str, processes: Sequence[_Process]) -> None:
    opener = build_opener(ProxyHandler({}))
    deadline_s = time.monotonic() + STARTING_S
    while time.monotonic() < deadline_s:
        _require_alive(processes)
        try:
            with opener.open(url, timeout=STARTING_S):
                return
        except HTTPError as error:
            with error:
                if error.code < 500:
                    return
                raise click.ClickException(f"{url} answers {error.code}.") from error
        except (OSError, HTTPException):
            time.sleep(GLANCE_S)
    raise click.ClickException(f"{url} doesn't answer.")


def _greet() -> None:
    click.echo(f"Broker runs at {settings().base_url}")
    known = known_secrets(settings().instance)
    if known is None:
        return
    who = logins(demo_house(), known)
    first, second, *_ = who["residents"]
    for label, login in (
        ("resident", first),
        ("second resident", second),
        ("operator", who["operator"]),
    ):
        click.echo(f"  {label}: {login['mail']}  {login['password']}")
    click.echo("Stop with Ctrl-C.")

"""Starts a WSGI app under gunicorn, configured as in production, and watches its worker."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import HOST

PROJECT = Path(__file__).resolve().parent.parent
CONFIGURATION = PROJECT / "deploy" / "gunicorn.conf.py"
START_S = 30.0


class StartError(Exception):
    """The server didn't come up; the message holds the end of its log."""


@dataclass(frozen=True)
class Server:
    """A running server and the processes that do its work."""

    name: str
    port: int
    workers: tuple[int, ...]

    def cpu_s(self) -> float:
        """Processor time that the workers have used so far, their threads included."""
        return sum(map(_cpu_s, self.workers))

    def memory_bytes(self) -> int:
        """Resident memory of the workers."""
        pages = [Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in self.workers]
        return sum(map(int, pages)) * os.sysconf("SC_PAGE_SIZE")

    def open_files(self) -> int:
        """Descriptors of the workers, sockets included."""
        return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in self.workers)


def _cpu_s(pid: int) -> float:
    """By the scheduler's own account, which is finer than clock ticks."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


@contextmanager
def serving(
    name: str, application: str, environment: Mapping[str, str], log: Path, workers: int = 1
) -> Iterator[Server]:
    """An app behind a free port of this machine, until the block ends."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", str(CONFIGURATION)]
    command += ["--bind", f"{HOST}:{port}", "--workers", str(workers), application]
    with log.open("wb") as file:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=os.environ | dict(environment),
            stdout=file,
            stderr=file,
        )
    try:
        yield Server(name, port, _workers_of(process, port, log))
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(START_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _workers_of(process: subprocess.Popen[bytes], port: int, log: Path) -> tuple[int, ...]:
    """Waits until a worker answers. Raises StartError if it doesn't."""
    give_up_s = time.monotonic() + START_S
    while time.monotonic() < give_up_s and process.poll() is None:
        if _answers(port):
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            return tuple(map(int, children))
        time.sleep(0.05)
    raise StartError(log.read_text(errors="replace")[-2000:])


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=START_S) as probe:
            probe.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
            return probe.recv(12).startswith(b"HTTP/1.1 ")
    except OSError:
        return False

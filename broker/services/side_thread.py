"""A thread beside gevent's loop for work that keeps a core busy: password hashes, pictures."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from gevent import monkey
from gevent.threadpool import ThreadPool

T = TypeVar("T")

NICENESS = 14
NICEST = 19
"""There is no more, and Linux reads no wish that asks for it: Broker itself may run nicely."""
SLICE_NS = 100_000
"""A storm of logins must not slow everybody else down. What hurts is less the work than that Linux
lets whoever runs go on for a slice of some 3 ms when the loop wakes up beside it. So the thread has
a low priority and asks for the shortest slice there is, which Linux 6.12 and newer heed. Measured
with ten logins a second on two cores that loop and clients kept busy, as times of the 99th
percentile without logins: niceness 4 alone 3.8 to 4.2, with the slice 2.3 to 3.3; 14 alone 3.0 to
3.1, with the slice 1.8 to 1.9; a login took 40 ms at each. `SCHED_IDLE` does as well, but nobody
could log in while something else keeps all cores busy."""
SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}
"""The number of the system call, which neither Python nor older C libraries have a name for."""
SCHED_ATTR = struct.Struct("=IIQiIQQQ")
"""`struct sched_attr` in its first version: size, policy, flags, niceness, real-time priority,
runtime (for ordinary threads the slice, in ns), deadline, period."""


class SideThread:
    """One thread of low priority, so that heavy jobs wait for each other and never for the loop.

    Without gevent's hub (commands, tests) a job simply runs where it is called.
    """

    def __init__(self) -> None:
        self._pool: ThreadPool | None = None

    def run(self, job: Callable[..., T], *args: Any) -> T:
        """Does the job and returns its result; its exceptions are raised here."""
        if not monkey.is_module_patched("threading"):
            return job(*args)
        if self._pool is None:
            # Made on first use: a pool that existed before gunicorn forks would have no thread.
            self._pool = ThreadPool(1)
        result: T
        result, failure = self._pool.apply(_run_politely, (job, args))
        if failure is not None:
            raise failure
        return result


def _run_politely(job: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, Exception | None]:
    """The result, or what went wrong: an exception that reaches gevent is printed to the log."""
    if sys.platform == "linux":
        _give_way()
    try:
        return job(*args), None
    except Exception as error:
        return None, error


def _give_way() -> None:
    """Lets the calling thread run behind the loop. Where the system refuses, as old ones do, the
    thread has at least its niceness."""
    # Linux counts priorities per thread, and process 0 is the calling thread. The native id
    # wouldn't do: under gevent `threading` speaks of greenlets.
    niceness = min(os.getpriority(os.PRIO_PROCESS, os.getpid()) + NICENESS, NICEST)
    os.setpriority(os.PRIO_PROCESS, 0, niceness)
    if number := SCHED_SETATTR.get(platform.machine()):
        wish = SCHED_ATTR.pack(SCHED_ATTR.size, os.SCHED_OTHER, 0, niceness, 0, SLICE_NS, 0, 0)
        ctypes.CDLL(None).syscall(number, 0, wish, 0)

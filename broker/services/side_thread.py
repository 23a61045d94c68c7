"""A thread beside gevent's loop for work that keeps a core busy: password hashes, pictures."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from gevent import monkey
from gevent.threadpool import ThreadPool

T = TypeVar("T")

NICENESS = 4
"""A storm of logins must not slow everybody else down: with equal rights its thread would take
every second time slice of the loop's core. Measured with ten logins a second on two busy cores:
4 kept the 99th
percentile of the other calls below that of 0 and let nearly as many logins through; 10 let less
than half of them through and was no better for the others."""


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
        # Linux counts priorities per thread, and process 0 is the calling thread. The native id
        # wouldn't do: under gevent `threading` speaks of greenlets.
        of_the_loop = os.getpriority(os.PRIO_PROCESS, os.getpid())
        os.setpriority(os.PRIO_PROCESS, 0, of_the_loop + NICENESS)
    try:
        return job(*args), None
    except Exception as error:
        return None, error

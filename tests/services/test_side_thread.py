"""Under gevent, in a process of its own: monkey-patching can't be undone."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from broker.services.side_thread import NICENESS, NICEST, SCHED_SETATTR

PROJECT = Path(__file__).parents[2]

STORM = """
from gevent import monkey
monkey.patch_all()
import json, os, time
import gevent
from broker.services import passwords
from broker.services.side_thread import SideThread

pauses = []
def tick():
    while True:
        begin = time.perf_counter()
        gevent.sleep(0.001)
        pauses.append(time.perf_counter() - begin)

ticking = gevent.spawn(tick)
hashing = [gevent.spawn(passwords.hashed, "eleven-green-kettles") for _ in range(20)]
gevent.joinall(hashing, raise_error=True)
ticking.kill()

def fails():
    raise KeyError("raised in the thread")

try:
    SideThread().run(fails)
except KeyError as error:
    raised = error.args[0]
print(json.dumps({
    "ticks": len(pauses),
    "hashes": len({job.value for job in hashing}),
    "niceness": SideThread().run(os.getpriority, os.PRIO_PROCESS, 0),
    "loop_niceness": os.getpriority(os.PRIO_PROCESS, 0),
    "raised": raised,
}))
"""

GIVING_WAY = """
import os, sys
from broker.services.side_thread import _give_way

os.nice(int(sys.argv[1]) - os.getpriority(os.PRIO_PROCESS, 0))
os.setpriority = lambda *_: None  # the other way to be nice
_give_way()
print(os.getpriority(os.PRIO_PROCESS, 0))
"""


@pytest.fixture(scope="module")
def storm():
    done = subprocess.run(
        [sys.executable, "-c", STORM], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout) | {"logged": done.stderr}


def test_the_loop_runs_on_while_passwords_are_hashed(storm):
    # 20 hashes take .4 s or more. A loop that stood still would tick 20 times at most, one that
    # is never stopped several hundred times.
    assert storm["hashes"] == 20
    assert storm["ticks"] > 60


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has priorities of threads")
def test_the_thread_is_nicer_than_the_loop(storm):
    assert storm["niceness"] > storm["loop_niceness"]


@pytest.mark.skipif(platform.machine() not in SCHED_SETATTR, reason="its number is unknown here")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has slices")
@pytest.mark.parametrize("more", [0, 10])
def test_linux_understands_the_wish_for_short_slices(more):
    # Of a wish that it couldn't read it would keep the niceness of before.
    before = min(os.getpriority(os.PRIO_PROCESS, 0) + more, NICEST)
    command = [sys.executable, "-c", GIVING_WAY, str(before)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert int(done.stdout) == min(before + NICENESS, NICEST)


def test_an_exception_of_the_job_is_raised_to_the_caller(storm):
    assert storm["raised"] == "raised in the thread"
    # A picture that can't be read is the resident's fault: nothing for the server's log.
    assert storm["logged"] == ""

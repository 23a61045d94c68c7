"""`python -m benchmarks.moved_clock <POSIX s> <module> …`: a module as if it ran at that time.

From then on the clock goes on as usual; processes that are forked have it as well.
"""

from __future__ import annotations

import runpy
import sys

import time_machine

if __name__ == "__main__":
    time_machine.travel(float(sys.argv[1]), tick=True).start()
    del sys.argv[:2]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)

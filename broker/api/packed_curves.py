"""Curves as the fewest bytes, for charts: a year of quarter hours on a slow phone.

Little endian: the start of the first step (float64, POSIX s), then as uint32 the length of a step
in s, how many steps there are and how many series. Then for each series the low bytes of all its
steps and the high bytes of all its steps. So parted, bytes resemble their neighbours and compress
better. A step is what pages write of it: below 1 kW whole watts, from there on 1000 and what is
beyond in 10 W; MISSING where nothing is known.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

from broker.energy.series import Column
from broker.units import MW_PER_W

MISSING = 0xFFFF
FINE_W, COARSE_W = 1000, 10
MOST_W = FINE_W + (MISSING - 1 - FINE_W) * COARSE_W
HEAD = struct.Struct("<d3I")


def packed(begin_s: int, step_s: int, powers_mw: Sequence[Sequence[float | None]]) -> bytes | None:
    """Equally long steps of each series; None if one is larger than 646 kW.

    Powers below 0 become 0: a chart has no place for them.
    """
    watts = [np.array(series, np.float64) / MW_PER_W for series in powers_mw]  # None becomes NaN
    if any((one > MOST_W).any() for one in watts):
        return None
    head = HEAD.pack(begin_s, step_s, len(watts[0]), len(watts))
    return head + b"".join(map(_parted, watts))


def _parted(watts: Column) -> bytes:
    coarse = FINE_W + (watts - FINE_W) / COARSE_W
    codes = np.rint(np.maximum(np.where(watts < FINE_W, watts, coarse), 0))
    codes = np.nan_to_num(codes, nan=MISSING).astype("<u2")
    return (codes & 0xFF).astype(np.uint8).tobytes() + (codes >> 8).astype(np.uint8).tobytes()

"""Silence: whether a meter has sent nothing for longer than it usually takes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

PATIENCE = 3
"""A meter may miss two readings in a row before it counts as silent."""
LEAST_PATIENCE_S = 900
UNKNOWN_RHYTHM_S = 3600


def patience_s(times_s: Sequence[int]) -> int:
    """How long a meter may send nothing, by the times of its last readings in any order.

    Three times the median of what lies between them, at least a quarter hour; three hours if
    there are fewer than two.
    """
    ordered = sorted(times_s)
    gaps_s = [later - earlier for earlier, later in pairwise(ordered)]
    usual_s = median(gaps_s) if gaps_s else UNKNOWN_RHYTHM_S
    return max(int(PATIENCE * usual_s), LEAST_PATIENCE_S)

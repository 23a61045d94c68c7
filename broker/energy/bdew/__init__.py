"""BDEW's tables of standard load profiles: `standard_load_profiles.csv` beside this file.

Each line is a profile, a season (H0: 0 winter, 1 summer, 2 transition) or month (1 to 12), a type
of day (0 workday, 1 Saturday, 2 Sunday and holiday) and the 96 quarter hours of such a day, before
dynamisation. They are whole numbers in a unit of the profile's own, since only their proportions
count: 0.1 W at 1,000 kWh a year for H0, Wh at 1,000,000 kWh a year for the others. `workbooks.py`
made the file.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]

FILE = Path(__file__).with_name("standard_load_profiles.csv")
SLOTS = 96
"""Quarter hours of a day by the clock."""
DAY_TYPES = 3


@lru_cache
def tables() -> dict[str, Floats]:
    """By the name of a profile, its quarter hours by season or month, type of day and slot."""
    lines: dict[str, list[list[str]]] = {}
    for line in FILE.read_text(encoding="ascii").splitlines():
        profile, _, _, *slots = line.split(",")
        lines.setdefault(profile, []).append(slots)
    return {
        profile: np.array(slots, np.float64).reshape(-1, DAY_TYPES, SLOTS)
        for profile, slots in lines.items()
    }

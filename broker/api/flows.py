"""From where to where electricity flows in a house, for its picture: pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from broker.api import bubbles
from broker.units import UW_PER_MW

THINNEST, THICKEST = 3.0, 12.0
"""How a stream is drawn, in units of the picture."""


class Flows(NamedTuple):
    """The three ways of electricity, as powers in mW; a house may use what it makes at once."""

    made_mw: float
    used_mw: float

    @property
    def roof_to_house_mw(self) -> float:
        """What the roof makes and the house uses."""
        return min(self.made_mw, self.used_mw)

    @property
    def roof_to_grid_mw(self) -> float:
        """What is left over."""
        return self.made_mw - self.roof_to_house_mw

    @property
    def grid_to_house_mw(self) -> float:
        """What is lacking."""
        return self.used_mw - self.roof_to_house_mw

    @property
    def covered(self) -> float | None:
        """The part of what the house uses that the roof makes, 0 to 1; None without any."""
        return self.roof_to_house_mw / self.used_mw if self.used_mw else None

    @property
    def drawn(self) -> dict[str, float]:
        """How thick each stream is drawn: its width follows the root of the power; 0 for none."""
        return {
            "roof-house": self._width(self.roof_to_house_mw),
            "roof-grid": self._width(self.roof_to_grid_mw),
            "grid-house": self._width(self.grid_to_house_mw),
        }

    def _width(self, power_mw: float) -> float:
        most_mw = max(self.made_mw, self.used_mw)
        if power_mw < 1 or most_mw <= 0:
            return 0.0
        return round(THINNEST + (THICKEST - THINNEST) * math.sqrt(power_mw / most_mw), 1)


def flows_now(snapshot: Mapping[str, Any]) -> Flows | None:
    """The streams of a live message; None while no flat and no common meter is known."""
    common_uw = snapshot.get("group_common_power")
    flats_mw = bubbles.house_power_mw(snapshot)
    if flats_mw is None and common_uw is None:
        return None
    used_mw = (flats_mw or 0.0) + (common_uw or 0) / UW_PER_MW
    return Flows(max(bubbles.production_mw(snapshot) or 0.0, 0.0), max(used_mw, 0.0))

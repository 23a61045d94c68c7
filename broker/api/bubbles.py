"""The live message, as the templates show it: whose power, and how large a bubble it makes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from flask_login import current_user

from broker.units import UW_PER_MW

LARGEST_RADIUS = 48
"""In a square of 100."""


def power_mw_of(snapshot: Mapping[str, Any], user_id: int) -> float | None:
    """The power of a flat in mW."""
    return next(
        (
            _mw(user["power"])
            for user in snapshot.get("group_users", ())
            if str(user["id"]) == str(user_id)
        ),
        None,
    )


def own_power_mw(snapshot: Mapping[str, Any]) -> float | None:
    """The power of the caller's flat in mW."""
    return power_mw_of(snapshot, current_user.id)


def own_meter(snapshot: Mapping[str, Any]) -> str | None:
    """The number of the caller's meter."""
    users = snapshot.get("group_users", ())
    return next((u["meter_id"] for u in users if str(u["id"]) == str(current_user.id)), None)


def house_power_mw(snapshot: Mapping[str, Any]) -> float | None:
    """The power of all flats with a known one, in mW."""
    users = snapshot.get("group_users", ())
    known = [_mw(user["power"]) for user in users if user["power"] is not None]
    return sum(power for power in known if power is not None) if known else None


def production_mw(snapshot: Mapping[str, Any]) -> float | None:
    """What the roof makes, in mW."""
    return _mw(snapshot.get("group_production_power"))


def most_power_mw(snapshot: Mapping[str, Any]) -> float:
    """The power that the largest bubble stands for, in mW."""
    return max(house_power_mw(snapshot) or 0.0, production_mw(snapshot) or 0.0)


def bubble_radius(power_mw: float | None, most_mw: float) -> float:
    """The radius of a bubble whose area follows the power."""
    if most_mw <= 0:
        return 0.0
    return round(LARGEST_RADIUS * math.sqrt(max(power_mw or 0.0, 0.0) / most_mw), 1)


def _mw(power_uw: int | None) -> float | None:
    return None if power_uw is None else power_uw / UW_PER_MW

"""The live message, as the templates show it: whose power, and how large a bubble it makes.

Around each face or sign lies an area that follows the power, on the same scale for all of them:
the largest that leaves everybody room. static/bubbles.js draws the same when powers change.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from flask_login import current_user

from broker.api import bubble_places
from broker.api.bubble_places import Layout, Place
from broker.units import UW_PER_MW

FILLING_MW = 300_000.0
"""A flat fills its place with it, unless somebody needs more room: a quiet night looks quiet."""
THINNEST, PER_REACH = 1.5, 0.25
"""A stream's width, and its part of how far the same power would reach without a face."""


class Bubble(NamedTuple):
    """A bubble and the streams that end in it, in units of the drawing."""

    place: Place
    radius: float
    from_roof: float
    from_grid: float
    """Widths; 0 for none."""


class Picture(NamedTuple):
    """Everybody's bubble."""

    layout: Layout
    roof: Bubble
    grid: Bubble
    consumers: tuple[Bubble, ...]


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


def common_power_mw(snapshot: Mapping[str, Any]) -> float | None:
    """What the common meters draw, in mW; None for a house without any."""
    return _mw(snapshot.get("group_common_power"))


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


def picture(made_mw: float, powers_mw: list[float | None]) -> Picture:
    """The bubbles of a roof and of those who consume, in their order."""
    layout = bubble_places.layout(len(powers_mw))
    consumed = [max(power_mw or 0.0, 0.0) for power_mw in powers_mw]
    used_mw = sum(consumed)
    direct_mw = min(made_mw, used_mw)
    share = direct_mw / used_mw if used_mw else 0.0
    grid_mw = max(made_mw, used_mw) - direct_mw
    places = [layout.roof, layout.grid, *layout.consumers]
    scale = _scale(places, [made_mw, grid_mw, *consumed])
    return Picture(
        layout,
        Bubble(layout.roof, _radius(layout.roof, made_mw, scale), 0.0, 0.0),
        Bubble(
            layout.grid,
            _radius(layout.grid, grid_mw, scale),
            _width(made_mw - direct_mw, scale),
            0.0,
        ),
        tuple(
            Bubble(
                place,
                _radius(place, power_mw, scale),
                _width(power_mw * share, scale),
                _width(power_mw * (1 - share), scale),
            )
            for place, power_mw in zip(layout.consumers, consumed, strict=True)
        ),
    )


WIDTHS = {"narrow": "fijlrt.,:;!|'I ()[]", "wide": "mwMWOQ@%"}


def shortened(name: str) -> str:
    """A name that fits above a bubble's power, estimated from the widths of its letters."""
    room = bubble_places.WIDE_FOR_NAMES - 2.0
    for number, letter in enumerate(name):
        room -= 5 if letter in WIDTHS["narrow"] else 14 if letter in WIDTHS["wide"] else 9.2
        if room < 0:
            return name[: max(number - 1, 1)].rstrip() + "…"
    return name


def _scale(places: list[Place], powers_mw: list[float]) -> float:
    """Square units for each mW, without π."""
    rooms = [place.limit**2 - place.core**2 for place in places]
    of_those = [room / mw for room, mw in zip(rooms, powers_mw, strict=True) if mw > 0]
    return min([rooms[-1] / FILLING_MW, *of_those])


def _radius(place: Place, power_mw: float, scale: float) -> float:
    return round(math.sqrt(place.core**2 + power_mw * scale), 1)


def _width(power_mw: float, scale: float) -> float:
    if power_mw < 1:
        return 0.0
    return round(max(THINNEST, PER_REACH * math.sqrt(power_mw * scale)), 1)


def _mw(power_uw: int | None) -> float | None:
    return None if power_uw is None else power_uw / UW_PER_MW

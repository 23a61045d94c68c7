"""What a flat's electricity costs and emits, as fields that are added to its history."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from broker.clock import written_utc
from broker.services import steps
from broker.services.costs import Co2Intensities, Flat, Resident, Sum, co2, cost


def added_to(
    mine: Mapping[str, Any],
    wanted: Collection[str],
    resident: Resident,
    intensities: Co2Intensities,
    begin_s: int,
    end_s: int,
    resolution: str,
    zone: ZoneInfo,
    now_s: int,
) -> dict[str, Any]:
    """A history of `history.of_user` with `cost` (micros) and `co2` (mg) of each step that is over.

    `cost_total` and `co2_total` say what these steps are together, null where there is no tariff or
    no intensity. Nothing is added where there is nothing. Raises InvalidInput for more than three
    years.
    """
    boundaries_s = steps.boundaries_s(begin_s, end_s, resolution, zone, now_s)
    if not mine:
        return {}
    flat = Flat(resident, boundaries_s, zone)
    added: dict[str, Any] = {}
    if "cost" in wanted:
        added |= _fields("cost", cost(flat), ("grid", "pv", "base"))
    if "co2" in wanted:
        added |= _fields("co2", co2(flat, intensities), ("grid", "pv"))
    return {**mine, **added}


def _fields(name: str, found: Sum | None, parts: tuple[str, ...]) -> dict[str, Any]:
    if found is None:
        return {name: {}, f"{name}_total": None}
    total = {part: getattr(found, part) for part in (*parts, "total", "known_share")}
    return {
        name: {written_utc(end_s): amount for end_s, amount in found.steps.items()},
        f"{name}_total": total | {"is_complete": found.known_share == 1},
    }

"""What a community makes of its own generation, and how much of it is whose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from broker.clock import midnight_s
from broker.energy.community import (
    AllocationKind,
    Balance,
    balance,
    dynamically_allocated,
    statically_allocated,
    summed,
    while_in_use,
)
from broker.energy.series import Booleans, EnergySeries, Integers
from broker.errors import InvalidInput
from broker.models import PRODUCTION, MeterRole, db
from broker.services import allocation, consumption
from broker.services.allocation import Rule, Share
from broker.services.remembered import Remembered
from broker.store.meter_uses import GROUP, Use
from broker.units import ALL_PPM, QUARTER_HOUR_S

CONSUMPTION = (MeterRole.FLAT.value, MeterRole.COMMON.value)
Consumer = int | None
"""Who takes part: a flat by its user, or the common consumption, which has none."""


class Allocation(NamedTuple):
    """Everybody's part of the common generation in each quarter hour."""

    applies: Booleans
    """Where the generation is shared out at all; elsewhere each part is a known nothing."""
    parts: dict[Consumer, EnergySeries]


class _House(NamedTuple):
    """The sides of a community over the same quarter hours."""

    generation: EnergySeries
    has_generation: bool
    consumers: dict[Consumer, EnergySeries]
    in_use: dict[Consumer, Booleans]
    """While a consumer had a meter."""


MOST_QUARTER_HOURS = 4_000_000
"""Of all meters together: three years of a house, or some forty days of a thousand flats."""
MOST_REMEMBERED_QUARTER_HOURS = 600_000
"""A year of a house. Of larger communities each allocation is computed when it is asked for."""

_balances: Remembered[Balance | None] = Remembered(256)
_allocations: Remembered[Allocation] = Remembered(12)
_houses: Remembered[_House] = Remembered(2)
"""The last ones, because who asks for the balance mostly asks for the allocation as well."""


def balance_of_group(group_id: int, begin_s: int, end_s: int) -> Balance | None:
    """How generation and consumption met in the quarter hours that start in [begin_s, end_s).

    The consumption is that of the flats and the common meters; a quarter hour in which none of
    them was there counts as unknown. None for a community without generation. Raises InvalidInput
    for too long a time of too many meters.
    """
    stamp = consumption.stamp_of_group(group_id, begin_s, end_s)
    return _balances.get(
        (group_id, begin_s, end_s, stamp), lambda: _balance(_house(group_id, begin_s, end_s))
    )


def _balance(house: _House) -> Balance | None:
    if not house.has_generation:
        return None
    generation = house.generation
    used = summed(list(house.consumers.values()), generation.begin_s, generation.end_s)
    somebody = np.logical_or.reduce([*house.in_use.values(), np.zeros(len(used), np.bool_)])
    return balance(generation, EnergySeries(used.begin_s, used.energies, used.known & somebody))


def allocation_of_group(
    group_id: int, begin_s: int, end_s: int, zone: ZoneInfo
) -> Allocation | None:
    """Everybody's part of the generation in the quarter hours that start in [begin_s, end_s).

    None if nothing was shared out in that time. Raises InvalidInput for too long a time of too
    many meters.
    """
    with db.engine.connect() as connection:
        rules = allocation.rules_of(connection, group_id)
        shares = allocation.shares_of(connection, group_id)
    held = [rule for rule in _in_turn(rules, begin_s, end_s, zone) if rule[0] in _SHARING]
    if not held:
        return None

    def compute() -> Allocation:
        return _allocated(_house(group_id, begin_s, end_s), held, shares, zone)

    if _quarter_hours(group_id, begin_s, end_s) > MOST_REMEMBERED_QUARTER_HOURS:
        return compute()
    stamp = consumption.stamp_of_group(group_id, begin_s, end_s)
    key = (group_id, begin_s, end_s, stamp, tuple(held), tuple(shares), zone.key)
    return _allocations.get(key, compute)


def _allocated(
    house: _House,
    held: Sequence[tuple[AllocationKind, int, int]],
    shares: Sequence[Share],
    zone: ZoneInfo,
) -> Allocation:
    applies = np.zeros(len(house.generation), np.bool_)
    parts = {
        consumer: EnergySeries(one.begin_s, np.zeros_like(one.energies), np.ones_like(one.known))
        for consumer, one in house.consumers.items()
    }
    consumptions = list(house.consumers.values())
    starts_s = house.generation.starts_s
    for kind, from_s, until_s in held:
        during = (starts_s >= from_s) & (starts_s < until_s)
        applies |= during
        if kind is AllocationKind.STATIC:
            weights = _shares(house, shares, zone)
            allocated = statically_allocated(house.generation, consumptions, *weights)
        else:
            allocated = dynamically_allocated(house.generation, consumptions)
        for consumer, part in zip(house.consumers, allocated, strict=True):
            parts[consumer].energies[during] = part.energies[during]
            parts[consumer].known[during] = part.known[during]
    return Allocation(applies, parts)


def _quarter_hours(group_id: int, begin_s: int, end_s: int) -> int:
    """How many quarter hours of meters a time has."""
    return len(GROUP.uses(group_id, begin_s, end_s)) * (end_s - begin_s) // QUARTER_HOUR_S


_SHARING = (AllocationKind.STATIC, AllocationKind.DYNAMIC)


def _in_turn(
    rules: Sequence[Rule], begin_s: int, end_s: int, zone: ZoneInfo
) -> list[tuple[AllocationKind, int, int]]:
    """Which rule held from when until when within [begin_s, end_s)."""
    starts_s = [midnight_s(rule.valid_from, zone) for rule in rules]
    return [
        (rule.kind, max(from_s, begin_s), min(until_s, end_s))
        for rule, from_s, until_s in zip(rules, starts_s, [*starts_s, end_s][1:], strict=True)
        if from_s < end_s and until_s > begin_s
    ]


def _shares(house: _House, shares: Sequence[Share], zone: ZoneInfo) -> tuple[Integers, Integers]:
    """Each consumer's share of the whole in each quarter hour, and what the whole is.

    Equal ones for all that had a meter then, until the first share is given.
    """
    consumers = list(house.consumers)
    rows = np.array([house.in_use[consumer] for consumer in consumers], np.int64)
    rows = rows.reshape(len(consumers), len(house.generation))
    wholes = rows.sum(axis=0)
    starts_s = house.generation.starts_s
    for day in sorted({share.valid_from for share in shares}):
        after = starts_s >= midnight_s(day, zone)
        held = allocation.in_force(shares, day)
        for row, consumer in zip(rows, consumers, strict=True):
            row[after] = held.get(consumer, 0)
        wholes[after] = ALL_PPM
    return rows, wholes


def _house(group_id: int, begin_s: int, end_s: int) -> _House:
    extent = _quarter_hours(group_id, begin_s, end_s)
    if extent > MOST_QUARTER_HOURS:
        raise InvalidInput("include: that is too long a time of so many meters.")
    if extent > MOST_REMEMBERED_QUARTER_HOURS:
        return _loaded(group_id, begin_s, end_s)
    stamp = consumption.stamp_of_group(group_id, begin_s, end_s)
    key = (group_id, begin_s, end_s, stamp)
    return _houses.get(key, lambda: _loaded(group_id, begin_s, end_s))


def _loaded(group_id: int, begin_s: int, end_s: int) -> _House:
    served = consumption.of_group(group_id, begin_s, end_s)
    of_plants = [(use, one) for use, one in served if use.role in PRODUCTION]
    by_consumer: dict[Consumer, list[tuple[Use, EnergySeries]]] = {}
    for use, one in served:
        if use.role in CONSUMPTION:
            by_consumer.setdefault(use.user_id, []).append((use, one))
    return _House(
        _joined(of_plants, begin_s, end_s),
        bool(of_plants),
        {consumer: _joined(uses, begin_s, end_s) for consumer, uses in by_consumer.items()},
        {
            consumer: np.logical_or.reduce([_in_use(use, one) for use, one in uses])
            for consumer, uses in by_consumer.items()
        },
    )


def _joined(served: Sequence[tuple[Use, EnergySeries]], begin_s: int, end_s: int) -> EnergySeries:
    inside = [while_in_use(one, use.begin_s, use.end_s) for use, one in served]
    return summed(inside, begin_s, end_s)


def _in_use(use: Use, series: EnergySeries) -> Booleans:
    starts_s = series.starts_s
    inside = starts_s >= use.begin_s
    if use.end_s is not None:
        inside &= starts_s < use.end_s
    result: Booleans = inside
    return result

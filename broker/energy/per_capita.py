"""What a person in a home uses in a year, at the pace of the days that are known."""

from __future__ import annotations

from collections.abc import Iterable

from broker.units import kwh_from

DAYS_OF_YEAR = 365


def yearly_kwh(days: Iterable[tuple[int, int | None]]) -> int | None:
    """The mean of each day's energy (0.1 µWh) by the inhabitants of that day, times 365, in kWh.

    Days of which nobody knows the inhabitants are left out; None without any day.
    """
    shares = [energy / inhabitants for energy, inhabitants in days if inhabitants]
    if not shares:
        return None
    return round(kwh_from(sum(shares) / len(shares) * DAYS_OF_YEAR))

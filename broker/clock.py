"""The present, local days and the way times are written.

Days are days of the community's own time zone: never the viewer's, never the server's.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

FOR_EVER_S = 2**62
"""Later than anything, and still a number that databases know."""


def now_s() -> int:
    """The present in whole POSIX seconds. Called at the edges only: time is an argument inside."""
    return int(time.time())


@lru_cache(maxsize=200_000)
def written_utc(time_s: int) -> str:
    """A time as a JSON key, `YYYY-MM-DD HH:MM:SS` in UTC, unambiguous on the two DST days."""
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d %H:%M:%S")


def local_date(time_s: int, zone: ZoneInfo) -> date:
    """The calendar day in `zone` that a POSIX time falls into."""
    return datetime.fromtimestamp(time_s, zone).date()


@lru_cache(maxsize=8_192)
def midnight_s(day: date, zone: ZoneInfo) -> int:
    """The POSIX second at which a local day begins."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def day_start_s(time_s: int, zone: ZoneInfo, days_before: int = 0) -> int:
    """Local midnight of the day a time falls into, or of the day that many days before."""
    return midnight_s(local_date(time_s, zone) - timedelta(days=days_before), zone)


def next_day_start_s(time_s: int, zone: ZoneInfo) -> int:
    """The first local midnight after a time: 23, 24 or 25 hours after the day's own."""
    return midnight_s(local_date(time_s, zone) + timedelta(days=1), zone)


def day_starts_s(begin_s: int, end_s: int, zone: ZoneInfo) -> Iterator[int]:
    """The local midnights of every day that touches [begin_s, end_s), the first one included."""
    day = local_date(begin_s, zone)
    while (start_s := midnight_s(day, zone)) < end_s:
        yield start_s
        day += timedelta(days=1)


def month_starts_s(begin_s: int, end_s: int, zone: ZoneInfo) -> Iterator[int]:
    """The local starts of every month that touches [begin_s, end_s), the first one included."""
    day = local_date(begin_s, zone).replace(day=1)
    while (start_s := midnight_s(day, zone)) < end_s:
        yield start_s
        day = (day + timedelta(days=32)).replace(day=1)


def term_start_s(
    time_s: int, term_start: tuple[int, int], zone: ZoneInfo, terms_before: int = 0
) -> int:
    """Start of the support year that a time falls into: local midnight of (month, day)."""
    month, day = term_start
    year = local_date(time_s, zone).year
    if midnight_s(date(year, month, day), zone) > time_s:
        year -= 1
    return midnight_s(date(year - terms_before, month, day), zone)

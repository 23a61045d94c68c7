"""When a challenge looks: the same hours of certain local days, a span of time each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from broker.clock import local_date

WHOLE_DAY_H = 24
EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)


class Span(NamedTuple):
    """A day, a night or some hours of it, in POSIX seconds; both ends lie on quarter hours."""

    begin_s: int
    end_s: int


@dataclass(frozen=True)
class Times:
    """Hours by the community's clock on certain weekdays (Monday is 0).

    `until_h` is 1 to 24; one that isn't later than `from_h` lies on the next day, so a night from
    22 to 6 belongs to the day on which it begins. On the days of the change of time it has 7 or 9
    hours, and a whole day 23 or 25.
    """

    from_h: int = 0
    until_h: int = WHOLE_DAY_H
    weekdays: tuple[int, ...] = EVERY_DAY

    def span(self, day: date, zone: ZoneInfo) -> Span:
        """The span that begins on a day."""
        last = day if self.until_h > self.from_h else day + timedelta(days=1)
        if self.until_h == WHOLE_DAY_H:
            return Span(_time_s(day, self.from_h, zone), _time_s(day + timedelta(days=1), 0, zone))
        return Span(_time_s(day, self.from_h, zone), _time_s(last, self.until_h, zone))

    def following(self, time_s: int, count: int, zone: ZoneInfo) -> tuple[Span, ...]:
        """The first spans that begin at a time or later."""
        spans = (self.span(day, zone) for day in self._days(local_date(time_s, zone)))
        return tuple(islice((span for span in spans if span.begin_s >= time_s), count))

    def preceding(self, time_s: int, weeks: int, zone: ZoneInfo) -> tuple[Span, ...]:
        """The spans of that many weeks that are over at a time, the earliest first."""
        today = local_date(time_s, zone)
        days = islice(self._days(today - timedelta(weeks=weeks)), weeks * len(self.weekdays))
        spans = (self.span(day, zone) for day in days)
        return tuple(span for span in spans if span.end_s <= time_s)

    def _days(self, day: date) -> Iterator[date]:
        while True:
            if day.weekday() in self.weekdays:
                yield day
            day += timedelta(days=1)


def _time_s(day: date, hour: int, zone: ZoneInfo) -> int:
    return int(datetime(day.year, day.month, day.day, hour, tzinfo=zone).timestamp())

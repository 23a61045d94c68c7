"""The time that a history page shows: a day, a week, a month or a year of the community's zone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from broker import clock
from broker.units import HOUR_S, QUARTER_HOUR_S

RESOLUTIONS = {"day": "quarter_hour", "week": "hour", "month": "day", "year": "month"}
"""How finely each period is drawn: some thirty to a hundred and seventy steps."""
KINDS = {resolution: kind for kind, resolution in RESOLUTIONS.items()}

WEEKS_OF_A_YEAR = timedelta(weeks=52)

STARTS: dict[str, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
    "year": lambda day: day.replace(month=1, day=1),
}
AFTER: dict[str, Callable[[date], date]] = {
    "day": lambda day: day + timedelta(days=1),
    "week": lambda day: day + timedelta(days=7),
    "month": lambda day: (day.replace(day=1) + timedelta(days=32)).replace(day=1),
    "year": lambda day: day.replace(year=day.year + 1, month=1, day=1),
}


@dataclass(frozen=True)
class Period:
    """[begin_s, end_s) in steps of a resolution, with the ways to its neighbours."""

    kind: str
    begin_s: int
    end_s: int
    now_s: int
    zone: ZoneInfo

    @property
    def resolution(self) -> str:
        """The contract's name of the steps."""
        return RESOLUTIONS[self.kind]

    @property
    def boundaries_s(self) -> list[int]:
        """Where each step begins, and the end: a quarter hour more or less on DST days."""
        if self.kind == "day":
            starts = range(self.begin_s, self.end_s, QUARTER_HOUR_S)
        elif self.kind == "week":
            starts = range(self.begin_s, self.end_s, HOUR_S)
        else:
            walk = clock.day_starts_s if self.kind == "month" else clock.month_starts_s
            return [*walk(self.begin_s, self.end_s, self.zone), self.end_s]
        return [*starts, self.end_s]

    @property
    def over_s(self) -> list[int]:
        """The boundaries of the steps that are over; those that have a value are among them."""
        return [time_s for time_s in self.boundaries_s if time_s <= self.now_s]

    def query_of(self, kind: str) -> dict[str, int | str]:
        """The query of the period of another kind around this one's last shown day."""
        last_s = max(self.begin_s, min(self.end_s - 1, self.now_s))
        return self._query(kind, clock.local_date(last_s, self.zone))

    @property
    def query(self) -> dict[str, int | str]:
        """The query of this period."""
        query: dict[str, int | str] = {"begin": self.begin_s, "resolution": self.resolution}
        return query | ({"end": self.end_s} if self.end_s <= self.now_s else {})

    @property
    def year_before(self) -> Period:
        """The same weekdays 52 weeks before; of a year the calendar year before."""
        first = clock.local_date(self.begin_s, self.zone)
        last = clock.local_date(self.end_s - 1, self.zone)
        if self.kind == "year":
            first, last = _a_year_before(first), _a_year_before(last)
        else:
            first, last = first - WEEKS_OF_A_YEAR, last - WEEKS_OF_A_YEAR
        return Period(
            self.kind,
            clock.midnight_s(first, self.zone),
            clock.midnight_s(last + timedelta(days=1), self.zone),
            self.now_s,
            self.zone,
        )

    @property
    def earlier(self) -> dict[str, int | str]:
        """The query of the period before this one."""
        return self._query(self.kind, clock.local_date(self.begin_s - 1, self.zone))

    @property
    def later(self) -> dict[str, int | str] | None:
        """The query of the period after this one, unless that lies in the future."""
        if self.end_s > self.now_s:
            return None
        return self._query(self.kind, clock.local_date(self.end_s, self.zone))

    def _query(self, kind: str, day: date) -> dict[str, int | str]:
        start = STARTS[kind](day)
        query: dict[str, int | str] = {
            "begin": clock.midnight_s(start, self.zone),
            "resolution": RESOLUTIONS[kind],
        }
        end_s = clock.midnight_s(AFTER[kind](start), self.zone)
        return query | ({"end": end_s} if end_s <= self.now_s else {})


def _a_year_before(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)


def asked_for(query: Mapping[str, str], now_s: int, zone: ZoneInfo) -> Period:
    """The period that a valid query of the history calls asks for; today without one.

    Without `end` it goes on to the end of its day, week, month or year, so that the axis of a
    running day is a whole day.
    """
    kind = KINDS.get(query.get("resolution", ""), "day")
    begin_s = int(query.get("begin") or clock.day_start_s(now_s, zone))
    day = clock.local_date(begin_s, zone)
    end_s = int(query.get("end") or clock.midnight_s(AFTER[kind](day), zone))
    return Period(kind, begin_s, max(end_s, begin_s + 1), now_s, zone)

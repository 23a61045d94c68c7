"""Times as files write them: ISO 8601 or POSIX, with a zone or in local time."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

FIRST_MILLISECONDS = 10**11
"""A POSIX time from here on is in milliseconds: as seconds it would lie beyond the year 5000."""
EARLIEST_S = 10**8
"""March 1973. Less is no POSIX time but a date such as 20200115, or a clock that was never set."""


class WrittenTimes:
    """Reads times line by line, ISO 8601 or POSIX, remembering which way the file runs."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._last_s = 0
        self._runs_backwards = False

    def posix_s(self, cell: str) -> int:
        """The POSIX second of a cell. Raises ValueError if it is no time."""
        try:
            time_s = int(cell)
            if time_s >= FIRST_MILLISECONDS:
                time_s //= 1000
        except ValueError:
            time_s = self._of_iso(cell.strip())
        if not EARLIEST_S <= time_s < FIRST_MILLISECONDS:
            raise ValueError(f"{cell!r} is not a time")
        if time_s != self._last_s:
            self._runs_backwards = time_s < self._last_s
            self._last_s = time_s
        return time_s

    def _of_iso(self, cell: str) -> int:
        try:
            moment = datetime.fromisoformat(cell)
        except ValueError:
            raise ValueError(f"{cell!r} is not a time") from None
        if moment.tzinfo is not None:
            return int(moment.timestamp())
        first = int(moment.replace(tzinfo=self.zone).timestamp())
        second = int(moment.replace(tzinfo=self.zone, fold=1).timestamp())
        if first > second:
            raise ValueError(f"{moment} doesn't exist in {self.zone}: the clock skips it")
        # The repeated hour: the second pass is the one that goes on in the file's direction.
        if self._runs_backwards:
            return second if second < self._last_s else first
        return first if first > self._last_s else second

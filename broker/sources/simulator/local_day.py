"""One calendar day of a zone: 23, 24 or 25 hours in slots of ten seconds."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SLOT_S = 10
HOUR_S = 3600
_CLOCK_CHANGE_HOUR = 3


@dataclass(frozen=True, slots=True)
class LocalDay:
    """A local calendar day and the POSIX seconds it covers."""

    day: date
    begin_s: int
    end_s: int

    @classmethod
    def of(cls, day: date, zone: ZoneInfo) -> "LocalDay":
        """The day from local midnight to the next local midnight."""
        return cls(day, _midnight_s(day, zone), _midnight_s(day + timedelta(days=1), zone))

    @property
    def duration_s(self) -> int:
        """Length in seconds: 82,800, 86,400 or 90,000."""
        return self.end_s - self.begin_s

    @property
    def slots(self) -> int:
        """Number of ten-second slots: 8280, 8640 or 9000."""
        return self.duration_s // SLOT_S

    def elapsed_s(self, clock_h: float) -> float:
        """Seconds since midnight at which a wall clock shows `clock_h` hours.

        European clocks change before 03:00, so every later hour is shifted by the difference.
        """
        shift_s = self.duration_s - 24 * HOUR_S if clock_h >= _CLOCK_CHANGE_HOUR else 0
        return clock_h * HOUR_S + shift_s


def _midnight_s(day: date, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, time(), zone).timestamp())

"""The steps of a history that are over: what its keys stand for."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from broker.clock import day_start_s, day_starts_s, month_starts_s
from broker.errors import InvalidInput
from broker.services.courses import Resolution
from broker.services.history import LONGEST_QUARTER_HOURS_S
from broker.units import DAY_S, HOUR_S, QUARTER_HOUR_S


def boundaries_s(
    begin_s: int, end_s: int, resolution: str, zone: ZoneInfo, now_s: int
) -> list[int]:
    """Where the steps of a history begin and end, as far as they are over by now.

    Whole quarter hours and hours within the time, whole days and months that it touches. Raises
    InvalidInput for more than three years: what is computed by quarter hours takes its time.
    """
    if end_s - begin_s > LONGEST_QUARTER_HOURS_S:
        years = LONGEST_QUARTER_HOURS_S // (366 * DAY_S)
        raise InvalidInput(f"include: at most {years} years at a time.")
    end_s = min(end_s, now_s)
    if end_s <= begin_s:
        return []
    first_day_s = day_start_s(begin_s, zone)
    match Resolution(resolution):
        case Resolution.QUARTER_HOUR:
            return _grid(begin_s, end_s, QUARTER_HOUR_S, 0)
        case Resolution.HOUR:
            return _grid(begin_s, end_s, HOUR_S, first_day_s % HOUR_S)
        case Resolution.DAY:
            return list(day_starts_s(begin_s, end_s + 1, zone))
        case Resolution.MONTH:
            return list(month_starts_s(begin_s, end_s + 1, zone))


def _grid(begin_s: int, end_s: int, step_s: int, phase_s: int) -> list[int]:
    first_s = begin_s + (phase_s - begin_s) % step_s
    return list(range(first_s, end_s + 1, step_s))

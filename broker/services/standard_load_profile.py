"""The standard household that homes are compared with: BDEW's profiles by this house's holidays."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from broker.clock import local_date
from broker.energy.standard_load_profile import Profile, StandardYear, standard_year

COUNTRY = "DE"
MOST_YEARS = 24
"""Each takes 280 kB; an installation needs those of one profile, and three of them at a time."""


class StandardHousehold(NamedTuple):
    """Whose habits a house is compared with, by whose holidays and clock."""

    profile: Profile
    federal_state: str | None
    """As ISO 3166-2 has it without the country, such as BY; None knows nationwide holidays only."""
    zone: ZoneInfo

    @classmethod
    def chosen(cls, load_profile: str, federal_state: str, zone: ZoneInfo) -> StandardHousehold:
        """The one that the settings name."""
        return cls(Profile(load_profile), federal_state or None, zone)


@lru_cache(maxsize=MOST_YEARS)
def year(household: StandardHousehold, number: int) -> StandardYear:
    """The course of a calendar year; of years before 1991 and after 2100 no holidays are known."""
    # Importing it takes 0.1 s, which no command that doesn't ask for a profile should wait for.
    import holidays

    state = household.federal_state
    days = holidays.country_holidays(COUNTRY, subdiv=state, years=number, expand=False)
    return standard_year(household.profile, number, set(days), household.zone)


def years_between(household: StandardHousehold, begin_s: int, end_s: int) -> float:
    """A standard household's consumption between two times, as a share of that of a year.

    1 for a calendar year, 2 for two of them; the energy is that many times the yearly one.
    """
    first, last = (local_date(time_s, household.zone).year for time_s in (begin_s, end_s))
    first_share = year(household, first).share_until(begin_s)
    return last - first + (year(household, last).share_until(end_s) - first_share)


def term_share(
    household: StandardHousehold, term_begin_s: int, term_end_s: int, time_s: int
) -> float:
    """r(t): the share of a term's consumption that falls between its start and a time.

    0 at the start, 1 at the end, never falling in between.
    """
    whole = years_between(household, term_begin_s, term_end_s)
    return years_between(household, term_begin_s, time_s) / whole


def prepare(household: StandardHousehold, now_s: int) -> None:
    """Computes what the present term needs, so that nobody has to wait for it."""
    this_year = local_date(now_s, household.zone).year
    for number in (this_year - 1, this_year, this_year + 1):
        year(household, number)

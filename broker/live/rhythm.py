"""When news may be told: at most so often, and yet a meter that speaks just so often isn't delayed.

No clock is that exact. A limit from one message to the next would let a tick that came late delay
all after it, and a meter whose clock is a little fast would be late for hours. So messages have a
timetable, which moves on by one rhythm with each and never back, and a meter that keeps to the
rhythm may come somewhat before its time: any number of messages takes at least as many rhythms,
but for that once. All other news wait until their time has come.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

EARLY = 0.5
"""By which share of the rhythm a meter that keeps to it may come before its time."""
LATE = 1.5
"""So many rhythms after those before, and no more, such a meter's news come."""
PATIENCE = 1.25
"""How many rhythms such news wait for the next ones, if they come too early even so."""


class News(NamedTuple):
    """What hasn't been told yet."""

    first_s: float
    before_s: float
    """When there had been news before those."""
    since_s: float
    """From the last but one to the last."""
    are_alone: bool


class Rhythm:
    """The timetable of one community's messages, by whatever clock the caller has, in seconds."""

    def __init__(self, every_s: float) -> None:
        self.every_s: Final = every_s
        self.told_s = self._heard_s = self._due_s = -math.inf
        self._news: News | None = None
        self._must_look = False

    def heard(self, now_s: float) -> None:
        """There are news."""
        first_s, before_s, since_s = now_s, self._heard_s, now_s - self._heard_s
        if self._news is not None:
            first_s, before_s = self._news.first_s, self._news.before_s
        self._news = News(first_s, before_s, since_s, are_alone=self._news is None)
        self._heard_s = now_s

    def look(self) -> None:
        """There may be something to tell of which nobody has heard."""
        self._must_look = True

    def wait_s(self, now_s: float) -> float | None:
        """How long what there is to tell has to wait; None while there is nothing."""
        times_s = [self._due_s] if self._must_look else []
        if self._news is not None:
            times_s.append(self._time_of(self._news))
        return max(0.0, min(times_s) - now_s) if times_s else None

    def take(self) -> News | None:
        """What there is to tell will be found out now; gives what `untold` needs."""
        taken, self._news, self._must_look = self._news, None, False
        return taken

    def told(self, now_s: float) -> None:
        """A message has been sent."""
        self.told_s = now_s
        self._due_s = max(self._due_s, now_s) + self.every_s

    def untold(self, taken: News | None) -> None:
        """What was taken for news were none."""
        if taken is not None and self._news is None:
            self._heard_s = taken.before_s

    def _time_of(self, news: News) -> float:
        """When these may be told.

        A meter that keeps to the rhythm and yet is too early has used up all that it may: its
        clock is fast, or one of its ticks was very late. If it had to wait a little now, it would
        have to each time from now on. Left out once, it is in time again.
        """
        if not EARLY * self.every_s <= news.since_s <= LATE * self.every_s:
            return min(self._due_s, news.first_s + self.every_s)
        early_s = self._due_s - EARLY * self.every_s
        if news.are_alone and news.first_s < early_s:
            return news.first_s + PATIENCE * self.every_s
        return early_s

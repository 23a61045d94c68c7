"""What is remembered of curves and counters is what the database would tell now."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from broker.errors import Conflict, InvalidInput
from broker.ingest import quarantine
from broker.ingest.intake import Columns, take_in
from broker.models import MeterRole
from broker.services import history, meters
from broker.services import quarantine as quarantined
from broker.services.remembered import forget_everything
from broker.services.written_series import WrittenSeries
from broker.units import DAY_S, HOUR_S, QUARTER_HOUR_S
from broker.units import TENTH_UWH_PER_KWH as KWH

BERLIN = ZoneInfo("Europe/Berlin")
MIDNIGHT_S = 1_768_863_600
"""20 January 2026, 0:00 in Berlin."""
MINUTE_S = 60
STEPS = 40


class House:
    """A flat whose meter is exchanged now and then, and a roof; time goes on as it likes."""

    def __init__(self, group_id: int, user_id: int, flat: str, roof_id: int, seed: int) -> None:
        self.group_id, self.user_id, self.number = group_id, user_id, flat
        self.chance = random.Random(seed)
        self.now_s = MIDNIGHT_S - 2 * HOUR_S
        self.counters = {meters.numbered(flat): 100 * KWH, roof_id: 0}
        self.newest_s = dict.fromkeys(self.counters, self.now_s)

    def goes_on(self) -> None:
        """The next thing that happens to it."""
        self.chance.choices(
            [self.sends, self.sends_late, self.sends_nonsense, self.accepts, self.swaps],
            weights=[12, 3, 1, 1, 1],
        )[0]()

    def sends(self) -> None:
        self.now_s += self.chance.choice([MINUTE_S, 7 * MINUTE_S, QUARTER_HOUR_S, 3 * HOUR_S])
        for meter_id in self.counters:
            time_s = self.now_s - self.chance.randrange(MINUTE_S)
            if self.chance.random() < 0.8 and time_s > self.newest_s[meter_id]:
                self.counters[meter_id] += self.chance.randrange(KWH // 50)
                self.newest_s[meter_id] = time_s
                self.takes_in(meter_id, time_s, self.counters[meter_id])

    def sends_late(self) -> None:
        meter_id = self.chance.choice(list(self.counters))
        time_s = self.newest_s[meter_id] - self.chance.randrange(1, HOUR_S)
        self.takes_in(meter_id, time_s, self.counters[meter_id] - self.chance.randrange(KWH // 100))

    def sends_nonsense(self) -> None:
        meter_id = self.chance.choice(list(self.counters))
        self.newest_s[meter_id] += 10
        self.takes_in(meter_id, self.newest_s[meter_id], 10**15)

    def takes_in(self, meter_id: int, time_s: int, counter: int) -> None:
        with suppress(Conflict):  # another counter for a time that is known already
            take_in({meter_id: Columns([time_s], [counter], [None], [None])}, self.now_s)

    def accepts(self) -> None:
        for reading in quarantined.listed()[:1]:
            quarantine.accept(meters.numbered(reading["meter"]), reading["time_s"], self.now_s)

    def swaps(self) -> None:
        number = f"SWAP{self.now_s}"
        with suppress(Conflict, InvalidInput):  # twice in a quarter hour
            new_id = meters.add(number, self.now_s)
            meters.swap(self.number, number, self.now_s)
            self.number = number
            self.counters[new_id], self.newest_s[new_id] = 0, self.now_s

    def answers(self) -> list[bytes]:
        """The JSON of all kinds of questions."""
        today_s = MIDNIGHT_S + (self.now_s - MIDNIGHT_S) // DAY_S * DAY_S
        quarter_s = self.now_s // QUARTER_HOUR_S * QUARTER_HOUR_S
        windows = [
            (today_s, self.now_s),
            (today_s, self.now_s + DAY_S),
            (today_s - DAY_S + 123, self.now_s),
            (today_s - DAY_S, today_s),
            (quarter_s - HOUR_S, quarter_s),
            (quarter_s - HOUR_S, quarter_s - 1),
            (quarter_s - HOUR_S, quarter_s + 1),
            (quarter_s + 1, quarter_s + 2),
        ]
        asked: list[dict[str, Any]] = [
            {
                "begin_s": begin_s,
                "end_s": end_s,
                "resolution": resolution,
                "zone": BERLIN,
                "now_s": self.now_s,
            }
            for begin_s, end_s in windows
            for resolution in ("quarter_hour", "hour")
        ]
        answers = [history.of_group(self.group_id, **question) for question in asked]
        answers += [history.of_user(self.user_id, **question) for question in asked]
        return [orjson.dumps(answer, default=WrittenSeries.json) for answer in answers]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_it_is_what_a_first_look_at_the_database_tells(
    resident, make_meter, assign, seed
):
    begin_s = MIDNIGHT_S - DAY_S
    flat_id, roof_id = make_meter("FLAT"), make_meter()
    assign(flat_id, resident, begin_s=begin_s)
    first = MeterRole.FIRST_PRODUCTION.value
    assign(roof_id, group_id=resident.group_id, role=first, begin_s=begin_s)
    house = House(resident.group_id, resident.id, "FLAT", roof_id, seed)
    for step in range(STEPS):
        house.goes_on()
        told = house.answers()
        forget_everything()
        assert told == house.answers(), f"step {step}"
    assert any(b'"power":{"2026' in answer for answer in told)

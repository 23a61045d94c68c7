"""`/ranking`: who agreed to be shown, by how much they save, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy
import time_machine

from broker.clock import midnight_s
from broker.energy.standard_load_profile import Profile
from broker.ingest.intake import Columns, take_in
from broker.models import AccountState, Avatar, User, db, writer
from broker.services.standard_load_profile import StandardHousehold, term_share

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 10, tzinfo=BERLIN)
NOW_S = int(NOW.timestamp())
TERMS_S = [midnight_s(date(year, 3, 12), BERLIN) for year in (2025, 2026, 2027)]
KWH = 10**10


@pytest.fixture
def now():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def saver(now, make_user, make_meter, assign) -> Callable[..., Any]:
    """A resident who used so much last term and has saved so much of it until the newest reading.

    What the standard household would have used until then, r(t) of last year's, less the saving.
    """

    def make(
        group_id: int, last_year_kwh: float, saved_kwh: float, newest_s: int = NOW_S, **columns: Any
    ) -> Any:
        who, meter_id = make_user(group_id, **({"in_ranking": True} | columns)), make_meter()
        assign(meter_id, who)
        household = StandardHousehold(Profile.H0, None, BERLIN)
        share = term_share(household, TERMS_S[1], TERMS_S[2], newest_s)
        stands = [0, last_year_kwh, last_year_kwh * (1 + share) - saved_kwh]
        times = [*TERMS_S[:2], newest_s]
        nothing = [None] * 3
        counters = [round(kwh * KWH) for kwh in stands]
        take_in({meter_id: Columns(times, counters, nothing, nothing)}, NOW_S)
        return who

    return make


def ask(client, who):
    answer = client.get("/ranking", headers=who.headers)
    return answer.json if answer.status_code == 200 else answer.status_code


def change(who, **columns):
    with writer(db.engine).begin() as connection:
        connection.execute(sqlalchemy.update(User).where(User.id == who.id).values(**columns))


def test_it_goes_by_the_part_that_was_saved(client, saver, make_group):
    group_id = make_group()
    # 200 of 4000 kWh are 5 %, 100 of 1000 are 10 %: the fewer kWh are the better place.
    much = saver(group_id, 4000, 200, nick="Much")
    little = saver(group_id, 1000, 100, first_name="Lea")
    more = saver(group_id, 2000, -30, nick="More")
    like = saver(group_id, 500, 25, nick="Like")
    image = {"user_id": little.id, "image": b"RIFF"}
    with writer(db.engine).begin() as connection:
        connection.execute(sqlalchemy.insert(Avatar).values(**image))
    assert ask(client, more) == [
        {
            "place": 1,
            "id": little.id,
            "name": "Lea",
            "avatar": f"/members/{little.id}/avatar",
            "saving": 10.0,
        },
        {"place": 2, "id": like.id, "name": "Like", "avatar": None, "saving": 5.0},
        {"place": 2, "id": much.id, "name": "Much", "avatar": None, "saving": 5.0},
        {"place": 4, "id": more.id, "name": "More", "avatar": None, "saving": -1.5},
    ]


def test_nobody_is_shown_who_did_not_agree(client, saver, make_group):
    group_id = make_group()
    silent = saver(group_id, 1000, 100, in_ranking=False)
    assert ask(client, silent) == 206
    shown = saver(group_id, 1000, 50)
    for who in (silent, shown):  # whoever isn't in it sees those who are
        assert [home["id"] for home in ask(client, who)] == [shown.id]


def test_consent_counts_at_once_and_so_does_its_end(client, saver, make_group):
    group_id = make_group()
    who, neighbour = saver(group_id, 1000, 100, in_ranking=False), saver(group_id, 1000, 50)

    def consents(consent):
        client.put("/profile", json={"ranking": consent}, headers=who.headers)
        return [home["id"] for home in ask(client, neighbour)]

    assert consents(True) == [who.id, neighbour.id]
    assert consents(False) == [neighbour.id]


def test_who_left_is_gone(client, saver, make_group, make_user):
    group_id = make_group()
    who, neighbour = saver(group_id, 1000, 100), make_user(group_id)
    assert len(ask(client, neighbour)) == 1
    change(who, state=AccountState.DEACTIVATED.value)
    assert ask(client, neighbour) == 206


def test_no_saving_is_no_place(client, saver, make_group, make_user):
    group_id = make_group()
    make_user(group_id, in_ranking=True)  # without any reading
    # Silent for more than 36 hours: what was saved until then isn't what is saved now.
    saver(group_id, 1000, 100, newest_s=NOW_S - 36 * 3600 - 1)
    asker = saver(group_id, 1000, 100, newest_s=NOW_S - 36 * 3600)
    assert [home["id"] for home in ask(client, asker)] == [asker.id]


def test_each_house_has_its_own(client, saver, make_group, resident):
    one, other = make_group(), make_group()
    here, there = saver(one, 1000, 100), saver(other, 1000, 50)
    assert [home["id"] for home in ask(client, here)] == [here.id]
    assert [home["id"] for home in ask(client, there)] == [there.id]
    assert ask(client, resident) == 206
    assert client.get("/ranking").status_code == 401


class TestPage:
    def test_a_resident_joins_and_leaves(self, browser, client, saver, make_group):
        group_id = make_group()
        who = saver(group_id, 1000, 100, nick="Countess", in_ranking=False)
        browser.log_in(who)
        page = browser.get("/ranking").text
        assert "Nobody is in the ranking yet." in page
        browser.post("/profile", {"ranking": "true"}, page="/ranking")
        page = browser.get("/ranking").text
        assert "Countess (you)" in page
        assert "+10.0\N{NO-BREAK SPACE}%" in page
        browser.post("/profile", {"ranking": "false"}, page="/ranking")
        assert "Nobody is in the ranking yet." in browser.get("/ranking").text

    def test_in_german(self, browser, saver, make_group):
        browser.log_in(saver(make_group(), 1000, -25))
        page = browser.get("/ranking?lang=de").text
        assert "<h1>Rangliste</h1>" in page
        assert "−2,5\N{NO-BREAK SPACE}%" in page

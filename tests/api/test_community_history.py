"""`/group-consumption-history?include=community`: the community's own energy beside its history."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine

from broker.energy.community import AllocationKind
from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from broker.models import MeterRole
from broker.services import allocation, community_energy, sessions
from broker.units import TENTH_UWH_PER_KWH

BERLIN = ZoneInfo("Europe/Berlin")
KWH = TENTH_UWH_PER_KWH
QH = 900
OURS = "/group-consumption-history"
NOW = datetime(2026, 1, 20, 12, tzinfo=BERLIN)
MIDNIGHT_S = int(datetime(2026, 1, 20, tzinfo=BERLIN).timestamp())
ADDED = {"self_sufficiency", "self_consumption", "community_known", "consumed_allocated_power"}


@pytest.fixture
def house(make_group, make_user, make_meter, assign):
    """One flat, a common meter and a plant. Each quarter hour since midnight the flat took 1 kWh,
    the stairs 1 kWh and the roof made 0.5 kWh, in the last hour 4 kWh."""
    with time_machine.travel(NOW, tick=False):
        group_id = make_group("H")
        me = make_user(group_id)
        uses = {
            "flat": {"resident": me},
            "stairs": {"group_id": group_id, "role": MeterRole.COMMON.value},
            "roof": {"group_id": group_id, "role": MeterRole.SECOND_PRODUCTION.value},
        }
        for name, use in uses.items():
            meter_id = make_meter(name)
            assign(meter_id, begin_s=MIDNIGHT_S, **use)
            steps = [0.5] * 44 + [4] * 4 if name == "roof" else [1] * 48
            counters = [round(sum(steps[:place]) * KWH) for place in range(49)]
            times_s = [MIDNIGHT_S + QH * place for place in range(49)]
            nothing = [None] * 49
            take_in({meter_id: Columns(times_s, counters, nothing, nothing)}, MIDNIGHT_S + 43_200)
        yield me


def ask(client, me, status: int = 200, **query):
    token, _ = sessions.open_session(me.id, int(NOW.timestamp()), session_days=1)
    headers = {"Authorization": f"Bearer {token}"}
    answer = client.get(OURS, query_string=query, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json


def test_nothing_is_added_unless_asked_for(client, house):
    answer = ask(client, house)
    assert not ADDED & set(answer)
    assert set(answer["group_users"][str(house.id)]) == {"energy", "power"}


def test_the_community_s_own_energy_of_today(client, house):
    plain, answer = ask(client, house), ask(client, house, include="community")
    # 44 quarter hours with 0.5 of 2 kWh, 4 with 2 of 2: 30 of 96 kWh used, of 38 made.
    assert answer["self_sufficiency"] == 30 / 96
    assert answer["self_consumption"] == 30 / 38
    assert answer["community_known"] == 1
    # Nobody has chosen an allocation.
    assert answer["group_users"][str(house.id)].pop("allocated_power") == {}
    assert answer["consumed_allocated_power"] == {}
    assert {name: answer[name] for name in plain} == plain


def test_allocated_power_has_the_keys_of_power(client, house):
    allocation.choose("H", AllocationKind.DYNAMIC, date(2026, 1, 20), date(2026, 1, 20))
    mine = ask(client, house, include="community")["group_users"][str(house.id)]
    assert mine["allocated_power"].keys() == mine["power"].keys()
    # Half of 0.5 kWh in a quarter hour is 1 kW; in the last hour half of the 2 kWh that were used.
    assert set(mine["allocated_power"].values()) == {1_000_000, 4_000_000}
    assert mine["allocated_power"]["2026-01-20 11:00:00"] == 4_000_000


def test_hours_are_sums_of_their_quarter_hours_and_days_appear_when_over(client, house):
    allocation.choose("H", AllocationKind.DYNAMIC, date(2026, 1, 20), date(2026, 1, 20))
    hours = ask(client, house, include="community", resolution="hour")
    powers = hours["consumed_allocated_power"]
    assert powers.keys() == hours["consumed_power"].keys()
    assert powers["2026-01-20 10:00:00"] == 1_000_000
    assert powers["2026-01-20 11:00:00"] == 4_000_000
    days = ask(client, house, include="community", resolution="day")
    assert days["consumed_allocated_power"] == {}
    assert days["self_sufficiency"] is None


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"include": "cost"}, id="another-word"),
        pytest.param({"include": ""}, id="empty"),
        pytest.param({"include": "community,"}, id="half"),
        pytest.param(
            {"include": "community", "begin": 1_600_000_000, "resolution": "day"}, id="too-long"
        ),
    ],
)
def test_what_can_not_be_included_is_said(client, house, query):
    assert "include" in ask(client, house, 400, **query)["errorDescription"]


def page(client, me, **query) -> str:
    token, _ = sessions.open_session(me.id, int(NOW.timestamp()), session_days=1)
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/html"}
    answer = client.get(OURS, query_string=query, headers=headers)
    assert answer.status_code == 200
    return answer.text.replace("\N{NO-BREAK SPACE}", " ")


def test_the_page_shows_how_self_sufficient_the_house_was(client, house):
    shown = page(client, house, lang="en")
    # 30 of 96 and of 38 kWh: 31.25 % and 78.9 %.
    assert "31%" in shown
    assert "79%" in shown
    assert "All meters are known for" not in shown
    assert "Autarkie" in page(client, house, lang="de")


def test_the_page_of_a_house_without_a_roof_says_nothing_of_it(client, make_user):
    with time_machine.travel(NOW, tick=False):
        assert "Self-sufficiency" not in page(client, make_user(), lang="en")


def test_too_long_a_time_of_too_many_meters_is_refused_and_missing_on_the_page(
    client, house, monkeypatch
):
    # 3 meters and 48 quarter hours are 144.
    monkeypatch.setattr(community_energy, "MOST_QUARTER_HOURS", 143)
    assert "include" in ask(client, house, 400, include="community")["errorDescription"]
    shown = page(client, house, lang="en")
    assert "Used in the house" in shown
    assert "Self-sufficiency" not in shown

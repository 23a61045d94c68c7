"""Histories: what every number means on good days and on bad ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import update

from broker.api import drawings
from broker.ingest.intake import Columns, take_in
from broker.models import MeterRole, Register, User, db
from broker.services import history, meters, sessions, users
from broker.units import TENTH_UWH_PER_KWH

BERLIN = ZoneInfo("Europe/Berlin")
KWH = TENTH_UWH_PER_KWH
MINE = "/individual-consumption-history"
OURS = "/group-consumption-history"
KW = 1_000_000.0
"""1 kW in mW. For a quarter hour it is 0.25 kWh."""


def at(local: str) -> int:
    """A time of a Berlin clock in POSIX seconds."""
    return int(datetime.fromisoformat(local).replace(tzinfo=BERLIN).timestamp())


def counted(meter_id: int, *rows: tuple[int, float], is_export: bool = False) -> None:
    """The meter says its counter in kWh at some times, and its readings arrive now."""
    times = [time_s for time_s, _ in rows]
    counters = [round(kwh * KWH) for _, kwh in rows]
    nothing = [None] * len(rows)
    columns = (nothing, counters) if is_export else (counters, nothing)
    take_in({meter_id: Columns(times, *columns, nothing)}, present_s())


def present_s() -> int:
    return int(datetime.now(BERLIN).timestamp())


def steadily(meter_id: int, begin_s: int, end_s: int, every_s: int, kw: float = 1) -> None:
    """The meter counts the same power all the time, from 1000 kWh on."""
    times = range(begin_s, end_s + 1, every_s)
    counted(meter_id, *((time_s, 1000 + kw * (time_s - begin_s) / 3600) for time_s in times))


@pytest.fixture
def clock() -> Iterator[time_machine.Coordinates]:
    """It is 20 January 2026, 12:00 in Berlin, which is UTC+1 then."""
    with time_machine.travel(at("2026-01-20 12:00"), tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def me(clock, make_user):
    return make_user()


@pytest.fixture
def my_meter(me, make_meter, assign) -> int:
    meter_id = make_meter()
    assign(meter_id, me)
    return meter_id


@pytest.fixture
def ask(client, me) -> Callable[..., dict]:
    """Asks for a history as "me"; times can be given as Berlin's clock shows them."""

    def get(path: str = MINE, status: int = 200, headers: dict | None = None, **query) -> dict:
        for name in {"begin", "end"} & query.keys():
            query[name] = at(query[name])
        token, _ = sessions.open_session(me.id, present_s(), session_days=1)
        headers = headers or {"Authorization": f"Bearer {token}"}
        answer = client.get(path, query_string=query, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json

    return get


def test_powers_are_keyed_by_the_end_of_their_quarter_hour(clock, my_meter, ask):
    counted(
        my_meter,
        (at("2026-01-19 23:45"), 99.9),
        (at("2026-01-20 00:00"), 100.0),
        (at("2026-01-20 00:15"), 100.1),
        (at("2026-01-20 00:30"), 100.1),
        (at("2026-01-20 00:45"), 100.4),
        (at("2026-01-20 00:50"), 100.5),
    )
    clock.move_to(at("2026-01-20 00:50"), tick=False)
    # Without begin: today, whose first key is 00:15 local, 23:15 UTC. 0.1 kWh in a quarter hour
    # is 0.4 kW, 0.3 kWh is 1.2 kW. The quarter hour that runs since 00:45 isn't shown.
    assert ask() == {
        "power": {
            "2026-01-19 23:15:00": 400_000.0,
            "2026-01-19 23:30:00": 0.0,
            "2026-01-19 23:45:00": 1_200_000.0,
        },
        # The first and the last reading of the day, as the meter showed them.
        "energy": {
            "2026-01-19 23:00:00": 1_000_000_000_000,
            "2026-01-19 23:50:00": 1_005_000_000_000,
        },
    }


def test_a_quarter_hour_appears_when_it_is_over_and_its_end_is_known(clock, my_meter, ask):
    steadily(my_meter, at("2026-01-20 00:00"), at("2026-01-20 00:14"), 60)
    clock.move_to(at("2026-01-20 00:15"), tick=False)
    # Nobody has said yet what the counter was at 00:15.
    assert ask()["power"] == {}
    steadily(my_meter, at("2026-01-20 00:00"), at("2026-01-20 00:15"), 60)
    assert ask()["power"] == {"2026-01-19 23:15:00": KW}


def test_the_averages_of_a_day_sum_up_to_exactly_its_energy(my_meter, ask):
    # Readings every 7 min 13 s, which never meets a quarter hour, with ever other steps; at both
    # midnights the counter is known: 100 and 108.4 kWh.
    begin_s, end_s = at("2026-01-19 00:00"), at("2026-01-20 00:00")
    between = range(begin_s + 433, end_s, 433)
    rises = [(n * n) % 17 for n in range(len(between) + 1)]
    stands = [100 + 8.4 * sum(rises[: n + 1]) / sum(rises) for n in range(len(between))]
    counted(my_meter, (begin_s, 100), *zip(between, stands, strict=True), (end_s, 108.4))
    powers = ask(begin="2026-01-19 00:00", end="2026-01-20 00:00")["power"]
    assert len(powers) == 96
    # 1 mW during 900 s is 2500 times 0.1 µWh.
    assert sum(round(mw * 2500) for mw in powers.values()) == round(8.4 * KWH)


def test_a_gap_of_two_hours_is_interpolated(my_meter, ask):
    counted(my_meter, (at("2026-01-20 08:00"), 10), (at("2026-01-20 10:00"), 11))
    powers = ask()["power"]
    # 1 kWh in 2 h: 8 quarter hours of 0.5 kW, the first one over at 08:15 = 07:15 UTC.
    assert list(powers.values()) == [500_000.0] * 8
    assert min(powers) == "2026-01-20 07:15:00"
    assert max(powers) == "2026-01-20 09:00:00"


def test_a_longer_gap_has_no_averages_but_its_energy_counts_once_the_counter_is_back(
    clock, my_meter, ask
):
    counted(
        my_meter,
        (at("2026-01-19 00:00"), 50),
        (at("2026-01-19 00:15"), 50.25),
        (at("2026-01-19 09:45"), 54.75),
        (at("2026-01-19 10:00"), 55),
    )
    days = {"begin": "2026-01-19 00:00", "resolution": "day"}
    assert ask(**days)["power"] == {}  # it's silent since ten: the day isn't known
    counted(my_meter, (at("2026-01-20 00:00"), 74), (at("2026-01-20 00:15"), 74.5))
    assert ask(begin="2026-01-19 00:00")["power"] == {
        "2026-01-18 23:15:00": KW,
        "2026-01-19 09:00:00": KW,
        "2026-01-19 23:15:00": 2 * KW,
    }
    # 74 − 50 = 24 kWh in 24 h.
    assert ask(**days)["power"] == {"2026-01-19 23:00:00": KW}


@pytest.mark.parametrize(
    ("day", "next_day", "quarter_hours"),
    [
        ("2026-03-29", "2026-03-30", 92),  # 23 hours
        ("2025-10-26", "2025-10-27", 100),  # 25 hours
        ("2025-10-27", "2025-10-28", 96),
    ],
)
def test_days_on_which_clocks_change(
    clock, my_meter, ask, day: str, next_day: str, quarter_hours: int
):
    begin, end = f"{day} 00:00", f"{next_day} 00:00"
    if at(end) > at("2026-01-20 12:00"):
        clock.move_to(at(end) + 86_400, tick=False)
    steadily(my_meter, at(begin), at(end), 900)
    powers = ask(begin=begin, end=end)["power"]
    assert len(powers) == quarter_hours
    assert set(powers.values()) == {KW}
    # However long it is, a day at 1 kW is a day at 1 kW.
    assert list(ask(begin=begin, end=end, resolution="day")["power"].values()) == [KW]
    assert len(ask(begin=begin, end=end, resolution="hour")["power"]) == quarter_hours / 4


def test_hours(my_meter, ask):
    # 0.1, 0.2, 0.3 kWh in 20 min each; again and again: 0.6 kWh an hour.
    stands = [20 + 0.6 * (n // 3) + (0, 0.1, 0.3)[n % 3] for n in range(12)]
    begin_s = at("2026-01-20 08:00")
    counted(my_meter, *((begin_s + 1200 * n, stand) for n, stand in enumerate(stands)))
    answer = ask(resolution="hour")
    # The last reading is that of 11:40, so the hour until 12:00 isn't known.
    assert answer["power"] == {
        "2026-01-20 08:00:00": 600_000.0,
        "2026-01-20 09:00:00": 600_000.0,
        "2026-01-20 10:00:00": 600_000.0,
    }
    # Whatever the averages are, these are the first and the last reading of the day.
    assert answer["energy"] == {
        "2026-01-20 07:00:00": 200_000_000_000,
        "2026-01-20 10:40:00": round(22.1 * KWH),
    }


def test_an_hour_that_lacks_a_quarter_hour_is_missing(my_meter, ask):
    # 1 kW without a counter, told every five minutes but for 10:05 to 10:40: more than 15 minutes,
    # of which nobody knows. At ten and at eleven C is known all the same.
    silent = range(at("2026-01-20 10:10"), at("2026-01-20 10:40"))
    told = range(at("2026-01-20 09:00"), at("2026-01-20 11:30") + 1, 300)
    times = [time_s for time_s in told if time_s not in silent]
    nothing = [None] * len(times)
    take_in({my_meter: Columns(times, nothing, nothing, [1_000_000] * len(times))}, present_s())
    assert "2026-01-20 09:15:00" not in ask()["power"]
    assert ask(resolution="hour")["power"] == {"2026-01-20 09:00:00": KW}


def test_hours_are_those_of_the_houses_clock(client, make_user, make_meter, assign, clock):
    # In Kathmandu it is 5 h 45 min later than UTC, so hours begin at a quarter past.
    meter_id, kathmandu = make_meter(), ZoneInfo("Asia/Kathmandu")
    resident = make_user()
    assign(meter_id, resident)
    begin_s = at("2026-01-20 06:00")
    steadily(meter_id, begin_s, begin_s + 3 * 3600, 900)
    told = history.of_user(
        resident.id, begin_s, begin_s + 3 * 3600, "hour", kathmandu, begin_s + 10_000_000
    )
    assert told["power"] == {"2026-01-20 06:15:00": KW, "2026-01-20 07:15:00": KW}


def test_months(clock, my_meter, ask):
    clock.move_to(at("2026-03-10 12:00"), tick=False)
    # January has 744 h: 372 kWh are 0.5 kW. February has 672 h: 134.4 kWh are 0.2 kW.
    counted(
        my_meter,
        (at("2026-01-01 00:00"), 1000),
        (at("2026-02-01 00:00"), 1372),
        (at("2026-03-01 00:00"), 1506.4),
        (at("2026-03-05 00:00"), 1510),
    )
    answer = ask(begin="2026-01-15 00:00", resolution="month")
    assert answer["power"] == {
        "2026-01-31 23:00:00": 500_000.0,
        "2026-02-28 23:00:00": 200_000.0,
    }


def test_begin_and_end_bound_what_is_shown(my_meter, ask):
    steadily(my_meter, at("2026-01-20 00:00"), at("2026-01-20 12:00"), 300)
    answer = ask(begin="2026-01-20 06:00", end="2026-01-20 07:00")
    assert list(answer["power"]) == [
        "2026-01-20 05:15:00",
        "2026-01-20 05:30:00",
        "2026-01-20 05:45:00",
        "2026-01-20 06:00:00",
    ]
    # 1000 kWh at midnight, 1 kW: 1006 at six; the last reading before seven is that of 06:55.
    assert answer["energy"] == {
        "2026-01-20 05:00:00": 1006 * KWH,
        "2026-01-20 05:55:00": 1006 * KWH + round(KWH * 55 / 60),
    }


@pytest.mark.parametrize("resolution", ["quarter_hour", "hour"])
def test_readings_from_before_begin_are_not_shown(my_meter, ask, resolution: str):
    steadily(my_meter, at("2026-01-20 00:00"), at("2026-01-20 06:00"), 900)
    assert ask(status=206, begin="2026-01-20 08:00", resolution=resolution) == {}


def test_each_day_has_its_first_and_its_last_reading(my_meter, ask):
    counted(
        my_meter,
        (at("2026-01-18 23:59:30"), 6),
        (at("2026-01-19 05:10:07"), 7),
        (at("2026-01-19 12:00:00"), 8),
        (at("2026-01-19 21:33:21"), 9),
        (at("2026-01-20 00:00:04"), 10),
        (at("2026-01-20 03:00:00"), 11),
    )
    expected = {
        "2026-01-19 04:10:07": 7 * KWH,
        "2026-01-19 20:33:21": 9 * KWH,
        "2026-01-19 23:00:04": 10 * KWH,
        "2026-01-20 02:00:00": 11 * KWH,
    }
    for resolution in ("quarter_hour", "hour", "day"):
        answer = ask(begin="2026-01-19 00:00", resolution=resolution)
        assert answer["energy"] == expected, resolution


def test_silent_days_have_no_readings_and_those_after_them_do(my_meter, ask):
    counted(
        my_meter,
        (at("2026-01-10 08:00"), 1),
        (at("2026-01-10 20:00"), 2),
        (at("2026-01-17 13:37"), 3),
        (at("2026-01-20 10:00"), 4),
    )
    for resolution in ("quarter_hour", "hour", "day"):
        assert ask(begin="2026-01-01 00:00", resolution=resolution)["energy"] == {
            "2026-01-10 07:00:00": 1 * KWH,
            "2026-01-10 19:00:00": 2 * KWH,
            "2026-01-17 12:37:00": 3 * KWH,
            "2026-01-20 09:00:00": 4 * KWH,
        }, resolution


def test_a_meter_swap_adds_up_on_its_day(my_meter, ask, make_meter):
    new_meter = make_meter("1EMHNEW")
    counted(my_meter, (at("2026-01-19 00:00"), 500), (at("2026-01-19 12:06"), 506))
    counted(new_meter, (at("2026-01-19 12:08"), 0), (at("2026-01-20 00:00"), 6))
    meters.swap("1EMH0000000001", "1EMHNEW", at("2026-01-19 12:07"))
    # The old one counted 6 kWh until it went, the new one another 6: 12 kWh are 0.5 kW for a day.
    answer = ask(begin="2026-01-19 00:00", end="2026-01-20 00:00", resolution="day")
    assert answer["power"] == {"2026-01-19 23:00:00": 500_000.0}
    # Each reading is that of its own meter, under its own time.
    assert answer["energy"] == {
        "2026-01-18 23:00:00": 500 * KWH,
        "2026-01-19 11:06:00": 506 * KWH,
        "2026-01-19 11:08:00": 0,
    }


def test_the_meter_of_the_time_before_me_is_not_mine(me, make_meter, assign, ask):
    meter_id = make_meter()
    assign(meter_id, me, begin_s=at("2026-01-20 06:00"))
    steadily(meter_id, at("2026-01-20 00:00"), at("2026-01-20 12:00"), 900)
    answer = ask()
    assert min(answer["power"]) == "2026-01-20 05:15:00"
    assert min(answer["energy"]) == "2026-01-20 05:00:00"


def test_a_late_reading_changes_the_answer(my_meter, ask):
    counted(my_meter, (at("2026-01-20 08:00"), 10), (at("2026-01-20 08:30"), 11))
    # 1 kWh in half an hour, nobody knows when: 2 kW all the time.
    assert list(ask()["power"].values()) == [2 * KW, 2 * KW]
    counted(my_meter, (at("2026-01-20 08:15"), 10.25))
    # Now it's known: 0.25 kWh first, then 0.75.
    assert list(ask()["power"].values()) == [KW, 3 * KW]


def test_nothing_there(me, make_meter, assign, ask):
    assert ask(status=206) == {}
    meter_id = make_meter()
    assign(meter_id, me)
    assert ask(status=206) == {}
    assert ask(OURS, status=206) == {}
    steadily(meter_id, at("2026-01-19 00:00"), at("2026-01-19 06:00"), 900)
    assert ask(status=206) == {}  # nothing today
    assert ask(status=206, begin="2026-01-21 00:00") == {}  # nothing tomorrow


@pytest.mark.parametrize("path", [MINE, OURS])
@pytest.mark.parametrize(
    "query",
    [
        "begin=abc",
        "begin=",
        "begin=1.5",
        "begin=-1",
        "begin=99999999999999999999",
        "begin=1600000000",  # September 2020: more than 3 years of quarter hours
        "begin=1768860000&end=1768860000",
        "end=-1",
        "resolution=week",
    ],
)
def test_a_bad_question_is_told_by_name(client, me, path: str, query: str):
    answer = client.get(f"{path}?{query}", headers=me.headers)
    assert answer.status_code == 400
    assert answer.json.keys() == {"errorName", "errorDescription"}
    assert query.partition("=")[0] in answer.json["errorDescription"]


def test_three_years_of_quarter_hours_are_allowed_and_longer_ones_by_day(my_meter, ask):
    steadily(my_meter, at("2026-01-19 00:00"), at("2026-01-20 00:00"), 900)
    assert len(ask(begin="2023-01-20 12:00")["power"]) == 96
    assert len(ask(begin="2016-01-20 12:00", resolution="day")["power"]) == 1


@pytest.mark.parametrize("path", [MINE, OURS])
def test_only_for_those_who_are_logged_in(client, path: str):
    answer = client.get(path)
    assert answer.status_code == 401
    assert answer.json.keys() == {"errorName", "errorDescription"}


# Communities.

HOUR_S = 3600
EIGHT, NINE = "2026-01-20 08:00", "2026-01-20 09:00"
QUARTERS = ["07:15", "07:30", "07:45", "08:00"]


def course(kwh: float, w: float) -> dict:
    """What a meter that counts `w` evenly from eight to nine, from `kwh` on, answers."""
    return {
        "energy": {
            "2026-01-20 07:00:00": round(kwh * KWH),
            "2026-01-20 08:00:00": round((kwh + w / 1000) * KWH),
        },
        "power": {f"2026-01-20 {quarter}:00": w * 1000 for quarter in QUARTERS},
    }


def test_a_house(me, my_meter, ask, make_user, make_meter, assign):
    neighbour, newcomer = make_user(me.group_id), make_user(me.group_id)
    janitor = make_user(me.group_id, is_operator=True)
    landlady = make_user(me.group_id, is_operator=True)
    roles = {
        MeterRole.COMMON: make_meter(),
        MeterRole.FIRST_PRODUCTION: make_meter(),
        MeterRole.SECOND_PRODUCTION: make_meter(),
    }
    for role, meter_id in roles.items():
        register = Register.EXPORT if role is MeterRole.SECOND_PRODUCTION else Register.IMPORT
        assign(meter_id, group_id=me.group_id, role=role.value, register=int(register))
    other_meter, owners_meter = make_meter(), make_meter()
    assign(other_meter, neighbour)
    assign(owners_meter, landlady)
    assign(make_meter(), newcomer)

    def from_eight_to_nine(meter_id: int, kwh: float, w: float, **kind: bool) -> None:
        counted(meter_id, (at(EIGHT), kwh), (at(NINE), kwh + w / 1000), **kind)

    from_eight_to_nine(my_meter, 100, 500)
    from_eight_to_nine(other_meter, 200, 250)
    from_eight_to_nine(owners_meter, 300, 125)
    from_eight_to_nine(roles[MeterRole.COMMON], 10, 60)
    from_eight_to_nine(roles[MeterRole.FIRST_PRODUCTION], 4000, 2000)
    # The second one counts what it feeds in on 2.8.0; what it draws itself, on 1.8.0, is no matter.
    second = roles[MeterRole.SECOND_PRODUCTION]
    times = [at(EIGHT), at(NINE)]
    take_in(
        {second: Columns(times, [KWH, 2 * KWH], [3000 * KWH, 3001 * KWH + KWH // 2], [None, None])},
        present_s(),
    )

    common, first, second_course = course(10, 60), course(4000, 2000), course(3000, 1500)
    answer = ask(OURS)
    assert str(janitor.id) not in answer["group_users"]  # runs the house, doesn't live there
    assert answer == {
        "consumed_energy": common["energy"],
        "consumed_power": common["power"],
        "produced_first_meter_energy": first["energy"],
        "produced_first_meter_power": first["power"],
        "produced_second_meter_energy": second_course["energy"],
        "produced_second_meter_power": second_course["power"],
        "group_users": {
            str(me.id): course(100, 500),
            str(neighbour.id): course(200, 250),
            # Without data: two empty objects, and the others are still there.
            str(newcomer.id): {"energy": {}, "power": {}},
            str(landlady.id): course(300, 125),
        },
    }
    assert ask(MINE) == course(100, 500)
    assert ask(MINE, headers=neighbour.headers) == course(200, 250)


def test_a_house_takes_the_same_parameters(my_meter, me, ask):
    steadily(my_meter, at("2026-01-18 00:00"), at("2026-01-20 00:00"), 900)
    asked = {"begin": "2026-01-18 00:00", "end": "2026-01-19 00:00", "resolution": "hour"}
    powers = ask(OURS, **asked)["group_users"][str(me.id)]["power"]
    assert len(powers) == 24
    assert max(powers) == "2026-01-18 23:00:00"


def test_who_moves_out_is_named_no_more_but_what_the_house_used_stays(
    my_meter, me, ask, make_user, make_meter, assign
):
    leaves, left, invited = (make_user(me.group_id) for _ in range(3))
    for resident, w in ((leaves, 250), (left, 125), (invited, 60)):
        meter_id = make_meter()
        assign(meter_id, resident)
        counted(meter_id, (at(EIGHT), 200), (at(NINE), 200 + w / 1000))
    counted(my_meter, (at(EIGHT), 100), (at(NINE), 100.5))
    users.deactivate(left.mail)
    with db.engine.begin() as connection:
        connection.execute(update(User).where(User.id == invited.id).values(state="invited"))

    def told() -> tuple[set[str], set[float], set[float]]:
        """Who is named, the power of the others and that of the house, both in W."""
        ours = ask(OURS)
        used = drawings.consumed(ours)
        assert len(used) == 4
        others = {mw / 1000 for mw in ours["other_flats_power"].values()}
        return set(ours["group_users"]), others, {mw / 1000 for mw in used.values()}

    # 500 and 250 W are members', 125 and 60 W are not: 935 W, before and after.
    assert told() == ({str(me.id), str(leaves.id)}, {185.0}, {935.0})
    users.deactivate(leaves.mail)
    assert told() == ({str(me.id)}, {435.0}, {935.0})


def test_another_house_sees_nothing(my_meter, ask, make_user):
    steadily(my_meter, at("2026-01-20 00:00"), at("2026-01-20 06:00"), 900)
    stranger = make_user()
    assert ask(MINE, 206, stranger.headers) == {}
    assert ask(OURS, 206, stranger.headers) == {}


# Answers that follow from the same text are remembered.


def test_residents_never_get_each_others_curve(me, my_meter, ask, make_user, make_meter, assign):
    # The same times, the same rises, but other counters; then the same counters at another time.
    neighbour, third = make_user(), make_user()
    for resident, kwh, begin in ((neighbour, 700, EIGHT), (third, 100, NINE)):
        meter_id = make_meter()
        assign(meter_id, resident)
        counted(meter_id, (at(begin), kwh), (at(begin) + HOUR_S, kwh + 0.5))
    counted(my_meter, (at(EIGHT), 100), (at(NINE), 100.5))
    for _ in range(2):
        assert ask() == course(100, 500)
        assert ask(headers=neighbour.headers) == course(700, 500)
        later = ask(headers=third.headers)
        assert min(later["power"]) == "2026-01-20 08:15:00"
        assert min(later["energy"]) == "2026-01-20 08:00:00"


@pytest.mark.parametrize("resolution", ["quarter_hour", "hour", "day"])
def test_whoever_changes_an_answer_changes_only_their_own(me, my_meter, resolution: str):
    steadily(my_meter, at("2026-01-18 00:00"), at("2026-01-20 00:00"), 900)
    asked = (at("2026-01-18 00:00"), at("2026-01-20 00:00"), resolution, BERLIN, present_s())
    mine = history.of_user(me.id, *asked)
    powers = dict(mine["power"])
    assert powers
    mine["power"].clear()
    mine["energy"]["2026-01-20 00:00:00"] = -1
    ours = history.of_group(me.group_id, *asked)["group_users"][str(me.id)]
    assert ours["power"] == powers
    ours["power"].clear()
    again = history.of_user(me.id, *asked)
    assert again["power"] == powers
    assert -1 not in again["energy"].values()

from __future__ import annotations

import struct
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from broker.api.packed_curves import packed
from broker.ingest.intake import Columns, take_in
from broker.models import MeterRole

BERLIN = ZoneInfo("Europe/Berlin")
# The day on which summer time ends has 25 hours, of which 02:00 to 03:00 comes twice.
MIDNIGHT_S = int(datetime(2026, 10, 25, tzinfo=BERLIN).timestamp())
NEXT_S = MIDNIGHT_S + 25 * 3600
MINE, OURS = "/individual-consumption-curve", "/group-consumption-curve"


def at(*hours_and_kwh):
    times_s = [MIDNIGHT_S + int(hour * 3600) for hour, _ in hours_and_kwh]
    energies = [round(kwh * 10**10) for _, kwh in hours_and_kwh]
    empty = [None] * len(times_s)
    return Columns(times_s, energies, empty, empty)


@pytest.fixture
def me(resident, make_meter, make_user, assign, time_machine):
    """My flat draws 100 W but for 10 to 14 o'clock, when its meter is silent; a neighbour draws
    200 W and the roof makes 400 W from 08:00 to 09:00 by the clock of the sun."""
    time_machine.move_to(datetime(2026, 10, 26, 1, tzinfo=BERLIN), tick=False)
    neighbour = make_user(resident.group_id)
    flat, next_door, roof = make_meter(), make_meter(), make_meter()
    assign(flat, resident)
    assign(next_door, neighbour)
    assign(roof, group_id=resident.group_id, role=MeterRole.FIRST_PRODUCTION.value)
    hours = [*range(11), *range(15, 26)]
    rows = {
        flat: at(*((hour, 50 + hour / 10) for hour in hours)),
        next_door: at(*((hour, 10 + hour / 5) for hour in range(26))),
        roof: at(*((hour, 1000 + (0.4 if hour >= 9 else 0)) for hour in range(26))),
    }
    take_in(rows, MIDNIGHT_S + 26 * 3600)
    return resident


def asked(client, me, path, **query):
    query = {"begin": MIDNIGHT_S, "end": NEXT_S} | query
    return client.get(path, query_string=query, headers=me.headers)


def test_quarter_hours_are_columns_with_their_gaps(client, me):
    answer = asked(client, me, MINE).json
    assert (answer["begin"], answer["step"], answer["ends"]) == (MIDNIGHT_S, 900, None)
    # 25 hours; from the 11th reading to the 15th hour the meter is silent for five of them.
    powers = answer["consumption"]
    assert len(powers) == 100
    assert powers[:40] == [100.0] * 40
    assert powers[40:60] == [None] * 20
    assert powers[60:] == [100.0] * 40
    assert answer["production"] is None


def test_the_house_is_the_sum_of_what_is_known(client, me):
    answer = asked(client, me, OURS).json
    # My silence leaves the neighbour's 200 W.
    assert answer["consumption"][:40] == [300.0] * 40
    assert answer["consumption"][40:60] == [200.0] * 20
    assert [place for place, w in enumerate(answer["production"]) if w] == [32, 33, 34, 35]
    assert answer["production"][32] == 400.0


@pytest.mark.parametrize("resolution", ["quarter_hour", "hour"])
def test_it_says_the_same_as_the_history(client, me, resolution):
    curve = asked(client, me, MINE, resolution=resolution).json
    history = asked(client, me, "/individual-consumption-history", resolution=resolution).json
    known = [w for w in curve["consumption"] if w is not None]
    assert known == [round(mw / 1000, 1) for mw in history["power"].values()]


def test_days_tell_where_each_ends(client, me):
    answer = asked(client, me, OURS, resolution="day").json
    assert (answer["begin"], answer["step"], answer["ends"]) == (MIDNIGHT_S, None, [NEXT_S])
    # Counters tell whole days across any gap: 2.5 and 5 kWh in 25 hours, and 0.4 kWh.
    assert answer["consumption"] == [300.0]
    assert answer["production"] == [16.0]


def test_nothing_is_over_yet(client, me):
    answer = asked(client, me, MINE, begin=NEXT_S + 3500, end=NEXT_S + 7200)
    assert answer.json["consumption"] == []
    assert answer.json["begin"] is None


@pytest.mark.parametrize(
    ("query", "name"),
    [
        pytest.param({"end": MIDNIGHT_S}, "end", id="empty"),
        pytest.param({"begin": 0}, "begin", id="too-long"),
        pytest.param({"format": "xml"}, "format", id="unknown-format"),
    ],
)
def test_a_wrong_question_is_named(client, me, query, name):
    for path in (MINE, OURS):
        answer = asked(client, me, path, **query)
        assert answer.status_code == 400
        assert answer.json["errorDescription"].startswith(f"{name}:")


def unpacked(body):
    """As static/chart_data.js does it."""
    begin_s, step_s, count, series = struct.unpack_from("<d3I", body)
    read = []
    for one in range(series):
        low, high = (body[20 + (2 * one + part) * count :][:count] for part in (0, 1))
        codes = [byte + 256 * above for byte, above in zip(low, high, strict=True)]
        coarse = [code if code < 1000 else 1000 + (code - 1000) * 10 for code in codes]
        read.append([None if codes[at] == 0xFFFF else w for at, w in enumerate(coarse)])
    assert len(body) == 20 + 2 * series * count
    return begin_s, step_s, read


@pytest.mark.parametrize("path", [MINE, OURS])
def test_packed_it_says_the_same_in_whole_watts(client, me, path):
    answer = asked(client, me, path, format="packed")
    assert answer.mimetype == "application/octet-stream"
    plain = asked(client, me, path).json
    begin_s, step_s, series = unpacked(answer.data)
    assert (begin_s, step_s) == (plain["begin"], plain["step"])
    assert series == [one for one in (plain["consumption"], plain["production"]) if one]


def test_days_and_nothing_at_all_are_not_packed(client, me):
    assert asked(client, me, OURS, format="packed", resolution="day").is_json
    assert asked(client, me, MINE, format="packed", begin=NEXT_S + 3500, end=NEXT_S + 7200).is_json


def test_packed_powers_have_the_digits_that_pages_show():
    powers_mw = [None, 0.0, 999_400.0, 999_600.0, 1_004_000.0, 123_456_000.0, -5000.0]
    begin_s, step_s, [series] = unpacked(packed(1, 900, [powers_mw]))
    assert (begin_s, step_s) == (1, 900)
    assert series == [None, 0, 999, 1000, 1000, 123_460, 0]
    # Sixteen bits end at 646 kW; a chart of more gets JSON.
    assert packed(1, 900, [[646_340_000.0]]) is not None
    assert packed(1, 900, [[647_000_000.0]]) is None


def test_a_file_for_spreadsheets(client, me):
    answer = asked(client, me, OURS, format="csv", resolution="hour")
    assert answer.mimetype == "text/csv"
    assert 'filename="broker-2026-10-25.csv"' in answer.headers["Content-Disposition"]
    lines = answer.text.removeprefix("\ufeff").split("\r\n")
    assert lines[0] == "begin,end,consumption_w,consumption_kwh,production_w,production_kwh"
    # The hour that comes twice, first in summer time.
    assert lines[3] == "2026-10-25T02:00:00+02:00,2026-10-25T02:00:00+01:00,300.0,0.3,0.0,0.0"
    assert lines[4].startswith("2026-10-25T02:00:00+01:00,2026-10-25T03:00:00+01:00,300.0,")
    assert len(lines) == 1 + 25 + 1


def test_the_file_of_a_german_has_commas_and_leaves_gaps_empty(client, me):
    me.headers["Accept-Language"] = "de"
    lines = asked(client, me, MINE, format="csv").text.split("\r\n")
    assert lines[1].endswith(";100,0;0,025")
    assert lines[41].endswith("+01:00;;")

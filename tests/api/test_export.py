"""A resident takes along all that is held about them, and nothing that is others'."""

from __future__ import annotations

import csv
import io
import itertools
import json
import tracemalloc
import zipfile
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import insert

from broker.energy.disaggregation.kinds import Kind
from broker.energy.tariffs import Tariff, TariffKind
from broker.ingest.intake import Columns, take_in
from broker.models import (
    ApplianceCorrection,
    Avatar,
    BillBaseline,
    HintRead,
    HouseholdSize,
    QuarantinedReading,
    db,
    writer,
)
from broker.services import allocation, archive, disaggregation, inexogy, tariffs
from broker.units import DAY_S

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YEAR_S = int(datetime(2026, 1, 1, tzinfo=BERLIN).timestamp())
MOVE_S = NEW_YEAR_S - 2 * DAY_S
"""When the flat's tenant changed; midnight."""
NOW_S = NEW_YEAR_S + 2 * DAY_S + 500
PICTURE = b"RIFF-a-picture-WEBP"


@pytest.fixture
def now():
    with time_machine.travel(NOW_S, tick=False) as clock:
        yield clock


@pytest.fixture
def tenants(now, make_group, make_user, make_meter, assign):
    """A flat's meter, six days long: at first Grace's, then Ada's."""
    group_id = make_group("Sonnenweg 4")
    ada = make_user(group_id, nick="Countess", flat_size_m2=72.5)
    grace = make_user(group_id, mail="grace@example.org", first_name="Grace", name="Hopper")
    meter_id = make_meter("1EMH7")
    assign(meter_id, grace, MOVE_S - 2 * DAY_S, end_s=MOVE_S)
    assign(meter_id, ada, MOVE_S)
    times = list(range(MOVE_S - 2 * DAY_S, NOW_S, 300))
    # Something else each quarter hour, so that no sum is right by chance; a gap of three hours.
    energies = list(
        itertools.accumulate(7_777_777 * (1 + number % 13) for number in range(len(times)))
    )
    kept = [place for place, at in enumerate(times) if not 0 < at - NEW_YEAR_S < 3 * 3600]
    times, energies = [times[at] for at in kept], [10**12 + energies[at] for at in kept]
    nothing = [None] * len(times)
    take_in({meter_id: Columns(times, energies, nothing, [123_000] * len(times))}, NOW_S)
    return ada, grace, meter_id


def exported(client, who, **headers):
    answer = client.get("/profile/export", headers=who.headers | headers)
    assert answer.status_code == 200
    assert answer.mimetype == "application/zip"
    found = zipfile.ZipFile(io.BytesIO(answer.data))
    assert found.testzip() is None
    return {name: found.read(name) for name in found.namelist()}


def rows(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.decode())))


def test_the_quarter_hours_are_those_of_the_history(client, tenants):
    ada, *_ = tenants
    files = exported(client, ada)
    query = {"begin": MOVE_S}
    history = client.get(
        "/individual-consumption-history", query_string=query, headers=ada.headers
    ).json
    quarter_hours = rows(files["quarter-hours.csv"])
    # Four days, without the three hours of the gap.
    assert len(quarter_hours) == 4 * 96 - 12 == len(history["power"])
    # A mean of 1 mW over a quarter hour is 2.5e-7 kWh.
    told_kwh = sum(Decimal(str(mw)) for mw in history["power"].values()) * Decimal("2.5e-7")
    kwh = sum(Decimal(row["energy_kwh"]) for row in quarter_hours)
    assert kwh > 0
    assert abs(kwh - told_kwh) < Decimal("1e-9")
    assert quarter_hours[0]["begin"] == "2025-12-30T00:00:00+01:00"
    assert quarter_hours[0]["end"] == "2025-12-30T00:15:00+01:00"


def test_each_part_by_appliance_tells_whose_estimate_it_is(client, tenants):
    ada, *_ = tenants
    disaggregation.of_user(ada.id, MOVE_S, NOW_S, "day", BERLIN, NOW_S)
    inexogy.prefer("1EMH7", "8fa37290")
    call = inexogy.next_call(NOW_S)
    oven = (Kind.OVEN, 1)
    inexogy.take_in(call, {start_s: {oven: 10**6} for start_s in (MOVE_S - 900, MOVE_S)}, NOW_S)
    parts = rows(exported(client, ada)["appliances.csv"])
    assert {part["begin"] for part in parts if part["source"] == "inexogy"} == {
        "2025-12-30T00:00:00+01:00"
    }
    assert {part["source"] for part in parts} == {"inexogy", "broker"}
    first = next(part for part in parts if part["appliance"] == "Backofen-1")
    assert (first["energy_kwh"], first["source"]) == ("0.0001000000", "inexogy")


def test_readings_are_as_they_came_and_only_those_of_the_own_time(client, tenants):
    ada, grace, meter_id = tenants
    with writer(db.engine).begin() as connection:
        for at in (MOVE_S - 10, MOVE_S + 10):
            connection.execute(
                insert(QuarantinedReading).values(
                    meter_id=meter_id, time_s=at, energy_tenth_uwh=at, doubted_registers=1
                )
            )
    files = exported(client, ada)
    of_2025, of_2026 = rows(files["readings-2025.csv"]), rows(files["readings-2026.csv"])
    assert len(of_2025) == 2 * 288 + 1
    assert of_2025[0] == {
        "meter": "1EMH7",
        "time": "2025-12-30T00:00:00+01:00",
        "energy_tenth_uwh": of_2025[0]["energy_tenth_uwh"],
        "energy_out_tenth_uwh": "",
        "power_mw": "123000",
        "in_quarantine": "0",
    }
    assert [row["energy_tenth_uwh"] for row in of_2025 if row["in_quarantine"] == "1"] == [
        str(MOVE_S + 10)
    ]
    assert of_2026[0]["time"] == "2026-01-01T00:00:00+01:00"
    theirs = exported(client, grace)
    assert "readings-2026.csv" not in theirs
    assert rows(theirs["readings-2025.csv"])[-1]["time"] < "2025-12-30"
    assert len(rows(theirs["quarter-hours.csv"])) == 2 * 96
    assert rows(theirs["meters.csv"])[0]["end"] == "2025-12-30T00:00:00+01:00"


def test_it_holds_what_was_told_and_entered_and_neither_secrets_nor_others(client, tenants):
    ada, grace, _ = tenants
    for who, number in ((ada, 1), (grace, 2)):
        mine, picture = {"user_id": who.id}, PICTURE + who.mail.encode()
        with writer(db.engine).begin() as connection:
            connection.execute(insert(Avatar).values(image=picture, **mine))
            connection.execute(
                insert(HouseholdSize).values(
                    valid_from=date(2026, 1, number), inhabitants=3, **mine
                )
            )
            connection.execute(insert(HintRead).values(hint_id=number, read_s=NOW_S, **mine))
            said = {"said_kind": number, "created_s": NOW_S}
            connection.execute(insert(ApplianceCorrection).values(**said, **mine))
            bill = {"term_year": 2024, "energy_tenth_uwh": number * 10**13, "entered_s": NOW_S}
            connection.execute(insert(BillBaseline).values(**bill, **mine))
        first = date(2026, 1, 1)
        price = Tariff(
            begin=first, kind=TariffKind.FIXED, work_price_micros_per_kwh=number * 100_000
        )
        tariffs.add(price, first, mail=who.mail)
        allocation.set_share_of_flat(who.mail, number * 125_000, first, first)
    # A challenge is started the way everybody does it.
    assert client.get("/challenges/start/1", headers=ada.headers).status_code in (200, 422)
    files = exported(client, ada, **{"Accept-Language": "de"})
    profile = json.loads(files["profile.json"])
    assert (profile["mail"], profile["nick"], profile["flat_size_m2"]) == (
        ada.mail,
        "Countess",
        72.5,
    )
    assert files["avatar.webp"] == PICTURE + ada.mail.encode()
    assert rows(files["household-sizes.csv"]) == [{"valid_from": "2026-01-01", "inhabitants": "3"}]
    assert [row["hint"] for row in rows(files["hints-read.csv"])] == ["1"]
    assert len(rows(files["appliance-corrections.csv"])) == 1
    assert rows(files["bill-baselines.csv"])[0]["energy_kwh"] == "1000.0000000000"
    assert [row["work_price_per_kwh"] for row in rows(files["tariffs.csv"])] == ["0.1"]
    assert rows(files["roof-shares.csv"]) == [{"valid_from": "2026-01-01", "share_percent": "12.5"}]
    assert rows(files["sessions.csv"])[0]["opened"] == "2026-01-03T00:08:20+01:00"
    everything = b"\n".join(files.values())
    for secret in (grace.mail, "Hopper", ada.token, "$argon2"):
        assert secret.encode() not in everything, secret
    readme = files["README.txt"].decode()
    assert readme.startswith("Was Broker über Sie gespeichert hat\n")
    # Each file is explained.
    for name in files.keys() - {"README.txt"}:
        assert name.replace("2025", "JAHR").replace("2026", "JAHR") in readme, name


def test_somebody_without_a_meter_gets_an_archive_too(client, resident):
    files = exported(client, resident)
    assert rows(files["quarter-hours.csv"]) == []
    assert "avatar.webp" not in files


def test_a_register_of_another_purpose_is_left_out(client, now, make_user, make_meter, assign):
    me, meter_id = make_user(), make_meter()
    assign(meter_id, me, MOVE_S)
    take_in({meter_id: Columns([NOW_S - 900], [5], [6], [7])}, NOW_S)
    [row] = rows(exported(client, me)["readings-2026.csv"])
    assert (row["energy_tenth_uwh"], row["energy_out_tenth_uwh"]) == ("5", "6")
    # From now on what it feeds in counts as the house's plant.
    assign(meter_id, None, MOVE_S, group_id=me.group_id, role="first_production", register=2)
    [row] = rows(exported(client, me)["readings-2026.csv"])
    assert (row["energy_tenth_uwh"], row["energy_out_tenth_uwh"]) == ("5", "")


def test_it_is_kept_by_nobody_and_rationed(client, resident):
    for _ in range(6):
        answer = client.get("/profile/export", headers=resident.headers)
        assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="broker-20')
    refused = client.get("/profile/export", headers=resident.headers)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0


def test_an_archive_takes_no_more_memory_for_many_rows():
    """200,000 rows are 8 MB of text; what is written goes out at once."""
    begin = datetime(2026, 1, 1, tzinfo=BERLIN)
    rows = ((begin.isoformat(), number, number * number) for number in range(200_000))
    pauses = itertools.count()
    tracemalloc.start()
    sent = sum(
        len(piece)
        for piece in archive.zipped(
            [archive.table("many.csv", ("a", "b", "c"), rows)], begin, lambda: next(pauses)
        )
    )
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sent > 500_000
    assert most < 2_000_000
    assert next(pauses) == 401  # after the titles, and after each five hundred rows

"""Deleting one's own account: what is personal goes, what the house is made of stays."""

from __future__ import annotations

import email
from datetime import date, datetime
from email.policy import default
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy
import time_machine
from sqlalchemy import insert, select

from broker.api import background
from broker.energy.community import AllocationKind
from broker.energy.tariffs import Tariff, TariffKind
from broker.ingest.intake import Columns, take_in
from broker.models import (
    ApplianceCorrection,
    Avatar,
    Base,
    BillBaseline,
    ChallengeRun,
    HintRead,
    HouseholdSize,
    MeterRole,
    MeterUse,
    Notice,
    db,
    writer,
)
from broker.services import allocation, deletion, invitations, meters, tariffs, users
from broker.services.mail import Postbox
from broker.units import DAY_S

BERLIN = ZoneInfo("Europe/Berlin")
NOON_S = int(datetime(2026, 2, 1, 12, 7, tzinfo=BERLIN).timestamp())
QUARTER_S = NOON_S // 900 * 900
BEGIN_S = QUARTER_S - 2 * DAY_S
TODAY, TOMORROW = date(2026, 2, 1), date(2026, 2, 2)
PICTURE = b"RIFF-a-picture-of-Quirina-WEBP"
PERSONAL = ("Quirina", "Xanthippos", "quirina@zypresse.example", "Zaphodine", "87.25")
WHAT_STAYS = {"meter_use", "allocation_share"}


@pytest.fixture
def noon():
    with time_machine.travel(NOON_S, tick=False) as clock:
        yield clock


def measured(meter_id: int, power_mw: int) -> None:
    """A reading every quarter hour for two days: 1 mW for 900 s is 2500 times 0.1 µWh."""
    times = list(range(BEGIN_S, QUARTER_S + 1, 900))
    energies = [10**12 + power_mw * 2500 * number for number, _ in enumerate(times)]
    take_in({meter_id: Columns(times, energies, [None] * len(times), [None] * len(times))}, NOON_S)


@pytest.fixture
def house(noon, app, settings, make_group, make_user, make_meter, assign):
    """Two flats, a roof that is shared out and prices; Quirina has left traces everywhere."""
    group_id = make_group("Zypressenhof 77")
    quirina = make_user(
        group_id,
        nick="Zaphodine",
        first_name="Quirina",
        name="Xanthippos",
        mail="quirina@zypresse.example",
        flat_size_m2=87.25,
        in_ranking=True,
    )
    neighbour = make_user(group_id)
    for power_mw, owner, role in (
        (300_000, quirina, MeterRole.FLAT),
        (200_000, neighbour, MeterRole.FLAT),
        (400_000, None, MeterRole.FIRST_PRODUCTION),
    ):
        meter_id = make_meter()
        assign(meter_id, owner, BEGIN_S, role=role.value, group_id=group_id)
        measured(meter_id, power_mw)
    first = date(2026, 1, 1)
    allocation.choose("Zypressenhof 77", AllocationKind.STATIC, first, first)
    for one, share_ppm in ((quirina, 700_000), (neighbour, 300_000)):
        allocation.set_share_of_flat(one.mail, share_ppm, first, first)
    price = {"kind": TariffKind.FIXED, "work_price_micros_per_kwh": 300_000}
    price |= {"pv_price_micros_per_kwh": 200_000}
    tariffs.add(Tariff(begin=first, **price), first, group="Zypressenhof 77")
    tariffs.add(Tariff(begin=first, **price), first, mail=quirina.mail)
    mine = {"user_id": quirina.id}
    with writer(db.engine).begin() as connection:
        connection.execute(insert(Avatar).values(image=PICTURE, **mine))
        connection.execute(insert(HouseholdSize).values(valid_from=first, inhabitants=3, **mine))
        connection.execute(
            insert(Notice).values(kind="week", about="2026-01-26", sent_s=NOON_S, **mine)
        )
        connection.execute(insert(HintRead).values(hint_id=1, read_s=NOON_S, **mine))
        connection.execute(
            insert(ApplianceCorrection).values(said_kind=1, created_s=NOON_S, **mine)
        )
        connection.execute(
            insert(BillBaseline).values(
                term_year=2024, energy_tenth_uwh=1, entered_s=NOON_S, **mine
            )
        )
        connection.execute(
            insert(ChallengeRun).values(challenge_id=1, started_s=NOON_S, terms="{}", **mine)
        )
    outbox = Postbox("", "broker@localhost", settings.outbox)
    asked = {"now_us": NOON_S * 1_000_000, "hours": 2, "base_url": "http://h", "postbox": outbox}
    invitations.request_reset(quirina.mail, **asked)
    return quirina, neighbour


def delete(client, who, password=None):
    body = {"password": password or who.password}
    return client.post("/profile/delete", json=body, headers=who.headers)


def everything_stored() -> str:
    """All rows of all tables, as text."""
    with db.engine.connect() as connection:
        return "\n".join(
            repr(tuple(row))
            for table in Base.metadata.sorted_tables
            for row in connection.execute(select(table))
        )


def test_nothing_personal_is_left(app, client, settings, house):
    quirina, _ = house
    before = everything_stored()
    assert [text for text in PERSONAL if text not in before] == []
    assert delete(client, quirina).status_code == 200
    background.finish(app)
    after = everything_stored()
    assert [text for text in (*PERSONAL, "picture") if text in after] == []
    with db.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            if "user_id" in table.c and table.name not in WHAT_STAYS:
                rows = connection.execute(select(table).where(table.c.user_id == quirina.id))
                assert rows.all() == [], table.name
        use = connection.execute(
            select(MeterUse.begin_s, MeterUse.end_s).where(MeterUse.user_id == quirina.id)
        ).one()
    assert use == (BEGIN_S, QUARTER_S)
    # The mail with a link that lay in the outbox has gone as well; one says that it is done.
    [last] = settings.outbox.glob("*.eml")
    message = email.message_from_bytes(last.read_bytes(), policy=default)
    assert message["To"] == quirina.mail
    assert "Ihr Zugang ist gelöscht" in message["Subject"]
    assert "Guten Tag Quirina" in message.get_content()


def test_every_table_about_people_is_thought_of():
    """Whoever adds a table that refers to a person decides here what becomes of it."""
    about_people = {
        table.name
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name == "user"
    }
    personal = {table.__tablename__ for table in deletion.PERSONAL}
    assert about_people == personal | WHAT_STAYS


def test_the_neighbours_numbers_and_the_houses_sums_stay(client, house):
    quirina, neighbour = house
    query = {"begin": BEGIN_S, "end": NOON_S, "resolution": "quarter_hour"}

    def asked(path, **more):
        return client.get(path, query_string=query | more, headers=neighbour.headers).json

    def seen():
        return (
            asked("/individual-consumption-history", include="cost"),
            asked("/group-consumption-curve"),
            asked("/group-consumption-history", include="community"),
        )

    mine, curve, ours = seen()
    assert len(ours["group_users"][str(quirina.id)]["power"]) == 2 * 96
    assert ours["self_sufficiency"] == 0.8  # 400 W from the roof, 500 W used
    assert mine["cost_total"]["pv"] > 0  # the neighbour's 30 % of the roof
    delete(client, quirina)
    mine_after, curve_after, ours_after = seen()
    assert mine_after == mine
    assert curve_after == curve
    # The flat is no longer told by itself: 300 W are among those of flats that nobody lives in.
    gone = ours["group_users"].pop(str(quirina.id))
    assert ours_after.pop("other_flats_power") == gone["power"]
    assert ours_after == ours
    # Tomorrow nobody is given Quirina's 70 % of the roof, and the operator can give them to others.
    share = allocation.listed("Zypressenhof 77")[0]["shares"][-1]
    assert share == {"from": "2026-02-02", "resident": f"deleted-{quirina.id}", "percent": 0}
    allocation.set_share_of_flat(neighbour.mail, 1_000_000, TOMORROW, TODAY)


def test_the_meter_is_free_for_the_next_tenant(client, house, make_user):
    quirina, neighbour = house
    number = client.get("/profile", headers=quirina.headers).json["meterId"]
    delete(client, quirina)
    new = make_user(neighbour.group_id)
    meters.assign_to_resident(number, new.mail, NOON_S)
    query = {"begin": BEGIN_S}
    answer = client.get("/individual-consumption-history", query_string=query, headers=new.headers)
    # The reading of the quarter hour itself is theirs, nothing before.
    assert min(answer.json["energy"]) == "2026-02-01 11:00:00"


def test_all_devices_are_logged_out_and_nobody_gets_in_again(client, house):
    quirina, neighbour = house
    assert delete(client, quirina).json == {}
    assert client.get("/profile", headers=quirina.headers).status_code == 401
    credentials = {"user": quirina.mail, "password": quirina.password}
    assert client.post("/login", json=credentials).status_code == 401
    assert client.get("/profile", headers=neighbour.headers).status_code == 200
    # The operator finds no such account; the address can be invited again, for a new one.
    assert quirina.mail not in {row["mail"] for row in users.listed(NOON_S)}
    again = invitations.activate(
        neighbour.group_id, quirina.mail, "Q", "X", "seven quiet lanterns", now_us=NOON_S * 10**6
    )
    assert again != quirina.id


def test_a_wrong_password_changes_nothing_and_is_counted(client, house):
    quirina, _ = house
    before = everything_stored()
    for _ in range(10):
        answer = delete(client, quirina, "wrong")
        assert answer.status_code == 400
        assert answer.json["errorDescription"] == "password: This is not your password."
    assert delete(client, quirina).status_code == 429
    assert everything_stored() == before
    assert client.post("/profile/delete", json={}, headers=quirina.headers).status_code == 400


def test_the_last_operator_stays(client, make_group, make_user):
    group_id = make_group()
    one, other = (make_user(group_id, is_operator=True) for _ in range(2))
    make_user(group_id, is_operator=True, state="deactivated")
    assert delete(client, one).status_code == 200
    answer = delete(client, other)
    assert answer.status_code == 409
    assert "the only operator" in answer.json["errorDescription"]
    assert client.get("/profile", headers=other.headers).status_code == 200


def test_a_resident_deletes_the_account_on_the_page(browser, house):
    quirina, _ = house
    browser.get("/login?lang=de")
    browser.log_in(quirina)
    assert 'href="/profile/delete"' in browser.get("/profile").text
    page = browser.get("/profile/delete").text
    assert "Was gelöscht wird" in page
    assert "Was bleibt" in page
    answer = browser.post("/profile/delete", {"password": "wrong"}, follow_redirects=True)
    assert "Das ist nicht Ihr Passwort." in answer.text
    answer = browser.post("/profile/delete", {"password": quirina.password}, follow_redirects=True)
    assert answer.request.path == "/login"
    assert "Ihr Zugang ist gelöscht." in answer.text
    assert browser.client.get_cookie("broker_session") is None


def test_a_forged_form_deletes_nothing(client, house):
    quirina, _ = house
    client.set_cookie("broker_session", quirina.token)
    form = {"password": quirina.password}
    assert client.post("/profile/delete", data=form).status_code == 400
    assert client.get("/profile").status_code == 200


@pytest.mark.parametrize("table", deletion.PERSONAL, ids=lambda table: table.__tablename__)
def test_the_house_of_this_test_has_each_kind_of_trace(house, table):
    """Otherwise the tests above would look for what isn't there."""
    quirina, _ = house
    with db.engine.connect() as connection:
        mine = select(sqlalchemy.func.count()).where(table.user_id == quirina.id)
        assert connection.scalar(mine)

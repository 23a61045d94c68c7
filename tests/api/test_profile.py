from __future__ import annotations

import base64
from datetime import UTC, date, datetime
from io import BytesIO

import pytest
import time_machine
from PIL import Image
from sqlalchemy import select

from broker.ingest import intake
from broker.ingest.registers import Columns
from broker.models import Avatar, HouseholdSize, db
from broker.units import TENTH_UWH_PER_KWH

NOW_S = 1_795_000_000  # 2026-11-18 in Berlin
TERM_BEGIN_S = int(datetime(2026, 3, 11, 23, tzinfo=UTC).timestamp())
"""Midnight of 12 March in Berlin, an hour ahead of UTC."""
PREVIOUS_TERM_BEGIN_S = int(datetime(2025, 3, 11, 23, tzinfo=UTC).timestamp())
NEAR_S = 36 * 3600


@pytest.fixture
def now():
    with time_machine.travel(NOW_S, tick=False) as clock:
        yield clock


@pytest.fixture
def resident(now, make_user, make_group):
    return make_user(make_group("Sonnenweg 4"), registered_us=1_700_000_000_123_456)


def png(size=(40, 40)):
    written = BytesIO()
    Image.new("RGB", size, "red").save(written, "PNG")
    return written.getvalue()


def profile(client, resident):
    return client.get("/profile", headers=resident.headers).json


def change(client, resident, **body):
    return client.put("/profile", json=body, headers=resident.headers)


def has_reading(meter_id, *times_s):
    """The meter delivers readings of these times, 10 kWh more each time."""
    energies = [number * 10 * TENTH_UWH_PER_KWH for number, _ in enumerate(times_s)]
    nothing = [None] * len(times_s)
    intake.take_in({meter_id: Columns(list(times_s), energies, nothing, nothing)}, NOW_S)


def test_a_new_profile_has_every_field_and_null_for_the_unknown(client, resident):
    assert profile(client, resident) == {
        "id": resident.id,
        "name": "Lovelace",
        "firstName": "Ada",
        "nick": None,
        "flatSize": None,
        "inhabitants": None,
        "groupAddress": "Sonnenweg 4",
        "mail": resident.mail,
        "avatar": None,
        "meterId": None,
        "ranking": False,
        # 1700000000.123456
        "registration_date": "2023-11-14 22:13:20.123456",
        "baseline_state": "NO_READINGS_AVAILABLE",
        "baselineSource": "none",
    }


def test_strangers_are_refused(client):
    assert client.get("/profile").status_code == 401
    assert client.put("/profile", json={"nick": "x"}).status_code == 401


class TestChange:
    def test_all_four_fields_are_kept(self, client, resident):
        given = {"nick": "Countess", "flatSize": 72.5, "inhabitants": 3}
        avatar = base64.b64encode(png()).decode()
        answer = change(client, resident, avatar=avatar, **given)
        assert (answer.status_code, answer.json) == (200, {})
        kept = profile(client, resident)
        assert {name: kept[name] for name in given} == given
        picture = Image.open(BytesIO(base64.b64decode(kept["avatar"])))
        assert (picture.format, picture.size) == ("WEBP", (40, 40))

    def test_what_is_not_sent_stays(self, client, resident):
        change(client, resident, nick="Countess", flatSize=72.5)
        assert change(client, resident, flatSize=80).status_code == 200
        assert change(client, resident).status_code == 200
        kept = profile(client, resident)
        assert (kept["nick"], kept["flatSize"]) == ("Countess", 80.0)

    def test_a_second_picture_replaces_the_first(self, client, resident):
        for side in (40, 50):
            change(client, resident, avatar=base64.b64encode(png((side, side))).decode())
        picture = base64.b64decode(profile(client, resident)["avatar"])
        assert Image.open(BytesIO(picture)).size == (50, 50)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("nick", ""),
            ("nick", "   "),
            ("nick", "x" * 34),
            ("nick", "a\0b"),
            ("nick", 5),
            ("nick", None),
            ("flatSize", 0),
            ("flatSize", -1),
            ("flatSize", 10_000.1),
            ("flatSize", 1e308),
            ("flatSize", 10**40),
            ("flatSize", "72.5"),
            ("flatSize", True),
            ("flatSize", None),
            ("flatSize", [72.5]),
            ("inhabitants", 0),
            ("inhabitants", 51),
            ("inhabitants", 2.5),
            ("inhabitants", 2.0),
            ("inhabitants", "3"),
            ("inhabitants", "true"),
            ("inhabitants", True),
            ("inhabitants", 10**40),
            ("inhabitants", None),
            ("avatar", ""),
            ("avatar", "no base64!"),
            ("avatar", "aGVsbG8="),  # "hello"
            ("avatar", "aGVsbG8"),
            ("avatar", 5),
            ("avatar", None),
            ("ranking", "true"),
            ("ranking", 1),
            ("ranking", None),
            ("mail", "eve@example.org"),
            ("isOperator", True),
        ],
    )
    def test_one_bad_field_is_named_and_nothing_changes(self, client, resident, name, value):
        before = profile(client, resident)
        good = {"nick": "Countess", "flatSize": 72.5, "inhabitants": 3}
        answer = change(client, resident, **(good | {name: value}))
        assert answer.status_code == 400
        assert name in answer.json["errorDescription"]
        assert profile(client, resident) == before

    @pytest.mark.parametrize("body", ["[]", "5", "NaN", '{"flatSize": NaN}', "{", ""])
    def test_a_body_that_is_no_object_is_refused(self, client, resident, body):
        answer = client.put(
            "/profile", data=body, content_type="application/json", headers=resident.headers
        )
        assert answer.status_code == 400

    def test_the_bounds_themselves_are_allowed(self, client, resident):
        for given in (
            {"nick": "x" * 33, "flatSize": 10_000, "inhabitants": 50},
            {"nick": "ß", "flatSize": 0.1, "inhabitants": 1},
        ):
            assert change(client, resident, **given).status_code == 200
            kept = profile(client, resident)
            assert {name: kept[name] for name in given} == given

    def test_a_new_household_counts_from_today_and_leaves_the_past(self, client, resident, now):
        change(client, resident, inhabitants=2)
        # 20:00 UTC is still the same day in Berlin, 23:30 UTC the next one.
        now.move_to(datetime(2026, 11, 20, 20, tzinfo=UTC))
        change(client, resident, inhabitants=3)
        now.move_to(datetime(2026, 11, 20, 23, 30, tzinfo=UTC))
        change(client, resident, inhabitants=4)
        change(client, resident, inhabitants=5)
        assert profile(client, resident)["inhabitants"] == 5
        with db.engine.connect() as connection:
            rows = connection.execute(
                select(HouseholdSize.valid_from, HouseholdSize.inhabitants).order_by(
                    HouseholdSize.valid_from
                )
            ).all()
        assert [tuple(row) for row in rows] == [
            (date(2026, 11, 18), 2),
            (date(2026, 11, 20), 3),
            (date(2026, 11, 21), 5),
        ]

    def test_consent_to_the_ranking_is_given_and_taken_back(self, client, resident):
        for consent in (True, False, True):
            assert change(client, resident, ranking=consent).status_code == 200
            assert profile(client, resident)["ranking"] is consent
        change(client, resident, nick="Countess")
        assert profile(client, resident)["ranking"] is True

    def test_somebody_else_is_not_changed(self, client, resident, make_user):
        neighbour = make_user(resident.group_id)
        change(client, resident, nick="Countess", avatar=base64.b64encode(png()).decode())
        kept = profile(client, neighbour)
        assert (kept["nick"], kept["avatar"]) == (None, None)


class TestForm:
    def send(self, client, resident, **form):
        return client.post("/profile", data=form, headers=resident.headers)

    def test_numbers_are_read_and_empty_fields_are_left_alone(self, client, resident):
        change(client, resident, nick="Countess")
        answer = self.send(client, resident, nick="", flatSize="72,5", inhabitants=" 3 ")
        assert answer.status_code == 200
        kept = profile(client, resident)
        assert (kept["nick"], kept["flatSize"], kept["inhabitants"]) == ("Countess", 72.5, 3)

    def test_a_picture_is_uploaded_as_a_file(self, client, resident):
        file = (BytesIO(png()), "me.png")
        assert self.send(client, resident, nick="", avatar=file).status_code == 200
        assert profile(client, resident)["avatar"] is not None

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("flatSize", "nan"),
            ("flatSize", "inf"),
            ("flatSize", "big"),
            ("flatSize", "1e9"),
            ("inhabitants", "2.5"),
            ("inhabitants", "true"),
            ("inhabitants", "9" * 5000),
            ("nick", "x" * 34),
            ("ranking", "on"),
        ],
    )
    def test_a_bad_field_is_refused(self, client, resident, name, value):
        answer = self.send(client, resident, **{name: value})
        assert answer.status_code == 400
        assert name in answer.json["errorDescription"]

    def test_a_file_that_is_no_picture_is_refused(self, client, resident):
        file = (BytesIO(b"#!/bin/sh"), "me.png")
        assert self.send(client, resident, avatar=file, nick="x").status_code == 400
        assert profile(client, resident)["nick"] is None
        with db.engine.connect() as connection:
            assert connection.scalar(select(Avatar.user_id)) is None

    def test_a_browser_changes_it_on_its_page(self, browser, client, resident):
        browser.log_in(resident)
        answer = browser.post("/profile", {"nick": "Countess", "inhabitants": "2"})
        assert (answer.status_code, answer.location) == (303, "/profile")
        assert "Countess" in browser.get("/profile").text
        assert profile(client, resident)["inhabitants"] == 2

    def test_a_browser_ticks_and_clears_the_box(self, browser, client, resident):
        browser.log_in(resident)
        assert 'value="true" aria' in browser.get("/profile").text
        # A browser sends a ticked box and the hidden field after it; of an empty box only this.
        browser.post("/profile", {"ranking": ["true", "false"]})
        assert profile(client, resident)["ranking"] is True
        assert 'value="true" checked' in browser.get("/profile").text
        browser.post("/profile", {"nick": "Countess"})  # a form without the box leaves it alone
        assert profile(client, resident)["ranking"] is True
        browser.post("/profile", {"ranking": "false"})
        assert profile(client, resident)["ranking"] is False


class TestMeter:
    def test_the_meter_of_today_is_shown(self, client, resident, make_meter, assign):
        old, new, later = make_meter("OLD-1"), make_meter("NEW-2"), make_meter("LATER-3")
        swap_s, future_s = NOW_S - NOW_S % 900 - 9000, NOW_S - NOW_S % 900 + 9000
        assign(old, resident, begin_s=0, end_s=swap_s)
        assign(new, resident, begin_s=swap_s, end_s=future_s)
        assign(later, resident, begin_s=future_s)
        assert profile(client, resident)["meterId"] == "NEW-2"

    def test_after_moving_out_there_is_none(self, client, resident, make_meter, assign):
        assign(make_meter(), resident, begin_s=0, end_s=1_790_000_100)
        assert profile(client, resident)["meterId"] is None


class TestBaseline:
    @pytest.fixture
    def meter_id(self, resident, make_meter, assign):
        meter_id = make_meter()
        assign(meter_id, resident, begin_s=0)
        return meter_id

    @staticmethod
    def state(client, resident):
        return profile(client, resident)["baseline_state"]

    def test_a_new_home_is_waited_for_a_day(self, client, make_user, now):
        user = make_user(registered_us=NOW_S * 1_000_000)
        assert self.state(client, user) == "WAITING_FOR_DATA"
        now.shift(86_400)
        assert self.state(client, user) == "NO_READINGS_AVAILABLE"

    def test_readings_that_do_not_cover_the_term_are_not_enough(self, client, resident, meter_id):
        has_reading(meter_id, NOW_S - 60)
        assert self.state(client, resident) == "WAITING_FOR_DATA"

    @pytest.mark.parametrize(
        ("begin_off_s", "end_off_s", "expected"),
        [
            (0, 0, "READY"),
            (-NEAR_S, NEAR_S, "READY"),
            (NEAR_S, -NEAR_S, "READY"),
            (-NEAR_S - 1, 0, "WAITING_FOR_DATA"),
            (NEAR_S + 1, 0, "WAITING_FOR_DATA"),
            (0, -NEAR_S - 1, "WAITING_FOR_DATA"),
            (0, NEAR_S + 1, "WAITING_FOR_DATA"),
        ],
    )
    def test_a_reading_within_36_hours_covers_a_boundary(
        self, client, resident, meter_id, begin_off_s, end_off_s, expected
    ):
        has_reading(meter_id, PREVIOUS_TERM_BEGIN_S + begin_off_s, TERM_BEGIN_S + end_off_s)
        assert self.state(client, resident) == expected

    def test_a_meter_swap_within_the_term_does_not_matter(
        self, client, resident, make_meter, assign
    ):
        swap_s = TERM_BEGIN_S - 900 * 9000
        for begin_s, end_s, time_s in (
            (0, swap_s, PREVIOUS_TERM_BEGIN_S),
            (swap_s, None, TERM_BEGIN_S),
        ):
            meter_id = make_meter()
            assign(meter_id, resident, begin_s=begin_s, end_s=end_s)
            has_reading(meter_id, time_s)
        assert self.state(client, resident) == "READY"

    def test_the_readings_of_the_tenant_before_are_not_mine(
        self, client, resident, make_user, make_meter, assign
    ):
        meter_id, moved_s = make_meter(), NOW_S - NOW_S % 900
        before = make_user(resident.group_id, registered_us=1_700_000_000_000_000)
        assign(meter_id, before, begin_s=0, end_s=moved_s)
        assign(meter_id, resident, begin_s=moved_s)
        has_reading(meter_id, PREVIOUS_TERM_BEGIN_S, TERM_BEGIN_S)
        assert self.state(client, before) == "READY"
        assert self.state(client, resident) == "NO_READINGS_AVAILABLE"


def test_a_browser_hears_that_it_is_saved(browser, resident):
    browser.log_in(resident)
    answer = browser.post("/profile", {"nick": "Countess"})
    assert answer.location == "/profile"
    assert "Saved." in browser.get("/profile").text

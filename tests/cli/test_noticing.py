"""Mails that residents asked for: the right ones, in their language, each once."""

from __future__ import annotations

import email
from datetime import date, datetime
from decimal import Decimal
from email.policy import default
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import event

from broker.api import languages
from broker.cli import noticing
from broker.cli.noticing import Noticing
from broker.energy.standard_load_profile import Profile
from broker.ingest.intake import Columns, take_in
from broker.models import db
from broker.services import baselines, notice_texts, notices, preferences, users
from broker.services.baselines import Terms
from broker.services.notices import House
from broker.services.standard_load_profile import StandardHousehold, term_share
from broker.units import DAY_S, HOUR_S
from tests import mail_peer

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY_S = int(datetime(2026, 11, 23, tzinfo=BERLIN).timestamp())
WEEK_S = 7 * DAY_S
ONE_DAY = 3
"""The id of a shipped challenge: one day below the usual."""
WH = 10**7
"""0.1 µWh."""
HOUSE = House((3, 12), StandardHousehold(Profile.H0, None, BERLIN))


@pytest.fixture
def clock():
    """Monday, 23 November 2026, 7:00 in Berlin."""
    with time_machine.travel(MONDAY_S + 7 * HOUR_S, tick=False) as travelled:
        yield travelled


class Flat:
    """A flat that used 400 W for six weeks and until this morning, in which Ada wants mails."""

    def __init__(self, clock, meter_id, resident) -> None:
        self.clock, self.meter_id, self.me = clock, meter_id, resident
        self.counter, self.time_s = 10**12, MONDAY_S - 6 * WEEK_S
        self.uses(400, MONDAY_S + 7 * HOUR_S)

    def uses(self, watts: int, until_s: int) -> None:
        """Sends the counter each quarter hour, and the present moves on."""
        times_s = list(range(self.time_s, until_s + 1, 900))
        counters = [self.counter + watts * WH // 4 * number for number, _ in enumerate(times_s)]
        nothing = [None] * len(times_s)
        self.clock.move_to(until_s)
        take_in({self.meter_id: Columns(times_s, counters, nothing, nothing)}, until_s)
        self.counter, self.time_s = counters[-1], times_s[-1]

    def wants(self, language="en", **mails: bool) -> None:
        preferences.choose(self.me.id, "en", language=language, **mails)


@pytest.fixture
def flat(clock, make_meter, assign, resident):
    meter_id = make_meter("1EMH7")
    assign(meter_id, resident, MONDAY_S - 6 * WEEK_S)
    return Flat(clock, meter_id, resident)


@pytest.fixture
def told(settings):
    """The mails that a collector sends that has just been started, the earlier ones taken away."""

    def look():
        Noticing().go_on(60)
        mails = []
        for path in sorted(settings.outbox.glob("*.eml")):
            mails.append(email.message_from_bytes(path.read_bytes(), policy=default))
            path.unlink()
        return mails

    return look


def test_nobody_gets_a_mail_who_hasnt_asked_for_it(flat, told):
    flat.clock.move_to(MONDAY_S + 3 * DAY_S)  # silent for days, and a week is over
    assert told() == []


@pytest.mark.parametrize(
    ("watts", "language", "subject", "goal"),
    [
        # 90 % of what 400 W are in a day is the goal; 200 W are 4.8 kWh of it, 500 W are 12.
        pytest.param(200, "de", "Herausforderung geschafft: ", "Gemessen: 4,8 kWh", id="won"),
        pytest.param(500, "en", "Challenge not won: ", "Measured were 12.0 kWh", id="lost"),
    ],
)
def test_a_decided_challenge_is_told_once(client, flat, told, watts, language, subject, goal):
    flat.wants(language, mails_challenge=True)
    assert client.get(f"/challenges/start/{ONE_DAY}", headers=flat.me.headers).status_code == 200
    assert told() == []
    flat.uses(watts, MONDAY_S + 2 * DAY_S + HOUR_S)
    [mail] = told()
    assert mail["To"] == flat.me.mail
    assert mail["Subject"].startswith(subject)
    assert goal in mail.get_content()
    assert told() == []  # the next collector knows
    flat.uses(watts, MONDAY_S + 4 * DAY_S)
    assert told() == []


def test_a_challenge_of_long_ago_is_no_news(client, flat, told):
    client.get(f"/challenges/start/{ONE_DAY}", headers=flat.me.headers)
    flat.uses(200, MONDAY_S + 10 * DAY_S)
    flat.wants(mails_challenge=True)
    assert told() == []


def test_a_silent_meter_is_told_once_a_silence_and_at_most_once_a_week(flat, told):
    flat.wants(mails_silence=True)
    flat.clock.move_to(MONDAY_S + DAY_S + 7 * HOUR_S - 1)
    assert told() == []
    flat.clock.shift(1)  # a day after the last reading
    [mail] = told()
    assert mail["Subject"] == "Your meter has been silent for a day"
    assert "meter 1EMH7 since November 23, 2026, 07:00" in mail.get_content()
    flat.clock.shift(8 * DAY_S)
    assert told() == []  # still the same silence
    flat.uses(400, MONDAY_S + 9 * DAY_S + 8 * HOUR_S)
    flat.clock.shift(DAY_S)
    assert len(told()) == 1
    flat.uses(400, MONDAY_S + 11 * DAY_S)
    flat.clock.shift(DAY_S)
    assert told() == []  # a third silence, but within a week


def test_a_week_is_compared_with_the_one_before_and_the_last_year(flat, told):
    flat.wants("de", mails_week=True)
    terms = Terms.at(MONDAY_S, (3, 12), BERLIN)
    # A year of 3000 kWh, of which the standard household uses so much in that week.
    baselines.enter(flat.me.mail, Decimal(3000), 2025, terms, MONDAY_S)
    [mail] = told()
    assert mail["Subject"] == "Ihre Woche: 67,2 kWh"
    flat.uses(300, MONDAY_S + WEEK_S + 6 * HOUR_S - 900)
    assert told() == []  # a quarter to six: readings of Sunday may still come
    flat.uses(300, MONDAY_S + WEEK_S + 6 * HOUR_S)
    [mail] = told()
    # 400 W until Monday 7:00, then 300 W: 2.8 + 48.3 kWh, of 67.2 in the week before.
    text = mail.get_content()
    assert "von 23. November 2026 bis 29. November 2026 haben Sie 51,1 kWh verbraucht." in text
    assert "In der Woche davor waren es 67,2 kWh: 24 % weniger." in text.replace("\xa0", " ")
    share = term_share(HOUSE.household, terms.begin_s, terms.end_s, MONDAY_S + WEEK_S)
    share -= term_share(HOUSE.household, terms.begin_s, terms.end_s, MONDAY_S)
    usual = f"{3000 * share:.1f}".replace(".", ",")
    assert f"Im Tempo Ihres letzten Jahres wären es {usual} kWh gewesen" in text
    assert told() == []


def test_a_week_is_told_as_soon_as_the_counter_is_back(flat, told):
    flat.wants(mails_week=True)
    assert len(told()) == 1
    flat.uses(400, MONDAY_S + 5 * DAY_S)
    flat.clock.move_to(MONDAY_S + WEEK_S + 7 * HOUR_S)
    assert told() == []  # nothing since Saturday
    flat.uses(400, MONDAY_S + WEEK_S + 30 * HOUR_S)
    [mail] = told()
    assert mail["Subject"] == "Your week: 67.2 kWh"


def test_one_mail_each_though_two_collectors_look_at_the_same_moment(flat, app):
    flat.wants(mails_week=True)
    [first], [second] = (list(notices.due(MONDAY_S + 7 * HOUR_S, HOUSE)) for _ in range(2))
    assert noticing.send(first)
    assert not noticing.send(second)


@pytest.mark.parametrize("ended", ["unwanted", "deactivated"])
def test_what_isnt_wanted_any_more_isnt_sent(flat, ended):
    flat.wants(mails_week=True)
    [letter] = notices.due(MONDAY_S + 7 * HOUR_S, HOUSE)
    if ended == "unwanted":
        flat.wants(mails_week=False)
    else:
        users.deactivate(flat.me.mail)
    assert not noticing.send(letter)


def test_a_mail_goes_in_the_language_of_the_page_if_none_is_chosen(client, flat, told):
    body = {"mailWeek": True}
    headers = flat.me.headers | {"Accept-Language": "de"}
    assert client.put("/profile/settings", json=body, headers=headers).status_code == 200
    [mail] = told()
    assert mail["Subject"].startswith("Ihre Woche")


def link_of(mail) -> str:
    return mail["List-Unsubscribe"].strip("<>")


def test_the_link_of_a_mail_ends_such_mails_without_logging_in(client, flat, told, settings):
    flat.wants(mails_week=True, mails_silence=True)
    [mail] = told()
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link_of(mail) in mail.get_content()
    path = link_of(mail).removeprefix(settings.base_url)
    chosen = lambda: preferences.of_user(flat.me.id)  # noqa: E731
    # A scanner that opens the link changes nothing, nor does somebody who guesses another.
    assert client.get(path).json == {"kind": "week", "ended": False}
    for wrong in (path[:-1], path.replace(".", "x."), "/unsubscribe/x"):
        assert client.post(wrong).status_code == 400
    assert chosen()["mails_week"]
    # As a mail program calls it, though a browser with somebody's session made it.
    client.set_cookie("broker_session", flat.me.token)
    form = {"List-Unsubscribe": "One-Click"}
    assert client.post(path, data=form).json == {"kind": "week", "ended": True}
    assert not chosen()["mails_week"]
    assert chosen()["mails_silence"]
    page = client.post(path, headers={"Accept": "text/html"})
    assert "You get no more mails about your week every Monday." in page.text


def test_a_mail_server_gets_it(flat, settings, app):
    flat.wants(mails_week=True)
    with mail_peer.serving() as peer:
        object.__setattr__(settings, "smtp_url", f"smtp://127.0.0.1:{peer.server_address[1]}")
        Noticing().go_on(60)
    [mail] = peer.mails
    assert mail["Subject"] == "Your week: 67.2 kWh"
    assert list(settings.outbox.glob("*.eml")) == []


def test_mails_speak_every_language_of_the_pages():
    assert set(notice_texts.WORDS) == set(languages.NAMES)


def test_a_day_before_summer_time_is_a_day(flat):
    """The week in which the clock changes has 169 hours, and days are days all the same."""
    monday = date(2026, 10, 26)
    now_s = int(datetime(2026, 10, 26, 7, tzinfo=BERLIN).timestamp())
    flat.wants(mails_week=True)
    [letter] = notices.due(now_s, HOUSE)
    assert letter.about == monday.isoformat()
    assert letter.facts["used_tenth_uwh"] == 169 * 400 * WH


def test_a_round_asks_no_question_for_each_of_many(flat, make_user):
    """Among the residents of a hundred houses nobody would wait for who has nothing to be told."""
    for _ in range(30):
        preferences.choose(make_user().id, "en", **dict.fromkeys(preferences.MAILS.values(), True))
    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    assert list(notices.due(MONDAY_S + HOUR_S, HOUSE)) == []
    assert len(asked) == len(notices.FINDERS)

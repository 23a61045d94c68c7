"""What people come for, from the first click to the last, in a browser."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from broker.clock import day_start_s, now_s
from broker.services import challenges, keys
from broker.services.challenge_catalogue import SHIPPED, read
from broker.services.standard_load_profile import StandardHousehold
from broker.units import DAY_S, HOUR_S

pytestmark = pytest.mark.slow

QH = 900
WH = 10**7
"""0.1 µWh."""
PASSWORD = "eleven-green-kettles"
A_THRIFTY_DAY = 3


def noon() -> dict[str, str]:
    """A server of a house where it is noon, so that the last hours are all of today."""
    return {"BROKER_TIMEZONE": f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"}


def quarter_before(time_s: int) -> int:
    """The last full quarter hour."""
    return time_s - time_s % QH


def told(number: str, first_s: int, *stretches: tuple[int, int]) -> list[dict[str, Any]]:
    """A meter's counter each quarter hour; a stretch is an even power in W until a time."""
    readings = [{"meter_id": number, "time": first_s, "energy": 10**12}]
    for power_w, until_s in stretches:
        while (last := readings[-1])["time"] < until_s:
            energy = last["energy"] + power_w * WH // 4
            readings.append({"meter_id": number, "time": last["time"] + QH, "energy": energy})
    return readings


def send(server: Any, key: str, readings: list[dict[str, Any]]) -> None:
    """Sends readings as a meter does."""
    headers = {"Authorization": f"Bearer {key}"}
    answer = server.request("POST", "/readings", headers, {"readings": readings})
    assert answer.status == 200


def log_in(page: Page, mail: str, password: str) -> None:
    """Logs in by the form that is shown."""
    page.get_by_label("Mail address").fill(mail)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def read_last(page: Page) -> Any:
    """Where the chart says what it shows at its end."""
    page.locator(".plot").focus()
    page.keyboard.press("End")
    return page.locator("figure [aria-live]")


def opened(page: Page, summary: str) -> Any:
    """A form of the operator that opens by its name."""
    page.get_by_text(summary, exact=True).click()
    return page.locator("details[open]", has_text=summary)


def test_from_the_invitation_to_the_first_chart(serve, browse, make_user, make_group):
    server = serve(**noon())
    bind = server.settings.bind
    operator = browse(bind, make_user(make_group("Sonnenhof"), is_operator=True).token)
    now, newest_s = now_s(), quarter_before(now_s())

    operator.goto("/operator/users")
    form = opened(operator, "Invite somebody")
    form.get_by_label("Mail address").fill("grace@example.org")
    form.get_by_label("First name").fill("Grace")
    form.get_by_label("Family name").fill("Hopper")
    form.get_by_role("button", name="Invite").click()
    link = operator.locator(".secret").inner_text()

    grace = browse(bind)
    grace.goto(link)
    grace.get_by_label("New password").fill(PASSWORD)
    grace.get_by_role("button", name="Save password").click()
    expect(grace.get_by_role("status")).to_have_text("Your password is set. You can log in now.")
    log_in(grace, "grace@example.org", PASSWORD)
    expect(grace.get_by_role("heading", level=1)).to_have_text("Hello Grace")
    expect(grace.get_by_text("No meter of your house has sent anything yet.")).to_be_visible()

    operator.goto("/operator/meters")
    form = operator.locator("details[open]", has_text="Add a meter")
    form.get_by_label("Number of the meter").fill("1EMH0000000001")
    form.get_by_role("button", name="Add").click()
    form = operator.locator("details[open]", has_text="Assign a meter to a flat")
    expect(form.get_by_label("Meter", exact=True)).to_have_value("1EMH0000000001")
    form.get_by_label("Whose flat").select_option("grace@example.org")
    form.get_by_label("From").fill("2026-01-01T00:00")
    form.get_by_role("button", name="Assign").click()
    expect(operator.get_by_text("Grace Hopper")).not_to_have_count(0)
    operator.goto("/operator/keys")
    form = operator.locator("details[open]", has_text="Make a key")
    form.get_by_label("Name").fill("cellar")
    form.get_by_label("1EMH0000000001").check()
    form.get_by_role("button", name="Make the key").click()
    key = operator.locator(".secret").inner_text()
    send(server, key, told("1EMH0000000001", newest_s - 3 * HOUR_S, (360, newest_s)))

    grace.reload()
    expect(grace.locator("[data-of=mine]")).to_have_text(re.compile(r"^360\sW$"))
    grace.get_by_role("link", name="More about my consumption").click()
    expect(read_last(grace)).to_have_text(re.compile(r"Consumption 360\sW$"))
    assert now_s() - now < 60  # an operator and a resident who know what to do need no minute


def test_a_reading_is_on_home_and_live_at_once(serve, browse, resident, make_meter, assign):
    assign(make_meter("MINE"), resident)
    server, key = serve(), keys.make("gateway", ["MINE"], now_s())
    minute_s = now_s() // 60 * 60
    counter = {"meter_id": "MINE", "time": minute_s - 60, "energy": 10**12, "power": 111_000}
    send(server, key, [counter])
    home, live = (browse(server.settings.bind, resident.token) for _ in range(2))
    home.goto("/")
    live.goto("/live")
    for page in (home, live):
        expect(page.locator(".state")).to_have_attribute("data-state", "open")
        page.evaluate("window.isTheSame = true")
    send(server, key, [counter | {"time": minute_s, "power": 222_000}])
    for page in (home, live):
        expect(page.locator("main")).to_contain_text(re.compile(r"222\sW"))
        assert page.evaluate("window.isTheSame")


@pytest.fixture
def thrifty(resident, make_meter, assign, settings):
    """A flat of 400 W, that began a thrifty day the day before yesterday, and used 300 W then.
    What its meter tells, and yesterday's end in POSIX seconds."""
    assign(make_meter("MINE"), resident)
    midnight_s = day_start_s(now_s(), settings.timezone)
    begin_s = midnight_s - 45 * DAY_S
    readings = told("MINE", begin_s, (400, midnight_s - DAY_S), (300, midnight_s))
    return readings, keys.make("gateway", ["MINE"], now_s()), midnight_s


def test_a_challenge_is_started_and_given_up(serve, browse, resident, thrifty):
    server, (readings, key, _) = serve(), thrifty
    send(server, key, readings)
    page = browse(server.settings.bind, resident.token)
    page.goto("/challenges")
    page.get_by_role("button", name="Start: A thrifty day").click()
    expect(page.get_by_role("status")).to_have_text("Your challenge is on.")
    expect(page.get_by_text("Running", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile(r"of at most 9\.60\skWh"))).to_be_visible()
    page.goto("/")
    expect(page.get_by_role("heading", name="A thrifty day")).to_be_visible()
    page.get_by_role("link", name="More about my challenge").click()
    page.get_by_text("Give up", exact=True).first.click()
    page.get_by_role("button", name="Give up").click()
    expect(page.get_by_text("Started: 1, won: 0")).to_be_visible()
    expect(page.get_by_role("cell", name="Given up")).to_be_visible()


def test_a_challenge_is_won_by_its_last_reading(serve, browse, resident, thrifty, settings):
    server, (readings, key, midnight_s) = serve(), thrifty
    send(server, key, readings[:-1])
    household = StandardHousehold.chosen("h0", "", settings.timezone)
    started_s = midnight_s - DAY_S - 6 * HOUR_S
    challenge = read(SHIPPED, {})[A_THRIFTY_DAY]
    challenges.start(resident.id, resident.group_id, challenge, household, started_s)

    page = browse(server.settings.bind, resident.token)
    page.goto("/challenges/status")
    expect(page.get_by_text("the last readings are still missing")).to_be_visible()
    send(server, key, readings[-1:])
    page.goto("/")
    expect(page.locator("section", has_text="A thrifty day").get_by_text("Won")).to_be_visible()
    page.get_by_role("link", name="More about my challenge").click()
    # 24 hours of 300 W against those of 400.
    expect(page.get_by_text(re.compile(r"7\.20\skWh of at most 9\.60\skWh"))).to_be_visible()
    page.get_by_role("button", name="Put away").click()
    expect(page.get_by_text("Started: 1, won: 1")).to_be_visible()


def test_a_forgotten_password_is_replaced(serve, browse, resident):
    server = serve()
    page = browse(server.settings.bind)
    page.goto("/")
    page.get_by_role("link", name="Forgotten your password?").click()
    page.get_by_label("Mail address").fill(resident.mail)
    page.get_by_role("button", name="Send me the link").click()
    expect(page.get_by_role("status")).to_contain_text("a mail is on its way")
    page.goto(_mailed_link(server, page))
    page.get_by_label("New password").fill("twelve-blue-teapots")
    page.get_by_role("button", name="Save password").click()
    log_in(page, resident.mail, resident.password)
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    log_in(page, resident.mail, "twelve-blue-teapots")
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello Ada")


def _mailed_link(server: Any, page: Page) -> str:
    """The link of the only mail, which is written beside the request."""
    for _ in range(50):
        if mails := list(server.settings.outbox.glob("*.eml")):
            mail = email.message_from_bytes(mails[0].read_bytes(), policy=email.policy.default)
            return re.search(r"http\S+/password/reset/\S+", mail.get_content())[0]
        page.wait_for_timeout(100)
    raise AssertionError("no mail")


def test_a_meter_is_exchanged_and_the_curve_goes_on(serve, browse, make_user, make_meter, assign):
    clock = noon()
    server = serve(**clock)
    bind, newest_s = server.settings.bind, quarter_before(now_s())
    resident = make_user()
    operator = browse(bind, make_user(resident.group_id, is_operator=True).token)
    assign(make_meter("OLD"), resident)
    make_meter("NEW")
    key = keys.make("gateway", ["OLD", "NEW"], now_s())
    fitted_s = newest_s - HOUR_S
    send(server, key, told("OLD", newest_s - 3 * HOUR_S, (360, fitted_s)))

    operator.goto("/operator/meters/swap")
    operator.get_by_label("Old meter").select_option("OLD")
    operator.get_by_label("New meter").select_option("NEW")
    at = datetime.fromtimestamp(fitted_s, ZoneInfo(clock["BROKER_TIMEZONE"]))
    operator.get_by_label("When the fitter was there").fill(f"{at:%Y-%m-%dT%H:%M}")
    operator.get_by_role("button", name="Show what will happen").click()
    expect(operator.get_by_role("heading", name="This will happen")).to_be_visible()
    operator.get_by_role("button", name="Exchange now").click()
    expect(operator.get_by_text(f"NEW {resident.mail}")).to_be_visible()
    send(server, key, told("NEW", fitted_s, (720, newest_s)))

    page = browse(bind, resident.token)
    page.goto("/individual-consumption-history")
    told_here = read_last(page)
    expect(told_here).to_have_text(re.compile(r"Consumption (720\sW|no data)$"))
    if "no data" in (told_here.text_content() or ""):  # a quarter hour has ended meanwhile
        page.keyboard.press("ArrowLeft")
    expect(told_here).to_have_text(re.compile(r"Consumption 720\sW$"))
    for power_w in (720, 720, 720, 360, 360):
        page.keyboard.press("ArrowLeft")
        expect(told_here).to_have_text(re.compile(rf"Consumption {power_w}\sW$"))

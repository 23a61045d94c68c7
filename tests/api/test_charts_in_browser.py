"""The charts in a real browser: what fingers, keys and screen readers find in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from broker.clock import now_s
from broker.ingest.intake import Columns, take_in
from config import PROJECT

BERLIN = ZoneInfo("Europe/Berlin")
UPLOT = PROJECT / "static" / "vendor" / "uPlot.iife.min.js"
pytestmark = pytest.mark.slow

# The day on which summer time ended: 25 hours.
MIDNIGHT_S = int(datetime(2024, 10, 27, tzinfo=BERLIN).timestamp())
NEXT_S = MIDNIGHT_S + 25 * 3600
YEAR_S = int(datetime(2024, 1, 1, tzinfo=BERLIN).timestamp())
NEXT_YEAR_S = int(datetime(2025, 1, 1, tzinfo=BERLIN).timestamp())
DAY = f"/individual-consumption-history?begin={MIDNIGHT_S}&end={NEXT_S}&resolution=quarter_hour"
YEAR = f"/individual-consumption-history?begin={YEAR_S}&end={NEXT_YEAR_S}&resolution=month"


@dataclass(frozen=True)
class Flat:
    """A resident's session and their meter."""

    token: str
    meter_id: int
    is_of_today: bool

    def speaks(self, first_s: int, last_s: int) -> None:
        """A reading each quarter hour of a counter that runs evenly: 360 W are 10^6 · 0.1 µWh/s."""
        times_s = list(range(first_s, last_s + 1, 900))
        energies = [10**14 + (time_s - YEAR_S) * 10**6 for time_s in times_s]
        empty = [None] * len(times_s)
        take_in({self.meter_id: Columns(times_s, energies, empty, empty)}, last_s)


@pytest.fixture
def flat(request, resident, make_meter, assign):
    """360 W all of 2024, but for the 1st of July, when the meter is silent; or, for a test that
    wants `today`, in the last three hours but the latest quarter hour."""
    meter_id = make_meter()
    assign(meter_id, resident)
    made = Flat(resident.token, meter_id, getattr(request, "param", "") == "today")
    if made.is_of_today:
        made.speaks(quarter_before(now_s()) - 3 * 3600, quarter_before(now_s()) - 900)
    else:
        silent_s = int(datetime(2024, 7, 1, tzinfo=BERLIN).timestamp())
        made.speaks(YEAR_S, silent_s)
        made.speaks(silent_s + 86_400, NEXT_YEAR_S)
    return made


def quarter_before(time_s: int) -> int:
    """The last full quarter hour."""
    return time_s - time_s % 900


@pytest.fixture
def page(serve, flat, browse):
    """A phone of the flat's resident, far away from home.

    Where the house stands it is noon, so that the test's last hours are all of today.
    """
    hours = datetime.now(UTC).hour - 12
    noon = {"BROKER_TIMEZONE": f"Etc/GMT{hours:+d}"} if flat.is_of_today else {}
    far_away = {"timezone_id": "America/Los_Angeles", "has_touch": True}
    return browse(serve(**noon).settings.bind, flat.token, **far_away)


needs_uplot = pytest.mark.skipif(not UPLOT.exists(), reason="needs uPlot: make setup")


def told(page):
    return page.locator("figure [aria-live]")


@needs_uplot
def test_arrows_read_a_day_of_25_hours_by_the_clock_of_the_house(page):
    page.goto(DAY)
    plot = page.locator(".plot")
    plot.focus()
    page.keyboard.press("Home")
    expect(told(page)).to_have_text(re.compile(r"00:00–00:15, Consumption 360\sW$"))
    page.keyboard.press("PageDown")  # ten quarter hours on
    expect(told(page)).to_have_text(re.compile("02:30–02:45"))
    # An hour later the clock shows the same again.
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(told(page)).to_have_text(re.compile("02:30–02:45"))
    page.keyboard.press("End")
    expect(told(page)).to_have_text(re.compile("23:45–00:00"))


@needs_uplot
def test_a_tap_shows_the_value_beneath_and_keys_zoom(page):
    page.goto(DAY)
    box = page.locator(".u-over").bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + 20)
    # The middle of 25 hours that began at 00:00 is 11:30, since an hour came twice.
    expect(page.locator(".tip")).to_contain_text("11:30–11:45")
    whole = page.get_by_role("button", name="Show everything")
    expect(whole).to_be_hidden()
    page.locator(".plot").focus()
    page.keyboard.press("+")
    expect(whole).to_be_visible()
    whole.click()
    expect(whole).to_be_hidden()


@needs_uplot
def test_a_year_shows_months_and_on_wish_every_quarter_hour_with_its_gap(page):
    page.goto(YEAR)
    page.locator(".plot").focus()
    page.keyboard.press("Home")
    # 31 days of 24 · 0.36 kWh.
    expect(told(page)).to_have_text(re.compile(r"January 2024, Consumption 267\.8\skWh$"))
    page.get_by_role("button", name="Every quarter hour").click()
    expect(page.locator("button[aria-pressed=true]")).to_be_visible()
    page.locator(".plot").focus()
    page.keyboard.press("Home")
    expect(told(page)).to_have_text(re.compile(r"00:00–00:15, Consumption 360\sW$"))


@needs_uplot
def test_a_german_reads_german_numbers_and_months(page):
    page.goto(f"{YEAR}&lang=de")
    page.locator(".plot").focus()
    page.keyboard.press("Home")
    expect(told(page)).to_have_text(re.compile(r"Januar 2024, Verbrauch 267,8\skWh$"))


@needs_uplot
@pytest.mark.parametrize("flat", ["today"], indirect=True)
def test_a_quarter_hour_appears_by_itself_once_it_is_over(page, flat):
    page.goto("/individual-consumption-history")
    plot = page.locator(".plot")
    plot.focus()
    page.keyboard.press("End")
    # The latest quarter hour is over, but the meter hasn't told its end yet.
    expect(told(page)).to_have_text(re.compile("no data$"))
    flat.speaks(quarter_before(now_s()), quarter_before(now_s()))
    for _ in range(50):
        page.keyboard.press("End")
        if "no data" not in told(page).inner_text():
            break
        page.wait_for_timeout(100)
    clock = datetime.fromtimestamp(quarter_before(now_s()), UTC)
    expect(told(page)).to_have_text(re.compile(rf"–\d\d:{clock:%M}, Consumption 360\sW$"))


@needs_uplot
def test_silence_is_read_as_no_data(page):
    begin_s = int(datetime(2024, 7, 1, tzinfo=BERLIN).timestamp())
    page.goto(
        f"/individual-consumption-history?begin={begin_s}&resolution=hour&end={begin_s + 604800}"
    )
    page.locator(".plot").focus()
    page.keyboard.press("Home")
    expect(told(page)).to_have_text(re.compile("Consumption no data$"))


def test_without_its_library_the_drawing_stays(serve, flat, browse):
    page = browse(serve().settings.bind, flat.token, bears_losses=True)
    page.route(re.compile(r".*/charts\.js"), lambda route: route.abort())
    page.goto(DAY)
    expect(page.locator("svg.chart")).to_be_visible()

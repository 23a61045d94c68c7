"""Pages of today that go on by themselves in a real browser: sums, drawings and their age."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from broker.clock import now_s
from broker.ingest.intake import Columns, take_in

pytestmark = pytest.mark.slow


@pytest.fixture
def quarter_s() -> int:
    """The beginning of the quarter hour that runs."""
    return now_s() // 900 * 900


@pytest.fixture
def say(resident, make_meter, assign, quarter_s) -> Callable[[int], None]:
    """The flat's meter, which draws 360 W, speaks at a time."""
    meter_id = make_meter()
    assign(meter_id, resident)

    def spoken(*times_s: int) -> None:
        # 360 W are 10^6 · 0.1 µWh a second.
        energies = [10**14 + (time_s - quarter_s) * 10**6 for time_s in times_s]
        columns = Columns(list(times_s), energies, [None] * len(times_s), [360_000] * len(times_s))
        take_in({meter_id: columns}, now_s())

    return spoken


@pytest.fixture
def page(serve, browse, resident, say, quarter_s) -> Page:
    """A phone of the flat's resident, where it is noon. The meter has spoken in the last three
    hours, but not since the latest quarter hour but one was over: 2.75 h of 360 W are 0.99 kWh."""
    say(*range(quarter_s - 3 * 3600, quarter_s - 900 + 1, 900))
    hours = datetime.now(UTC).hour - 12
    bind = serve(BROKER_TIMEZONE=f"Etc/GMT{hours:+d}").settings.bind
    phone = browse(bind, resident.token, bears_losses=True)
    phone.add_init_script("Math.random = () => 0")  # nobody has to wait for their turn
    return phone


@pytest.mark.parametrize(
    ("path", "sum_of"),
    [
        pytest.param("/", ".mine [data-sum=mine]", id="home, my flat"),
        pytest.param("/", ".ours [data-sum=used]", id="home, the house"),
        pytest.param("/individual-consumption-history", ".lead [data-sum]", id="my consumption"),
        pytest.param("/group-consumption-history", "[data-sum=used]", id="our house"),
    ],
)
def test_the_sum_of_today_goes_on_until_the_quarter_hour_is_over(
    page, say, quarter_s, path, sum_of
):
    page.goto(path)
    total = page.locator(sum_of)
    note = page.locator(".so-far").first
    expect(total).to_have_text(re.compile(r"^0\.99\skWh$"))
    # Ten minutes of 360 W are 0.06 kWh: known, but not final.
    say(quarter_s - 300)
    expect(total).to_have_text(re.compile(r"^1\.05\skWh$"))
    expect(note).to_be_visible()
    # With the quarter hour the server's own sum takes its place.
    say(quarter_s)
    expect(total).to_have_text(re.compile(r"^1\.08\skWh$"))
    expect(note).to_be_hidden()


def test_the_drawing_shows_the_quarter_hour_that_runs_as_not_final(page, say, quarter_s):
    page.goto("/")
    figure = page.locator(".mine figure")
    before = figure.locator("path.outline").get_attribute("d")
    say(quarter_s - 300)
    expect(figure.locator("rect.running.consumption")).to_be_visible()
    expect(figure.locator(".unfinished")).to_be_visible()
    say(quarter_s)
    expect(figure.locator("path.outline")).not_to_have_attribute("d", before)


def test_a_curve_tells_how_old_its_newest_value_is_and_when_the_network_is_lost(page, say):
    page.goto("/individual-consumption-history")
    expect(page.locator(".newest")).to_have_text(re.compile(r"^Newest reading: \d+ minutes ago$"))
    banner = page.locator("#offline")
    expect(banner).to_be_hidden()
    page.context.set_offline(True)
    expect(banner).to_contain_text("What you see is getting old")
    page.context.set_offline(False)
    expect(banner).to_be_hidden()

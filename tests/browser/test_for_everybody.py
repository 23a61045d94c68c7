"""The pages without a mouse, with large type and for whom moving things make sick."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.slow

PAGES = ("/", "/live", "/individual-consumption-history", "/challenges", "/profile")
WIDE = {"viewport": {"width": 1280, "height": 844}}
PHONE = {"viewport": {"width": 390, "height": 844}}
MOST_STOPS = 200
STOP = """() => {
  const node = document.activeElement;
  if (node === document.body) return null;
  const { left, right, top, bottom } = node.getBoundingClientRect();
  const places = [0.5, 0.05, 0.95].flatMap((x) => [0.5, 0.05, 0.95].map((y) => [
    left + (right - left) * x, top + (bottom - top) * y]));
  const style = getComputedStyle(node);
  const isOutlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const drawn = node.ownerSVGElement && getComputedStyle(node.firstElementChild);
  const isRinged = drawn && drawn.stroke !== "none" && parseFloat(drawn.strokeWidth) >= 2;
  return {
    node: node.outerHTML.slice(0, 120),
    isSeen: places.some(([x, y]) => node.contains(document.elementFromPoint(x, y))),
    isMarked: isOutlined || isRinged,
  };
}"""
MOVING = """() => document.getAnimations().map(
  ({ effect }) => [effect.target.className.baseVal ?? effect.target.className,
    effect.getComputedTiming().endTime])"""
LONGEST_MOTION_MS = 5000
"""WCAG 2.2.2: what moves for longer needs a button that stops it."""


@pytest.fixture
def open_as(sonnenhof: Any, browse: Callable[..., Page]) -> Callable[..., Page]:
    """Opens a browser of the resident or the operator."""

    def opened(who: str, **chosen: Any) -> Page:
        return browse(sonnenhof.settings.bind, sonnenhof.tokens[who], **chosen)

    return opened


def test_from_login_to_a_value_of_a_chart_by_keys_alone(serve, browse, resident):
    page = browse(serve().settings.bind, **WIDE)
    page.goto("/")
    page.keyboard.type(resident.mail)  # the first field has the focus
    page.keyboard.press("Tab")
    page.keyboard.type(resident.password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello Ada")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_keys_lead_into_the_chart_and_out_again(open_as):
    page = open_as("resident", **WIDE)
    page.goto("/individual-consumption-history")
    expect(page.locator(".plot canvas")).to_be_visible()
    page.get_by_role("link", name="Skip to the content").press("Enter")
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "plot":
            break
    page.keyboard.press("Home")
    told = page.locator("figure [aria-live]").first
    expect(told).to_have_text(re.compile(r"00:00–00:15, Consumption .+W"))
    page.keyboard.press("Tab")
    expect(page.locator(".plot")).not_to_be_focused()


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("path", PAGES)
def test_the_focus_is_never_lost_or_hidden(open_as, path, size):
    page = open_as("resident", **size)
    page.goto(path)
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    stops = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if (stop := page.evaluate(STOP)) is None:
            break
        stops.append(stop)
    assert len(stops) > 10
    assert [stop for stop in stops if not (stop["isSeen"] and stop["isMarked"])] == []


def test_more_opens_and_closes_by_keys(open_as):
    page = open_as("resident", **PHONE)
    page.goto("/")
    more = page.locator(".more > summary")
    more.press("Enter")
    expect(page.get_by_role("link", name="Profile")).to_be_visible()
    page.get_by_role("link", name="Profile").focus()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Profile")).to_be_hidden()
    expect(more).to_be_focused()


@pytest.mark.parametrize("who", ["resident", "operator"])
def test_letters_of_twice_the_size_fit(open_as, who):
    page = open_as(who, **WIDE)
    large = {"standard": 32, "fixed": 26}
    page.context.new_cdp_session(page).send("Page.setFontSizes", {"fontSizes": large})
    for path in PAGES if who == "resident" else ("/operator", "/operator/meters"):
        page.goto(path)
        assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) == 0, path


@pytest.mark.parametrize("path", ["/", "/live"])
def test_nothing_moves_for_long_and_on_wish_nothing_at_all(open_as, path):
    page = open_as("resident")
    page.goto(path)
    assert [one for one in page.evaluate(MOVING) if one[1] > LONGEST_MOTION_MS] == []
    page.emulate_media(reduced_motion="reduce")
    page.reload()
    expect(page.locator(".state")).to_have_attribute("data-state", "open")
    assert page.evaluate(MOVING) == []

"""Cutting a picture of oneself out of a photo, in whatever way one can."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from broker.models import Avatar, db

RED, GREEN, BLUE = (220, 20, 20), (20, 200, 20), (20, 20, 220)


def photo() -> bytes:
    """900 by 300 pixels: a red, a green and a blue square side by side."""
    image = Image.new("RGB", (900, 300))
    for place, colour in enumerate((RED, GREEN, BLUE)):
        image.paste(colour, (300 * place, 0, 300 * (place + 1), 300))
    written = BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


def by_mouse(page: Page) -> None:
    """The photo is dragged to the right by as much as is seen of it: the red square."""
    cut = page.locator(".cut").bounding_box()
    middle_y = cut["y"] + cut["height"] / 2
    page.mouse.move(cut["x"] + 2, middle_y)
    page.mouse.down()
    page.mouse.move(cut["x"] + cut["width"] / 2, middle_y, steps=3)
    page.mouse.move(cut["x"] + cut["width"] + 2, middle_y, steps=3)
    page.mouse.up()


def by_keys(page: Page) -> None:
    """To the right end by the slider: the blue square."""
    page.get_by_label("Left or right").focus()
    page.keyboard.press("End")


def by_fingers(page: Page) -> None:
    """Two fingers go apart on the right of the green square, to twice its size."""
    cut = page.locator(".cut").bounding_box()
    middle_x, middle_y = cut["x"] + cut["width"] / 2, cut["y"] + cut["height"] / 2
    session = page.context.new_cdp_session(page)
    for kind, apart in (("touchStart", 30), ("touchMove", 45), ("touchMove", 60)):
        points = [{"x": middle_x + side * apart, "y": middle_y, "id": side} for side in (-1, 1)]
        points = [point | {"id": number} for number, point in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    zoom = float(page.get_by_label("Larger or smaller").input_value())
    assert 1.9 < zoom < 2.1


def by_nothing(page: Page) -> None:
    """Without scripts the server takes the middle."""


@pytest.mark.parametrize(
    ("way", "colour", "side"),
    [
        pytest.param(by_mouse, RED, 512, id="mouse"),
        pytest.param(by_keys, BLUE, 512, id="keys"),
        pytest.param(by_fingers, GREEN, 512, id="fingers"),
        pytest.param(by_nothing, GREEN, 300, id="without-scripts"),
    ],
)
def test_a_square_is_cut_out_of_a_photo(serve, resident, browse, way, colour, side):
    chosen: dict[str, Any] = {"has_touch": True}
    if way is by_nothing:
        chosen = {"java_script_enabled": False}
    page = browse(serve().settings.bind, resident.token, **chosen)
    page.goto("/profile")
    field = page.get_by_label("New picture of you")
    field.set_input_files({"name": "p.png", "mimeType": "image/png", "buffer": photo()})
    if way is not by_nothing:
        expect(page.locator("[data-crop]")).to_be_visible()
        page.locator(".cut").scroll_into_view_if_needed()
    way(page)
    form = page.locator("form", has=field)
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    with db.engine.connect() as connection:
        stored = connection.execute(Avatar.__table__.select()).one()
    picture = Image.open(BytesIO(stored.image)).convert("RGB")
    assert picture.size == (side, side)
    # The whole square is of one colour: nothing of its neighbours.
    for at in ((8, 8), (side // 2, side // 2), (side - 9, side - 9)):
        seen = picture.getpixel(at)
        assert all(abs(is_ - wanted) < 40 for is_, wanted in zip(seen, colour, strict=True)), at


def test_what_is_no_picture_is_left_to_the_server(serve, resident, browse):
    page = browse(serve().settings.bind, resident.token)
    page.goto("/profile")
    field = page.get_by_label("New picture of you")
    field.set_input_files({"name": "p.png", "mimeType": "image/png", "buffer": b"no picture"})
    page.locator("form", has=field).get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("[data-crop]")).to_be_hidden()

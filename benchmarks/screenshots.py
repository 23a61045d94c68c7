"""`python -m benchmarks.screenshots`: pictures of every page, small ones for docs/screenshots.

Builds a demo house of its own on a sunny noon in June and looks at it as a resident and as the
operator, on a phone and on a wide screen, in light and dark. Needs Chromium; takes some minutes.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks import report, server
from benchmarks.load import HOST

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 6, 17, 13, 10, tzinfo=BERLIN)
RESIDENT, OPERATOR, STRANGER = "maria.huber@example.org", "hausverwaltung@example.org", ""
WIDTHS = {"390": (390, 844), "1280": (1280, 800)}
THEMES = ("light", "dark")

MOST_BYTES = 20_000
"""Of a picture: some hundred and sixty of them have to stay below 2.5 MB."""
MOST_HEIGHT = {"390": 1300, "1280": 1000}
"""Of what is shown: a long list shows nothing new further down."""
SCALES = {"390": 0.8, "1280": 0.5}
LOWER_QUALITY = (60, 50, 40, 30, 20, 10)


class Shot(NamedTuple):
    """A page as somebody sees it."""

    name: str
    path: str
    who: str = RESIDENT


def _history(path: str, begin: datetime, end: datetime, resolution: str) -> str:
    query = f"begin={begin.timestamp():.0f}&end={end.timestamp():.0f}&resolution={resolution}"
    return f"{path}?{query}"


def _local(*day: int) -> datetime:
    return datetime(*day, tzinfo=BERLIN)  # type: ignore[misc,arg-type]


MINE, OURS = "/individual-consumption-history", "/group-consumption-history"
YESTERDAY = _local(2026, 6, 16), _local(2026, 6, 17), "quarter_hour"
WEEK = _local(2026, 6, 8), _local(2026, 6, 15), "hour"
MONTH = _local(2026, 5, 1), _local(2026, 6, 1), "day"
YEAR = _local(2026, 1, 1), _local(2027, 1, 1), "month"
SHOTS = [
    Shot("home", "/"),
    Shot("my-consumption", MINE),
    Shot("my-consumption-day", _history(MINE, *YESTERDAY)),
    Shot("my-consumption-week", _history(MINE, *WEEK)),
    Shot("my-consumption-month", _history(MINE, *MONTH)),
    Shot("my-consumption-year", _history(MINE, *YEAR)),
    Shot("my-consumption-compared", f"{_history(MINE, *YESTERDAY)}&compare=last_year"),
    Shot("our-house", OURS),
    Shot("our-house-month", _history(OURS, *MONTH)),
    Shot("live", "/live"),
    Shot("appliances", "/individual-disaggregation"),
    Shot("appliances-of-the-house", "/group-disaggregation"),
    Shot("challenges", "/challenges"),
    Shot("challenge-running", "/challenges/status"),
    Shot("hints", "/hints"),
    Shot("saving", "/individual-global-challenge"),
    Shot("saving-of-the-house", "/community-global-challenge"),
    Shot("per-person", "/per-capita-consumption"),
    Shot("comparison", "/comparison"),
    Shot("ranking", "/ranking"),
    Shot("profile", "/profile"),
    Shot("password", "/update-password"),
    Shot("not-found", "/nothing-here"),
    Shot("forbidden", "/operator"),
    Shot("leaving", "/profile/delete"),
    Shot("log-in", "/login", STRANGER),
    Shot("invitation", "/set-password?token=abc", STRANGER),
    Shot("reset", "/password/request-reset-token", STRANGER),
    Shot("documentation", "/docs", STRANGER),
    Shot("operator", "/operator", OPERATOR),
    Shot("operator-people", "/operator/users", OPERATOR),
    Shot("operator-houses", "/operator/groups", OPERATOR),
    Shot("operator-meters", "/operator/meters", OPERATOR),
    Shot("operator-swap", "/operator/meters/swap", OPERATOR),
    Shot("operator-meter-events", "/operator/meters/events", OPERATOR),
    Shot("operator-keys", "/operator/keys", OPERATOR),
    Shot("operator-quarantine", "/operator/quarantine", OPERATOR),
    Shot("operator-tariffs", "/operator/tariffs", OPERATOR),
    Shot("operator-bills", "/operator/baselines", OPERATOR),
    Shot("operator-catalogues", "/operator/catalogues", OPERATOR),
]


def main() -> int:
    """Takes the pictures; 1 without Chromium."""
    parser = argparse.ArgumentParser("benchmarks.screenshots", description=__doc__)
    parser.add_argument("--folder", type=Path, default=server.PROJECT / "docs" / "screenshots")
    parser.add_argument("--instance", type=Path, help="where a demo of this clock stands or goes")
    parser.add_argument("--only", default="", help="a pattern of the names of pages")
    parser.add_argument("--language", default="en", choices=["en", "de"])
    parser.add_argument("--png", action="store_true", help="large ones to look at closely")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        report.write("Needs Chromium.")
        return 1
    shots = [shot for shot in SHOTS if re.search(options.only, shot.name)]
    options.folder.mkdir(parents=True, exist_ok=True)
    with _instance(options.instance) as instance, sync_playwright() as playwright:
        password = _built(instance)
        with _served(instance) as address:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            _take(browser, address, password, shots, options)
            browser.close()
    return 0


@contextmanager
def _instance(given: Path | None) -> Iterator[Path]:
    if given:
        given.mkdir(parents=True, exist_ok=True)
        yield given
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _environment(instance: Path, port: int = 0) -> dict[str, str]:
    return {
        "BROKER_INSTANCE": str(instance),
        "BROKER_BIND": f"{HOST}:{port or 8080}",
        "BROKER_TIMEZONE": BERLIN.key,
        "BROKER_GRID_CO2_G_PER_KWH": "363",
    }


def _as_at_noon(*command: str) -> list[str]:
    return [sys.executable, "-m", "benchmarks.moved_clock", f"{NOON.timestamp():.0f}", *command]


def _built(instance: Path) -> str:
    """Builds the demo house; the password of everybody in it."""
    known = {"cwd": server.PROJECT, "env": os.environ | _environment(instance)}
    flask = _as_at_noon("flask", "--app", "app")
    subprocess.run([*flask, "db", "upgrade"], check=True, **known)
    told = subprocess.run([*flask, "demo"], check=True, capture_output=True, text=True, **known)
    found = re.search(r"Password of all of them: (\S+)", told.stdout)
    assert found
    return found[1]


@contextmanager
def _served(instance: Path) -> Iterator[str]:
    port = server.free_port()
    command = _as_at_noon("gunicorn", "--config", str(server.CONFIGURATION), "app:create_app()")
    environment = os.environ | _environment(instance, port)
    process = subprocess.Popen(command, cwd=server.PROJECT, env=environment)
    try:
        yield f"http://{HOST}:{port}"
    finally:
        process.terminate()
        process.wait(server.START_S)


def _take(
    browser: Browser,
    address: str,
    password: str,
    shots: Sequence[Shot],
    options: argparse.Namespace,
) -> None:
    total = 0
    for (width, theme), who in product(
        product(WIDTHS, THEMES), dict.fromkeys(shot.who for shot in shots)
    ):
        context = _context(browser, address, width, theme, options)
        page = context.new_page()
        page.clock.set_fixed_time(NOON)
        if who:
            _log_in(page, address, who, password)
        for shot in shots:
            if shot.who == who:
                picture = _picture(page, address + shot.path, WIDTHS[width])
                total += _kept(picture, shot, f"{width}-{theme}", width, options)
        context.close()
    report.write(f"{total / 1e6:.2f} MB of pictures in {options.folder}")


def _context(
    browser: Browser, address: str, width: str, theme: str, options: argparse.Namespace
) -> BrowserContext:
    size = WIDTHS[width]
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if theme == "dark" else "light",
        locale={"en": "en-GB", "de": "de-DE"}[options.language],
        timezone_id=BERLIN.key,
        reduced_motion="reduce",
    )
    cookie = {"name": "broker_language", "value": options.language, "url": address}
    context.add_cookies([cookie])  # type: ignore[list-item]
    return context


def _log_in(page: Page, address: str, mail: str, password: str) -> None:
    page.goto(f"{address}/login")
    page.fill("#user", mail)
    page.fill("#password", password)
    page.click("main button")
    page.wait_for_selector("body.signed-in")


def _picture(page: Page, address: str, size: tuple[int, int]) -> Image.Image:
    page.goto(address, wait_until="load")
    if page.locator("figure[data-path]").count():
        page.wait_for_selector(".u-over")
    # As if the screen were as high as the page: the bar of ways lies at its lower edge then.
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size(
        {"width": size[0], "height": min(max(height, size[1]), MOST_HEIGHT[str(size[0])])}
    )
    page.wait_for_timeout(350)
    picture = Image.open(io.BytesIO(page.screenshot()))
    page.set_viewport_size({"width": size[0], "height": size[1]})
    return picture


def _kept(
    picture: Image.Image, shot: Shot, look: str, width: str, options: argparse.Namespace
) -> int:
    """Writes a picture; how many bytes it takes."""
    if options.png:
        picture.save(options.folder / f"{shot.name}-{look}.png")
        return 0
    for written in _smaller(picture.convert("RGB"), width):
        if len(written) <= MOST_BYTES:
            break
    (options.folder / f"{shot.name}-{look}.webp").write_bytes(written)
    return len(written)


def _smaller(picture: Image.Image, width: str) -> Iterator[bytes]:
    """A picture in fewer and fewer bytes."""
    size = round(picture.width * SCALES[width]), round(picture.height * SCALES[width])
    small = picture.resize(size, Image.Resampling.LANCZOS)
    for quality in LOWER_QUALITY:
        yield _as_webp(small, quality=quality)


def _as_webp(picture: Image.Image, **how: Any) -> bytes:
    written = io.BytesIO()
    picture.save(written, "WEBP", method=4, **how)
    return written.getvalue()


if __name__ == "__main__":
    sys.exit(main())

from __future__ import annotations

import re
from io import BytesIO

import pytest
from PIL import Image

HTML = {"Accept": "text/html"}
MANIFEST = re.compile(r'<link rel="manifest" href="([^"]+)">')


@pytest.fixture
def manifest(client):
    """What the page of a language says about the app."""

    def of(language):
        page = client.get("/login", headers=HTML | {"Accept-Language": language}).text
        answer = client.get(MANIFEST.search(page)[1], headers={"Accept-Language": "fr"})
        assert answer.status_code == 200
        assert answer.mimetype == "application/manifest+json"
        return answer.get_json(force=True)

    return of


def test_what_a_browser_wants_before_it_offers_to_install(manifest):
    said = manifest("en")
    assert said["name"] and said["short_name"]
    assert said["start_url"] == said["scope"] == said["id"] == "/"
    assert said["display"] == "standalone"
    kinds = {(icon["sizes"], icon["purpose"]) for icon in said["icons"]}
    assert {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")} <= kinds


def test_it_speaks_the_language_of_the_page(manifest):
    # A browser asks for it without the cookie in which the choice is kept.
    german, english = manifest("de"), manifest("en")
    assert (german["lang"], english["lang"]) == ("de", "en")
    assert german["description"] != english["description"]
    assert german["id"] == english["id"]


def test_every_icon_is_there_and_as_large_as_it_says(client, manifest):
    icons = [(icon["src"], icon["sizes"]) for icon in manifest("en")["icons"]]
    touch = re.search(r'"apple-touch-icon" href="([^"]+)"', client.get("/login", headers=HTML).text)
    for src, sizes in [*icons, (touch[1], "180x180")]:
        answer = client.get(src)
        assert answer.status_code == 200, src
        if src.endswith(".png"):
            with Image.open(BytesIO(answer.data)) as image:
                assert f"{image.width}x{image.height}" == sizes
            assert len(answer.data) < 8_000


def test_every_shortcut_leads_to_a_page(client, manifest, resident):
    for shortcut in manifest("de")["shortcuts"]:
        answer = client.get(shortcut["url"], headers=HTML | resident.headers)
        assert (answer.status_code, answer.mimetype) == (200, "text/html"), shortcut


def test_it_lives_below_the_prefix_of_a_proxy(client):
    prefix = {"SCRIPT_NAME": "/broker"}
    page = client.get("/login", headers=HTML, environ_overrides=prefix)
    assert MANIFEST.search(page.text)[1].startswith("/broker/manifest.webmanifest")
    said = client.get("/manifest.webmanifest", environ_overrides=prefix).get_json(force=True)
    assert said["start_url"] == said["scope"] == "/broker/"
    assert all(icon["src"].startswith("/broker/static/") for icon in said["icons"])


def test_the_ranking_is_found_in_the_navigation(client, resident):
    page = client.get("/hints", headers=HTML | resident.headers).text
    assert 'href="/ranking"' in page[page.index("<nav") : page.index("</nav>")]

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from app import Broker
from broker.api import app_shell
from broker.clock import now_s
from config import PROJECT

HTML = {"Accept": "text/html"}
MANIFEST = re.compile(r'<link rel="manifest" href="([^"]+)"')


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


def test_a_browser_looks_for_a_new_worker_each_time(client):
    answer = client.get("/service-worker.js?lang=de")
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Service-Worker-Allowed"] == "/"
    assert answer.cache_control.no_cache
    known = {"If-None-Match": answer.headers["ETag"]}
    assert client.get("/service-worker.js?lang=de", headers=known).status_code == 304
    assert "worker-src 'self'" in answer.headers["Content-Security-Policy"]


def test_every_file_of_the_shell_is_there_and_kept_for_ever(client):
    script = client.get("/service-worker.js").text
    shell = json.loads(re.search(r"const SHELL = (\{.*\});", script)[1])
    assert shell["keptPaths"] == ["/", "/individual-consumption-history"]
    for path in shell["files"]:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert answer.cache_control.immutable, path


def test_other_texts_are_another_version(app, tmp_path):
    shutil.copytree(PROJECT / "templates", tmp_path / "templates")
    before = app.extensions["shell_version"]
    with (tmp_path / "templates" / "offline.html").open("a") as template:
        template.write("<p>Something new.</p>")
    changed = Broker("changed", static_folder=None)
    changed.extensions["static_version"] = app.extensions["static_version"]
    app_shell.register(changed, tmp_path)
    assert changed.extensions["shell_version"] != before


def test_a_page_says_whose_session_it_shows_and_for_how_long(client, resident, make_user):
    def said(headers, path="/hints"):
        return client.get(path, headers=HTML | headers).headers.get("Broker-Session")

    mine, end_s = said(resident.headers).split(" ")
    assert said(resident.headers, "/profile").split(" ")[0] == mine
    assert int(end_s) == pytest.approx(now_s() + 30 * 86_400, abs=60)
    assert said(make_user().headers).split(" ")[0] != mine
    assert said({}, "/login") == "none"
    # What tells nothing about the session: an error, and an answer for a program.
    assert said(resident.headers, "/nothing-here") is None
    assert said(resident.headers | {"Accept": "application/json"}) is None


def test_a_house_may_keep_nothing_on_devices(app, client, settings, resident):
    app.config["BROKER"] = replace(settings, offline_pages=False)
    page = client.get("/hints", headers=HTML | resident.headers).text
    assert "service-worker.js" not in page
    assert "unregister()" in client.get("/service-worker.js").text


def test_the_ranking_is_found_in_the_navigation(client, resident):
    page = client.get("/hints", headers=HTML | resident.headers).text
    assert 'href="/ranking"' in page[page.index("<nav") : page.index("</nav>")]

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
GZIP = {"Accept-Encoding": "gzip, deflate"}
SHEET = re.compile(r'href="(/static/v[0-9a-f]{12}/broker\.css)"')


@pytest.fixture
def address(client):
    """Where a page finds its style sheet."""
    return SHEET.search(client.get("/login", headers={"Accept": "text/html"}).text)[1]


def test_what_pages_load_is_kept_for_ever(client, address):
    response = client.get(address)
    assert response.mimetype == "text/css"
    assert response.text == (PROJECT / "static" / "broker.css").read_text(encoding="utf-8")
    assert response.cache_control.immutable
    assert response.cache_control.max_age == 365 * 86_400


def test_a_module_finds_its_neighbour_under_the_same_version(client, address):
    neighbour = client.get(address.replace("broker.css", "live.js"))
    assert neighbour.mimetype == "text/javascript"
    assert neighbour.cache_control.immutable


@pytest.mark.parametrize("version", ["", "v000000000000/"], ids=["none", "older"])
def test_other_addresses_show_what_is_there_now_and_are_asked_for_anew(client, version):
    response = client.get(f"/static/{version}broker.css")
    assert response.status_code == 200
    assert response.cache_control.no_cache
    again = client.get("/static/broker.css", headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_texts_travel_compressed_to_whoever_takes_it(client, address):
    plain, packed = client.get(address), client.get(address, headers=GZIP)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2
    assert "Accept-Encoding" in plain.vary


@pytest.mark.parametrize("path", ["", "nothing.css", "../config.py", "vendor", "x" * 5000])
def test_nothing_else_is_shown(client, path):
    assert client.get(f"/static/{path}").status_code == 404


def test_every_icon_of_a_page_is_drawn():
    drawn = set(re.findall(r'<symbol id="(\w+)"', (PROJECT / "static" / "icons.svg").read_text()))
    used = {
        name
        for template in PROJECT.glob("templates/**/*.html")
        for name in re.findall(r'icon\("(\w+)"\)', template.read_text(encoding="utf-8"))
    }
    assert used
    assert used <= drawn

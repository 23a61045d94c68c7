from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from app import create_app

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", ["/login", "/nothing-here", "/static/broker.css"])
def test_every_answer_tells_the_browser_what_to_refuse(client, path):
    with client.get(path, headers={"Accept": "text/html"}) as response:
        headers = response.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Referrer-Policy" in headers
    assert "Strict-Transport-Security" not in headers


@pytest.mark.parametrize("path", ["/profile", "/individual-consumption-history", "/nothing-here"])
def test_what_is_somebodys_own_is_kept_by_no_cache(client, path):
    """No proxy in between keeps it, nor the disk of a browser that others use as well."""
    assert client.get(path).headers.getlist("Cache-Control") == ["no-store"]


def test_what_is_everybodys_may_be_kept(client):
    with client.get("/static/broker.css") as response:
        (told,) = response.headers.getlist("Cache-Control")
    assert "public" in told and "private" not in told


def test_only_https_houses_demand_https(settings):
    app = create_app(replace(settings, base_url="https://house.example.org"))
    headers = app.test_client().get("/nothing-here").headers
    assert headers["Strict-Transport-Security"].startswith("max-age=")


def test_no_template_needs_inline_scripts_or_styles():
    for template in PROJECT.glob("templates/**/*.html"):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text), template
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), template

from __future__ import annotations

import gzip

import pytest

HTML = {"Accept": "text/html"}


@pytest.mark.parametrize("accepted", ["gzip, deflate, br", "br;q=1.0, gzip;q=0.8"])
def test_pages_travel_compressed(client, accepted):
    plain = client.get("/login", headers=HTML)
    packed = client.get("/login", headers=HTML | {"Accept-Encoding": accepted})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.content_length == len(packed.data) < len(plain.data) / 2
    # They differ by the token against forgery alone.
    assert len(gzip.decompress(packed.data)) == len(plain.data)
    assert "Accept-Encoding" in packed.vary
    assert "Accept-Encoding" in plain.vary


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0, br"])
def test_not_to_who_does_not_take_it(client, accepted):
    response = client.get("/login", headers=HTML | {"Accept-Encoding": accepted})
    assert "Content-Encoding" not in response.headers
    assert "Broker" in response.text


def test_short_answers_of_programs_stay_as_they_are(client, resident):
    response = client.get("/profile", headers=resident.headers | {"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in response.headers
    assert response.json["mail"] == resident.mail


def test_long_answers_of_programs_are_compressed(client):
    plain = client.get("/openapi.json")
    assert plain.content_length > 32_000
    packed = client.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data

from __future__ import annotations

import re

import pytest


def shown(client, language):
    answer = client.get("/docs", headers={"Accept-Language": language})
    assert answer.status_code == 200
    assert answer.mimetype == "text/html"
    return answer.text


def test_every_documented_call_is_on_the_page(client):
    page = shown(client, "en")
    for of_path in client.get("/openapi.json").json["paths"].values():
        for operation in of_path.values():
            assert f'id="{operation["operationId"]}"' in page
    assert "errorDescription" in page
    assert "curl" in page


@pytest.mark.parametrize(
    ("language", "heading", "need"),
    [
        ("en", "For programs", "Needs a session token."),
        ("de", "Für Programme", "Braucht ein Sitzungstoken."),
    ],
)
def test_it_speaks_english_and_german(client, language, heading, need):
    page = shown(client, language)
    assert f'<html lang="{language}"' in page
    assert f"<h1>{heading}</h1>" in page
    assert need in page


def test_it_loads_nothing_from_elsewhere(client):
    loaded = re.findall(
        r'<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)="([^"]+)"', shown(client, "en")
    )
    assert loaded
    assert all(address.startswith("/") and not address.startswith("//") for address in loaded)


def test_examples_call_the_address_of_this_house(client, settings):
    assert f"{settings.base_url}/login" in shown(client, "en")

"""Bad queries, headers, paths and methods get a clear error and change nothing."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

LIMIT_BYTES = 16 * 1024 * 1024
HISTORIES = ["/individual-consumption-history", "/group-consumption-history"]
WRONG_TIMES = [
    *["abc", "-1", "1e9", "1.5", "9999999999999", "0x10", "NaN", "true", "null", "1,5"],
    *["%00", "%ff", "1%00", "2026-01-20", "--1", "[1]"],
    "%F0%9F%92%A1",
    "9" * 30,
    "9" * 5000,
]
WRONG_QUERIES = [
    *(f"{name}={value}" for name in ("begin", "end") for value in WRONG_TIMES),
    "begin=", "end=", "begin",
    "begin=1768900000&end=1768899999",
    "begin=1768900000&end=1768900000",
    "begin=1500000000&end=1768900000",
    "begin=0&end=1768900000&resolution=day",
    "begin=0&end=253402300799&resolution=month",
    *(f"resolution={value}" for value in ("week", "", "DAY", "day%00", "day,hour", "%ff", "1",
                                         "x" * 100_000)),
]  # fmt: skip


@pytest.mark.parametrize("path", HISTORIES)
def test_queries_that_ask_for_no_time(house, bad, path):
    house.assert_refuses(
        bad(query[:60], "GET", path, query_string=query) for query in WRONG_QUERIES
    )


AUTHORIZATIONS = [
    *["", " ", "null", "Basic", "Basic YWRhOng=", "Bearer", "Bearer \t", "Bearer a b"],
    *["Bearer Bearer", "Bearer äöü", "Bearer \xff\xfe", "Digest a=b", "Negotiate YII="],
    "Bearer " + "x" * 10_000,
    "x" * 10_000,
]
GUARDED = [("GET", "/profile"), ("PUT", "/profile"), ("GET", "/live"), ("POST", "/readings")]


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_headers_that_prove_nothing(house, bad, method, path):
    house.assert_refuses(
        bad(header[:30], method, path, headers={"Authorization": header}, json={}, statuses=(401,))
        for header in AUTHORIZATIONS
    )


UNKNOWN_PATHS = [
    *["/nope", "/login/", "/profile/1", "/wp-login.php", "/%00", "/%ff", "/ä", "/.git/config"],
    *["/members/abc/avatar", "/members/-1/avatar", "/members/1.5/avatar", "/members/2/avatar"],
    *["/members/99999999999999999999/avatar", "/members//avatar", "/members/%00/avatar"],
    *["/static/", "/static/%00", "/static/../config.py", "/static/%2e%2e/config.py"],
    *["/static/..%5cconfig.py", "/instance/secret_key", "/password/reset/", "/password/reset/a/b"],
    "/" + "x" * 8000,
    "/static/" + "x" * 5000,
]
WRONG_TOKENS = ["a", "%00", "%ff", "ä", "x" * 5000, "'", "%20"]


def test_paths_that_lead_nowhere(house, bad):
    house.assert_refuses(bad(path[:40], "GET", path, statuses=(404,)) for path in UNKNOWN_PATHS)


def test_links_that_nobody_was_sent(house, bad):
    new = {"password": "twelve-blue-teapots"}
    paths = [f"/password/reset/{token}" for token in WRONG_TOKENS]
    house.assert_refuses(
        [
            *(bad(path[:40], "GET", path) for path in paths),
            *(bad(f"POST {path[:40]}", "POST", path, json=new) for path in paths),
        ]
    )


def test_methods_that_a_path_does_not_have(app, house, bad):
    def wrong() -> Iterator[Any]:
        rules = [rule for rule in app.url_map.iter_rules() if not rule.arguments]
        for path in sorted({rule.rule for rule in rules}):
            has = set().union(*(rule.methods or () for rule in rules if rule.rule == path))
            for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "X"} - has:
                yield bad(f"{method} {path}", method, path, json={}, statuses=(405,))

    house.assert_refuses(wrong())


PAGES = [
    ("GET", "/individual-consumption-history", {"query_string": "begin=abc"}),
    ("GET", "/group-consumption-history", {"query_string": "resolution=week&end=%00"}),
    ("GET", "/nope", {}),
    ("GET", "/members/7/avatar", {}),
    ("GET", "/password/reset/%00", {}),
    ("DELETE", "/profile", {}),
    ("POST", "/profile", {"data": {"nick": "x" * 34}}),
    ("POST", "/login", {"data": b"\xff\xfe", "content_type": "application/json"}),
    ("POST", "/login", {"data": b"<a/>", "content_type": "text/xml"}),
    ("POST", "/update-password", {"data": b" " * (LIMIT_BYTES + 1)}),
    ("POST", "/readings", {"json": {"readings": [{}]}}),
]


def test_a_browser_gets_a_page_instead(house, bad):
    before = house.stored()
    for number, (method, path, sent) in enumerate(PAGES):
        answer = house.answer_to(bad(path, method, path, **sent), number, accept="text/html")
        assert answer.mimetype == "text/html", path
        assert 300 < answer.status_code < 500, path
        assert "Traceback" not in answer.text
    assert house.stored() == before


PAGE = {"Accept": "text/html"}
ODD_BUT_FINE: dict[str, dict[str, str]] = {
    "Accept": {"Accept": ";;;q=abc, text/html;q=2, */*;q=-1, \xff"},
    "Accept-Language": PAGE | {"Accept-Language": "xx-\xff;q=x,,;,de-" + "x" * 5000},
    "cookies": PAGE | {"Cookie": "session=x.y.z; broker_language=../..; =; broker_device=\xff"},
    "ranges": {"Range": "bytes=9-1", "If-None-Match": "\xff", "If-Modified-Since": "never"},
    "length": {"Content-Length": "abc", "Transfer-Encoding": "rubbish"},
}


@pytest.mark.parametrize("headers", ODD_BUT_FINE.values(), ids=ODD_BUT_FINE)
def test_odd_headers_do_no_harm(house, bad, headers):
    for number, path in enumerate(["/", "/login", "/profile", "/live", *HISTORIES]):
        answer = house.answer_to(bad(path, "GET", path, headers=headers), number)
        assert answer.status_code in (200, 206), f"{path}: {answer.text[:200]}"


@pytest.mark.parametrize("path", ["/login", "/readings"])
@pytest.mark.parametrize(
    ("kind", "chunks"),
    [
        ("application/json", b"ZZ\r\n{}\r\n"),
        ("application/x-www-form-urlencoded", b"-1\r\n"),
        ("application/json", b"ffffffffffffffffffff\r\n{}"),
    ],
    ids=["no size", "a negative size of a form", "a huge size"],
)
def test_a_badly_chunked_body_is_the_senders_fault(live_server, path, kind, chunks):
    host, _, port = live_server.settings.bind.partition(":")
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\n"
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
        connection.shutdown(socket.SHUT_WR)
        status = connection.recv(4096).split()[1]
    # Without a key /readings doesn't even look at it.
    assert status == (b"400" if path == "/login" else b"401")


@pytest.mark.parametrize("resolution", ["quarter_hour", "hour", "day", "month"])
@pytest.mark.parametrize("path", ["/individual-consumption-history", "/group-consumption-history"])
def test_there_is_a_page_of_the_end_of_all_calendars(client, resident, path, resolution):
    # 32503679999 is the last second of the year 2999, the last one that is taken.
    for begin, status in ((32_503_679_999, 200), (32_503_680_000, 400)):
        answer = client.get(
            path,
            query_string={"begin": begin, "resolution": resolution},
            headers=resident.headers | {"Accept": "text/html"},
        )
        assert answer.status_code == status

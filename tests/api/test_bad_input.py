"""Bad input of any kind: always the contract's error object, never a 500, nothing changed."""

from __future__ import annotations

import hashlib
import json
import socket
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from sqlalchemy import select

from broker.ingest.intake import take_in
from broker.ingest.registers import Columns
from broker.models import Base, db
from broker.services import keys

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
METER = "1EMH0000000001"
NOW_S = int(time.time())
MEGABYTE = 1024 * 1024


class Bad(NamedTuple):
    """A request that nobody should send."""

    method: str
    path: str
    body: bytes = b""
    kind: str = JSON


# Documents that are no JSON, or not the object that a call takes.
NO_DOCUMENTS = {
    "nothing": b"",
    "a word": b"hello",
    "truncated": b'{"user": "a',
    "two documents": b"{}{}",
    "NaN": b'{"user": NaN}',
    "infinity": b'{"flatSize": Infinity}',
    "invalid utf-8": b'{"user": "\xff\xfe"}',
    "utf-16": '{"user": "a"}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "half a surrogate pair": b'{"nick": "\\ud800"}',
    "a list": b"[]",
    "a number": b"1",
    "a string": b'"text"',
    "null": b"null",
    "true": b"true",
    "100,000 lists": b"[" * 100_000,
    "50,000 objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a huge number": b'{"inhabitants": 1e400}',
    "single quotes": b"{'user': 'a'}",
    "comment": b"{} // no",
}
BODIES = {
    "/login": ("POST", {"user": "ada@example.org", "password": "x" * 9}),
    "/set-password": ("POST", {"token": "t", "password": "eleven-green-kettles"}),
    "/update-password": ("PUT", {"password": "eleven-green-kettles"}),
    "/profile": ("PUT", {"nick": "Ada"}),
    "/readings": ("POST", {"readings": []}),
}
WRONG_TYPES = [None, True, 1, 1.5, [], {}, ["a"], "\0", "\ud800", 10**30, -1, ""]


def documents() -> Iterator[tuple[str, Bad]]:
    """Broken bodies for every call that takes one."""
    for path, (method, good) in BODIES.items():
        for name, body in NO_DOCUMENTS.items():
            yield f"{path} {name}", Bad(method, path, body)
        text = json.dumps(good).encode()
        for kind in ("text/plain", "application/xml", "image/png", "nonsense", "text/html"):
            yield f"{path} as {kind}", Bad(method, path, text, kind)
        yield f"{path} 17 MB", Bad(method, path, b'"' + b"x" * 17 * MEGABYTE + b'"')
        unknown = json.dumps(good | {"surprise": 1}).encode()
        yield f"{path} unknown field", Bad(method, path, unknown)


def wrong_fields() -> Iterator[tuple[str, Bad]]:
    """Fields of a wrong type or size."""
    fields = {
        "/login": ("user", "password"),
        "/set-password": ("token", "password"),
        "/update-password": ("password", "oldPassword"),
    }
    for path, names in fields.items():
        method, good = BODIES[path]
        for name in names:
            for value in WRONG_TYPES:
                body = json.dumps(good | {name: value}).encode("utf-8", "surrogatepass")
                yield f"{path} {name}={value!r}", Bad(method, path, body)
    wrong = {
        "nick": [None, 1, True, [], {}, "", "x" * 34, "a\0b", "\ud800"],
        "flatSize": [0, -1, 10_001, 10**30, "x", True, [], {}, None, "1e400"],
        "inhabitants": [0, -1, 51, 2.5, 10**30, "x", True, [], {}, None],
        "avatar": ["", "x", "!!!!", 1, [], {}, "aGVsbG8=", "A" * 8 * MEGABYTE, None],
    }
    for name, values in wrong.items():
        for number, value in enumerate(values):
            body = json.dumps({"flatSize": 55, name: value}).encode()
            yield f"/profile {name} {number}", Bad("PUT", "/profile", body)
    for name in ("nick=&x=%00", "inhabitants=2.5", "inhabitants=zwei", "flatSize=nan"):
        yield f"/profile form {name}", Bad("PUT", "/profile", name.encode(), FORM)


def readings() -> Iterator[tuple[str, Bad]]:
    """Readings that no meter sends."""
    good = {"meter_id": METER, "time": NOW_S - 60, "energy": 5 * 10**12}
    changes = {
        "energy": [-1, 2**63, 10**30, 1.5, True, "1", [], {}, 4 * 10**18 + 1],
        "energy_out": [-1, 2**63, 1.5, False, "1", []],
        "power": [10**13, -(10**13), 1.5, True, "1", {}],
        "time": [-1, 1.5, True, "now", None, NOW_S * 1000, NOW_S + 86_400, 2**63, []],
        "meter_id": [None, 1, True, [], {}, "", "unknown", "x\0", "\ud800", "x" * 10_000],
    }
    for field, values in changes.items():
        for number, value in enumerate(values):
            body = json.dumps({"readings": [good | {field: value}]}).encode()
            yield f"/readings {field} {number}", Bad("POST", "/readings", body)
    lists = {
        "no list": {},
        "an object": {"readings": {}},
        "a string": {"readings": "x"},
        "numbers": {"readings": [1]},
        "nulls": {"readings": [None]},
        "empty objects": {"readings": [{}]},
        "neither energy nor power": {"readings": [{"meter_id": METER, "time": NOW_S}]},
        "unknown field": {"readings": [good | {"voltage": 1}]},
        "10,001": {"readings": [good] * 10_001},
        "a contradiction": {"readings": [good, good | {"energy": 1}]},
        "one bad among good": {"readings": [good, good | {"time": "x"}]},
        "one foreign among own": {"readings": [good, good | {"meter_id": "foreign"}]},
        "another value of a known time": {"readings": [good | {"time": NOW_S - 3600, "energy": 7}]},
    }
    for name, document in lists.items():
        yield f"/readings {name}", Bad("POST", "/readings", json.dumps(document).encode())


def addresses() -> Iterator[tuple[str, Bad]]:
    """Paths, methods and queries that lead nowhere."""
    histories = ("/individual-consumption-history", "/group-consumption-history")
    queries = (
        "begin=abc", "begin=-1", "begin=1e9", "begin=1.5", "begin=9999999999999", "begin=%00",
        "begin=", "begin=0x10", "begin=99999999999999999999999", "end=abc", "end=-5",
        "resolution=week", "resolution=", "resolution=%F0%9F%98%80", "begin=1000&end=10",
        "begin=1000&end=1000", "begin=0", f"begin={NOW_S - 4 * 366 * 86_400}",
        "begin=%FF%FE", "begin=1&begin=x&end=x",
    )  # fmt: skip
    for path in histories:
        for query in queries:
            yield f"{path}?{query}", Bad("GET", f"{path}?{query}")
    paths = (
        "/nothing",
        "/login/",
        "/%00",
        "/../etc/passwd",
        "/\u00e9",
        "/members/x/avatar",
        "/members/-1/avatar",
        "/members/99999999999999999999/avatar",
        "/" + "a" * 5000,
    )
    for path in paths:
        yield f"GET {path[:30]}", Bad("GET", path)
    calls = (
        ("DELETE", "/profile"),
        ("PATCH", "/profile"),
        ("GET", "/readings"),
        ("PUT", "/login"),
        ("POST", "/individual-consumption-history"),
        ("DELETE", "/live"),
        ("TRACE", "/profile"),
        ("POST", "/assets/group-profile-pictures"),
        ("PUT", "/set-password"),
    )
    for method, path in calls:
        yield f"{method} {path}", Bad(method, path)


BATTERY = dict([*documents(), *wrong_fields(), *readings(), *addresses()])


def contents() -> str:
    """A digest of every row of every table."""
    digest = hashlib.sha256()
    with db.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            rows = sorted(map(repr, connection.execute(select(table))))
            digest.update(repr((table.name, rows)).encode())
    return digest.hexdigest()


@pytest.fixture
def caller(resident, make_meter, assign):
    """A resident with a meter, and the key of its sender."""
    meter_id = make_meter(METER)
    make_meter("foreign")
    assign(meter_id, resident)
    take_in({meter_id: Columns([NOW_S - 3600], [10**12], [None], [None])}, NOW_S)
    return resident, keys.make("gateway", [METER], NOW_S)


def sent(client, caller, bad: Bad, number: int, **headers: str):
    resident, key = caller
    token = key if bad.path.startswith("/readings") else resident.token
    return client.open(
        bad.path,
        method=bad.method,
        data=bad.body,
        content_type=bad.kind if bad.body or bad.method != "GET" else None,
        headers={"Authorization": f"Bearer {token}"} | headers,
        # Everybody from an address of their own, so that it isn't the limits that refuse.
        environ_overrides={
            "REMOTE_ADDR": f"10.{number // 65536}.{number // 256 % 256}.{number % 256}"
        },
    )


def test_the_battery_is_refused_and_changes_nothing(app, client, caller):
    before = contents()
    for number, (name, bad) in enumerate(BATTERY.items()):
        answer = sent(client, caller, bad, number)
        assert 400 <= answer.status_code < 500, (name, answer.status_code, answer.data[:200])
        assert answer.mimetype == "application/json", name
        assert set(answer.json) == {"errorName", "errorDescription"}, name
        assert answer.json["errorName"] and answer.json["errorDescription"], name
        assert answer.status_code != 429, name
    assert contents() == before
    assert len(BATTERY) >= 200


def test_a_browser_gets_a_page_and_no_traceback(app, client, caller):
    for number, name in enumerate(list(BATTERY)[::9]):
        answer = sent(client, caller, BATTERY[name], number, Accept="text/html")
        assert answer.status_code < 500, name
        assert "Traceback" not in answer.text, name


@pytest.mark.parametrize(
    "header",
    ["Basic YWRhOmFkYQ==", "", "Bearer", "Bearer " + "x" * 10_000, "Bearer \u00e9\u00e9", "\u0000"],
    ids=["basic", "empty", "no token", "10 kB", "not ascii", "nul"],
)
def test_odd_credentials_are_refused(client, header):
    for method, path in (("GET", "/profile"), ("POST", "/readings")):
        answer = client.open(path, method=method, headers={"Authorization": header})
        assert answer.status_code == 401
        assert set(answer.json) == {"errorName", "errorDescription"}


@pytest.mark.parametrize("path", ["/login", "/readings"])
@pytest.mark.parametrize(
    ("kind", "chunks"),
    [(JSON, b"ZZ\r\n{}\r\n"), (FORM, b"-1\r\n"), (JSON, b"ffffffffffffffffffff\r\n{}")],
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

"""Bad bodies of every kind get a clear error and change nothing."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable
from typing import Any

import pytest

BODIES = {
    "login": ("POST", "/login"),
    "set password": ("POST", "/set-password"),
    "update password": ("PUT", "/update-password"),
    "request a reset": ("POST", "/password/request-reset-token"),
    "reset": ("POST", "/password/reset/unknown"),
    "profile": ("PUT", "/profile"),
    "quit a challenge": ("POST", "/challenges/quit"),
    "readings": ("POST", "/readings"),
}
DEEP = 100_000
LIMIT_BYTES = 16 * 1024 * 1024

NOT_JSON = {
    "nothing": b"",
    "a blank": b" ",
    "a NUL": b"\0",
    "null": b"null",
    "a truth value": b"true",
    "a number": b"1",
    "a text": b'"readings"',
    "an empty list": b"[]",
    "a list of an object": b"[{}]",
    "an unknown field": b'{"surprise": 1}',
    "a field without a name": b'{"": 1}',
    "a NUL as a name": b'{"\\u0000": 1}',
    "broken off": b'{"user": "a',
    "broken off after a name": b'{"password":',
    "a comma too much": b'{"password": "x",}',
    "single quotes": b"{'password': 'x'}",
    "two documents": b"{}{}",
    "a comment": b"{} // nothing",
    "NaN": b'{"password": NaN}',
    "Infinity": b'{"flatSize": Infinity}',
    "minus Infinity": b'{"flatSize": -Infinity}',
    "1e400": b'{"flatSize": 1e400}',
    "a number of 5000 digits": b'{"inhabitants": ' + b"9" * 5000 + b"}",
    "hexadecimal": b'{"inhabitants": 0x2}',
    "UTF-16": '{"nick": "x"}'.encode("utf-16"),
    "UTF-16 without a mark": '{"nick": "x"}'.encode("utf-16-le"),
    "UTF-32": '{"nick": "x"}'.encode("utf-32"),
    "a byte order mark": b'\xef\xbb\xbf{"nick": "x"}',
    "invalid UTF-8": b'{"nick": "\xff\xfe"}',
    "overlong UTF-8": b'{"nick": "\xc0\xaf"}',
    "Latin-1": '{"nick": "Jürgen"}'.encode("latin-1"),
    "a surrogate in UTF-8": b'{"nick": "\xed\xa0\x80"}',
    "an escaped lone surrogate": b'{"nick": "\\ud800"}',
    "a control character": b'{"nick": "a\nb"}',
    "100,000 lists": b"[" * DEEP,
    "100,000 closed lists": b"[" * DEEP + b"]" * DEEP,
    "100,000 objects": b'{"a":' * DEEP,
    "deep inside a field": b'{"nick": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "a form": b"user=a&password=b",
    "XML": b"<?xml version='1.0'?><a/>",
    "gzip": gzip.compress(b'{"nick": "x"}', mtime=0),
    "an unknown field of 1 MB": b'{"' + b"x" * 1_000_000 + b'": 1}',
}
OTHER_TYPES = ["text/plain", "application/xml", "application/octet-stream", "text/html", "rubbish"]


@pytest.mark.parametrize(("method", "path"), BODIES.values(), ids=BODIES)
def test_bodies_that_are_no_json_object(house, bad, method, path):
    house.assert_refuses(
        bad(name, method, path, data=body, content_type="application/json")
        for name, body in NOT_JSON.items()
    )


@pytest.mark.parametrize(("method", "path"), BODIES.values(), ids=BODIES)
def test_bodies_of_another_type_or_size(house, bad, method, path):
    # What follows a limit isn't read, so it need not make sense.
    huge = b" " * (LIMIT_BYTES + 1)
    types = OTHER_TYPES if path != "/readings" else [*OTHER_TYPES, "multipart/form-data"]
    multipart = "multipart/form-data; boundary=b"
    house.assert_refuses(
        [
            *(bad(of, method, path, data=b"{}", content_type=of, statuses=(415,)) for of in types),
            bad("16 MiB", method, path, data=huge, statuses=(413,),
                content_type="application/json"),
            bad("16 MiB form", method, path, data=b"nick=" + huge, statuses=(413, 415),
                content_type="application/x-www-form-urlencoded"),
            bad("a part without an end", method, path, data=b"--b\r\nContent-Disp",
                content_type=multipart, statuses=(400, 415)),
            bad("2000 parts", method, path, content_type=multipart, statuses=(413, 415),
                data=b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 2000
                + b"--b--\r\n"),
            bad("an unknown field of a form", method, path, data={"surprise": "1"},
                statuses=(400, 415)),
        ]
    )  # fmt: skip


TEXTS: dict[str, Any] = {
    "null": None,
    "a truth value": True,
    "a number": 1,
    "a fraction": 1.5,
    "10**18": 10**18,
    "1e300": 1e300,
    "a list": ["x"],
    "an object": {"$ne": ""},
    "10**30": 10**30,
    "a NUL": "eleven\0kettles",
    "a lone surrogate": "eleven\ud800kettles",
    "one megabyte": "x" * 1_000_000,
}
PASSWORDS = TEXTS | {
    "empty": "",
    "too short": "kettles",
    "too long": "x" * 129,
    "very common": "password1",
}
IMAGE = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + b"\xff" * 12
FIELDS: dict[tuple[str, str, str], dict[str, Any]] = {
    ("POST", "/login", "user"): TEXTS | {"empty": "", "unknown": "x' OR '1'='1"},
    ("POST", "/login", "password"): TEXTS | {"empty": "", "wrong": "twelve-blue-teapots"},
    ("POST", "/set-password", "password"): PASSWORDS,
    ("POST", "/set-password", "token"): TEXTS | {"empty": "", "unknown": "ä", "blank": " "},
    ("POST", "/set-password", "user"): {
        name: text for name, text in TEXTS.items() if text is not None
    } | {"empty": "", "somebody else": "ada@example.org"},
    ("PUT", "/update-password", "password"): PASSWORDS,
    ("PUT", "/update-password", "oldPassword"): {
        name: text for name, text in TEXTS.items() if text is not None
    } | {"empty": "", "wrong": "twelve-blue-teapots"},
    ("POST", "/password/request-reset-token", "mail"): TEXTS | {"empty": ""},
    ("POST", "/password/reset/unknown", "password"): PASSWORDS,
    ("POST", "/challenges/quit", "id"): {
        "null": None, "a truth value": True, "text": "one", "a fraction": 1.5, "zero": 0,
        "negative": -1, "2**31": 2**31, "2**63": 2**63, "10**30": 10**30, "a list": [1],
        "an object": {}, "NaN": "nan",
    },
    ("PUT", "/profile", "nick"): TEXTS | {"empty": "", "blank": " \t\n", "34 letters": "x" * 34},
    ("PUT", "/profile", "flatSize"): {
        "null": None, "a truth value": True, "text": "72.5", "zero": 0, "negative": -1,
        "minus zero": -0.0, "too large": 10_000.01, "1e308": 1e308, "10**19": 10**19,
        "a list": [72.5], "an object": {},
    },
    ("PUT", "/profile", "inhabitants"): {
        "null": None, "a truth value": True, "text": "2", "a fraction": 2.5, "2.0": 2.0, "zero": 0,
        "negative": -1, "51": 51, "2**31": 2**31, "2**63": 2**63, "a list": [2], "an object": {},
    },
    ("PUT", "/profile", "avatar"): TEXTS | {
        "empty": "", "no base64": "!!!!", "no image": "aGVsbG8=", "cut off": "aGVsbG8",
        "not ASCII": "aGVsbG8ä", "a data URL": "data:image/png;base64,aGVsbG8=",
        "the beginning of a PNG": base64.b64encode(IMAGE).decode(),
        "SVG": base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>").decode(),
        "more than 5 MB": base64.b64encode(b"\0" * 5_300_000).decode(),
    },
}  # fmt: skip
GOOD: dict[str, Callable[[Any], dict[str, Any]]] = {
    "/login": lambda _: {"user": "ada@example.org", "password": "eleven-green-kettles"},
    "/set-password": lambda house: {"token": house.invitation, "password": "twelve-blue-teapots"},
    "/update-password": lambda _: {"password": "twelve-blue-teapots"},
    "/password/request-reset-token": lambda _: {"mail": "ada@example.org"},
    "/password/reset/unknown": lambda _: {"password": "twelve-blue-teapots"},
    "/challenges/quit": lambda _: {"id": 1},
    "/profile": lambda _: {"nick": "Countess", "flatSize": 50, "inhabitants": 3},
}


@pytest.mark.parametrize(
    ("method", "path", "field"), FIELDS, ids=[f"{path} {field}" for _, path, field in FIELDS]
)
def test_one_bad_field_beside_good_ones(house, bad, method, path, field):
    statuses = (400, 401) if path == "/login" else (400,)
    good = GOOD[path](house)
    house.assert_refuses(
        bad(name, method, path, json=good | {field: value}, statuses=statuses)
        for name, value in FIELDS[method, path, field].items()
    )


@pytest.mark.parametrize("path", GOOD)
def test_an_unknown_or_missing_field_beside_good_ones(house, bad, path):
    method, good = (
        ("PUT" if path in ("/profile", "/update-password") else "POST"),
        GOOD[path](house),
    )
    missing = [] if path == "/profile" else list(good)
    house.assert_refuses(
        [
            bad("unknown", method, path, json=good | {"is_operator": True}),
            bad("another case", method, path, json=good | {"PASSWORD": "x"}),
            *(
                bad(f"no {name}", method, path, json={k: v for k, v in good.items() if k != name})
                for name in missing
            ),
        ]
    )


@pytest.mark.parametrize(
    "form",
    ["inhabitants=2.5", "inhabitants=two", "inhabitants=0", "inhabitants=%00", "flatSize=nan",
     "flatSize=inf", "flatSize=1e999", "flatSize=-1", "nick=%00", "nick=%ED%A0%80%00", "avatar=x",
     "nick=Ada&surprise=1", "&&&"],
)  # fmt: skip
def test_one_bad_field_of_a_form(house, bad, form):
    kind = "application/x-www-form-urlencoded"
    house.assert_refuses([bad(form, "PUT", "/profile", data=form, content_type=kind)])

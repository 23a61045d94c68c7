"""Requests that no client library would send: what a real server answers them."""

from __future__ import annotations

import email.parser
import json
import socket

import pytest

from broker.api.session import COOKIE

LOGIN = b"POST /login HTTP/1.1\r\nHost: house\r\nTransfer-Encoding: chunked\r\nContent-Type: "
PART = b'--x\r\nContent-Disposition: form-data; name="user"\r\n\r\nada@example.org'


@pytest.fixture
def send(live_server):
    """Sends bytes and returns the status, the headers and the whole body of the answer."""

    def sent(request: bytes):
        host, _, port = live_server.settings.bind.partition(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        status, _, headers = head.partition(b"\r\n")
        return int(status.split()[1]), email.parser.BytesParser().parsebytes(headers), body

    return sent


BELOW_THE_APP = {
    "no request line": (b"HELLO\r\n\r\n", 400),
    "a method that is none": (b"G\x7fT / HTTP/1.1\r\n\r\n", 400),
    "a version that is none": (b"GET / HTTP/9.9\r\n\r\n", 400),
    "a header without a name": (b"GET / HTTP/1.1\r\n: x\r\n\r\n", 400),
    "a header that tells two lengths": (
        b"POST /login HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        400,
    ),
    "markup in the request line": (b"<script>alert(1)</script>\r\n\r\n", 400),
    "an address without an end": (b"GET /" + b"x" * 4200 + b" HTTP/1.1\r\n\r\n", 414),
    "a header without an end": (b"GET / HTTP/1.1\r\nX: " + b"x" * 8200 + b"\r\n\r\n", 431),
    "headers without an end": (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
}


@pytest.mark.parametrize(("request_", "status"), BELOW_THE_APP.values(), ids=BELOW_THE_APP)
def test_what_never_reaches_the_app_is_refused_with_the_error_object(send, request_, status):
    told, headers, body = send(request_)
    assert told == status
    assert headers["Content-Type"] == "application/json"
    assert int(headers["Content-Length"]) == len(body)
    error = json.loads(body)
    assert error.keys() == {"errorName", "errorDescription"}
    assert all(isinstance(text, str) and text for text in error.values())
    assert len(body) < 2000


FORMS = {
    "no boundary": (b"multipart/form-data", PART + b"\r\n--x--\r\n"),
    "another boundary": (b"multipart/form-data; boundary=y", PART + b"\r\n--x--\r\n"),
    "a part that breaks off": (b"multipart/form-data; boundary=x", PART),
    "a part that breaks off in its header": (b"multipart/form-data; boundary=x", PART[:20]),
}


@pytest.mark.parametrize("cookie", [b"", b"Cookie: " + COOKIE.encode() + b"=x\r\n"])
@pytest.mark.parametrize(("kind", "form"), FORMS.values(), ids=FORMS)
def test_a_chunked_form_that_is_broken_is_no_empty_form(send, kind, form, cookie):
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(form), form)
    status, _, body = send(LOGIN + kind + b"\r\n" + cookie + b"\r\n" + chunks)
    assert status == 400
    # A missing field would mean that it was read, as if it had been empty.
    assert "The body can't be read" in json.loads(body)["errorDescription"]


def test_a_chunked_form_that_is_whole_is_read(send):
    rest = b'\r\n--x\r\nContent-Disposition: form-data; name="password"\r\n\r\nwrong\r\n--x--\r\n'
    form = PART + rest
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(form), form)
    assert send(LOGIN + b"multipart/form-data; boundary=x\r\n\r\n" + chunks)[0] == 401


def test_a_redirect_has_a_page_for_browsers_only(client):
    moved = client.get("/password//request-reset-token")
    assert moved.status_code == 308
    assert moved.location.endswith("/password/request-reset-token")
    assert moved.json.keys() == {"errorName", "errorDescription"}
    page = client.get("/password//request-reset-token", headers={"Accept": "text/html"})
    assert (page.status_code, page.mimetype) == (308, "text/html")

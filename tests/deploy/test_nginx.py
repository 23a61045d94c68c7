"""Broker behind nginx, as `deploy/nginx.conf` has it."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from http.client import HTTPResponse, HTTPSConnection

import pytest
from websockets.sync.client import connect

import config
from tests.mail_peer import CERTIFICATE

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
TOO_LARGE_BYTES = 16 * 1024 * 1024 + 1

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx isn't installed")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def settings(live_server):
    """The server's own, so that it knows what a test makes."""
    return live_server.settings


class Proxy:
    """nginx with the site of `deploy/nginx.conf`, but for its ports, certificate and upstream."""

    def __init__(self, folder, broker: str) -> None:
        self.http, self.https = free_port(), free_port()
        self.trust = ssl.create_default_context(cafile=str(CERTIFICATE))
        site = (config.PROJECT / "deploy" / "nginx.conf").read_text()
        for what, instead in (
            ("    listen [::]:80;\n", ""),
            ("    listen [::]:443 ssl http2;\n", ""),
            ("listen 80;", f"listen 127.0.0.1:{self.http};"),
            ("listen 443 ssl", f"listen 127.0.0.1:{self.https} ssl"),
            ("127.0.0.1:8080", broker),
            ("/etc/letsencrypt/live/broker.example.org/fullchain.pem", str(CERTIFICATE)),
            ("/etc/letsencrypt/live/broker.example.org/privkey.pem", str(CERTIFICATE)),
        ):
            assert what in site
            site = site.replace(what, instead)
        places = "".join(
            f"{kind}_temp_path {folder / kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        self.configuration = folder / "nginx.conf"
        self.configuration.write_text(
            f"daemon off; master_process off; pid {folder / 'pid'}; error_log stderr;\n"
            f"events {{}}\nhttp {{\naccess_log off;\n{places}{site}}}\n"
        )
        self.command = [NGINX, "-p", str(folder), "-c", str(self.configuration), "-e", "stderr"]

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str):
        """The answer by https, and its body."""
        connection = HTTPSConnection("localhost", self.https, context=self.trust, timeout=20)
        try:
            connection.request(method, path, body, headers)
            answer: HTTPResponse = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()


@pytest.fixture
def proxy(tmp_path, live_server) -> Iterator[Proxy]:
    proxy = Proxy(tmp_path, live_server.settings.bind)
    with subprocess.Popen(proxy.command, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(200):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", proxy.https)) == 0:
                        break
                time.sleep(0.02)
            yield proxy
        finally:
            process.terminate()


def test_nginx_takes_the_site(tmp_path):
    command = [*Proxy(tmp_path, "127.0.0.1:8080").command, "-t"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr


def test_calls_and_live_views_pass(proxy, resident, make_meter, assign):
    assign(make_meter("MINE"), resident)
    answer, body = proxy.ask("GET", "/profile", **resident.headers)
    assert answer.status == 200
    assert json.loads(body)["meterId"] == "MINE"
    with connect(
        f"wss://localhost:{proxy.https}/live?meter_id=MINE",
        additional_headers=resident.headers,
        ssl=proxy.trust,
        proxy=None,
    ) as socket_of_mine:
        told = json.loads(socket_of_mine.recv(timeout=10))
    assert [member["meter_id"] for member in told["group_users"]] == ["MINE"]


def test_who_comes_without_tls_is_sent_there(proxy):
    with socket.create_connection(("127.0.0.1", proxy.http), timeout=10) as connection:
        connection.sendall(b"GET /profile HTTP/1.1\r\nHost: house.example\r\n\r\n")
        answer = connection.recv(4096).decode()
    assert answer.startswith("HTTP/1.1 301 ")
    assert "Location: https://house.example/profile\r\n" in answer


def assert_error(answer: HTTPResponse, body: bytes, status: int) -> None:
    assert answer.status == status
    assert answer.headers["Content-Type"].startswith("application/json")
    assert json.loads(body).keys() == {"errorName", "errorDescription"}


def test_what_is_too_large_is_refused_with_the_error_object(proxy):
    sent = {"Content-Type": "application/json"}
    for size in (TOO_LARGE_BYTES, 2 * TOO_LARGE_BYTES):  # Broker refuses one, nginx the other
        assert_error(*proxy.ask("POST", "/login", b" " * size, **sent), 413)
    assert_error(*proxy.ask("GET", "/" + "x" * 20_000), 414)
    assert_error(*proxy.ask("GET", "/", X="x" * 20_000), 400)


def test_while_broker_is_away_the_error_object_says_so(tmp_path):
    away = Proxy(tmp_path, f"127.0.0.1:{free_port()}")
    with subprocess.Popen(away.command, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(200):
                try:
                    assert_error(*away.ask("GET", "/profile"), 502)
                    answer, page = away.ask("GET", "/profile", Accept="text/html,*/*;q=0.8")
                    assert answer.status == 502
                    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
                    assert "tries again by itself" in page.decode()
                    break
                except ConnectionRefusedError:
                    time.sleep(0.02)
            else:
                pytest.fail("nginx didn't come up")
        finally:
            process.terminate()

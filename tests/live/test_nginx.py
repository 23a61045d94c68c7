"""Two hosts behind nginx, as deploy/nginx.conf sets it up."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import config

NGINX = shutil.which("nginx")
START_S = 10.0
MAIN = "daemon off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\nhttp {{\n"
PATHS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def without_tls(site: str, port: int, hosts: list[str]) -> str:
    """The site of deploy/nginx.conf, but on a port of this machine and in front of these hosts."""
    site = re.sub(r"server \{\s+listen 80;.*?\n\}\n", "", site, flags=re.DOTALL)
    site = re.sub(r"^\s+(ssl_certificate|listen \[).*\n", "", site, flags=re.MULTILINE)
    site = site.replace("listen 443 ssl http2", f"listen 127.0.0.1:{port}")
    lines = "".join(f"    server {host} fail_timeout=5s;\n" for host in hosts)
    return re.sub(r"    server 127\.0\.0\.1:8080 .*\n", lines, site)


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Callable[[list[str]], str]]:
    """Starts nginx in front of hosts and returns its address. Skips without nginx."""
    if not NGINX:
        pytest.skip("needs nginx")
    running: list[subprocess.Popen[bytes]] = []

    def start(hosts: list[str]) -> str:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        site = (config.PROJECT / "deploy" / "nginx.conf").read_text()
        folder = tmp_path / "nginx"
        folder.mkdir()
        temporary = "".join(f"{path}_temp_path {folder}/{path};\n" for path in PATHS)
        written = MAIN.format(folder=folder) + f"access_log off;\n{temporary}"
        (folder / "conf").write_text(written + without_tls(site, port, hosts) + "}\n")
        command = [NGINX, "-p", str(folder), "-c", str(folder / "conf")]
        running.append(subprocess.Popen([*command, "-e", str(folder / "error.log")]))
        give_up_s = time.monotonic() + START_S
        while not (folder / "pid").exists():
            assert running[0].poll() is None, (folder / "error.log").read_text()
            assert time.monotonic() < give_up_s
            time.sleep(0.05)
        return f"127.0.0.1:{port}"

    yield start
    for process in running:
        process.terminate()
        process.wait(START_S)


@pytest.mark.slow
def test_after_the_sudden_death_of_a_host_its_views_come_back_at_the_other(
    flat, serve, hear, proxy
):
    hosts = [serve(BROKER_TRUSTED_PROXIES="1"), serve(BROKER_TRUSTED_PROXIES="1")]
    address = proxy([host.settings.bind for host in hosts])
    with flat.watch(address) as first, flat.watch(address) as second:
        # The one with fewer connections gets the next, so each host has one.
        time_s = flat.speak()
        assert [hear(first, time_s)["date"], hear(second, time_s)["date"]] == [time_s, time_s]
        died_s = time.monotonic()
        for pid in (hosts[0].process.pid, *hosts[0].workers()):
            os.kill(pid, signal.SIGKILL)
        time_s = flat.speak()
        heard = 0
        for view in (first, second):
            try:
                heard += hear(view, time_s)["date"] == time_s
            except Exception:
                with flat.watch_again(address) as again:
                    assert hear(again, time_s)["date"] == time_s
        assert heard == 1
        assert time.monotonic() - died_s < 10


@pytest.mark.slow
def test_a_browser_after_the_sudden_death_of_its_host(flat, serve, proxy, open_live, expect_power):
    hosts = [serve(BROKER_TRUSTED_PROXIES="1"), serve(BROKER_TRUSTED_PROXIES="1")]
    open_live(proxy([host.settings.bind for host in hosts]))
    for host, watts in zip(hosts, (111, 222), strict=True):
        # Whichever of them the page is connected to: one dies, and is started again.
        flat.speak(power_w=watts)
        expect_power(watts)
        for pid in (host.process.pid, *host.workers()):
            os.kill(pid, signal.SIGKILL)
        flat.speak(power_w=watts + 1)
        expect_power(watts + 1, 10_000)
        serve(host.settings.bind, BROKER_TRUSTED_PROXIES="1")

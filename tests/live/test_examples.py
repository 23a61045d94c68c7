"""The example client of the documentation."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import config


@pytest.fixture
def settings(live_server):
    """The server's own, so that it knows what a test makes."""
    return live_server.settings


def test_the_python_client_follows_the_house_until_it_is_logged_out(flat, live_server):
    environment = {"TOKEN": flat.me.token, "PATH": os.environ["PATH"]}
    url = f"http://{live_server.settings.bind}"
    command = [sys.executable, "docs/examples/follow_house.py", url, "MINE"]
    with subprocess.Popen(
        command,
        cwd=config.PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as client:
        try:
            assert client.stdout.readline() == "– s ago: the flats use 0 W, the roof makes 0 W\n"
            flat.speak(power_w=321)
            # The reading is an hour old.
            told = client.stdout.readline()
            assert told.endswith(" s ago: the flats use 321 W, the roof makes 0 W\n")
            assert 3590 <= int(told.partition(" ")[0]) <= 3610
            assert live_server.request("GET", "/logout", flat.me.headers).status == 200
            _, complaint = client.communicate(timeout=10)
            assert complaint.startswith("Log in first")
        finally:
            client.kill()

"""The benchmarks still run: nobody would notice otherwise until somebody needs a figure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import config

TARGETS = (
    "own history, 24 h",
    "group history, 24 h",
    "profile",
    "POST /readings",
    "login",
    "saving",
    "community's saving",
)


@pytest.mark.slow
def test_every_table_is_measured(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--results", str(tmp_path)]
    command += ["--days", "2", "--members", "20", "--rounds", "1", "--seconds", "0.3"]
    address = os.environ.get("BROKER_TEST_DATABASE_URL")
    run = subprocess.run(
        command + (["--database", address] if address else []),
        cwd=config.PROJECT,
        env={name: value for name, value in os.environ.items() if "BROKER_" not in name},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    # A figure for every call, engine and ceiling; whether targets are met is not for a blink.
    assert [call for call in TARGETS if call not in run.stdout] == []
    tables = [line for line in run.stdout.splitlines() if line.startswith("### ")]
    assert len(tables) == 6  # storage, calls, a crowd's, logins, memory, ingest

"""The benchmarks of the live view still run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import config

TABLES = ("beside a bare", "Two workers", "stop reading", "flats whose meters", "Soak")


@pytest.mark.slow
@pytest.mark.skipif(
    "BROKER_TEST_DATABASE_URL" in os.environ, reason="it has databases of its own, on SQLite"
)
def test_every_table_of_the_live_view_is_measured(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.live", "--results", str(tmp_path)]
    command += ["--scale", "0.005", "--rounds", "1", "--seconds", "1"]
    command += ["--soak", "0.1", "--stall", "0"]
    for section in ("crowds", "workers", "stalled", "large", "soak"):  # vanishing takes 40 s
        command += ["--only", section]
    run = subprocess.run(
        command, cwd=config.PROJECT, capture_output=True, text=True, timeout=400, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    titles = [line for line in run.stdout.splitlines() if line.startswith("### ")]
    assert [table for table in TABLES if not any(table in title for title in titles)] == []

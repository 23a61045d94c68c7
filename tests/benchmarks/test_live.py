"""The benchmarks of the live view still run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import config

TABLES = ("beside a bare", "Two workers", "stop reading", "flats whose meters", "Soak")


@pytest.mark.slow
def test_every_table_of_the_live_view_is_measured(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.live", "--results", str(tmp_path)]
    command += ["--scale", "0.005", "--rounds", "1", "--seconds", "1"]
    command += ["--soak", "0.1", "--stall", "0"]
    sections = ("crowds", "workers", "stalled", "large", "soak")  # vanishing takes 40 s
    tables = TABLES
    if address := os.environ.get("BROKER_TEST_DATABASE_URL"):
        command += ["--database", address]
        sections, tables = sections[-1:], tables[-1:]
    for section in sections:
        command += ["--only", section]
    run = subprocess.run(
        command,
        cwd=config.PROJECT,
        env={name: value for name, value in os.environ.items() if "BROKER_" not in name},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    titles = [line for line in run.stdout.splitlines() if line.startswith("### ")]
    assert [table for table in tables if not any(table in title for title in titles)] == []
    # What is known already outlives a run that is cut short.
    lines = (tmp_path / "live.jsonl").read_text(encoding="utf-8").splitlines()
    kept = [json.loads(line)["what"] for line in lines]
    assert [section for section in sections if not any(section in what for what in kept)] == []

"""What has been measured so far: a run of an hour that is cut short has not been for nothing."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

FILE = "live.jsonl"


def note(folder: Path, what: str, *, quietly: bool = False, **figures: float) -> None:
    """Adds a line to the folder's journal, at once, and shows it beside the tables."""
    moment = datetime.now(UTC)
    line = {"time": moment.isoformat(timespec="seconds"), "what": what} | figures
    with (folder / FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
    if not quietly:
        shown = ", ".join(f"{name} {value:g}" for name, value in figures.items())
        sys.stderr.write(f"{moment:%H:%M:%S} {what}{': ' if shown else ''}{shown}\n")
        sys.stderr.flush()

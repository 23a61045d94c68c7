"""A ZIP file that is written while it is sent: as much as a meter says in years, little memory."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

ROWS_AT_ONCE = 500
"""Some milliseconds of work, after which others have their turn."""


class File(NamedTuple):
    """A file of an archive: its name, and its content bit by bit."""

    name: str
    pieces: Iterable[bytes]


def table(name: str, titles: Sequence[str], rows: Iterable[Sequence[object]]) -> File:
    """A CSV file as RFC 4180 has it, in UTF-8; None is an empty cell."""
    return File(name, _written(titles, rows))


def zipped(files: Iterable[File], made: datetime, pause: Callable[[], object]) -> Iterator[bytes]:
    """The bytes of a ZIP file; `made` is when, `pause` lets others have their turn."""
    sink = _Sink()
    with ZipFile(sink, "w") as archive:
        for file in files:
            entry = ZipInfo(file.name, made.timetuple()[:6])
            entry.compress_type = ZIP_DEFLATED
            entry.external_attr = 0o600 << 16  # only the owner may read what is unpacked
            with archive.open(entry, "w") as target:
                for piece in file.pieces:
                    target.write(piece)
                    if written := sink.taken():
                        yield written
                    pause()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """Where ZipFile writes to: it can't go back, so it says sizes behind each file."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: object) -> int:
        """Keeps what is written until it is taken."""
        self._written += data  # type: ignore[arg-type]
        return len(data)  # type: ignore[arg-type]

    def taken(self) -> bytes:
        """What has been written since the last time."""
        written = bytes(self._written)
        self._written.clear()
        return written


def _written(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    waiting = iter(rows)
    block: list[Sequence[object]] = [titles]
    while block:
        text = io.StringIO()
        csv.writer(text).writerows(block)
        yield text.getvalue().encode()
        block = list(islice(waiting, ROWS_AT_ONCE))

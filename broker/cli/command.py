"""What all commands share: a report as text or JSON, errors in one line, times and tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import date, datetime
from functools import wraps
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from flask import current_app
from sqlalchemy.exc import OperationalError, ProgrammingError

from broker import clock
from broker.errors import BrokerError
from broker.sources.written_time import WrittenTimes
from broker.units import whole
from config import Settings

T = TypeVar("T")


class Report(NamedTuple):
    """What a command did: as a sentence or table for people, as data for scripts."""

    text: str
    data: dict[str, Any]


def settings() -> Settings:
    """The settings of this installation."""
    given: Settings = current_app.config["BROKER"]
    return given


@contextmanager
def one_line_failures() -> Iterator[None]:
    """What a person can mend is told in one line, and the command exits with 1."""
    try:
        yield
    except BrokerError as error:
        raise click.ClickException(error.description) from error
    except (OperationalError, ProgrammingError) as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise click.ClickException(
            f"The database can't answer ({reason}). Has `flask --app app db upgrade` been run?"
        ) from error


def reports(command: Callable[..., Report]) -> Callable[..., None]:
    """Prints a command's report, with `--json` as one document; a failure is one line, exit 1."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
    @wraps(command)
    def reporting(*, as_json: bool, **parameters: Any) -> None:
        with one_line_failures():
            report = command(**parameters)
        click.echo(json.dumps(report.data, ensure_ascii=False) if as_json else report.text)

    return reporting


def is_quiet() -> bool:
    """Whether the running command prints JSON and must say nothing else."""
    return bool(click.get_current_context().params.get("as_json"))


def say(text: str) -> None:
    """A word in between, for people who wait."""
    if not is_quiet():
        click.echo(text)


def progress(items: Iterable[T], label: str, length: int | None = None) -> Any:
    """A progress bar over items, as a context manager; with `--json` just the items."""
    if is_quiet():
        return nullcontext(items)
    return click.progressbar(items, length=length, label=label)


class LocalTime(click.ParamType[int]):
    """A time: local by the community's zone, with an offset of its own, POSIX seconds, or "now"."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The POSIX second of what was typed."""
        if isinstance(value, int):
            return value
        if value == "now":
            return clock.now_s()
        try:
            return WrittenTimes(settings().timezone).posix_s(value)
        except ValueError as error:
            self.fail(f"{error}. Write 2026-03-12, '2026-03-12 14:30' or now.", param, ctx)


def today() -> date:
    """The community's present day."""
    return clock.local_date(clock.now_s(), settings().timezone)


class LocalDay(click.ParamType[date]):
    """A day of the community's calendar, or "today"."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day that was typed."""
        if isinstance(value, date):
            return value
        if value == "today":
            return today()
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a day. Write 2026-03-12 or today.", param, ctx)


class Zone(click.ParamType[ZoneInfo]):
    """A time zone by its name."""

    name = "zone"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> ZoneInfo:
        """The zone that was typed."""
        try:
            return ZoneInfo(str(value))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.fail(f"{value!r} is no time zone such as Europe/Berlin.", param, ctx)


class Whole(click.ParamType[int]):
    """A decimal number, exactly as a whole number of some small unit."""

    name = "number"

    def __init__(self, unit: str, per_unit: int) -> None:
        self.unit, self.per_unit = unit, per_unit

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """What was typed, in the small unit."""
        try:
            return whole(str(value), self.per_unit)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def local(time_s: int | None) -> str:
    """A time as people of the community write it, with its offset; a dash for none."""
    if time_s is None:
        return "–"
    moment = datetime.fromtimestamp(time_s, settings().timezone)
    return moment.isoformat(" ", "minutes" if time_s % 60 == 0 else "seconds")


def table(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows under their titles in columns; says so if there are none."""
    cells = [list(titles), *([str(cell) for cell in row] for row in rows)]
    if len(cells) == 1:
        return "There are none yet."
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )
    return "\n".join(lines)

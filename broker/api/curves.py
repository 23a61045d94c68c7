"""Consumption and production as columns: for charts, and as CSV for spreadsheets."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import datetime
from io import StringIO
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response
from flask_login import current_user
from marshmallow import Schema, fields, validate

from broker.api import languages
from broker.api.history import HistoryQuery, window
from broker.api.packed_curves import packed
from broker.api.representation import gives, takes_query
from broker.api.session import login_required
from broker.services import curves
from broker.services.curves import Curves, Powers
from broker.units import (
    HOUR_S,
    QUARTER_HOUR_S,
    TENTH_UWH_PER_MW_QUARTER_HOUR,
    kwh_from,
    w_from_mw,
)

bp = Blueprint("curves", __name__)

PACKED = "application/octet-stream"
MW_OF_WHOLE_W = 100_000
"""From here on whole watts are told, below tenths."""
STEPS_S = {"quarter_hour": QUARTER_HOUR_S, "hour": HOUR_S}


class CurveQuery(HistoryQuery):
    """What time, how finely, and as what."""

    format = fields.String(
        load_default="json",
        validate=validate.OneOf(["json", "csv", "packed"]),
        metadata={
            "description": "`csv` gives a file for spreadsheets, `packed` few bytes for "
            "quarter hours or hours, as broker/api/packed_curves.py describes."
        },
    )


def powers_field(description: str) -> fields.List[float]:
    """Mean powers of consecutive steps."""
    return fields.List(
        fields.Float(allow_none=True),
        allow_none=True,
        metadata={"description": f"{description}: mean power of each step in W, null if unknown."},
    )


class Curve(Schema):
    """Consecutive steps that are over."""

    begin = fields.Integer(
        allow_none=True,
        metadata={"description": "Start of the first step, POSIX seconds; null without any."},
    )
    step = fields.Integer(
        allow_none=True, metadata={"description": "Length of a step in s; null if they differ."}
    )
    ends = fields.List(
        fields.Integer(),
        allow_none=True,
        metadata={"description": "End of each step, POSIX seconds; null if `step` says it."},
    )
    consumption = powers_field("Consumption")
    production = powers_field("Production of the house, null without a plant")


@bp.get("/individual-consumption-curve")
@login_required
@takes_query(CurveQuery)
@gives(Curve, columns=True, files=("text/csv", PACKED))
def show_my_curve(format: str, **asked: Any) -> Any:
    """The resident's power curve as columns: a year of quarter hours is 35,000 numbers.

    A program that wants keys and counters asks for the history.
    """
    asked = window(**asked)
    return _represented(curves.of_user(current_user.id, **asked), format, asked)


@bp.get("/group-consumption-curve")
@login_required
@takes_query(CurveQuery)
@gives(Curve, columns=True, files=("text/csv", PACKED))
def show_our_curve(format: str, **asked: Any) -> Any:
    """What the house used and made, as columns."""
    asked = window(**asked)
    return _represented(curves.of_group(current_user.group_id, **asked), format, asked)


def _represented(found: Curves, format: str, asked: dict[str, Any]) -> dict[str, Any] | Response:
    if format == "csv":
        return _file(found, asked["zone"])
    step_s = STEPS_S.get(asked["resolution"])
    if format == "packed" and step_s and found.boundaries_s:
        series = [found.consumption, *([] if found.production is None else [found.production])]
        if (body := packed(found.boundaries_s[0], step_s, series)) is not None:
            return Response(body, mimetype=PACKED)
    return {
        "begin": found.boundaries_s[0] if found.boundaries_s else None,
        "step": step_s,
        "ends": None if step_s else found.boundaries_s[1:],
        "consumption": _watts(found.consumption),
        "production": None if found.production is None else _watts(found.production),
    }


def _watts(powers_mw: Powers) -> Powers:
    """No finer than a chart shows: a digit less is a fifth less to send."""
    return [
        None
        if mw is None
        else round(w_from_mw(mw), 1 if -MW_OF_WHOLE_W < mw < MW_OF_WHOLE_W else None)
        for mw in powers_mw
    ]


def _file(found: Curves, zone: ZoneInfo) -> Response:
    """A CSV that the spreadsheet of the reader's language opens: in German `;` and a comma."""
    is_german = languages.chosen() == "de"
    text = StringIO()
    text.write("\N{ZERO WIDTH NO-BREAK SPACE}")  # tells spreadsheets that it is UTF-8
    writer = csv.writer(text, delimiter=";" if is_german else ",", lineterminator="\r\n")
    for row in _rows(found, zone):
        writer.writerow([_with_comma(cell) for cell in row] if is_german else row)
    response = Response(text.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{_name(found, zone)}"'
    response.vary.update(("Accept-Language", "Cookie"))
    return response


def _name(found: Curves, zone: ZoneInfo) -> str:
    if not found.boundaries_s:
        return "broker.csv"
    return f"broker-{datetime.fromtimestamp(found.boundaries_s[0], zone):%Y-%m-%d}.csv"


def _with_comma(cell: object) -> object:
    return str(cell).replace(".", ",") if isinstance(cell, float) else cell


def _rows(found: Curves, zone: ZoneInfo) -> Iterator[Sequence[object]]:
    """A head, then a row for each step; times are local ones with their distance to UTC."""
    named = [("consumption", found.consumption)]
    if found.production is not None:
        named.append(("production", found.production))
    yield ["begin", "end", *(f"{name}_{unit}" for name, _ in named for unit in ("w", "kwh"))]
    for place, (begin_s, end_s) in enumerate(pairwise(found.boundaries_s)):
        times = (datetime.fromtimestamp(time_s, zone).isoformat() for time_s in (begin_s, end_s))
        length_s = end_s - begin_s
        values = (cell for _, powers in named for cell in _cells(powers[place], length_s))
        yield [*times, *values]


def _cells(power_mw: float | None, length_s: int) -> tuple[object, object]:
    if power_mw is None:
        return "", ""
    energy_tenth_uwh = power_mw * TENTH_UWH_PER_MW_QUARTER_HOUR * length_s / QUARTER_HOUR_S
    return round(w_from_mw(power_mw), 3), round(kwh_from(energy_tenth_uwh), 6)

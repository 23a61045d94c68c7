"""Consumption and production through time."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask_login import current_user
from marshmallow import Schema, fields, validate

from broker.api.representation import gives, takes_query
from broker.api.session import login_required, settings
from broker.clock import day_start_s, now_s
from broker.services import history
from broker.services.history import Resolution

bp = Blueprint("history", __name__)

LATEST_S = 32_503_679_999
"""The end of the year 2999: calendars end with 9999, and pages lead on to what comes after."""
WRITTEN = "UTC times, `YYYY-MM-DD HH:MM:SS`"


def time_field(description: str, **given: Any) -> fields.Integer:
    """A time in POSIX seconds."""
    return fields.Integer(
        validate=validate.Range(0, LATEST_S),
        metadata={"description": f"{description} POSIX seconds.", "example": 1579042800},
        **given,
    )


class HistoryQuery(Schema):
    """What time, and how finely."""

    begin_s = time_field("Start; today at 00:00 if missing.", data_key="begin", load_default=None)
    end_s = time_field("End; now if missing.", data_key="end", load_default=None)
    resolution = fields.String(
        load_default=Resolution.QUARTER_HOUR.value,
        validate=validate.OneOf([resolution.value for resolution in Resolution]),
        metadata={"description": "What the powers are averaged over."},
    )


def counters_field() -> fields.Dict:
    """First and last counter of each day."""
    return fields.Dict(
        fields.String(),
        fields.Integer(),
        metadata={"description": f"First and last counter of each day in 1e-10 kWh by {WRITTEN}."},
    )


def powers_field() -> fields.Dict:
    """Mean powers."""
    return fields.Dict(
        fields.String(),
        fields.Float(),
        metadata={"description": f"Mean power in mW by the end of each quarter hour, {WRITTEN}."},
    )


class History(Schema):
    """The course of one flat."""

    energy = counters_field()
    power = powers_field()


class GroupHistory(Schema):
    """The course of a community."""

    consumed_energy = counters_field()
    consumed_power = powers_field()
    group_users = fields.Dict(
        fields.String(),
        fields.Nested(History),
        metadata={"description": "Each member's course by user id."},
    )
    produced_first_meter_energy = counters_field()
    produced_first_meter_power = powers_field()
    produced_second_meter_energy = counters_field()
    produced_second_meter_power = powers_field()


@bp.get("/individual-consumption-history")
@login_required
@takes_query(HistoryQuery)
@gives(History, page="history/mine.html", empty=206, columns=True)
def show_my_history(**asked: Any) -> dict[str, Any]:
    """The resident's power curve and day counters."""
    return history.of_user(current_user.id, **_window(**asked))


@bp.get("/group-consumption-history")
@login_required
@takes_query(HistoryQuery)
@gives(GroupHistory, page="history/ours.html", empty=206, columns=True)
def show_our_history(**asked: Any) -> dict[str, Any]:
    """The house's common and production meters and every member."""
    return history.of_group(current_user.group_id, **_window(**asked))


def _window(begin_s: int | None, end_s: int | None, resolution: str) -> dict[str, Any]:
    now, zone = now_s(), settings().timezone
    return {
        "begin_s": day_start_s(now, zone) if begin_s is None else begin_s,
        "end_s": now if end_s is None else end_s,
        "resolution": resolution,
        "zone": zone,
        "now_s": now,
    }

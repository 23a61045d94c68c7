"""Consumption and production through time."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask_login import current_user
from marshmallow import Schema, ValidationError, fields, validate

from broker.api import costs, drawings
from broker.api.periods import Period
from broker.api.representation import gives, takes_query
from broker.api.session import login_required, settings
from broker.clock import day_start_s, now_s
from broker.services import community_history, history, live
from broker.services.courses import Resolution

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


class Chosen(fields.Field[tuple[str, ...]]):
    """Some of several words, separated by commas."""

    def __init__(self, *words: str, description: str) -> None:
        text = {"type": "string", "description": description, "example": ",".join(words)}
        super().__init__(load_default=None, metadata=text)
        self.words = words

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        chosen = tuple(str(value).split(","))
        if not set(chosen) <= {*self.words}:
            raise ValidationError(f"Must be one or more of: {', '.join(self.words)}.")
        return chosen


class MyHistoryQuery(HistoryQuery):
    """What time, how finely, and whether with what it costs and emits."""

    include = Chosen(
        "cost", "co2", description="`cost` and `co2` add what the electricity cost and caused."
    )


class GroupHistoryQuery(HistoryQuery):
    """What time, how finely, and whether with the community's own energy."""

    include = Chosen(
        "community", description="`community` adds what the house made of its own generation."
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


def optional(description: str) -> dict[str, Any]:
    """The metadata of a field that isn't always there."""
    return {"description": description, "x-optional": True}


def amounts_field(what: str) -> fields.Dict:
    """What steps cost or emit, that may be asked for."""
    described = optional(f"{what} by the end of each step that is known, {WRITTEN}.")
    return fields.Dict(fields.String(), fields.Integer(), metadata=described)


def ratio_field(description: str) -> fields.Float:
    """A part of a whole, that may be asked for."""
    return fields.Float(allow_none=True, metadata=optional(f"{description}, 0 to 1."))


class History(Schema):
    """The course of one flat."""

    energy = counters_field()
    power = powers_field()


class Total(Schema):
    """What the steps of a history cost in millionths of the currency, or emit in mg of CO2."""

    grid = fields.Integer(metadata={"description": "For what came from the grid."})
    pv = fields.Integer(metadata={"description": "For the flat's part of the common generation."})
    base = fields.Integer(metadata=optional("Base price; only of a cost."))
    total = fields.Integer(metadata={"description": "All together."})
    known_share = fields.Float(metadata={"description": "For what part of the time, 0 to 1."})
    is_complete = fields.Boolean(metadata={"description": "Whether that is all of the time."})


class MyHistory(History):
    """The course of the caller's flat."""

    cost = amounts_field("Cost in millionths of the currency")
    cost_total = fields.Nested(Total, allow_none=True, metadata=optional("Cost of all steps."))
    currency = fields.String(metadata=optional("ISO 4217."))
    co2 = amounts_field("CO2 in mg")
    co2_total = fields.Nested(Total, allow_none=True, metadata=optional("CO2 of all steps."))


class MemberHistory(History):
    """The course of one flat within its community."""

    allocated_power = fields.Dict(
        fields.String(),
        fields.Float(),
        metadata=optional(f"Its part of the generation, mean power in mW by {WRITTEN}."),
    )


class GroupHistory(Schema):
    """The course of a community."""

    consumed_energy = counters_field()
    consumed_power = powers_field()
    group_users = fields.Dict(
        fields.String(),
        fields.Nested(MemberHistory),
        metadata={"description": "Each member's course by user id."},
    )
    other_flats_power = fields.Dict(
        fields.String(),
        fields.Float(),
        metadata=optional(
            "The flats together whose residents have left or haven't come yet, if there are any: "
            f"mean power in mW by {WRITTEN}."
        ),
    )
    produced_first_meter_energy = counters_field()
    produced_first_meter_power = powers_field()
    produced_second_meter_energy = counters_field()
    produced_second_meter_power = powers_field()
    self_sufficiency = ratio_field("The part of the consumption that the roof covered")
    self_consumption = ratio_field("The part of the generation that the house used")
    community_known = ratio_field("The part of the time for which these two are known")
    consumed_allocated_power = fields.Dict(
        fields.String(),
        fields.Float(),
        metadata=optional("The common consumption's part of the generation, as for members."),
    )


@bp.get("/individual-consumption-history")
@login_required
@takes_query(MyHistoryQuery)
@gives(MyHistory, page="history/mine.html", empty=206, columns=True)
def show_my_history(include: tuple[str, ...] | None, **asked: Any) -> dict[str, Any]:
    """The resident's power curve and day counters.

    With `include=cost,co2` also what the electricity of each step cost and how much CO2 it caused.
    """
    shown = window(**asked)
    mine = history.of_user(current_user.id, **shown)
    return costs.added_to(mine, include, **shown) if include else mine


@bp.get("/group-consumption-history")
@login_required
@takes_query(GroupHistoryQuery)
@gives(GroupHistory, page="history/ours.html", empty=206, columns=True)
def show_our_history(include: tuple[str, ...] | None, **asked: Any) -> dict[str, Any]:
    """The house's common and production meters and every member.

    With `include=community` also `self_sufficiency` and `self_consumption` of the shown time, for
    which part of it both are known, and whose the generation was: `allocated_power`.
    """
    shown = window(**asked)
    ours = history.of_group(current_user.group_id, **shown)
    return community_history.added_to(ours, current_user.group_id, **shown) if include else ours


@bp.app_template_global()
def my_year_before(period: Period) -> dict[str, float]:
    """The caller's powers of the same time a year before, under the keys of this period's steps."""
    before = period.year_before
    if before.begin_s < 0 or before.end_s - before.begin_s > history.LONGEST_QUARTER_HOURS_S:
        return {}
    shown = (before.begin_s, before.end_s, before.resolution, before.zone, before.now_s)
    mine = history.of_user(current_user.id, *shown)
    return drawings.moved(mine.get("power", {}), period, before)


@bp.app_template_global()
def my_meter() -> str | None:
    """The number of the caller's meter, by which scripts follow the house."""
    return live.own_meter_number(current_user.id, current_user.group_id, now_s())


def window(begin_s: int | None, end_s: int | None, resolution: str) -> dict[str, Any]:
    """What a query asks for, as keywords of the services: from today on, until now."""
    now, zone = now_s(), settings().timezone
    return {
        "begin_s": day_start_s(now, zone) if begin_s is None else begin_s,
        "end_s": now if end_s is None else end_s,
        "resolution": resolution,
        "zone": zone,
        "now_s": now,
    }

"""Meters: what each measures when, exchanging one, what was odd about their readings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, session, url_for
from marshmallow import ValidationError, fields, validate, validates_schema

from broker.admin.forms import Form, Time, keeps_what_was_typed, open_next
from broker.api.representation import gives, takes, tell, wants_page
from broker.api.schemas import Text
from broker.api.session import operator_required
from broker.clock import now_s
from broker.models import DEFAULT_MAX_POWER_W, MeterRole, Register
from broker.services import community, inexogy, meter_events, meters, users

bp = Blueprint("operator_meters", __name__, url_prefix="/operator/meters")

SHOWN_EVENTS = 200
GROUP_ROLES = [role.value for role in MeterRole if role is not MeterRole.FLAT]


class NewMeter(Form):
    """A meter, and the power from which on its counter isn't believed."""

    number = Text(required=True)
    max_power_w = fields.Integer(load_default=DEFAULT_MAX_POWER_W)


class Assignment(Form):
    """What a meter measures: the flat of a resident, or without one a role of a group."""

    number = Text(required=True)
    resident = Text(load_default="")
    group = Text(load_default="")
    role = fields.Enum(MeterRole, by_value=True, load_default=MeterRole.FLAT)
    begin = Time(required=True)
    end = Time(load_default=None)
    register = fields.Enum(Register, load_default=Register.IMPORT)


class Release(Form):
    """When a meter's use ends."""

    number = Text(required=True)
    at = Time(required=True)


class Preference(Form):
    """Whose split by appliance is shown for a meter: inexogy's if it is said what it calls it."""

    number = Text(required=True)
    source = fields.String(required=True, validate=validate.OneOf(["broker", "inexogy"]))
    inexogy_id = Text(load_default="")

    @validates_schema
    def means_one(self, data: Mapping[str, Any], **_given: Any) -> None:
        """Whoever types an id but leaves the choice at Broker means inexogy."""
        if data["source"] == "broker" and data["inexogy_id"]:
            complaint = "You typed what inexogy calls the meter, but chose Broker."
            raise ValidationError(complaint, "source")


class Exchange(Form):
    """Which meter takes whose place when; nothing happens before it is confirmed."""

    old = Text(required=True)
    new = Text(required=True)
    at = Time(required=True)
    confirmed = fields.Boolean(load_default=False)


@bp.get("")
@operator_required
@gives(page="admin/meters.html")
def show() -> dict[str, Any]:
    """All meters with their present use and last reading, and what they may be used for."""
    return {
        "meters": meters.listed(now_s()),
        "users": users.listed(now_s()),
        "groups": community.listed(now_s()),
        "roles": GROUP_ROLES,
    }


@bp.get("/events")
@operator_required
@gives(page="admin/events.html")
def events() -> dict[str, Any]:
    """What readings gave away: jitter, exchanged registers, implausible jumps."""
    return {"events": meter_events.listed(None, SHOWN_EVENTS)}


@bp.post("/add")
@operator_required
@gives(then="operator_meters.show", back="operator_meters.show", status=201)
@keeps_what_was_typed("add")
@takes(NewMeter)
def add(number: str, max_power_w: int) -> dict[str, Any]:
    """Makes a meter known."""
    meters.add(number, now_s(), max_power_w)
    tell("The meter is known now. Say below whose flat it measures.")
    open_next("assign", number=number.strip())
    return {"number": number.strip(), "max_power_w": max_power_w}


@bp.post("/assign")
@operator_required
@gives(then="operator_meters.show", back="operator_meters.show")
@keeps_what_was_typed("assign")
@takes(Assignment)
def assign(
    number: str,
    resident: str,
    group: str,
    role: MeterRole,
    begin: int,
    end: int | None,
    register: Register,
) -> dict[str, Any]:
    """Lets a meter count."""
    if resident:
        period = meters.assign_to_resident(number, resident, begin, end, register)
    else:
        period = meters.assign_to_role(number, group, role, begin, end, register)
    tell("The meter is assigned.")
    return {"number": number} | period._asdict()


@bp.post("/release")
@operator_required
@gives(then="operator_meters.show", back="operator_meters.show")
@keeps_what_was_typed("release")
@takes(Release)
def release(number: str, at: int) -> dict[str, Any]:
    """Ends what a meter is used for."""
    end_s = meters.release(number, at)
    tell("The meter is released.")
    return {"number": number, "end_s": end_s}


@bp.post("/prefer")
@operator_required
@gives(then="operator_meters.show", back="operator_meters.show")
@keeps_what_was_typed("prefer")
@takes(Preference)
def prefer(number: str, source: str, inexogy_id: str) -> dict[str, Any]:
    """Chooses whose split by appliance is shown: Broker's own, or inexogy's where it has one."""
    if source == "inexogy":
        inexogy.prefer(number, inexogy_id)
    else:
        inexogy.leave(number)
    tell("Noted. The appliances of this meter are split anew bit by bit.")
    return {"number": number, "source": source}


def _after_exchange() -> str:
    is_planned = "planned_exchange" in session
    return url_for("operator_meters.show_exchange" if is_planned else "operator_meters.show")


@bp.get("/swap")
@operator_required
@gives(page="admin/swap.html")
def show_exchange() -> dict[str, Any]:
    """The form for an exchange, and once it is filled in, what it would do."""
    return {"meters": meters.listed(now_s()), "planned": session.pop("planned_exchange", None)}


@bp.post("/swap")
@operator_required
@gives(then=_after_exchange, back="operator_meters.show_exchange")
@keeps_what_was_typed("swap")
@takes(Exchange)
def exchange(old: str, new: str, at: int, confirmed: bool) -> dict[str, Any]:
    """Puts a meter in another's place; before it is confirmed, only tells what would happen."""
    swapped = meters.swap(old, new, at, only_planned=not confirmed)
    told = {"old": old, "new": new, "at_s": at, "confirmed": confirmed} | swapped._asdict()
    if confirmed:
        tell("The meters are exchanged.")
    elif wants_page():
        session["planned_exchange"] = told
    return told

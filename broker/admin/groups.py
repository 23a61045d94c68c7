"""Groups, and how each shares out what its roof makes."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint
from marshmallow import fields

from broker.admin.forms import Form, Whole, keeps_what_was_typed, today
from broker.api.representation import gives, takes, tell
from broker.api.schemas import Text
from broker.api.session import operator_required
from broker.clock import now_s
from broker.energy.community import AllocationKind
from broker.services import allocation, community, users
from broker.units import PPM_PER_PERCENT

bp = Blueprint("operator_groups", __name__, url_prefix="/operator/groups")


class NewGroup(Form):
    """A house."""

    name = Text(required=True)


class Allocation(Form):
    """How a group shares out from a day on."""

    group = Text(required=True)
    kind = fields.Enum(AllocationKind, by_value=True, required=True)
    valid_from = fields.Date(required=True)
    corrects = fields.Boolean(load_default=False)


class Share(Form):
    """A fixed share of a resident's flat, or without one of the common consumption of a group."""

    group = Text(load_default="")
    resident = Text(load_default="")
    percent = Whole(PPM_PER_PERCENT, required=True)
    valid_from = fields.Date(required=True)
    corrects = fields.Boolean(load_default=False)


@bp.get("")
@operator_required
@gives(page="admin/groups.html")
def show() -> dict[str, Any]:
    """All groups with their rules and shares."""
    return {
        "groups": community.listed(now_s()),
        "allocations": allocation.listed(None),
        "users": users.listed(now_s()),
        "kinds": [kind.value for kind in AllocationKind],
        "today": today(),
    }


@bp.post("/add")
@operator_required
@gives(then="operator_groups.show", back="operator_groups.show", status=201)
@keeps_what_was_typed("add")
@takes(NewGroup)
def add(name: str) -> dict[str, Any]:
    """Makes a group."""
    community.add(name, now_s())
    tell("The group is made.")
    return {"name": name.strip()}


@bp.post("/allocation")
@operator_required
@gives(then="operator_groups.show", back="operator_groups.show")
@keeps_what_was_typed("allocation")
@takes(Allocation)
def choose(group: str, kind: AllocationKind, valid_from: date, corrects: bool) -> dict[str, Any]:
    """Chooses how a group shares out."""
    allocation.choose(group, kind, valid_from, today(), corrects=corrects)
    tell("That is how it is shared out from that day on.")
    return {"name": group.strip(), "allocation": kind.value, "from": valid_from}


@bp.post("/share")
@operator_required
@gives(then="operator_groups.show", back="operator_groups.show")
@keeps_what_was_typed("share")
@takes(Share)
def share(
    group: str, resident: str, percent: int, valid_from: date, corrects: bool
) -> dict[str, Any]:
    """Gives a flat, or the common consumption, a fixed share."""
    if resident:
        allocation.set_share_of_flat(resident, percent, valid_from, today(), corrects=corrects)
    else:
        allocation.set_common_share(group, percent, valid_from, today(), corrects=corrects)
    tell("The share is set.")
    return {"resident": resident or None, "group": group or None, "from": valid_from}

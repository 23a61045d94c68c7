"""Ingest keys: a new one is shown this once only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from marshmallow import fields

from broker.admin.forms import Form, keeps_what_was_typed, show_once
from broker.api.representation import gives, takes, tell
from broker.api.schemas import Text
from broker.api.session import operator_required
from broker.clock import now_s
from broker.services import keys, meters

bp = Blueprint("operator_keys", __name__, url_prefix="/operator/keys")


class NewKey(Form):
    """What a key is called and opens."""

    name = Text(required=True)
    meters = fields.List(Text(), load_default=list)
    grid_rates = fields.Boolean(load_default=False)


class Key(Form):
    """One key."""

    name = Text(required=True)


@bp.get("")
@operator_required
@gives(page="admin/keys.html")
def show() -> dict[str, Any]:
    """All keys, without what is secret of them."""
    return {"keys": keys.listed(), "meters": [one["number"] for one in meters.listed(now_s())]}


@bp.post("/add")
@operator_required
@gives(then="operator_keys.show", back="operator_keys.show", status=201)
@keeps_what_was_typed("add")
@takes(NewKey)
def add(name: str, meters: list[str], grid_rates: bool) -> dict[str, Any]:
    """Makes a key."""
    made = keys.make(name, meters, now_s(), opens_grid_rates=grid_rates)
    show_once(name.strip(), made)
    return {"name": name.strip(), "key": made}


@bp.post("/revoke")
@operator_required
@gives(then="operator_keys.show", back="operator_keys.show")
@takes(Key)
def revoke(name: str) -> dict[str, Any]:
    """Makes a key worthless at once."""
    keys.revoke(name, now_s())
    tell("The key is revoked.")
    return {"name": name.strip()}

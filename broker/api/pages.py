"""The first page, the neighbours' pictures, and what the templates of all pages may ask for."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, request
from flask_login import current_user
from marshmallow import Schema, fields

from broker import errors
from broker.api import bubbles, community_energy, costs, drawings, flows
from broker.api.formats import zone
from broker.api.representation import gives, wants_page
from broker.api.session import login_required, public
from broker.clock import day_start_s, next_day_start_s, now_s
from broker.services import history, live, members

bp = Blueprint("pages", __name__)

for function in (
    drawings.shown_period,
    drawings.drawn,
    drawings.running_now,
    drawings.energy_of,
    drawings.compared,
    drawings.consumed,
    drawings.produced,
    drawings.counter_ends,
    bubbles.own_meter,
    bubbles.own_power_mw,
    bubbles.power_mw_of,
    bubbles.common_power_mw,
    bubbles.picture,
    bubbles.shortened,
    flows.flows_now,
    members.called,
    costs.my_cost_and_co2,
    community_energy.our_balance,
    community_energy.our_parts,
):
    bp.add_app_template_global(function)


class Index(Schema):
    """Where a program goes from here."""

    name = fields.String()
    documentation = fields.String()
    openapi = fields.String()


@bp.get("/")
@public
@gives(Index, page="home.html")
def home() -> dict[str, Any]:
    """Where to go from here; for a resident with a browser: right now and today."""
    if not wants_page():
        return {"name": "Broker", "documentation": "/docs", "openapi": "/openapi.json"}
    if not current_user.is_authenticated:
        raise errors.Unauthorized("Log in to see your house.")
    now = now_s()
    today = day_start_s(now, zone()), next_day_start_s(now, zone()), "quarter_hour", zone(), now
    return {
        "live": live.snapshot(current_user.group_id, now),
        "mine": history.of_user(current_user.id, *today),
        "ours": history.of_group(current_user.group_id, *today),
    }


@bp.get("/members/<int(max=2147483647):user_id>/avatar")
@login_required
def avatar(user_id: int) -> Response:
    """A neighbour's picture, for the pages; programs get all of a house in one call."""
    response = make_response(members.avatar(user_id, current_user.group_id))
    response.mimetype = "image/webp"
    response.cache_control.private = True
    response.cache_control.no_cache = True
    response.add_etag()
    response.make_conditional(request)
    return response


@bp.app_template_global(name="members")
def members_of_house() -> list[members.Member]:
    """The residents of the caller's house."""
    return members.of_group(current_user.group_id)

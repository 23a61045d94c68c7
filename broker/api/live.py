"""The house right now as JSON or page; whoever can't have a WebSocket waits here for the next news.

The socket of the same address is in `live_sockets`.
"""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Blueprint, Response, request
from flask_login import current_user
from marshmallow import Schema, fields, validate

from broker import errors
from broker.api import live_sockets
from broker.api.representation import gives, takes_query, wants_page
from broker.api.session import login_required, settings, token_of
from broker.clock import now_s
from broker.live import hub
from broker.services import live, sessions
from broker.services.attempts import network

bp = Blueprint("live", __name__)

LONGEST_WAIT_S = 25


class LiveMember(Schema):
    """A flat right now."""

    id = fields.String(metadata={"description": "The user's id."})
    meter_id = fields.String(allow_none=True, metadata={"description": "The meter's number."})
    consumption = fields.Integer(allow_none=True, metadata={"description": "Counter, 1e-10 kWh."})
    power = fields.Integer(allow_none=True, metadata={"description": "µW."})


class Snapshot(Schema):
    """The house right now."""

    date = fields.Integer(
        allow_none=True, metadata={"description": "Time of the newest reading, POSIX seconds."}
    )
    group_production = fields.Integer(metadata={"description": "Counters' sum, 1e-10 kWh."})
    group_production_power = fields.Integer(metadata={"description": "µW."})
    group_common_power = fields.Integer(
        allow_none=True,
        metadata={"description": "What the common meters draw, µW; null if there are none."},
    )
    group_users = fields.List(fields.Nested(LiveMember))


class LiveQuery(Schema):
    """How long to wait for news."""

    wait = fields.Integer(
        load_default=0,
        validate=validate.Range(0, LONGEST_WAIT_S),
        metadata={
            "description": "With If-None-Match: wait so many seconds for something new, at most."
        },
    )


@bp.get("/live")
@login_required
@takes_query(LiveQuery)
@gives(Snapshot, page="live.html", columns=True)
def show_live(wait: int) -> Any:
    """The house right now.

    The answer has an ETag. Who sends it back as `If-None-Match` gets 304 while nothing has
    changed, and with `?wait=25` the answer comes as soon as something has, or 304 after 25 s: that
    is how to follow the house where WebSockets are blocked.

    By WebSocket at the same address the same object is sent as text: at once, and after every new
    reading of the house, at most once a second: n + 1 times in any n seconds, and never twice in
    half a second. It needs `?meter_id=` with the caller's own meter and a session: by the
    Authorization header, by the cookie of a page of Broker itself, or by the subprotocols
    `broker.v1, bearer.<token>`, of which `broker.v1` is chosen. The socket closes with 4401 without
    a valid session, also when it ends later, and with 4403 for a `meter_id` that is missing or not
    the caller's; with 1012 when Broker restarts: come back then. Too many sockets of one user or
    address are refused with 429. With `?deltas=1` the messages after the first hold `"delta": true`
    and only those of `group_users` that have changed.
    """
    if wants_page():
        return live.snapshot(current_user.group_id, now_s())
    text = live.told(current_user.group_id, now_s()).json
    if wait and _is_known(text):
        text = _next(wait)
    return _told(text)


@bp.app_template_global()
def our_snapshot() -> dict[str, Any]:
    """The caller's house right now."""
    return live.snapshot(current_user.group_id, now_s())


def _next(wait_s: int) -> bytes:
    """The next message, if the caller still may see it then."""
    live_sockets.start()
    address = network(request.remote_addr or "")
    text = hub.news(current_user.group_id, _is_known, wait_s, current_user.id, address)
    token = token_of(request)
    if token is None or sessions.account(token, now_s(), settings().session_days) is None:
        raise errors.Unauthorized("Log in first: the session token is missing or has expired.")
    return text


def _told(text: bytes) -> Response:
    response = Response(text, content_type="application/json")
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.add("Accept")
    response.set_etag(_tag(text))
    if _is_known(text):
        response.status_code = 304
        response.set_data(b"")
    return response


def _is_known(text: bytes) -> bool:
    # Weakly, because a proxy that compresses makes the tag a weak one.
    return request.if_none_match.contains_weak(_tag(text))


def _tag(text: bytes) -> str:
    return hashlib.blake2b(text, digest_size=12).hexdigest()

"""The house right now: one snapshot by GET, and every change of it by WebSocket."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import orjson
from flask import Blueprint, Flask, request
from flask_login import current_user
from flask_sock import Sock
from marshmallow import Schema, fields
from simple_websocket import ConnectionClosed, Server
from wsproto.events import TextMessage
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from broker.api.errors import error_response
from broker.api.representation import gives
from broker.api.session import bearer, login_required, settings, token_of
from broker.clock import now_s
from broker.live import hub
from broker.services import live, sessions
from broker.services.sessions import Account

bp = Blueprint("live", __name__)
sock = Sock()

SUBPROTOCOL = "broker.v1"
BEARER = "bearer."
SERVICE_RESTART = 1012
NOT_LOGGED_IN = 4401
NOT_YOUR_METER = 4403
AT_MOST_EVERY_S = 1.0
CHECK_EVERY_S = 5.0
"""How soon a socket notices that its session has ended or that a meter was exchanged."""
PING_EVERY_S = 25


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
    group_users = fields.List(fields.Nested(LiveMember))


def register(app: Flask) -> None:
    """Adds the socket. Compression would cost more than it saves on such short messages."""
    app.config["SOCK_SERVER_OPTIONS"] = {
        "subprotocols": [SUBPROTOCOL],
        "ping_interval": PING_EVERY_S,
        "max_message_size": 4096,
    }
    sock.init_app(app)
    app.before_request(_offer_no_compression)
    app.register_error_handler(RemoteProtocolError, _of_handshake)


def _offer_no_compression() -> None:
    request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)


def _of_handshake(error: RemoteProtocolError) -> Any:
    return error_response(400, "BadRequest", f"This is no handshake of a WebSocket: {error}")


@bp.get("/live")
@login_required
@gives(Snapshot, page="live.html", columns=True)
def show_live() -> dict[str, Any]:
    """The house right now.

    By WebSocket at the same address the same object is sent as text: at once, and after every new
    reading of the house, at most once a second. It needs `?meter_id=` with the caller's own meter
    and a session: by the Authorization header, by the cookie of a page of Broker itself, or by
    the subprotocols `broker.v1, bearer.<token>`, of which `broker.v1` is chosen. The socket closes
    with 4401 without a valid session, also when it ends later, and with 4403 for a `meter_id`
    that is missing or not the caller's; with 1012 when Broker restarts: come back then.
    """
    return live.snapshot(current_user.group_id, now_s())


@sock.route("/live", bp=bp)  # type: ignore[untyped-decorator]
def watch(socket: Server) -> None:
    """Sends a snapshot at once and after every new reading of the group, at most one a second."""
    token = _token()
    account = _account(token)
    if account is None:
        _close(socket, NOT_LOGGED_IN, "Log in first.")
    elif request.args.get("meter_id") != _own_meter(account):
        _close(socket, NOT_YOUR_METER, "meter_id is not your meter.")
    else:
        _stream(socket, token, account)


def _stream(socket: Server, token: str | None, account: Account) -> None:
    subscription = hub.subscribe(live.meter_ids_of_group(account.group_id, now_s()))
    try:
        sent = checked = time.monotonic()
        _send(socket, account.group_id)
        while socket.connected and not hub.is_closed():
            has_news = subscription.wait(CHECK_EVERY_S)
            socket.input_buffer.clear()  # nobody is asked to say anything, so it isn't kept
            if time.monotonic() - checked >= CHECK_EVERY_S:
                checked = time.monotonic()
                known = _account(token)
                if known is None:
                    _close(socket, NOT_LOGGED_IN, "The session has ended.")
                    return
                account, outdated = known, subscription
                subscription = hub.subscribe(live.meter_ids_of_group(account.group_id, now_s()))
                hub.unsubscribe(outdated)
                has_news = outdated.wait(0) or has_news
            if has_news and not hub.is_closed():
                time.sleep(max(0.0, sent + AT_MOST_EVERY_S - time.monotonic()))
                subscription.wait(0)  # what came meanwhile is told as well
                sent = time.monotonic()
                _send(socket, account.group_id)
        _close(socket, SERVICE_RESTART, "Broker restarts.")
    finally:
        hub.unsubscribe(subscription)


def _send(socket: Server, group_id: int) -> None:
    """Sends a snapshot whole: the library's own `send` ignores that a socket may take a part."""
    text = orjson.dumps(live.snapshot(group_id, now_s())).decode()
    with _perhaps_gone():
        socket.sock.sendall(socket.ws.send(TextMessage(data=text)))


def _close(socket: Server, code: int, reason: str) -> None:
    with _perhaps_gone():
        socket.close(code, reason)


@contextmanager
def _perhaps_gone() -> Iterator[None]:
    """The client may leave at any moment: then the socket is closed, which is no failure."""
    try:
        yield
    except (LocalProtocolError, OSError) as error:
        raise ConnectionClosed from error


def _own_meter(account: Account) -> str | None:
    return live.own_meter_number(account.id, account.group_id, now_s())


def _account(token: str | None) -> Account | None:
    return sessions.account(token, now_s(), settings().session_days) if token else None


def _token() -> str | None:
    """The token of a header or, from browsers elsewhere, of the subprotocol; else of the cookie.

    A cookie travels with requests that other sites make, so then the Origin has to be ours.
    """
    if bearer(request):
        return bearer(request)
    offered = request.headers.get("Sec-WebSocket-Protocol", "").split(",")
    for protocol in map(str.strip, offered):
        if protocol.startswith(BEARER):
            return protocol.removeprefix(BEARER)
    return token_of(request) if _is_same_origin() else None


def _is_same_origin() -> bool:
    _, _, origin = request.headers.get("Origin", "").partition("://")
    return origin in {request.host, urlsplit(settings().base_url).netloc}

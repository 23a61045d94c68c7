"""The house by WebSocket: who may watch, the handshake, and what goes on while anybody does.

After the handshake the connection belongs to `broker.live`; no request and no greenlet stays.
"""

from __future__ import annotations

import base64
import binascii
import logging
import socket
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app, request
from gevent import monkey, sleep
from werkzeug.exceptions import BadRequest

from broker.api.session import bearer, settings, token_of
from broker.clock import now_s
from broker.live import frames, hub, notifier
from broker.live.peer import Who
from broker.models import db
from broker.services import live, sessions, watchers
from broker.services.attempts import network
from broker.services.watchers import Reason

bp = Blueprint("live_sockets", __name__)
log = logging.getLogger(__name__)

SUBPROTOCOL = "broker.v1"
BEARER = "bearer."
VERSION = "13"
KEY_BYTES = 16
CHECK_EVERY_S = 2.5
"""How often it is looked for sessions that have ended and meters that were exchanged."""
CLOSINGS = {
    Reason.SESSION_ENDED: (4401, "Log in first: there is no session, or it has ended."),
    Reason.METER_CHANGED: (4403, "meter_id is not your meter."),
}


class _HandedOver(Response):
    """Tells the web server that this connection is no longer its concern."""

    def __call__(self, *_: Any) -> Iterable[bytes]:
        """Answers nothing."""
        raise StopIteration


@bp.get("/live", websocket=True)
def watch() -> Response:
    """Sends a snapshot at once and after every new reading of the group, at most one a second."""
    greeting = _accepted()
    token = _token()
    account = sessions.account(token, now_s(), settings().session_days) if token else None
    number = request.args.get("meter_id")
    if account is None:
        hub.refuse(_taken_over(), greeting, *CLOSINGS[Reason.SESSION_ENDED])
    elif not number or number != live.own_meter_number(account.id, account.group_id, now_s()):
        hub.refuse(_taken_over(), greeting, *CLOSINGS[Reason.METER_CHANGED])
    else:
        start()
        who = Who(account.session_id, account.id, account.group_id, number)
        address, deltas = network(request.remote_addr or ""), request.args.get("deltas") == "1"
        hub.join(_taken_over, greeting, who, address, deltas=deltas)
    return _HandedOver()


def start() -> None:
    """Lets this process hear of news, once."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    hub.limits.per_user = settings().live_per_user
    hub.limits.per_address = settings().live_per_address
    in_app = partial(partial, _in_context, app)
    hub.start(in_app(_tell), in_app(_listen), in_app(_check_all))


def _in_context(app: Flask, task: Callable[..., Any], *given: Any) -> Any:
    with app.app_context():
        return task(*given)


def _tell(group_id: int) -> live.Told:
    return live.told(group_id, now_s())


def _listen() -> None:
    notifier.listen(db.engine)


def _check_all() -> None:
    while True:
        sleep(CHECK_EVERY_S)
        hub.watched.wait()
        try:
            _check()
        except Exception:
            log.warning("It isn't known whose sessions have ended", exc_info=True)


def _check() -> None:
    """Closes the sockets whose session or meter has changed, and looks whether time has brought
    news that no reading did, such as a new neighbour."""
    audience = hub.audience()
    ended = watchers.ended(audience.values(), now_s(), settings().session_days)
    for peer, who in audience.items():
        if who in ended:
            hub.dismiss(peer, *CLOSINGS[ended[who]])
    hub.look()


def _accepted() -> bytes:
    """The answer to a handshake. Raises BadRequest for what is none.

    No extension is chosen: compressing such short messages costs more than it saves.
    """
    key = request.headers.get("Sec-WebSocket-Key", "")
    if "upgrade" not in request.headers.get("Connection", "").lower():
        raise BadRequest("This is no handshake of a WebSocket: Connection doesn't say upgrade.")
    if request.headers.get("Sec-WebSocket-Version") != VERSION:
        raise BadRequest(f"This is no handshake of a WebSocket of version {VERSION}.")
    if not _is_key(key):
        raise BadRequest("This is no handshake of a WebSocket: Sec-WebSocket-Key is missing.")
    if "gunicorn.socket" not in request.environ:
        raise NotImplementedError("This web server can't hand over connections.")
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {frames.acceptance(key)}",
    ]
    if SUBPROTOCOL in _subprotocols():
        lines.append(f"Sec-WebSocket-Protocol: {SUBPROTOCOL}")
    return "\r\n".join([*lines, "", ""]).encode()


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == KEY_BYTES
    except (binascii.Error, ValueError):
        return False


def _taken_over() -> socket.socket:
    """The connection, without what gevent keeps beside one; gunicorn is left with a closed one."""
    plain = monkey.get_original("socket", "socket")
    taken: socket.socket = plain(fileno=request.environ["gunicorn.socket"].detach())
    return taken


def _subprotocols() -> list[str]:
    offered = request.headers.get("Sec-WebSocket-Protocol", "").split(",")
    return [protocol.strip() for protocol in offered]


def _token() -> str | None:
    """The token of a header or, from browsers elsewhere, of the subprotocol; else of the cookie.

    A cookie travels with requests that other sites make, so then the Origin has to be ours.
    """
    if bearer(request):
        return bearer(request)
    for protocol in _subprotocols():
        if protocol.startswith(BEARER):
            return protocol.removeprefix(BEARER)
    return token_of(request) if _is_same_origin() else None


def _is_same_origin() -> bool:
    _, _, origin = request.headers.get("Origin", "").partition("://")
    return origin in {request.host, urlsplit(settings().base_url).netloc}

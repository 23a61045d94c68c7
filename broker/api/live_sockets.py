"""The house by WebSocket: who may watch, the handshake, and what goes on while anybody does.

Flask-Sock answers the handshake. After it the connection belongs to `broker.live`; no request and
no greenlet stays.
"""

from __future__ import annotations

import base64
import binascii
import logging
import socket
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app, g, request
from flask_sock import Sock
from gevent import monkey, sleep
from simple_websocket import Server
from werkzeug.exceptions import BadRequest
from wsproto.utilities import RemoteProtocolError

from broker.api.errors import error_response
from broker.api.session import bearer, settings, token_of
from broker.clock import now_s
from broker.errors import TooManyAttempts
from broker.live import hub, notifier
from broker.live.peer import Who
from broker.models import db
from broker.services import live, sessions, watchers
from broker.services.attempts import network
from broker.services.watchers import Reason

bp = Blueprint("live_sockets", __name__)
sock = Sock()
log = logging.getLogger(__name__)

SUBPROTOCOL = "broker.v1"
BEARER = "bearer."
VERSION = "13"
KEY_BYTES = 16
FAILED, TRY_AGAIN_LATER = 1011, 1013
CHECK_EVERY_S = 2.5
"""How often it is looked for sessions that have ended and meters that were exchanged."""
CLOSINGS = {
    Reason.SESSION_ENDED: (4401, "Log in first: there is no session, or it has ended."),
    Reason.METER_CHANGED: (4403, "meter_id is not your meter."),
}


class _NoThread:
    """Stands for the thread in which simple-websocket would read: `broker.live` does that."""

    def __init__(self, target: Callable[[], None]) -> None:
        self.name = target.__name__

    def start(self) -> None:
        """Nothing is to be done."""


class _HandedOver(Exception):
    """Leaves Flask-Sock, which would close the connection and keep a class of its own for each."""


class _NoAnswer(Response):
    """Tells the web server that this connection is no longer its concern."""

    def __call__(self, *_: Any) -> Iterable[bytes]:
        """Answers nothing."""
        raise StopIteration


class _Caller(NamedTuple):
    """Who wants to watch; None where the socket is to be closed with a code."""

    who: Who | None
    address: str
    refusal: Reason | None


def register(app: Flask) -> None:
    """Adds the socket."""
    app.config["SOCK_SERVER_OPTIONS"] = {
        "subprotocols": [SUBPROTOCOL],
        "thread_class": _NoThread,
    }
    sock.init_app(app)


@bp.before_request
def _look_at_the_caller() -> None:
    """What can be refused by HTTP is refused before the upgrade.

    No extension is offered to the handshake: compressing such short messages costs more than it
    saves.
    """
    _refuse_no_handshake()
    request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
    g.caller = _caller()
    if g.caller.who:
        start()
        hub.refuse_too_many(g.caller.who.user_id, g.caller.address)


@sock.route("/live", bp=bp)  # type: ignore[untyped-decorator]
def watch(_: Server) -> None:
    """Sends a snapshot at once and after every new reading of the group, at most one a second.

    The connection leaves the web server here: the hub has it from now on.
    """
    caller: _Caller = g.caller
    if caller.who is None:
        assert caller.refusal is not None
        hub.refuse(_taken_over(), *CLOSINGS[caller.refusal])
    else:
        _join(caller.who, caller.address)
    raise _HandedOver


def _join(who: Who, address: str) -> None:
    try:
        hub.join(_taken_over, who, address, deltas=request.args.get("deltas") == "1")
    except TooManyAttempts as error:  # somebody took the last place meanwhile
        hub.refuse(_taken_over(), TRY_AGAIN_LATER, error.description)
    except Exception:  # it's too late for an answer by HTTP
        log.exception("A live view couldn't begin")
        hub.refuse(_taken_over(), FAILED, "Broker failed. Try again later.")


def _caller() -> _Caller:
    token = _token()
    account = sessions.account(token, now_s(), settings().session_days) if token else None
    number = request.args.get("meter_id")
    address = network(request.remote_addr or "")
    if account is None:
        return _Caller(None, address, Reason.SESSION_ENDED)
    if not number or number != live.own_meter_number(account.id, account.group_id, now_s()):
        return _Caller(None, address, Reason.METER_CHANGED)
    who = Who(account.session_id, account.id, account.group_id, number)
    return _Caller(who, address, None)


def start() -> None:
    """Lets this process hear of news, once."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    hub.limits.per_user = settings().live_per_user
    hub.limits.per_address = settings().live_per_address
    in_app = partial(partial, _in_context, app)
    version, listen = partial(notifier.version, db.engine), partial(notifier.listen, db.engine)
    hub.start(in_app(_tell), version, listen, in_app(_check_all))


def _in_context(app: Flask, task: Callable[..., Any], *given: Any) -> Any:
    with app.app_context():
        return task(*given)


def _tell(group_id: int) -> live.Told:
    return live.told(group_id, now_s())


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


@bp.errorhandler(_HandedOver)
@bp.errorhandler(ConnectionError)  # who has gone before the handshake was answered
def _no_answer(_: Exception) -> Response:
    return _NoAnswer()


@bp.errorhandler(RemoteProtocolError)
def _of_handshake(error: RemoteProtocolError) -> Any:
    return error_response(400, "BadRequest", f"This is no handshake of a WebSocket: {error}")


def _refuse_no_handshake() -> None:
    """Raises BadRequest for what is none."""
    key = request.headers.get("Sec-WebSocket-Key", "")
    if "upgrade" not in request.headers.get("Connection", "").lower():
        raise BadRequest("This is no handshake of a WebSocket: Connection doesn't say upgrade.")
    if request.headers.get("Sec-WebSocket-Version") != VERSION:
        raise BadRequest(f"This is no handshake of a WebSocket of version {VERSION}.")
    if not _is_key(key):
        raise BadRequest("This is no handshake of a WebSocket: Sec-WebSocket-Key is missing.")
    for name in ("Connection", "Sec-WebSocket-Protocol"):
        if not request.headers.get(name, "").isascii():
            raise BadRequest(f"This is no handshake of a WebSocket: {name} isn't ASCII.")
    if "gunicorn.socket" not in request.environ:
        raise NotImplementedError("This web server can't hand over connections.")


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

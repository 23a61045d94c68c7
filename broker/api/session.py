"""Who is calling: the session token of a header or of a browser's cookie."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, Request, Response, current_app, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_login import LoginManager, current_user
from flask_wtf.csrf import CSRFProtect
from itsdangerous import URLSafeTimedSerializer

from broker import errors
from broker.api.representation import View, contract_of, wants_page
from broker.clock import now_s
from broker.services import sessions
from broker.services.standard_load_profile import StandardHousehold
from config import Settings

COOKIE = "broker_session"
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}

csrf = CSRFProtect()


class Sessions(LoginManager):  # type: ignore[misc]
    """Flask-Login, with nothing but our own tokens: no signed session and no "remember me"."""

    def _load_user(self) -> None:
        self._update_request_context_with_user(_account_of(request))

    def _update_remember_cookie(self, response: Response) -> Response:
        return response


login_manager = Sessions()


class SessionCookies(SecureCookieSessionInterface):
    """Flask's cookie of messages and CSRF tokens, with a signer that isn't made anew each time."""

    _signer: URLSafeTimedSerializer | None = None

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """What the cookie holds; without one there is nothing to verify."""
        if "HTTP_COOKIE" not in request.environ:
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Sends the cookie if somebody has looked at it or changed it."""
        if session.accessed or session.modified:
            super().save_session(app, session, response)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """The signer of the app."""
        self._signer = self._signer or super().get_signing_serializer(app)
        return self._signer


def settings() -> Settings:
    """The settings of the running app."""
    given: Settings = current_app.config["BROKER"]
    return given


def standard_household() -> StandardHousehold:
    """The standard household that this installation compares homes with."""
    house = settings()
    return StandardHousehold.chosen(house.load_profile, house.federal_state, house.timezone)


def register(app: Flask) -> None:
    """Makes `current_user` the account of the request's token and guards cookies against CSRF."""
    app.config.setdefault("WTF_CSRF_CHECK_DEFAULT", False)
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    # Which requests are guarded is decided below; Flask-WTF would let every GET pass.
    app.config["WTF_CSRF_METHODS"] = UNSAFE | {"GET", "HEAD"}
    app.session_interface = SessionCookies()
    csrf.init_app(app)
    login_manager.init_app(app)
    app.before_request(_refuse_forged_requests)


def bearer(request: Request) -> str | None:
    """The secret of an Authorization header, `Bearer …` or bare."""
    header = request.headers.get("Authorization", "")
    scheme, _, secret = header.partition(" ")
    return (secret if scheme.lower() == "bearer" else header).strip() or None


def token_of(request: Request) -> str | None:
    """The session token: that of the header, else the cookie."""
    if "Authorization" in request.headers:
        return bearer(request)
    return request.cookies.get(COOKIE)


def _account_of(request: Request) -> sessions.Account | None:
    token = token_of(request)
    return sessions.account(token, now_s(), settings().session_days) if token else None


def forget_unknown_caller() -> None:
    """Makes the caller a stranger if nobody can tell who it is, as without a database: a page that
    says so must not fail for the same reason."""
    try:
        _ = current_user.is_authenticated
    except Exception:  # whatever the drivers of the databases raise
        login_manager._update_request_context_with_user()


def login_required(view: View) -> View:
    """Refuses callers without a valid session: 401, or for a browser the way to the login page."""

    @wraps(view)
    def guarded(**kwargs: Any) -> Any:
        if not current_user.is_authenticated:
            raise errors.Unauthorized("Log in first: the session token is missing or has expired.")
        return view(**kwargs)

    return guarded


def operator_required(view: View) -> View:
    """Refuses everybody but operators."""
    contract_of(view).errors.append(403)

    @login_required
    @wraps(view)
    def guarded(**kwargs: Any) -> Any:
        if not current_user.is_operator:
            raise errors.Forbidden("Only an operator may do this.")
        return view(**kwargs)

    return guarded


def public(view: View) -> View:
    """Marks a view that strangers may call; the test that walks all routes knows them by it."""
    contract_of(view).public = True
    return view


def changes_state(view: View) -> View:
    """Marks a GET that changes state, so that a cookie alone doesn't authorise it."""
    view.changes_state = True  # type: ignore[attr-defined]
    return view


def proved_by_link(view: View) -> View:
    """Marks a view whose address holds a secret, which no forged request can know. Mail programs
    call it without a form."""
    view.proved_by_link = True  # type: ignore[attr-defined]
    return view


def _refuse_forged_requests() -> None:
    """A cookie travels with requests that other sites make, so it needs a CSRF token beside it.

    A header doesn't travel by itself. Forms of people who are not signed in yet (login, set
    password) are guarded as well, since a browser that they answer gets a cookie.
    """
    view: Callable[..., Any] | None = current_app.view_functions.get(request.endpoint or "")
    changes = request.method in UNSAFE or getattr(view, "changes_state", False)
    is_proved = "Authorization" in request.headers or getattr(view, "proved_by_link", False)
    if not changes or is_proved:
        return
    if COOKIE in request.cookies or (request.method in UNSAFE and wants_page()):
        csrf.protect()


def remember(response: Response, token: str) -> None:
    """Gives a browser its session cookie."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=settings().session_days * 86_400,
        secure=settings().is_https,
        httponly=True,
        samesite="Lax",
    )


def forget(response: Response) -> None:
    """Takes the session cookie back."""
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=settings().is_https)

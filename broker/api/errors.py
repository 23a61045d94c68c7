"""Every error of the whole app in one shape, `{"errorName", "errorDescription"}`."""

from __future__ import annotations

import logging
from typing import Any

import orjson
from flask import (
    Flask,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_wtf.csrf import CSRFError
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.routing import RequestRedirect

from broker import errors
from broker.api import session
from broker.api.representation import as_json, contract_of, wants_page
from broker.clock import now_s

log = logging.getLogger(__name__)

LONGEST_DESCRIPTION = 500
"""Characters. A message may name what was sent, which can have megabytes, and flashed ones travel
in a cookie."""

FORM_TOO_OLD = errors.InvalidInput("This form was open for too long. Send it once more.")
"""What a person needs to hear of a missing or outdated CSRF token."""

SESSION_HAS_ENDED = errors.Unauthorized("Your session has ended. Log in again to go on.")
"""What a person needs to hear who was logged in when they last looked."""

STATUSES: dict[type[errors.BrokerError], int] = {
    errors.InvalidInput: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Unmeasurable: 422,
    errors.TooManyAttempts: 429,
}


def register(app: Flask) -> None:
    """Makes the app answer every failure with the contract's error object, or a page."""
    app.register_error_handler(errors.BrokerError, _of_domain)
    app.register_error_handler(ValidationError, _of_validation)
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(Exception, _of_the_unexpected)


def error_response(status: int, name: str, description: str) -> Any:
    """The error object, or for a browser the form again with the message, or an error page."""
    if len(description) > LONGEST_DESCRIPTION:
        description = description[: LONGEST_DESCRIPTION - 1] + "…"
    response = _represented(status, name, description)
    response.vary.add("Accept")
    return response


def _represented(status: int, name: str, description: str) -> Any:
    if not wants_page():
        return as_json({"errorName": name, "errorDescription": description}, status)
    if status == 401 and request.path != url_for("accounts.login"):
        if session.COOKIE in request.cookies and _is_looked_at():
            flash(SESSION_HAS_ENDED.description, "error")
        return redirect(url_for("accounts.login", next=_page_of_form()), 303)
    if request.method == "POST" and status < 500 and not request.path.startswith("/readings"):
        flash(description, "error")
        return redirect(_page_of_form(), 303)
    if status >= 500:
        session.forget_unknown_caller()
    page = render_template(
        "error.html", status=status, name=name, description=description, now_s=now_s
    )
    return Response(page, status, mimetype="text/html")


def moved(error: RequestRedirect) -> Any:
    """The answer to a path with a slash too many: only browsers get a page of where it leads."""
    response = error.get_response()
    if not wants_page():
        named = {"errorName": "PermanentRedirect", "errorDescription": f"It is {error.new_url}."}
        response.data, response.content_type = orjson.dumps(named), "application/json"
    return response


def _is_looked_at() -> bool:
    """Whether somebody opens a page; the service worker fetches some for later, too."""
    return request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"


def _page_of_form() -> str:
    """Where the form is that was sent: at its own address, if its view says nothing else."""
    view = current_app.view_functions.get(request.endpoint or "")
    back = contract_of(view).back if view and hasattr(view, "contract") else None
    return url_for(back) if back else request.full_path.rstrip("?")


def described(messages: Any, path: str = "") -> str:
    """marshmallow's nested messages as one line that names each field."""
    if isinstance(messages, dict):
        parts = (
            described(inner, path if field == "_schema" else f"{path}.{field}".lstrip("."))
            for field, inner in messages.items()
        )
        return " ".join(parts)
    text = " ".join(str(message) for message in messages)
    return f"{path}: {text}" if path else text


def _of_domain(error: errors.BrokerError) -> Any:
    status = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    response = error_response(status, error.name, error.description)
    if isinstance(error, errors.TooManyAttempts) and isinstance(response, Response):
        response.headers["Retry-After"] = str(error.retry_after_s)
    if status == 401 and isinstance(response, Response) and not wants_page():
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _of_validation(error: ValidationError) -> Any:
    return error_response(400, errors.InvalidInput.name, described(error.messages))


def _of_http(error: HTTPException) -> Any:
    if error.response is not None or (error.code and error.code < 400):
        return error.get_response()
    if isinstance(error, CSRFError):
        return error_response(400, "CsrfFailed", FORM_TOO_OLD.description)
    name = error.name.replace(" ", "")
    response = error_response(error.code or 500, name, error.description or error.name)
    for header, value in error.get_headers(request.environ):
        if header not in ("Content-Type", "Content-Length") and isinstance(response, Response):
            response.headers[header] = value
    return response


def _of_the_unexpected(error: Exception) -> Any:
    log.exception("%s %s failed", request.method, request.path, exc_info=error)
    return error_response(500, "InternalServerError", InternalServerError.description)

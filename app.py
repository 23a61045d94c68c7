"""The composition root: the only module that knows all others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from flask_migrate import Migrate
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import RequestRedirect

import config
from broker import admin, cli
from broker.api import (
    app_shell,
    compression,
    errors,
    formats,
    icons,
    languages,
    live_sockets,
    session,
    static_files,
)
from broker.api.blueprints import BLUEPRINTS
from broker.api.forms import FormRequest
from broker.api.security_headers import SecurityHeaders
from broker.errors import InvalidInput
from broker.models import db, engine_settings
from broker.services import challenge_catalogue
from broker.services.challenge_catalogue import Catalogue

MAX_BODY_BYTES = 16 * 1024 * 1024
"""Ten thousand readings take about 1 MB, an avatar of 5 MB nearly 7 in base64."""


class Broker(Flask):
    """Flask whose views and hooks are all plain functions, so none is asked whether it is one."""

    request_class = FormRequest

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself."""
        return func

    def handle_http_exception(self, e: HTTPException) -> Any:
        """As Flask does, but for redirects of its own, which it shows to no error handler."""
        return (
            errors.moved(e) if isinstance(e, RequestRedirect) else super().handle_http_exception(e)
        )


def challenges_or_exit(settings: config.Settings) -> Catalogue:
    """The challenges of this installation; ends the process if the operator's own are wrong."""
    try:
        return challenge_catalogue.load(settings.instance)
    except InvalidInput as error:
        raise SystemExit(f"Error: {error.description}") from None


def create_app(settings: config.Settings | None = None) -> Flask:
    """Broker as a WSGI app; without settings, those of the environment and instance folder."""
    settings = settings or config.load_or_exit()
    app = Broker(__name__, instance_path=str(settings.instance), static_folder=None)
    app.config.update(
        BROKER=settings,
        SECRET_KEY=settings.secret_key,
        **engine_settings(settings.database_url),
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.is_https,
    )
    app.wsgi_app = SecurityHeaders(app.wsgi_app, settings.is_https)  # type: ignore[method-assign]
    if hops := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, hops, hops, hops, hops)  # type: ignore[method-assign]
    db.init_app(app)
    Migrate(app, db, directory=str(config.PROJECT / "migrations"), render_as_batch=True)
    static_files.register(app, config.PROJECT / "static")
    app_shell.register(app, config.PROJECT)
    compression.register(app)
    errors.register(app)
    session.register(app)
    languages.register(app)
    live_sockets.register(app)
    formats.register(app)
    icons.register(app)
    for blueprint in (*BLUEPRINTS, *admin.BLUEPRINTS):
        app.register_blueprint(blueprint)
    cli.register(app)
    app.extensions["challenges"] = challenges_or_exit(settings)
    return app

"""Broker on a home screen: what a phone needs to know to install it."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, request, url_for
from flask_babel import gettext as _

from broker.api import languages
from broker.api.session import public

bp = Blueprint("app_shell", __name__)

GROUND = "#f5f0e6"
"""`--ground` of the light theme in `static/broker.css`; the pages' own meta knows both themes."""
ICONS = (
    ("favicon.svg", "image/svg+xml", "any", "any"),
    ("icon-192.png", "image/png", "192x192", "any"),
    ("icon-512.png", "image/png", "512x512", "any"),
    ("icon-maskable.svg", "image/svg+xml", "any", "maskable"),
    ("icon-maskable-192.png", "image/png", "192x192", "maskable"),
    ("icon-maskable-512.png", "image/png", "512x512", "maskable"),
)


@bp.get("/manifest.webmanifest")
@public
def manifest() -> Response:
    """Name, icons and colours of the installed app, in the language of `?lang=`."""
    response = Response(orjson.dumps(_manifest()), content_type="application/manifest+json")
    response.headers["Cache-Control"] = "public, no-cache"
    response.vary.update(("Accept-Language", "Cookie"))
    response.add_etag()
    response.make_conditional(request)
    return response


def _manifest() -> dict[str, Any]:
    home = url_for("pages.home")
    icons = [
        {"src": url_for("static", filename=name), "type": kind, "sizes": sizes, "purpose": purpose}
        for name, kind, sizes, purpose in ICONS
    ]
    shortcuts = [
        {"name": _("My consumption"), "url": url_for("history.show_my_history")},
        {"name": _("Our house"), "url": url_for("history.show_our_history")},
        {"name": _("Live"), "url": url_for("live.show_live")},
    ]
    return {
        "id": home,
        "name": "Broker",
        "short_name": "Broker",
        "description": _("Broker shows a house the electricity that it makes and uses."),
        "lang": languages.chosen(),
        "dir": "ltr",
        "start_url": home,
        "scope": home,
        "display": "standalone",
        "background_color": GROUND,
        "theme_color": GROUND,
        "categories": ["utilities", "lifestyle"],
        "icons": icons,
        "shortcuts": shortcuts,
    }

"""Broker on a home screen and without a network: the manifest, and the worker that keeps pages.

The worker, `templates/service_worker.js`, learns from a header of every page whose session it
shows, so that values of one resident are never shown to another.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Any

import orjson
from flask import Blueprint, Flask, Response, current_app, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from broker.api import languages
from broker.api.formats import zone
from broker.api.session import public, settings
from broker.clock import now_s
from broker.units import DAY_S

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

FILES = (
    *("broker.css", "pieces.css", "home.css", "icons.svg", "favicon.svg"),
    *("frame.js", "connection.js", "offline.js", "home.js", "live.js", "formats.js"),
    *("flows.js", "renewal.js", "running_bars.js", "sums.js"),
)
"""What the kept pages need. A page that is looked at adds its own."""
SESSION = "Broker-Session"


def register(app: Flask, project: Path) -> None:
    """Marks every page with its session. The worker's version is that of its pages' sources."""
    digest = hashlib.blake2b(app.extensions["static_version"].encode(), digest_size=6)
    templates = (project / "templates" / name for name in ("base.html", "offline.html"))
    for path in (*templates, *sorted(project.glob("translations/*/LC_MESSAGES/*.po"))):
        digest.update(path.read_bytes())
    app.extensions["shell_version"] = digest.hexdigest()
    app.jinja_env.globals.update(
        keeps_offline_pages=lambda: settings().offline_pages, zone_name=lambda: zone().key
    )
    app.after_request(_mark)


def _mark(response: Response) -> Response:
    """Tells whose session a page shows, without a name that means anything, and how long it may
    last; that of a stranger tells the worker that values of an earlier session have to go."""
    if response.mimetype == "text/html" and response.status_code == 200:
        owner = "none"
        if current_user.is_authenticated:
            secret = settings().secret_key.encode()
            digest = hmac.new(secret, b"kept %d" % current_user.session_id, hashlib.sha256)
            owner = f"{digest.hexdigest()[:24]} {now_s() + settings().session_days * DAY_S}"
        response.headers[SESSION] = owner
    return response


@bp.get("/service-worker.js")
@public
def service_worker() -> Response:
    """What keeps pages on a device; where the house wants none, what takes them away again."""
    home = url_for("pages.home")
    if settings().offline_pages:
        text = render_template("service_worker.js", shell=_shell(home))
    else:
        text = render_template("service_worker_off.js", caches=_caches(home))
    response = Response(text, mimetype="text/javascript")
    response.headers["Service-Worker-Allowed"] = home
    response.headers["Cache-Control"] = "public, no-cache"
    response.vary.update(("Accept-Language", "Cookie"))
    response.add_etag()
    response.make_conditional(request)
    return response


def _shell(home: str) -> dict[str, Any]:
    return {
        "version": current_app.extensions["shell_version"],
        "caches": _caches(home),
        "files": [url_for("static", filename=name) for name in FILES],
        "offlinePage": url_for("app_shell.offline", lang=languages.chosen()),
        "keptPaths": [home, url_for("history.show_my_history")],
        "logout": url_for("accounts.logout"),
    }


def _caches(home: str) -> str:
    """How the names of the caches begin: several Brokers may live at one host."""
    return f"broker:{home}:"


@bp.get("/offline")
@public
def offline() -> str:
    """What a device shows without a network instead of a page that it hasn't kept."""
    return render_template("offline.html")


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

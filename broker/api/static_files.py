"""Files of `static/`: compressed once, and under addresses that browsers may keep for ever.

`url_for("static", …)` puts a hash of all files into the address, so a module that imports its
neighbour by `./name.js` gets the one of the same version. The plain address works as well and is
asked for anew each time.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter
from werkzeug.security import safe_join

from broker.api.session import public

FOR_EVER_S = 365 * 86_400
TEXTS = ("text/", "application/json", "application/manifest+json", "image/svg+xml")
LEAST_BYTES = 500
"""Below, compressing saves no packet."""


class Version(BaseConverter):
    """The hash of all files; no folder is called like this."""

    regex = "v[0-9a-f]{12}"


class _File(NamedTuple):
    content: bytes
    compressed: bytes | None
    tag: str
    mimetype: str


def register(app: Flask, folder: Path) -> None:
    """Serves the files of a folder as the endpoint `static`."""
    app.url_map.converters["version"] = Version
    version = _version(folder)

    @public
    def static(filename: str, version: str | None = None) -> Response:
        return _served(folder, filename, version == current_app.extensions["static_version"])

    app.extensions["static_version"] = version
    app.add_url_rule("/static/<path:filename>", "static", static)
    app.add_url_rule("/static/<version:version>/<path:filename>", "static", static)

    app.jinja_env.globals["has_static"] = lambda filename: (folder / filename).exists()

    @app.url_defaults
    def name_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values.setdefault("version", version)


def _version(folder: Path) -> str:
    digest = hashlib.blake2b(digest_size=6)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return "v" + digest.hexdigest()


def _served(folder: Path, filename: str, is_versioned: bool) -> Response:
    path = safe_join(str(folder), filename)
    try:
        file = _read(path, Path(path).stat().st_mtime_ns) if path else None
    except (OSError, ValueError):
        file = None
    if file is None:
        raise NotFound
    response = Response(file.content, mimetype=file.mimetype)
    if file.compressed and request.accept_encodings["gzip"]:
        response.set_data(file.compressed)
        response.content_encoding = "gzip"
    if file.compressed:
        response.vary.add("Accept-Encoding")
    response.cache_control.public = True
    if is_versioned:
        response.cache_control.max_age = FOR_EVER_S
        response.cache_control.immutable = True
    else:
        response.cache_control.no_cache = True
    response.set_etag(file.tag, weak=True)
    response.make_conditional(request)
    return response


@lru_cache(maxsize=256)
def _read(path: str, _modified_ns: int) -> _File:
    content = Path(path).read_bytes()
    mimetype = mimetypes.guess_type(path)[0] or "application/octet-stream"
    if mimetype == "application/javascript":
        mimetype = "text/javascript"
    compressed = None
    if len(content) >= LEAST_BYTES and mimetype.startswith(TEXTS):
        compressed = gzip.compress(content, 9, mtime=0)
    return _File(
        content, compressed, hashlib.blake2b(content, digest_size=12).hexdigest(), mimetype
    )

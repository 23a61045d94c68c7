"""Pages and long answers are compressed for whoever takes gzip.

Short answers aren't: what programs ask for most fits into a packet or two, and compressing it
would take longer than sending it. A page holds the token against forgery, whose signature changes
every second, so that its length tells nobody anything.
"""

from __future__ import annotations

import zlib

from flask import Flask, Response, request

LEAST_BYTES = {
    "text/html": 1_000,
    "text/csv": 1_000,
    "application/octet-stream": 1_000,
    "application/json": 32_000,
}
"""Smaller answers stay as they are. A house's day as JSON is one, a year of quarter hours isn't."""
LEVEL = 4
GZIP_WINDOW = zlib.MAX_WBITS | 16


def register(app: Flask) -> None:
    """Compresses what the views answer; static files come compressed already."""
    app.after_request(compress)


def compress(response: Response) -> Response:
    """The answer, compressed if that is worth it and the client takes it."""
    if "gzip" not in request.environ.get("HTTP_ACCEPT_ENCODING", "") or response.is_streamed:
        return response
    least_bytes = LEAST_BYTES.get(response.mimetype or "")
    if least_bytes is None or (response.content_length or 0) < least_bytes:
        return response
    if "Content-Encoding" in response.headers or not request.accept_encodings["gzip"]:
        return response
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP_WINDOW)
    response.set_data(packer.compress(response.get_data()) + packer.flush())
    response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    return response

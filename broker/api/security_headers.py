"""What every response tells a browser to refuse: foreign scripts, framing, guessing of types; and
caches to keep nothing, unless the response itself says what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "object-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)
HEADERS = [
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
]
KEPT_NOWHERE = ("Cache-Control", "no-store")
ONLY_HTTPS = ("Strict-Transport-Security", "max-age=31536000")


class SecurityHeaders:
    """Adds the headers to whatever the app answers, errors and static files included.

    A WSGI layer and not an `after_request`, because appending a ready list costs a tenth of
    setting five headers on a response object.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]], is_https: bool) -> None:
        self._app = app
        self._headers = [*HEADERS, ONLY_HTTPS] if is_https else HEADERS

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answers one request."""

        def start(status: str, headers: list[tuple[str, str]], *failure: Any) -> Any:
            says_more = any(name == "Cache-Control" for name, _ in headers)
            ours = self._headers if says_more else [*self._headers, KEPT_NOWHERE]
            return start_response(status, headers + ours, *failure)

        return self._app(environ, start)

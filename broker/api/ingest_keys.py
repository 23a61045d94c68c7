"""Who sends: the ingest key that a request shows instead of a session."""

from __future__ import annotations

from flask import request

from broker import errors
from broker.api.attempts import attempts, ingest_key_bucket
from broker.api.session import bearer
from broker.services import keys


def sender() -> int:
    """The id of the shown key. Raises Unauthorized, and TooManyAttempts for too many wrong ones."""
    key_id = keys.known(bearer(request) or "")
    if key_id is None:
        attempts().check(ingest_key_bucket())
        attempts().failed(ingest_key_bucket())
        raise errors.Unauthorized("Send an ingest key: Authorization: Bearer <key>.")
    return key_id

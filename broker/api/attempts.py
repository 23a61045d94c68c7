"""Whose wrong guesses are counted together: those of an address, or of a device known by cookie."""

from __future__ import annotations

import hashlib
import secrets

from flask import Response, current_app, request, url_for
from itsdangerous import BadSignature, URLSafeTimedSerializer

from broker.api.session import settings
from broker.services.attempts import (
    INGEST_KEYS,
    LOGINS_FROM_ONE_ADDRESS,
    LOGINS_OF_ONE_ACCOUNT,
    MAILED_TOKENS,
    RESETS_FROM_ONE_ADDRESS,
    RESETS_OF_ONE_MAIL,
    Attempts,
    Bucket,
    network,
)
from broker.units import DAY_S

DEVICE_COOKIE = "broker_device"
DEVICE_S = 365 * DAY_S
ACCOUNTS_PER_DEVICE = 8


def attempts() -> Attempts:
    """The counters of the running app."""
    counters: Attempts | None = current_app.extensions.get("attempts")
    if counters is None:
        counters = Attempts(settings().rate_limit_storage)
        current_app.extensions["attempts"] = counters
    return counters


def login_buckets(mail: str) -> tuple[Bucket, ...]:
    """Where a wrong password for a mail counts.

    A device that its owner has logged in from before counts for itself. So nobody in the same
    house network, nor with the owner's mail address, can lock the owner out there.
    """
    mail = mail.strip().lower()
    device, accounts = _device()
    if _fingerprint(mail) in accounts:
        return (Bucket.of(LOGINS_OF_ONE_ACCOUNT, "device", device, mail),)
    return (
        Bucket.of(LOGINS_OF_ONE_ACCOUNT, _address(), mail),
        Bucket.of(LOGINS_FROM_ONE_ADDRESS, _address()),
    )


def token_bucket() -> Bucket:
    """Where a wrong mailed token counts."""
    return Bucket.of(MAILED_TOKENS, _address())


def ingest_key_bucket() -> Bucket:
    """Where a wrong ingest key counts."""
    return Bucket.of(INGEST_KEYS, _address())


def reset_bucket() -> Bucket:
    """Where every request to reset a password counts."""
    return Bucket.of(RESETS_FROM_ONE_ADDRESS, _address())


def reset_mail_bucket(mail: str) -> Bucket:
    """Where every mail to reset the password of an account counts."""
    return Bucket.of(RESETS_OF_ONE_MAIL, mail.strip().lower())


def know_device(response: Response, mail: str) -> Response:
    """Marks the device of a successful login as one of the account's own."""
    device, accounts = _device()
    own = _fingerprint(mail.strip().lower())
    accounts = [own, *(other for other in accounts if other != own)][:ACCOUNTS_PER_DEVICE]
    response.set_cookie(
        DEVICE_COOKIE,
        _signer().dumps([device or secrets.token_urlsafe(12), accounts]),
        max_age=DEVICE_S,
        path=url_for("accounts.login"),
        secure=settings().is_https,
        httponly=True,
        samesite="Lax",
    )
    return response


def _address() -> str:
    return network(request.remote_addr or "")


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings().secret_key, salt="device")


def _device() -> tuple[str, list[str]]:
    """The device that a request comes from and the accounts it has been used for."""
    try:
        device, accounts = _signer().loads(request.cookies.get(DEVICE_COOKIE, ""), max_age=DEVICE_S)
    except BadSignature:
        return "", []
    return device, accounts


def _fingerprint(mail: str) -> str:
    return hashlib.sha256(mail.encode()).hexdigest()[:16]

"""What a password must be, and its argon2id hash."""

from __future__ import annotations

import hmac
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from broker import errors
from broker.services.side_thread import SideThread

MIN_LENGTH = 8
MAX_LENGTH = 128

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's first choice: 19 MiB, two passes, one lane."""
NOBODYS_HASH = HASHER.hash("of no account")
"""Checked where there is no account, so that a known and an unknown mail take the same time."""

_side_thread = SideThread()


@cache
def _common() -> frozenset[str]:
    path = Path(__file__).with_name("common_passwords.txt")
    return frozenset(path.read_text(encoding="utf-8").split())


def require_good(password: str, mail: str = "") -> None:
    """Raises InvalidInput unless a password follows the rule."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise errors.InvalidInput(
            f"password: It needs at least {MIN_LENGTH} and at most {MAX_LENGTH} characters."
        )
    plain = password.strip().lower()
    if plain in _common():
        raise errors.InvalidInput("password: Too many people use this one. Choose another.")
    if mail and hmac.compare_digest(plain.encode(), mail.strip().lower().encode()):
        raise errors.InvalidInput("password: It must not be your mail address.")


def hashed(password: str) -> str:
    """The argon2id hash of a password, with its salt and parameters. Takes about 25 ms."""
    return _side_thread.run(HASHER.hash, password)


def matches(password: str, password_hash: str | None) -> bool:
    """Whether a password belongs to a hash; without a hash False, after the same time."""
    same = _side_thread.run(_verified, password_hash or NOBODYS_HASH, password)
    return same and password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return HASHER.check_needs_rehash(password_hash)


def _verified(password_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False

"""How often a secret may be guessed wrong, and by whom."""

from __future__ import annotations

import hashlib
import ipaddress
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from broker import errors

WINDOW_MIN = 15

LOGINS_OF_ONE_ACCOUNT = RateLimitItemPerMinute(10, WINDOW_MIN, namespace="login")
"""Wrong passwords for one mail from one address, or from one device that its owner has used."""
LOGINS_FROM_ONE_ADDRESS = RateLimitItemPerMinute(60, WINDOW_MIN, namespace="logins")
MAILED_TOKENS = RateLimitItemPerMinute(30, WINDOW_MIN, namespace="token")
PRESENT_PASSWORDS = RateLimitItemPerMinute(10, WINDOW_MIN, namespace="present")
INGEST_KEYS = RateLimitItemPerMinute(60, WINDOW_MIN, namespace="key")
EXPORTS_OF_ONE_ACCOUNT = RateLimitItemPerHour(6, namespace="export")
RESETS_OF_ONE_MAIL = RateLimitItemPerHour(3, namespace="reset")
RESETS_FROM_ONE_ADDRESS = RateLimitItemPerHour(20, namespace="resets")


@dataclass(frozen=True)
class Bucket:
    """What is counted together: a limit and whom it is counted for."""

    limit: RateLimitItem
    key: str

    @classmethod
    def of(cls, limit: RateLimitItem, *whom: str) -> Bucket:
        """The bucket of somebody. Only a hash of them gets into the storage."""
        return cls(limit, hashlib.sha256("\0".join(whom).encode()).hexdigest())


class Attempts:
    """Counts attempts in a storage of the `limits` package, which several workers may share."""

    def __init__(self, storage_url: str) -> None:
        self._limiter = FixedWindowRateLimiter(storage_from_string(storage_url))
        self._turn = threading.Lock()

    def check(self, *buckets: Bucket) -> None:
        """Raises TooManyAttempts if one of the buckets is full."""
        for bucket in buckets:
            if not self._limiter.test(bucket.limit, bucket.key):
                raise self._too_many(bucket)

    def failed(self, *buckets: Bucket) -> None:
        """Counts a wrong secret."""
        for bucket in buckets:
            self._limiter.hit(bucket.limit, bucket.key)

    def allows(self, bucket: Bucket) -> bool:
        """Counts a use of something that is rationed; whether it was within the limit."""
        return self._limiter.hit(bucket.limit, bucket.key)

    def require(self, bucket: Bucket) -> None:
        """Counts a use of something that is rationed; raises TooManyAttempts over the limit."""
        if not self.allows(bucket):
            raise self._too_many(bucket)

    @contextmanager
    def guess(self, *buckets: Bucket) -> Iterator[None]:
        """Around a check of a secret: wrong ones count, right ones never do.

        Guesses take turns, or a thousand at once would all pass before the first is counted. That
        costs nothing, since password hashes wait for each other anyway.
        """
        self.check(*buckets)
        with self._turn:
            self.check(*buckets)
            try:
                yield
            except (errors.Unauthorized, errors.WrongSecret):
                self.failed(*buckets)
                raise

    def _too_many(self, bucket: Bucket) -> errors.TooManyAttempts:
        reset_s = self._limiter.get_window_stats(bucket.limit, bucket.key).reset_time
        wait_s = max(1, round(reset_s - time.time()))
        return errors.TooManyAttempts(
            f"Too many attempts. Try again in {-(-wait_s // 60)} minutes.", wait_s
        )


def network(address: str) -> str:
    """Whom an address stands for: an IPv6 customer has a whole /64 to choose from."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))

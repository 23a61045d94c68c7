"""Domain errors. They know no HTTP: the API gives each its status in one place."""

from __future__ import annotations


class BrokerError(Exception):
    """Something a caller asked for can't be done, said in one sentence for a person."""

    name = "BrokerError"

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


class InvalidInput(BrokerError):
    """The input has the wrong shape or an impossible value; nothing was changed."""

    name = "InvalidInput"


class NotFound(BrokerError):
    """There is no such thing, or it is not the caller's to see."""

    name = "NotFound"


class Conflict(BrokerError):
    """The input contradicts what is already stored; nothing was changed."""

    name = "Conflict"


class Forbidden(BrokerError):
    """The caller is known and may not do this."""

    name = "Forbidden"


class Unauthorized(BrokerError):
    """Mail and password, token or key do not match."""

    name = "Unauthorized"


class TooManyAttempts(BrokerError):
    """A secret was guessed wrong too often; `retry_after_s` says when to come back."""

    name = "TooManyAttempts"

    def __init__(self, description: str, retry_after_s: int) -> None:
        super().__init__(description)
        self.retry_after_s = retry_after_s


class WrongSecret(InvalidInput):
    """A mailed token or a present password that doesn't match; counted like a failed login."""

    name = "WrongSecret"


class Unmeasurable(BrokerError):
    """The request is understood, but the readings that it would be answered from are missing."""

    name = "Unmeasurable"

"""From which day on something holds: the past stays, unless it is corrected on purpose."""

from __future__ import annotations

from datetime import date

from broker.errors import InvalidInput


def refuse_past(day: date, today: date, *, corrects: bool) -> None:
    """What has been shown to residents must not change unseen: raises InvalidInput for a past day.

    `corrects` says that the operator wants just that.
    """
    if day < today and not corrects:
        raise InvalidInput(
            f"{day} is over, so this would change what has been shown of it. To correct the past "
            "all the same, say so (in commands: --correct)."
        )

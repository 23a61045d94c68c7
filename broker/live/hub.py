"""News for the sockets of this process: who waits for which meters, and that they have news.

Publishing only marks; every subscriber looks for itself, at its own pace. So a slow phone delays
nobody, and news that come faster than it looks are one.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable
from typing import Final


class Subscription:
    """Somebody who waits for news of some meters."""

    def __init__(self, meter_ids: frozenset[int]) -> None:
        self.meter_ids: Final = meter_ids
        self._news = threading.Event()

    def wait(self, timeout_s: float) -> bool:
        """Waits for news, at most a while; whether there are any since the last time."""
        if self._news.wait(timeout_s):
            self._news.clear()
            return True
        return False

    def wake(self) -> None:
        """Tells that there are news."""
        self._news.set()


_closed = threading.Event()
_subscriptions: defaultdict[int, set[Subscription]] = defaultdict(set)


def subscribe(meter_ids: Iterable[int]) -> Subscription:
    """From now on, news of these meters wake the subscription."""
    subscription = Subscription(frozenset(meter_ids))
    for meter_id in subscription.meter_ids:
        _subscriptions[meter_id].add(subscription)
    return subscription


def unsubscribe(subscription: Subscription) -> None:
    """Forgets a subscription."""
    for meter_id in subscription.meter_ids:
        _subscriptions[meter_id].discard(subscription)
        if not _subscriptions[meter_id]:
            del _subscriptions[meter_id]


def publish(meter_ids: Iterable[int]) -> None:
    """Tells all who wait for one of these meters that there are new readings."""
    for meter_id in meter_ids:
        for subscription in tuple(_subscriptions.get(meter_id, ())):
            subscription.wake()


def close() -> None:
    """Wakes everybody for the last time: this process is about to end."""
    _closed.set()
    publish(tuple(_subscriptions))


def is_closed() -> bool:
    """Whether there will be no more news, so that nobody should wait for any."""
    return _closed.is_set()

"""What follows from stored readings is computed when asked for, and not twice while they stay."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar
from weakref import WeakSet

T = TypeVar("T")


class Remembered(Generic[T]):
    """The results asked for most recently, each under all that it follows from.

    A key holds a stamp of the readings (`consumption.stamp_of_user`), so a late reading leads to
    another key and the outdated result is never asked for again.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._results: OrderedDict[Hashable, T] = OrderedDict()
        _all.add(self)

    def get(self, key: Hashable, compute: Callable[[], T]) -> T:
        """The result under a key, computed if it isn't there."""
        try:
            self._results.move_to_end(key)
            return self._results[key]
        except KeyError:  # also when another thread has just dropped it
            result = self._results[key] = compute()
            while len(self._results) > self._most:
                self._results.popitem(last=False)
            return result

    def forget(self) -> None:
        """Forgets all results."""
        self._results.clear()


_all: WeakSet[Remembered[Any]] = WeakSet()


def forget_everything() -> None:
    """Forgets the results of a database, before the same process goes on with another one."""
    for remembered in _all:
        remembered.forget()

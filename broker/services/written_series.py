"""Numbers by written time that know their JSON, so that it is written once and not every time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping

import orjson


class WrittenSeries(MutableMapping[str, float]):
    """Powers by written time. Copies share the numbers until one of them is changed."""

    __slots__ = ("_fragment", "_numbers", "_shared")

    def __init__(self, numbers: Mapping[str, float]) -> None:
        self._numbers = dict(numbers)
        self._fragment: orjson.Fragment | None = None
        self._shared = False

    def copy(self) -> WrittenSeries:
        """The same numbers; whatever becomes of them leaves these as they are."""
        self.json()
        other = WrittenSeries.__new__(WrittenSeries)
        other._numbers, other._fragment, other._shared = self._numbers, self._fragment, True
        self._shared = True
        return other

    def json(self) -> orjson.Fragment:
        """The JSON object of these numbers."""
        if self._fragment is None:
            self._fragment = orjson.Fragment(orjson.dumps(self._numbers))
        return self._fragment

    def __getitem__(self, written: str) -> float:
        return self._numbers[written]

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def __setitem__(self, written: str, number: float) -> None:
        self._own()[written] = number

    def __delitem__(self, written: str) -> None:
        del self._own()[written]

    def __repr__(self) -> str:
        return f"WrittenSeries({self._numbers!r})"

    def _own(self) -> dict[str, float]:
        """The numbers, of nobody else, to be changed."""
        if self._shared:
            self._numbers, self._shared = dict(self._numbers), False
        self._fragment = None
        return self._numbers

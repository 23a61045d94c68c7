"""The demo house's meter gateway: sends what its meters count, as a real one would."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from broker.errors import Conflict, Forbidden
from broker.services.demo import Installed
from broker.sources.simulated_readings import Anchor, due_times_s, sent
from broker.sources.simulator import SimulatedHouse

log = logging.getLogger(__name__)

MOST_A_CALL = 10_000
TIMEOUT_S = 20
PASSING_STATUSES = {408, 425, 429}
"""Refusals that are worth another try, as are all of the server's own failures."""


class _Due(NamedTuple):
    time_s: int
    number: str
    counter_tenth_uwh: int
    power_mw: int | None

    def as_json(self) -> dict[str, object]:
        reading = {"meter_id": self.number, "time": self.time_s, "energy": self.counter_tenth_uwh}
        return reading if self.power_mw is None else reading | {"power": self.power_mw}


class Gateway:
    """Delivers what is due and remembers how far it has come; what failed comes along next time."""

    def __init__(
        self,
        url: str,
        ingest_key: str,
        house: SimulatedHouse,
        meters: Sequence[Installed],
        anchors: dict[str, Anchor],
    ) -> None:
        self._readings_url = f"{url.rstrip('/')}/readings"
        self._ingest_key = ingest_key
        self._house = house
        self._meters = [meter for meter in meters if meter.end_s is None]
        self._anchors = {meter.number: meter.begin for meter in self._meters} | anchors
        # The server is a neighbour: never by way of a proxy that the environment names.
        self._opener = build_opener(ProxyHandler({}))

    def deliver(self, now_s: int) -> int:
        """Sends everything that is due at `now_s`, oldest first; how many readings that were.

        Raises OSError or HTTPException while the server is away, Forbidden if it refuses for good.
        """
        due = sorted(self._due(now_s))
        for start in range(0, len(due), MOST_A_CALL):
            portion = due[start : start + MOST_A_CALL]
            self._deliver(portion)
            for reading in portion:
                self._anchors[reading.number] = Anchor(reading.time_s, reading.counter_tenth_uwh)
        return len(due)

    def _deliver(self, portion: Sequence[_Due]) -> None:
        """Sends readings; what contradicts stored ones is left out, as a gateway would go on."""
        try:
            self._post(portion)
        except Conflict:
            for reading in portion:
                try:
                    self._post([reading])
                except Conflict as conflict:
                    log.warning("%s", conflict)

    def _due(self, now_s: int) -> Iterator[_Due]:
        for meter in self._meters:
            anchor = self._anchors[meter.number]
            times_s = due_times_s(meter.simulated, anchor.time_s, now_s, now_s)
            columns = sent(self._house, meter.simulated, times_s, anchor)
            for time_s, counter, power_mw in zip(*columns, strict=True):
                yield _Due(time_s, meter.number, counter, power_mw)

    def _post(self, portion: Sequence[_Due]) -> None:
        request = Request(
            self._readings_url,
            json.dumps({"readings": [reading.as_json() for reading in portion]}).encode(),
            {
                "Authorization": f"Bearer {self._ingest_key}",
                "Content-Type": "application/json",
                "Accept": "application/json",
            },
        )
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as response:
                response.read()
        except HTTPError as error:
            with error:
                answer = error.read().decode(errors="replace")
            if error.code >= 500 or error.code in PASSING_STATUSES:
                raise HTTPException(f"{error.code} {answer}") from None
            if error.code == 409:
                raise Conflict(answer) from None
            raise Forbidden(f"{self._readings_url} refuses: {error.code} {answer}") from None

"""The disaggregation of inexogy (formerly Discovergy): one call of its API, and nothing else.

`GET {address}/disaggregation?meterId=…&from=…&to=…` (POSIX ms, a week at most) answers an unsorted
object `{"<begin of a quarter hour, ms>": {"<label>": <energy in 1e-10 kWh>}}`.
"""

from __future__ import annotations

import re
import time
from base64 import b64encode
from dataclasses import dataclass, field
from enum import StrEnum
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

import orjson

from broker.energy.disaggregation import told
from broker.energy.disaggregation.told import Key
from broker.units import DAY_S, HOUR_S, MINUTE_S, MS_PER_S, QUARTER_HOUR_S, TENTH_UWH_PER_KWH

LONGEST_S = 7 * DAY_S
"""What one call may ask for."""
TIMEOUT_S, DEADLINE_S = 15, 45
"""How long a word of the answer, and how long the whole of it may take."""
MOST_BYTES = 4 * 1024 * 1024
"""Several times a week of 672 quarter hours with 30 labels each."""
MOST_LABELS, LONGEST_LABEL = 200, 200
MOST_TENTH_UWH = 2500 * TENTH_UWH_PER_KWH
"""In a quarter hour: 10 MW, more than any house connection."""
OWN_MACHINE = ("localhost", "127.0.0.1", "::1")

Told = dict[int, dict[Key, int]]
"""Energies in 0.1 µWh by appliance, by the start of their quarter hour."""


class Trouble(StrEnum):
    """Why nothing was fetched."""

    REFUSED = "refused"
    """The account or its password is wrong."""
    UNKNOWN_METER = "unknown_meter"
    """There is no such meter, or it is not this account's."""
    BUSY = "busy"
    """Too many calls."""
    BROKEN = "broken"
    """A failure of the other server."""
    UNREACHABLE = "unreachable"
    SLOW = "slow"
    MOVED = "moved"
    """Sent elsewhere, where the password must not go."""
    GARBAGE = "garbage"
    """The answer means nothing."""


OF_ONE_METER = (Trouble.UNKNOWN_METER, Trouble.GARBAGE)
"""Troubles that say nothing about the next meter."""
TROUBLES = {
    401: Trouble.REFUSED,
    400: Trouble.UNKNOWN_METER,
    403: Trouble.UNKNOWN_METER,
    404: Trouble.UNKNOWN_METER,
    408: Trouble.SLOW,
    429: Trouble.BUSY,
}


class NotFetched(Exception):
    """A call failed; `retry_after_s` is what the other side asks to wait for, if it does."""

    def __init__(self, trouble: Trouble, detail: str, retry_after_s: int = 0) -> None:
        super().__init__(detail)
        self.trouble, self.retry_after_s = trouble, retry_after_s


class _Staying(HTTPRedirectHandler):
    def http_error_302(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage
    ) -> None:
        """Never follows, nor reads where to: the password is meant for this address."""

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


@dataclass(frozen=True)
class Inexogy:
    """An account at an address. The password shows in no text of it."""

    address: str
    user: str
    password: str = field(repr=False)

    def disaggregation(self, meter_id: str, begin_s: int, end_s: int) -> Told:
        """What is told about the quarter hours that start in [begin_s, end_s), a week at most.

        Raises NotFetched, whatever it is that fails.
        """
        assert 0 < end_s - begin_s <= LONGEST_S
        asked = {"meterId": meter_id, "from": begin_s * MS_PER_S, "to": end_s * MS_PER_S}
        give_up_s = time.monotonic() + DEADLINE_S
        try:
            with self._opened(f"/disaggregation?{urlencode(asked)}") as response:
                body = _body(response, give_up_s)
                return parsed(body, response.headers.get_content_type(), begin_s, end_s)
        except HTTPError as error:
            with error:
                raise _refusal(error) from None
        except TimeoutError:
            raise NotFetched(Trouble.SLOW, "no answer in time") from None
        except (OSError, HTTPException, ValueError) as error:  # or no host can be called so
            cause = getattr(error, "reason", error)
            if isinstance(cause, TimeoutError):
                raise NotFetched(Trouble.SLOW, "no answer in time") from None
            raise NotFetched(Trouble.UNREACHABLE, type(cause).__name__) from None

    def _opened(self, path: str) -> HTTPResponse:
        secret = b64encode(f"{self.user}:{self.password}".encode()).decode()
        headers = {"Authorization": f"Basic {secret}", "Accept": "application/json"}
        # Nobody's proxy lies between this machine and itself.
        is_own = urlsplit(self.address).hostname in OWN_MACHINE
        opener = build_opener(_Staying, *([ProxyHandler({})] if is_own else []))
        response: HTTPResponse = opener.open(
            Request(f"{self.address}{path}", headers=headers), timeout=TIMEOUT_S
        )
        return response


def _body(response: HTTPResponse, give_up_s: float) -> bytes:
    body = b""
    while piece := response.read1(65_536):
        body += piece
        if len(body) > MOST_BYTES:
            raise NotFetched(Trouble.GARBAGE, "the answer is too long")
        if time.monotonic() > give_up_s:
            raise TimeoutError
    if response.length:  # fewer bytes than were announced
        raise NotFetched(Trouble.UNREACHABLE, "the answer broke off")
    return body


def _refusal(error: HTTPError) -> NotFetched:
    if 300 <= error.code < 400:
        return NotFetched(Trouble.MOVED, f"status {error.code}")
    otherwise = Trouble.BROKEN if error.code >= 500 else Trouble.GARBAGE
    wait = str(error.headers.get("Retry-After", ""))
    wait_s = min(int(wait), DAY_S) if re.fullmatch("[0-9]{1,9}", wait) else 0
    return NotFetched(TROUBLES.get(error.code, otherwise), f"status {error.code}", wait_s)


def parsed(body: bytes, content_type: str, begin_s: int, end_s: int) -> Told:
    """An answer about [begin_s, end_s) as energies in 0.1 µWh by appliance and quarter hour.

    A neighbouring quarter hour at either end is left out, and one of which no appliance is known.
    Raises NotFetched for any other time and for whatever isn't as the API has it.
    """
    try:
        if content_type != "application/json":
            raise ValueError(f"it is {content_type[:100]!r}")
        document = orjson.loads(body)
        if not isinstance(document, dict):
            raise ValueError("it is no object")
        found = {}
        for key, energies in document.items():
            start_s = _start_s(key, begin_s, end_s)
            energies_by_appliance = told.by_appliance(_energies(energies))
            if energies_by_appliance and begin_s <= start_s < end_s:
                found[start_s] = energies_by_appliance
        return found
    except ValueError as error:
        raise NotFetched(Trouble.GARBAGE, f"the answer can't be read: {error}") from None


def _start_s(key: str, begin_s: int, end_s: int) -> int:
    if not re.fullmatch("[0-9]{1,15}", key) or int(key) % (QUARTER_HOUR_S * MS_PER_S):
        raise ValueError(f"{key[:30]!r} is no begin of a quarter hour")
    start_s = int(key) // MS_PER_S
    if not begin_s - QUARTER_HOUR_S <= start_s <= end_s:
        raise ValueError(f"{key!r} wasn't asked for")
    return start_s


def _energies(energies: Any) -> dict[str, int]:
    if not isinstance(energies, dict) or len(energies) > MOST_LABELS:
        raise ValueError("a quarter hour has no labels, or too many")
    whole: dict[str, int] = {}
    for label, energy in energies.items():
        if not 1 <= len(label) <= LONGEST_LABEL:
            raise ValueError("a label is empty or too long")
        if energy is None:  # the appliance isn't known in this quarter hour
            continue
        if type(energy) not in (int, float) or not 0 <= energy <= MOST_TENTH_UWH:
            raise ValueError("an energy is no number that can be")
        whole[label] = round(energy)
    return whole


def pause_s(failures: int, retry_after_s: int, chance: float) -> int:
    """How long to leave the other side alone after so many failures in a row.

    A minute, doubled up to an hour, of which the last half falls to chance (0 to 1), so that many
    installations don't come back at the same moment; never less than was asked for.
    """
    longest_s = min(HOUR_S, MINUTE_S << min(failures - 1, 10))
    return max(retry_after_s, round(longest_s * (1 + chance) / 2))

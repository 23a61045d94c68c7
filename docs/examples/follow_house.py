"""Follows a house: prints its power each time it changes. Needs the package `websockets`.

TOKEN=<session token> python follow_house.py http://127.0.0.1:8080 <meterId>
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from urllib.parse import quote

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

LOGGED_OUT, FOREIGN_METER = 4401, 4403
LONGEST_WAIT_S = 60.0


def follow(address: str, token: str) -> None:
    """Prints until the session or the meter's use ends; comes back after everything else."""
    wait_s = 2.0
    while True:
        try:
            with connect(address, additional_headers={"Authorization": f"Bearer {token}"}) as house:
                for message in house:
                    wait_s = 2.0
                    show(json.loads(message))
        except ConnectionClosed as closed:
            if closed.rcvd is not None and closed.rcvd.code in (LOGGED_OUT, FOREIGN_METER):
                sys.exit(closed.rcvd.reason)
        except (OSError, InvalidHandshake, EOFError):
            pass
        # A random part of a time that grows: not everybody comes back in the same second.
        time.sleep(wait_s * random.random())
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)


def show(house: dict) -> None:
    """One line: how old the newest reading is, what the flats use, what the roof makes (µW)."""
    age_s = "–" if house["date"] is None else round(time.time() - house["date"])
    used_w = sum(user["power"] or 0 for user in house["group_users"]) / 1e6
    made_w = house["group_production_power"] / 1e6
    print(f"{age_s} s ago: the flats use {used_w:.0f} W, the roof makes {made_w:.0f} W", flush=True)  # noqa: T201


if __name__ == "__main__":
    _, url, meter_id = sys.argv
    follow(f"{url.replace('http', 'ws', 1)}/live?meter_id={quote(meter_id)}", os.environ["TOKEN"])

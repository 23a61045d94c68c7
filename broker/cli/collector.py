"""`flask collector`: what goes on beside the web server."""

from __future__ import annotations

import signal
import sys
import time
from http.client import HTTPException
from typing import NoReturn

import click
from flask.cli import with_appcontext
from sqlalchemy.exc import OperationalError

from broker.cli.command import one_line_failures, settings
from broker.cli.demo import known_secrets
from broker.cli.fetching import Fetching, account
from broker.cli.gateway import Gateway
from broker.cli.noticing import Noticing
from broker.clock import now_s
from broker.ingest import retention
from broker.services import demo as house_service
from broker.services import disaggregation_progress
from broker.sources.simulated_readings import TICK_S, demo_house
from broker.units import DAY_S, MINUTE_S

LONGEST_PAUSE_S = 30


@click.command("collector")
@click.option("--url", help="Where the web server is. [default: http:// and BROKER_BIND]")
@with_appcontext
def collector(url: str | None) -> None:
    """Run beside the web server: splits consumption by appliance, fetches what inexogy says about
    it, deletes expired raw readings, sends the mails that residents asked for.

    If the demo house was built, its meters send their readings from here, and deliver what was
    missed when the server has been away.

    Example: flask --app app collector --url http://127.0.0.1:8080
    """
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, _end)
    with one_line_failures():
        _collect(_gateway(url or own_url(settings().bind)))


def own_url(bind: str) -> str:
    """How this machine reaches a server that listens on `bind`."""
    host, _, port = bind.rpartition(":")
    return f"http://{({'0.0.0.0': '127.0.0.1', '[::]': '[::1]'}).get(host, host)}:{port}"


def _end(_signal: int, _frame: object) -> NoReturn:
    """Ends at once, out of whatever is being waited for; nothing is lost that wasn't delivered."""
    sys.exit(0)


def _gateway(url: str) -> Gateway | None:
    known = known_secrets(settings().instance)
    if known is None:
        return None
    house = demo_house()
    meters = house_service.installed(house, known.story)
    last = house_service.last_readings([meter.number for meter in meters])
    return Gateway(url, known.ingest_key, house, meters, last)


def _collect(gateway: Gateway | None) -> NoReturn:
    pause_s, expire_s = 1, 0
    splitting, noticing, fetching = Splitting(), Noticing(), Fetching(account())
    while True:
        if now_s() >= expire_s:
            _expire()
            expire_s = now_s() + DAY_S
        splitting.go_on(TICK_S / 2)
        noticing.go_on(TICK_S / 4)
        fetching.go_on()
        if gateway is None:
            time.sleep(TICK_S)
            continue
        try:
            gateway.deliver(now_s())
        except (OSError, HTTPException) as error:
            click.echo(f"Readings not delivered, next try in {pause_s} s: {error}", err=True)
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        else:
            pause_s = 1
            time.sleep(TICK_S - time.time() % TICK_S)


class Splitting:
    """Splits new quarter hours by appliance, meter by meter, and then the past of each."""

    def __init__(self) -> None:
        self._waiting: list[int] = []
        self._round_s = 0

    def go_on(self, for_s: float) -> None:
        """Works for some seconds at most; once all is done, looks for news every minute."""
        stop_s = time.monotonic() + for_s
        if not self._waiting and now_s() >= self._round_s:
            self._waiting = disaggregation_progress.consuming_meters()
            self._round_s = now_s() + MINUTE_S
        while self._waiting and time.monotonic() < stop_s:
            meter_id = self._waiting.pop(0)
            try:
                if disaggregation_progress.catch_up(meter_id):
                    self._waiting.append(meter_id)
            except OperationalError as error:  # somebody else keeps the database busy
                self._waiting.clear()
                click.echo(f"Not split by appliance, next try in a minute: {error.orig}", err=True)


def _expire() -> None:
    if days := settings().raw_retention_days:
        deleted = retention.expire(now_s() - days * DAY_S)
        click.echo(f"{deleted} readings older than {days} days deleted.", err=True)

"""Mails that residents asked for, sent from the collector's rounds."""

from __future__ import annotations

import time
from collections.abc import Iterator

import click
from sqlalchemy.exc import OperationalError

from broker.cli.command import settings
from broker.clock import now_s
from broker.services import notice_texts, notices, unsubscribing
from broker.services.mail import Postbox
from broker.services.notices import House, Letter
from broker.services.standard_load_profile import StandardHousehold
from broker.units import MINUTE_S

ROUND_S = 5 * MINUTE_S


class Noticing:
    """Looks every few minutes whom there is something to tell, and tells it."""

    def __init__(self) -> None:
        self._letters: Iterator[Letter | None] | None = None
        self._round_s = 0

    def go_on(self, for_s: float) -> None:
        """Works for some seconds, and goes on with the rest of the round the next time."""
        stop_s = time.monotonic() + for_s
        if self._letters is None and now_s() >= self._round_s:
            self._letters = notices.due(now_s(), _house())
            self._round_s = now_s() + ROUND_S
        while self._letters is not None and time.monotonic() < stop_s:
            try:
                letter = next(self._letters)
                if letter is not None:
                    send(letter)
            except StopIteration:
                self._letters = None
            except OperationalError as error:  # somebody else keeps the database busy
                click.echo(f"No mails sent, next try in some minutes: {error.orig}", err=True)
                self._letters = None


def send(letter: Letter) -> bool:
    """Sends a letter unless that has been done; whether it was sent now."""
    if not notices.claim(letter, now_s()):
        return False
    given = settings()
    token = unsubscribing.token(given.secret_key, letter.user_id, letter.kind)
    link = f"{given.base_url}/unsubscribe/{token}"
    mail = notice_texts.written(letter, given.base_url, link, given.timezone)
    Postbox(given.smtp_url, given.mail_from, given.outbox).send(
        letter.mail, *mail, time.time_ns() // 1000, unsubscribe=link
    )
    return True


def _house() -> House:
    given = settings()
    household = StandardHousehold.chosen(given.load_profile, given.federal_state, given.timezone)
    return House(given.term_start, household)

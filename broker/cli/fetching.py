"""What inexogy says about appliances, fetched from the collector's rounds."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import Future
from typing import NamedTuple

import click
from sqlalchemy.exc import OperationalError

from broker.cli.command import settings
from broker.clock import now_s
from broker.services import inexogy
from broker.services.inexogy import Call
from broker.sources.inexogy import (
    DEADLINE_S,
    OF_ONE_METER,
    TIMEOUT_S,
    Inexogy,
    NotFetched,
    Told,
    Trouble,
    pause_s,
)

GIVEN_UP_S = DEADLINE_S + 2 * TIMEOUT_S
"""Longer than a call can take, unless the other side sends a letter at a time."""


class _Asked(NamedTuple):
    call: Call
    answer: Future[Told]
    given_up_s: float


def account() -> Inexogy | None:
    """This installation's account at inexogy; None without one."""
    given = settings()
    if not (given.inexogy_user and given.inexogy_password):
        return None
    return Inexogy(given.inexogy_url, given.inexogy_user, given.inexogy_password)


class Fetching:
    """One call at a time, beside everything else: nobody waits for a server that is slow or dead.

    After a failure that isn't about one meter alone the account rests for a while.
    """

    def __init__(self, account: Inexogy | None) -> None:
        self._account = account
        self._asked: _Asked | None = None
        self._failures, self._rests_until_s = 0, 0

    def go_on(self) -> None:
        """Takes in the answer, if there is one, and asks for the next, if one is due; at once."""
        if self._account is None:
            return
        try:
            if self._asked is not None and not self._is_over(self._asked):
                return
            if now_s() >= self._rests_until_s and (call := inexogy.next_call(now_s())):
                self._asked = _ask(self._account, call)
        except OperationalError as error:  # somebody else keeps the database busy
            click.echo(f"Not fetched from inexogy, next try soon: {error.orig}", err=True)

    def _is_over(self, asked: _Asked) -> bool:
        if not asked.answer.done() and time.monotonic() < asked.given_up_s:
            return False
        self._asked = None
        try:
            if not asked.answer.done():
                raise NotFetched(Trouble.SLOW, "no answer in time")
            inexogy.take_in(asked.call, asked.answer.result(), now_s())
            self._failures = 0
        except NotFetched as failed:
            self._note(asked.call, failed)
        return True

    def _note(self, call: Call, failed: NotFetched) -> None:
        now, chance = now_s(), random.random()
        again_s = now + pause_s(call.failures + 1, failed.retry_after_s, chance)
        if failed.trouble not in OF_ONE_METER:
            self._failures += 1
            self._rests_until_s = now + pause_s(self._failures, failed.retry_after_s, chance)
            again_s = max(again_s, self._rests_until_s)
        inexogy.note_failure(call, failed.trouble, now, again_s)
        click.echo(
            f"Not fetched from inexogy ({failed.trouble}: {failed}), "
            f"next try in {again_s - now} s.",
            err=True,
        )


def _ask(account: Inexogy, call: Call) -> _Asked:
    answer: Future[Told] = Future()

    def fetch() -> None:
        try:
            told = account.disaggregation(call.inexogy_id, call.begin_s, call.end_s)
        except BaseException as error:  # told to the one who waits for the answer
            answer.set_exception(error)
        else:
            answer.set_result(told)

    # A daemon, so that the collector ends at once when it is told to.
    threading.Thread(target=fetch, name="inexogy", daemon=True).start()
    return _Asked(call, answer, time.monotonic() + GIVEN_UP_S)

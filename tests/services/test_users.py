"""Closing an account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from broker.clock import now_s
from broker.errors import Conflict, NotFound
from broker.services import sessions, users


def test_a_deactivated_accounts_sessions_end_at_once(make_user: Callable[..., Any]) -> None:
    ada, neighbour = make_user(), make_user()
    sessions.open_session(ada.id, now_s(), 30)
    assert users.deactivate(ada.mail.upper()) == 2
    assert sessions.account(ada.token, now_s(), 30) is None
    assert sessions.account(neighbour.token, now_s(), 30) is not None
    assert {row["mail"]: row["state"] for row in users.listed(now_s())} == {
        ada.mail: "deactivated",
        neighbour.mail: "active",
    }


def test_only_an_open_account_can_be_closed(make_user: Callable[..., Any]) -> None:
    ada = make_user()
    users.deactivate(ada.mail)
    with pytest.raises(Conflict, match="deactivated already"):
        users.deactivate(ada.mail)
    with pytest.raises(NotFound, match=r"no account of 'who@example.org'"):
        users.deactivate("who@example.org")

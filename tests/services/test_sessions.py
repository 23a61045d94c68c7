"""What is on disk when a login or a reading has been answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine

from broker.clock import now_s
from broker.models import db, writer
from broker.services import sessions

NORMAL, FULL = 1, 2
"""SQLite's numbers for "with the next commit that waits" and "every commit waits for the disk"."""


def _waits_for_disk(engine: Engine) -> int:
    with engine.begin() as connection:
        return int(connection.exec_driver_sql("PRAGMA synchronous").scalar_one())


def test_only_logins_do_not_wait_for_the_disk(app: Flask, make_user: Callable[..., Any]) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL waits for its disk while other greenlets run")
    user_id = make_user().id
    assert _waits_for_disk(writer(db.engine, survives_power_cut=False)) == NORMAL
    token, _ = sessions.open_session(user_id, now_s(), session_days=30)
    assert _waits_for_disk(writer(db.engine)) == FULL, "on the same connection of the pool"
    account = sessions.account(token, now_s(), session_days=30)
    assert account is not None and account.id == user_id

"""Reading single statements from PostgreSQL: by few connections, none trusted blindly."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import sqlalchemy
from flask import Flask
from sqlalchemy import Integer, bindparam, cast, func, select

from broker.models import Prepared, db
from broker.models.readers import MOST_AT_A_TIME

PID = Prepared(select(func.pg_backend_pid(), func.pg_sleep(bindparam("wait_s"))))
SHARE = Prepared(select(cast(7, Integer) / bindparam("of", type_=Integer), func.pg_backend_pid()))
PLANS = Prepared(select(func.current_setting("plan_cache_mode")))


@pytest.fixture(autouse=True)
def on_postgresql(app: Flask) -> None:
    """SQLite reads by one connection that nobody can take away."""
    if db.engine.dialect.name != "postgresql":
        pytest.skip("about PostgreSQL")


def pid() -> int:
    """Of the server's process that answers now."""
    return int(PID.first(wait_s=0.0)[0])


def test_the_connection_used_last_answers_again():
    """What it has prepared, it need not plan anew."""
    assert pid() == pid()


def test_a_connection_that_the_server_has_cut_is_replaced():
    """As all are after a restart: the same statement is asked again, and nobody notices."""
    first = pid()
    with db.engine.begin() as connection:
        connection.execute(sqlalchemy.text(f"SELECT pg_terminate_backend({first})"))
    assert pid() != first


def test_after_an_error_the_next_statement_has_its_own_answer():
    """Whatever the failed one left behind goes with its connection."""
    first = SHARE.first(of=1)
    assert first[0] == 7
    with pytest.raises(psycopg.errors.DivisionByZero):
        SHARE.first(of=0)
    again = SHARE.first(of=7)
    assert again[0] == 1
    assert again[1] != first[1]


def test_many_at_once_take_turns(app: Flask):
    """A server lends a hundred connections to all: a crowd waits instead of taking them."""

    def slow(_: int) -> int:
        with app.app_context():
            return int(PID.first(wait_s=0.02)[0])

    with ThreadPoolExecutor(3 * MOST_AT_A_TIME) as crowd:
        pids = set(crowd.map(slow, range(3 * MOST_AT_A_TIME)))
    assert len(pids) <= MOST_AT_A_TIME


def test_plans_are_made_once():
    """Else a call's cost would depend on what the planner guesses of a long history."""
    assert PLANS.first()[0] == "force_generic_plan"

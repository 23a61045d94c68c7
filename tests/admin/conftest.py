"""A browser of an operator who has no flat, and a look at all that is stored."""

from __future__ import annotations

import pytest
import sqlalchemy

from broker.models import Base, db


@pytest.fixture
def operator(browser, make_user, make_group):
    """A browser that an operator has logged in with."""
    someone = make_user(make_group("Sonnenhof"), is_operator=True, mail="operator@example.org")
    browser.log_in(someone)
    return browser


@pytest.fixture
def stored():
    """All rows of all tables but the sessions."""

    def rows():
        with db.engine.connect() as connection:
            return {
                table.name: sorted(map(repr, connection.execute(sqlalchemy.select(table))))
                for table in Base.metadata.sorted_tables
                if table.name != "session_token"
            }

    return rows

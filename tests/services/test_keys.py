"""Ingest keys: shown once, stored as a hash, worthless once revoked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from broker.errors import Conflict, InvalidInput, NotFound
from broker.models import IngestKey, IngestKeyMeter, db
from broker.services import keys
from broker.services.sessions import digest

NOW_S = 1_790_000_000


def test_only_the_hash_of_a_key_is_stored(make_meter: Callable[..., int]) -> None:
    ids = {make_meter("a"), make_meter("b")}
    key = keys.make("cellar", ["a", "b", "a"], NOW_S)
    with db.engine.connect() as connection:
        stored = connection.execute(select(IngestKey)).one()
        opened = set(connection.scalars(select(IngestKeyMeter.meter_id)))
    assert stored.digest == digest(key)
    assert key not in repr(stored)
    assert opened == ids


def test_a_revoked_key_is_listed_and_its_name_stays_taken(make_meter: Callable[..., int]) -> None:
    make_meter("a")
    keys.make("cellar", ["a"], NOW_S)
    keys.revoke("cellar", NOW_S + 60)
    assert keys.listed() == [
        {
            "name": "cellar",
            "created_s": NOW_S,
            "revoked_s": NOW_S + 60,
            "meters": ["a"],
            "grid_rates": False,
        }
    ]
    with pytest.raises(Conflict, match="revoked already"):
        keys.revoke("cellar", NOW_S + 120)
    with pytest.raises(Conflict, match="a key 'cellar' already"):
        keys.make("cellar", ["a"], NOW_S)


def test_a_key_for_nothing_or_something_unknown_is_not_made(
    make_meter: Callable[..., int],
) -> None:
    make_meter("a")
    with pytest.raises(InvalidInput, match="at least one meter"):
        keys.make("cellar", [], NOW_S)
    with pytest.raises(NotFound, match="no meter 'b'"):
        keys.make("cellar", ["a", "b"], NOW_S)
    with pytest.raises(InvalidInput, match="1 to 100 characters"):
        keys.make(" ", ["a"], NOW_S)
    with pytest.raises(NotFound, match="no key 'cellar'"):
        keys.revoke("cellar", NOW_S)
    assert keys.listed() == []

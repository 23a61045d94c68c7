"""A house with something in it to lose, and what every refusal has to be like."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy
from flask import Flask

from broker.clock import now_s
from broker.ingest.intake import Columns, take_in
from broker.models import Avatar, Base, HouseholdSize, db, writer
from broker.services import invitations, keys
from broker.services.mail import Postbox

HOUSE_METER = "1EMH0000000001"
FOREIGN_METER = "1EMH0000000002"
INTERNALS = ("Traceback", "sqlalchemy", "sqlite3", "psycopg", 'File "', "0x7f")


@dataclass(frozen=True)
class Bad:
    """A request that can't be meant, and the statuses that say so."""

    name: str
    method: str
    path: str
    sent: dict[str, Any]
    statuses: tuple[int, ...] = (400,)


@dataclass(frozen=True)
class House:
    """Secrets that open something, so that it is the input alone that is wrong."""

    app: Flask
    token: str
    key: str
    invitation: str
    base_s: int
    """A full minute an hour ago, at which the house's meter counted 10**12."""

    def answer_to(self, bad: Bad, number: int, accept: str | None = None) -> Any:
        """Sends a request with the secret it needs, each from an address of its own."""
        secret = self.key if bad.path == "/readings" else self.token
        headers = {"Authorization": f"Bearer {secret}"} | bad.sent.get("headers", {})
        return self.app.test_client().open(
            bad.path,
            method=bad.method,
            **bad.sent | {"headers": headers | ({"Accept": accept} if accept else {})},
            environ_overrides={"REMOTE_ADDR": f"10.0.{number // 250}.{number % 250 + 1}"}
            | bad.sent.get("environ_overrides", {}),
        )

    def stored(self) -> dict[str, str]:
        """A digest of all rows of each table."""
        with db.engine.connect() as connection:
            return {
                table.name: hashlib.sha256(
                    repr(sorted(map(repr, connection.execute(sqlalchemy.select(table))))).encode()
                ).hexdigest()
                for table in Base.metadata.sorted_tables
            }

    def assert_refuses(self, requests: Iterable[Bad]) -> None:
        """Every request gets the error object and leaves every row of every table as it was."""
        wrong, before = {}, self.stored()
        for number, bad in enumerate(requests):
            answer = self.answer_to(bad, number)
            if complaint := _complaint(answer, bad.statuses):
                wrong[bad.name] = f"{bad.method} {bad.path}: {complaint}"
            if (after := self.stored()) != before:
                wrong[bad.name] = f"{bad.method} {bad.path} changed {_changed(before, after)}"
                before = after
        assert not wrong, "\n".join(f"{name}: {what}" for name, what in wrong.items())


def _complaint(answer: Any, statuses: tuple[int, ...]) -> str | None:
    if answer.status_code not in statuses:
        return f"{answer.status_code} {answer.text[:200]}"
    if not answer.is_json or answer.json.keys() != {"errorName", "errorDescription"}:
        return f"no error object: {answer.text[:200]}"
    if not all(isinstance(text, str) and text for text in answer.json.values()):
        return f"an empty error object: {answer.text[:200]}"
    shown = [internal for internal in INTERNALS if internal in answer.text]
    if len(answer.text) > 2000:
        return f"answers {len(answer.text)} characters"
    return f"shows {shown}" if shown else None


def _changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The tables whose rows differ."""
    return [name for name in before if before[name] != after[name]]


@pytest.fixture
def house(app, settings, make_user, make_meter, assign) -> House:
    """A resident with a picture, a meter with readings, a key for it and an open invitation."""
    resident = make_user(nick="Ada", flat_size_m2=72.5, mail="ada@example.org")
    meter_id = make_meter(HOUSE_METER)
    make_meter(FOREIGN_METER)
    assign(meter_id, resident)
    with writer(db.engine).begin() as connection:
        connection.execute(sqlalchemy.insert(Avatar).values(user_id=resident.id, image=b"WEBP"))
        connection.execute(
            sqlalchemy.insert(HouseholdSize).values(
                user_id=resident.id, valid_from=sqlalchemy.func.current_date(), inhabitants=2
            )
        )
    base_s = now_s() // 60 * 60 - 3600
    take_in({meter_id: Columns([base_s], [10**12], [None], [500_000])}, now_s())
    invited = invitations.invite(
        resident.group_id,
        "grace@example.org",
        "Grace",
        "Hopper",
        now_us=now_s() * 1_000_000,
        days=14,
        base_url="http://house.example",
        postbox=Postbox("", "broker@example.org", settings.outbox),
    )
    key = keys.make("gateway", [HOUSE_METER], now_s())
    return House(app, resident.token, key, invited.link.partition("token=")[2], base_s)


@pytest.fixture
def bad() -> Any:
    """Makes a bad request; what isn't named goes to the client as it is."""

    def make(
        name: str, method: str, path: str, *, statuses: tuple[int, ...] = (400,), **sent: Any
    ) -> Bad:
        return Bad(name, method, path, sent, statuses)

    return make

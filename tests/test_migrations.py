"""The migrations make exactly the tables that the models describe, also where there is data."""

from __future__ import annotations

import flask_migrate
import sqlalchemy

from broker.models import db, writer

FIRST_TABLES = {
    "group": {"id": 1, "name": "Sonnenweg", "created_s": 1},
    "user": {
        "id": 1,
        "group_id": 1,
        "mail": "ada@example.org",
        "name": "Lovelace",
        "first_name": "Ada",
        "state": "active",
        "is_operator": False,
        "registered_us": 1,
    },
    "avatar": {"user_id": 1, "image": b"RIFF"},
    "household_size": {"user_id": 1, "valid_from": "2026-01-01", "inhabitants": 2},
    "invitation": {
        "id": 1,
        "user_id": 1,
        "purpose": "reset",
        "digest": b"1",
        "created_s": 1,
        "expires_s": 2,
    },
    "session_token": {"id": 1, "user_id": 1, "digest": b"2", "created_s": 1, "expires_s": 2},
    "meter": {"id": 1, "number": "1EMH1", "max_power_w": 60_000, "created_s": 1},
    "meter_use": {
        "id": 1,
        "meter_id": 1,
        "group_id": 1,
        "user_id": 1,
        "role": "flat",
        "register": 1,
        "begin_s": 0,
    },
    "meter_event": {
        "id": 1,
        "meter_id": 1,
        "register": 1,
        "time_s": 1,
        "kind": "jitter",
        "noted_s": 1,
    },
    "ingest_key": {"id": 1, "name": "gateway", "digest": b"3", "created_s": 1},
    "ingest_key_meter": {"key_id": 1, "meter_id": 1},
    "reading": {"meter_id": 1, "time_s": 900, "energy_tenth_uwh": 1},
}
"""A row for each table of the first installations, which refer to each other."""


def test_models_and_migrations_agree(app, runner):
    checked = runner.invoke(args=["db", "check"])
    assert checked.exit_code == 0, checked.output


def test_an_installation_with_data_is_upgraded(app):
    flask_migrate.downgrade(revision="0001")
    tables = sqlalchemy.MetaData()
    tables.reflect(db.engine)
    with writer(db.engine).begin() as connection:
        for name, row in FIRST_TABLES.items():
            table = tables.tables[name]
            names = ", ".join(f'"{column}"' for column in row)
            places = ", ".join(f":{column}" for column in row)
            statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({places})'
            connection.execute(sqlalchemy.text(statement), row)
    flask_migrate.upgrade()
    with db.engine.connect() as connection:
        for name in FIRST_TABLES:
            counted = sqlalchemy.text(f'SELECT count(*) FROM "{name}"')
            assert connection.scalar(counted) == 1, name

"""Fixtures: an app on a freshly migrated database, clients of it, and factories for the models.

`BROKER_TEST_DATABASE_URL` runs everything on PostgreSQL; without it each test has a SQLite file of
its own, copied from one that was migrated once.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import flask_migrate
import pytest
import sqlalchemy
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner

import config
from app import create_app
from broker.models import Base, db

TEST_DATABASE_URL = os.environ.get("BROKER_TEST_DATABASE_URL", "")


def settings_in(instance: Path, **changes: object) -> config.Settings:
    """Settings of a house in Germany whose instance folder is of this test alone."""
    given: dict[str, object] = {
        "instance": instance,
        "timezone": ZoneInfo("Europe/Berlin"),
        "secret_key": "only-for-tests",
        "database_url": config.PARSERS["database_url"](TEST_DATABASE_URL),
    }
    return config.Settings(**(given | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance folder whose database has run every migration once."""
    instance = tmp_path_factory.mktemp("migrated")
    app = create_app(settings_in(instance))
    with app.app_context():
        if TEST_DATABASE_URL:
            _empty_schema()
        flask_migrate.upgrade()
        db.engine.dispose()
    return instance


def _empty_schema() -> None:
    with db.engine.begin() as connection:
        connection.execute(sqlalchemy.text("DROP SCHEMA public CASCADE"))
        connection.execute(sqlalchemy.text("CREATE SCHEMA public"))


@pytest.fixture
def settings(migrated: Path, tmp_path: Path) -> config.Settings:
    """The settings of the test's own installation; parametrise or replace to change some."""
    instance = tmp_path / "instance"
    if TEST_DATABASE_URL:
        instance.mkdir()
    else:
        shutil.copytree(migrated, instance)
    return settings_in(instance)


@pytest.fixture
def app(settings: config.Settings) -> Iterator[Flask]:
    """The app itself, as in production: authentication and CSRF are on."""
    app = create_app(settings)
    with app.app_context():
        if TEST_DATABASE_URL:
            _empty_tables()
        yield app
        db.session.remove()
        db.engine.dispose()


def _empty_tables() -> None:
    names = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
    with db.engine.begin() as connection:
        connection.execute(sqlalchemy.text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client without a session."""
    return app.test_client()


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    """Runs the operator's commands."""
    return app.test_cli_runner()

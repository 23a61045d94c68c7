"""Runs the migrations on the app's own engine, SQLite or PostgreSQL."""

from alembic import context
from alembic.util import CommandError
from flask import current_app
from sqlalchemy.exc import OperationalError

database = current_app.extensions["migrate"].db

try:
    connection = database.engine.connect()
except OperationalError as error:  # one line instead of a traceback
    reason = str(error.orig).strip().splitlines()[0]
    raise CommandError(f"The database can't be reached ({reason}).") from error
with connection:
    context.configure(
        connection=connection,
        target_metadata=database.metadata,
        render_as_batch=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()

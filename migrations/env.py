"""Runs the migrations on the app's own engine, SQLite or PostgreSQL."""

from alembic import context
from flask import current_app

database = current_app.extensions["migrate"].db


def skip_empty(_context, _revision, directives):
    """No file for a migration that changes nothing."""
    if directives and directives[0].upgrade_ops.is_empty():
        directives[:] = []


with database.engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=database.metadata,
        render_as_batch=True,
        compare_type=True,
        process_revision_directives=skip_empty,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()

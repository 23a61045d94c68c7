"""who takes part in the ranking

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-24 13:30:00

"""
from alembic import op
import sqlalchemy as sa


revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade():
    # A column can be added to and dropped from a table that others refer to without copying it.
    op.add_column('user', sa.Column('in_ranking', sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade():
    op.drop_column('user', 'in_ranking')

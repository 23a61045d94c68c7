"""hints that were read

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-24 13:40:00

"""
from alembic import op
import sqlalchemy as sa


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('hint_read',
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('hint_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('read_s', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], ),
    sa.PrimaryKeyConstraint('user_id', 'hint_id')
    )


def downgrade():
    op.drop_table('hint_read')

"""meters that inexogy splits by appliance, and what it told

Revision ID: 0012
Revises: 0011
Create Date: 2026-11-26 10:00:00

"""
from alembic import op
import sqlalchemy as sa


revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('inexogy_energy',
    sa.Column('meter_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('start_s', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.SmallInteger(), autoincrement=False, nullable=False),
    sa.Column('number', sa.SmallInteger(), autoincrement=False, nullable=False),
    sa.Column('energy_tenth_uwh', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('meter_id', 'start_s', 'kind', 'number'),
    sqlite_with_rowid=False
    )
    op.create_table('inexogy_meter',
    sa.Column('meter_id', sa.Integer(), nullable=False),
    sa.Column('inexogy_id', sa.String(length=100), nullable=False),
    sa.Column('from_s', sa.BigInteger(), nullable=True),
    sa.Column('until_s', sa.BigInteger(), nullable=True),
    sa.Column('asked_s', sa.BigInteger(), nullable=True),
    sa.Column('next_s', sa.BigInteger(), nullable=False),
    sa.Column('fetched_s', sa.BigInteger(), nullable=True),
    sa.Column('failed_s', sa.BigInteger(), nullable=True),
    sa.Column('failure', sa.String(length=20), nullable=True),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['meter_id'], ['meter.id'], ),
    sa.PrimaryKeyConstraint('meter_id')
    )


def downgrade():
    op.drop_table('inexogy_meter')
    op.drop_table('inexogy_energy')

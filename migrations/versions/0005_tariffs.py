"""tariffs, and what the grid's energy costs and emits

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-24 13:30:00

"""
from alembic import op
import sqlalchemy as sa


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('grid_rate',
    sa.Column('kind', sa.SmallInteger(), autoincrement=False, nullable=False),
    sa.Column('start_s', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('per_kwh', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('kind', 'start_s'),
    sqlite_with_rowid=False
    )
    op.create_table('tariff',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('group_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=True),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_until', sa.Date(), nullable=True),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('work_price_micros_per_kwh', sa.BigInteger(), nullable=False),
    sa.Column('base_price_micros', sa.BigInteger(), nullable=False),
    sa.Column('base_period', sa.String(length=8), nullable=False),
    sa.Column('pv_price_micros_per_kwh', sa.BigInteger(), nullable=True),
    sa.Column('tax_ppm', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['group_id'], ['group.id'], ),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('tariff') as batch_op:
        batch_op.create_index(batch_op.f('ix_tariff_group_id'), ['group_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_tariff_user_id'), ['user_id'], unique=False)
    # Not in a batch: that would copy the table, and SQLite drops none that others refer to.
    op.add_column(
        'ingest_key',
        sa.Column('opens_grid_rates', sa.Boolean(), server_default=sa.false(), nullable=False),
    )


def downgrade():
    op.drop_column('ingest_key', 'opens_grid_rates')
    op.drop_table('tariff')
    op.drop_table('grid_rate')

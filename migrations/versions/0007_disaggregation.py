"""disaggregation

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-24 13:30:00

"""
from alembic import op
import sqlalchemy as sa


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('disaggregation',
    sa.Column('meter_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('start_s', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.SmallInteger(), autoincrement=False, nullable=False),
    sa.Column('number', sa.SmallInteger(), autoincrement=False, nullable=False),
    sa.Column('energy_tenth_uwh', sa.BigInteger(), nullable=False),
    sa.Column('source', sa.SmallInteger(), nullable=False),
    sa.PrimaryKeyConstraint('meter_id', 'start_s', 'kind', 'number'),
    sqlite_with_rowid=False
    )
    op.create_table('appliance_run',
    sa.Column('meter_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('begin_s', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.SmallInteger(), autoincrement=False, nullable=False),
    sa.Column('end_s', sa.BigInteger(), nullable=False),
    sa.Column('number', sa.SmallInteger(), nullable=False),
    sa.Column('energy_tenth_uwh', sa.BigInteger(), nullable=False),
    sa.Column('power_w', sa.Float(), nullable=False),
    sa.PrimaryKeyConstraint('meter_id', 'begin_s', 'kind'),
    sqlite_with_rowid=False
    )
    op.create_table('disaggregation_state',
    sa.Column('meter_id', sa.Integer(), nullable=False),
    sa.Column('from_s', sa.BigInteger(), nullable=False),
    sa.Column('settled_s', sa.BigInteger(), nullable=False),
    sa.Column('until_s', sa.BigInteger(), nullable=False),
    sa.Column('past_revision', sa.Integer(), nullable=False),
    sa.Column('compared_s', sa.BigInteger(), nullable=False),
    sa.Column('turn', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['meter_id'], ['meter.id'], ),
    sa.PrimaryKeyConstraint('meter_id')
    )
    op.create_table('appliance',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('meter_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.SmallInteger(), nullable=False),
    sa.Column('number', sa.SmallInteger(), nullable=False),
    sa.Column('power_w', sa.Float(), nullable=False),
    sa.Column('run_count', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['meter_id'], ['meter.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('appliance') as batch_op:
        batch_op.create_index(batch_op.f('ix_appliance_meter_id'), ['meter_id'], unique=False)
    op.create_table('appliance_correction',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('meter_id', sa.Integer(), nullable=True),
    sa.Column('said_kind', sa.SmallInteger(), nullable=False),
    sa.Column('said_number', sa.SmallInteger(), nullable=True),
    sa.Column('true_kind', sa.SmallInteger(), nullable=True),
    sa.Column('begin_s', sa.BigInteger(), nullable=True),
    sa.Column('end_s', sa.BigInteger(), nullable=True),
    sa.Column('power_w', sa.Float(), nullable=True),
    sa.Column('created_s', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['meter_id'], ['meter.id'], ),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('appliance_correction') as batch_op:
        batch_op.create_index('appliance_correction_of_user', ['user_id', 'meter_id'], unique=False)


def downgrade():
    op.drop_table('appliance_correction')
    op.drop_table('appliance')
    op.drop_table('disaggregation_state')
    op.drop_table('appliance_run')
    op.drop_table('disaggregation')

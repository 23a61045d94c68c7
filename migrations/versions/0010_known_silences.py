"""silences that are known

Revision ID: 0010
Revises: 0009
Create Date: 2026-11-24 13:40:00

"""
from alembic import op
import sqlalchemy as sa


revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('known_silence',
    sa.Column('meter_id', sa.Integer(), nullable=False),
    sa.Column('since_s', sa.BigInteger(), nullable=False),
    sa.Column('seen_s', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['meter_id'], ['meter.id'], ),
    sa.PrimaryKeyConstraint('meter_id')
    )


def downgrade():
    op.drop_table('known_silence')

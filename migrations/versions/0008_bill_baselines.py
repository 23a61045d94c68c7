"""bill baselines

Revision ID: 0008
Revises: 0007
Create Date: 2026-11-24 13:50:00

"""
from alembic import op
import sqlalchemy as sa


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        'bill_baseline',
        sa.Column('user_id', sa.Integer(), nullable=False),
        sa.Column('term_year', sa.Integer(), nullable=False),
        sa.Column('energy_tenth_uwh', sa.BigInteger(), nullable=False),
        sa.Column('entered_s', sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(['user_id'], ['user.id']),
        sa.PrimaryKeyConstraint('user_id', 'term_year'),
    )


def downgrade():
    op.drop_table('bill_baseline')

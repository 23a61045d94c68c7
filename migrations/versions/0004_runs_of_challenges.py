"""runs of challenges

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-24 13:20:00

"""
from alembic import op
import sqlalchemy as sa


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('challenge_run',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('challenge_id', sa.Integer(), nullable=False),
    sa.Column('started_s', sa.BigInteger(), nullable=False),
    sa.Column('terms', sa.Text(), nullable=False),
    sa.Column('closed_s', sa.BigInteger(), nullable=True),
    sa.Column('outcome', sa.String(length=16), nullable=True),
    sa.Column('value', sa.Float(), nullable=True),
    sa.Column('target', sa.Float(), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('challenge_run', schema=None) as batch_op:
        batch_op.create_index(
            'challenge_run_open', ['user_id'], unique=True,
            sqlite_where=sa.text('closed_s IS NULL'),
            postgresql_where=sa.text('closed_s IS NULL'),
        )
        batch_op.create_index('challenge_run_of_user', ['user_id', 'started_s'], unique=False)


def downgrade():
    with op.batch_alter_table('challenge_run', schema=None) as batch_op:
        batch_op.drop_index('challenge_run_of_user')
        batch_op.drop_index('challenge_run_open')

    op.drop_table('challenge_run')

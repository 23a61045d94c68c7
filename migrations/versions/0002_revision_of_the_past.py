"""revision of the past

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-24 13:10:00

"""
from alembic import op
import sqlalchemy as sa


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table('meter') as batch_op:
        batch_op.add_column(
            sa.Column('past_revision', sa.Integer(), server_default='0', nullable=False)
        )


def downgrade():
    with op.batch_alter_table('meter') as batch_op:
        batch_op.drop_column('past_revision')

"""allocation of the common generation

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-24 13:20:00

"""
from alembic import op
import sqlalchemy as sa


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('allocation_rule',
    sa.Column('group_id', sa.Integer(), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.ForeignKeyConstraint(['group_id'], ['group.id'], ),
    sa.PrimaryKeyConstraint('group_id', 'valid_from')
    )
    op.create_table('allocation_share',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('group_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=True),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('share_ppm', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['group_id'], ['group.id'], ),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('allocation_share') as batch_op:
        batch_op.create_index('allocation_share_once', ['group_id', 'user_id', 'valid_from'], unique=True)
        batch_op.create_index(batch_op.f('ix_allocation_share_user_id'), ['user_id'], unique=False)


def downgrade():
    op.drop_table('allocation_share')
    op.drop_table('allocation_rule')

"""what residents chose, and which mails they were sent

Revision ID: 0011
Revises: 0010
Create Date: 2026-11-24 17:30:00

"""
from alembic import op
import sqlalchemy as sa


revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

CHOICES = ('money_first', 'hides_co2', 'mails_challenge', 'mails_silence', 'mails_week')


def upgrade():
    # Columns can be added to and dropped from a table that others refer to without copying it.
    op.add_column('user', sa.Column('language', sa.String(length=8), nullable=True))
    op.add_column('user', sa.Column('mail_language', sa.String(length=8), nullable=True))
    for name in CHOICES:
        op.add_column('user', sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table('notice',
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('about', sa.String(length=64), nullable=False),
    sa.Column('sent_s', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], ),
    sa.PrimaryKeyConstraint('user_id', 'kind', 'about')
    )


def downgrade():
    op.drop_table('notice')
    for name in (*reversed(CHOICES), 'mail_language', 'language'):
        op.drop_column('user', name)

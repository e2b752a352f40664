"""Mailboxes and attachments"""

import sqlalchemy as sa
from alembic import op

from tongshi.storage import models

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('attachments',
    sa.Column('attachment_id', sa.Integer(), nullable=False),
    sa.Column('sender', sa.Text(), nullable=False),
    sa.Column('client_id', sa.String(length=64), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kind', sa.String(length=120), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.Column('at', models.Instant(), nullable=False),
    sa.PrimaryKeyConstraint('attachment_id'),
    sa.UniqueConstraint('sender', 'client_id', 'number', name='attachments_once')
    )
    op.create_table('mailboxes',
    sa.Column('name', sa.String(length=300), nullable=False),
    sa.Column('validity', sa.BigInteger(), nullable=False),
    sa.Column('uid', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_table('mails',
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('sender', sa.Text(), nullable=False),
    sa.Column('customer', sa.String(length=64), nullable=False),
    sa.Column('ours', sa.Boolean(), nullable=False),
    sa.Column('at', models.Instant(), nullable=False),
    sa.PrimaryKeyConstraint('digest')
    )
    op.create_index('mails_of_a_customer', 'mails', ['customer', 'at'])


def downgrade() -> None:
    op.drop_index('mails_of_a_customer', 'mails')
    op.drop_table('mails')
    op.drop_table('mailboxes')
    op.drop_table('attachments')

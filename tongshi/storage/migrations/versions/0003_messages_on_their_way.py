"""Messages on their way to customers"""

import sqlalchemy as sa
from alembic import op

from tongshi.storage import models

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('outbox',
    sa.Column('outgoing_id', sa.Integer(), nullable=False),
    sa.Column('message_id', sa.Integer(), nullable=False),
    sa.Column('sender', sa.Text(), nullable=False),
    sa.Column('channel', sa.String(length=24), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('parts_sent', sa.Integer(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('uncertain', sa.Boolean(), nullable=False),
    sa.Column('created_at', models.Instant(), nullable=False),
    sa.Column('due', models.Instant(), nullable=False),
    sa.Column('ended_at', models.Instant(), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['message_id'], ['messages.message_id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('outgoing_id'),
    sa.UniqueConstraint('message_id')
    )
    op.create_index('outbox_that_waits', 'outbox', ['channel', 'state', 'sender', 'outgoing_id'])


def downgrade() -> None:
    op.drop_index('outbox_that_waits', 'outbox')
    op.drop_table('outbox')

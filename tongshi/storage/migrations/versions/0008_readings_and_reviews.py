"""What the bot made of messages, and those that people review"""

import sqlalchemy as sa
from alembic import op

from tongshi.storage import models

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('readings',
    sa.Column('message_id', sa.Integer(), nullable=False),
    sa.Column('intent', sa.String(length=64), nullable=False),
    sa.Column('confidence', sa.Float(), nullable=False),
    sa.Column('ranking', sa.JSON(), nullable=False),
    sa.Column('asked', sa.String(length=64), nullable=True),
    sa.Column('sentiment', sa.Float(), nullable=True),
    sa.Column('urgency', sa.Float(), nullable=True),
    sa.ForeignKeyConstraint(['message_id'], ['messages.message_id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('message_id')
    )
    op.create_index('ix_readings_intent', 'readings', ['intent'])
    op.create_table('reviews',
    sa.Column('review_id', sa.Integer(), nullable=False),
    sa.Column('message_id', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=12), nullable=False),
    sa.Column('status', sa.String(length=9), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=True),
    sa.Column('intent', sa.String(length=64), nullable=False),
    sa.Column('confidence', sa.Float(), nullable=True),
    sa.Column('ranking', sa.JSON(), nullable=False),
    sa.Column('context', sa.JSON(), nullable=False),
    sa.Column('trace_id', sa.Integer(), nullable=True),
    sa.Column('at', models.Instant(), nullable=False),
    sa.Column('wanted', sa.String(length=64), nullable=False),
    sa.Column('wording', sa.Text(), nullable=False),
    sa.Column('decided_by', sa.Text(), nullable=False),
    sa.Column('decided_at', models.Instant(), nullable=True),
    sa.ForeignKeyConstraint(['message_id'], ['messages.message_id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('review_id'),
    sa.UniqueConstraint('message_id')
    )
    op.create_index('ix_reviews_status', 'reviews', ['status'])


def downgrade() -> None:
    op.drop_table('reviews')
    op.drop_table('readings')

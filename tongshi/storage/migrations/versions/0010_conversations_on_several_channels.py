"""Conversations that go on on another channel: aliases, invitations, proofs"""

import sqlalchemy as sa
from alembic import op

from tongshi.storage import models

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('aliases',
    sa.Column('identity', sa.Text(), nullable=False),
    sa.Column('sender', sa.Text(), nullable=False),
    sa.Column('at', models.Instant(), nullable=False),
    sa.PrimaryKeyConstraint('identity')
    )
    op.create_index(op.f('ix_aliases_sender'), 'aliases', ['sender'], unique=False)
    op.create_table('invitations',
    sa.Column('invitation_id', sa.Integer(), nullable=False),
    sa.Column('link', sa.String(length=64), nullable=False),
    sa.Column('code', sa.String(length=64), nullable=False),
    sa.Column('sender', sa.Text(), nullable=False),
    sa.Column('expires', models.Instant(), nullable=False),
    sa.Column('used_by', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('invitation_id'),
    sa.UniqueConstraint('link'),
    sa.UniqueConstraint('code')
    )
    op.create_index(op.f('ix_invitations_sender'), 'invitations', ['sender'], unique=False)
    op.create_table('proofs',
    sa.Column('sender', sa.Text(), nullable=False),
    sa.Column('customer', sa.String(length=64), nullable=False),
    sa.Column('at', models.Instant(), nullable=False),
    sa.PrimaryKeyConstraint('sender', 'customer')
    )
    op.create_index(op.f('ix_proofs_customer'), 'proofs', ['customer'], unique=False)


def downgrade() -> None:
    op.drop_table('proofs')
    op.drop_table('invitations')
    op.drop_table('aliases')

"""The graph of what is known: relations, proposed, confirmed or rejected"""

import sqlalchemy as sa
from alembic import op

from tongshi.storage import models

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('relations',
    sa.Column('relation_id', sa.Integer(), nullable=False),
    sa.Column('subject', sa.String(length=80), nullable=False),
    sa.Column('name', sa.String(length=24), nullable=False),
    sa.Column('object', sa.String(length=80), nullable=False),
    sa.Column('figures', sa.JSON(), nullable=False),
    sa.Column('digest', sa.String(length=40), nullable=False),
    sa.Column('status', sa.String(length=9), nullable=False),
    sa.Column('source', sa.String(length=200), nullable=False),
    sa.Column('evidence', sa.Text(), nullable=False),
    sa.Column('decided_by', sa.Text(), nullable=False),
    sa.Column('changed_at', models.Instant(), nullable=False),
    sa.PrimaryKeyConstraint('relation_id'),
    sa.UniqueConstraint('digest')
    )
    op.create_index('ix_relations_subject', 'relations', ['subject'])
    op.create_index('ix_relations_object', 'relations', ['object'])


def downgrade() -> None:
    op.drop_table('relations')

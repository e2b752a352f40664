"""Telephone calls: who is on the line, and how calls ended"""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'calls',
        sa.Column('identity', sa.Text(), primary_key=True),
        sa.Column('heard_at', sa.DateTime(), nullable=False),
        sa.Column('end', sa.String(12)),
        sa.Column('ended_at', sa.DateTime()),
    )


def downgrade() -> None:
    op.drop_table('calls')

"""Messages that platforms brought, until they are handled"""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'inbox',
        sa.Column('received_id', sa.Integer(), primary_key=True),
        sa.Column('channel', sa.String(24), nullable=False),
        sa.Column('sender', sa.Text(), nullable=False),
        sa.Column('client_id', sa.String(64), nullable=False),
        sa.Column('content', sa.JSON(), nullable=False),
        sa.Column('at', sa.DateTime(), nullable=False),
        sa.Column('tries', sa.Integer(), nullable=False, server_default='0'),
        sa.UniqueConstraint('channel', 'sender', 'client_id'),
    )


def downgrade() -> None:
    op.drop_table('inbox')

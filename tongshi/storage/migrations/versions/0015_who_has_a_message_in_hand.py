"""Which process has a message of the inbox in hand, and until when"""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('inbox', sa.Column('owner', sa.String(16)))
    op.add_column('inbox', sa.Column('held_until', sa.DateTime()))


def downgrade() -> None:
    with op.batch_alter_table('inbox') as table:
        table.drop_column('held_until')
        table.drop_column('owner')

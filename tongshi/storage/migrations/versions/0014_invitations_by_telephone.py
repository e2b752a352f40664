"""Invitations that are told by telephone"""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('invitations', sa.Column('pin', sa.String(64)))
    op.create_index(op.f('ix_invitations_pin'), 'invitations', ['pin'], unique=True)


def downgrade() -> None:
    op.drop_index(op.f('ix_invitations_pin'), table_name='invitations')
    with op.batch_alter_table('invitations') as table:
        table.drop_column('pin')

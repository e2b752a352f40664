"""What came lately is found without reading all: messages, feedback and traces since a moment; further reasons for a review"""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None

_DATED = ('messages', 'feedback', 'traces')


def upgrade() -> None:
    for table in _DATED:
        op.create_index(f'ix_{table}_at', table, ['at'])
    # SQLite does not count characters.
    if op.get_bind().dialect.name != 'sqlite':
        op.alter_column('reviews', 'reason', type_=sa.String(length=16), existing_nullable=False)


def downgrade() -> None:
    for table in _DATED:
        op.drop_index(f'ix_{table}_at', table)

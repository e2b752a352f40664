"""What came lately is found without reading all: messages, feedback and traces since a moment"""

from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None

_DATED = ('messages', 'feedback', 'traces')


def upgrade() -> None:
    for table in _DATED:
        op.create_index(f'ix_{table}_at', table, ['at'])


def downgrade() -> None:
    for table in _DATED:
        op.drop_index(f'ix_{table}_at', table)

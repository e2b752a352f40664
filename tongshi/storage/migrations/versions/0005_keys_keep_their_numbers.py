"""Numbers of search keys are never given twice: what is found by a number elsewhere, in an index, is never another key's"""

from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_anew(sqlite_autoincrement=True)


def downgrade() -> None:
    _make_anew(sqlite_autoincrement=False)


def _make_anew(**options) -> None:
    """SQLite decides on it when it makes a table; other databases count up anyway."""
    if op.get_bind().dialect.name == 'sqlite':
        with op.batch_alter_table('search_keys', recreate='always', table_kwargs=options):
            pass

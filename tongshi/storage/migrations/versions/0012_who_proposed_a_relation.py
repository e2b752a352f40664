"""Who proposed a relation, and which passages the language model has read for relations"""

import sqlalchemy as sa
from alembic import op

from tongshi.storage import models

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

_OLD_SUFFIX = ', read by the model'


def upgrade() -> None:
    op.add_column('relations', sa.Column('proposed_by', sa.String(length=80), nullable=False, server_default=''))
    relations = sa.table('relations', *(sa.column(name, sa.String()) for name in ('source', 'proposed_by')))
    op.execute(
        relations.update()
        .where(relations.c.source.endswith(_OLD_SUFFIX))
        .values(source=sa.func.replace(relations.c.source, _OLD_SUFFIX, ''), proposed_by='language model')
    )
    # An entity may be a policy, which is named after an article; SQLite does not count characters.
    if op.get_bind().dialect.name != 'sqlite':
        for end in ('subject', 'object'):
            op.alter_column('relations', end, type_=sa.String(length=200), existing_nullable=False)
    op.create_table(
        'relation_readings',
        sa.Column('digest', sa.String(length=40), nullable=False),
        sa.Column('at', models.Instant(), nullable=False),
        sa.PrimaryKeyConstraint('digest'),
    )


def downgrade() -> None:
    op.drop_table('relation_readings')
    # `DROP COLUMN` is SQLite's own; a batch would copy the table without its constraint on digests, which has no name.
    op.drop_column('relations', 'proposed_by')

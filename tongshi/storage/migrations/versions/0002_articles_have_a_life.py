"""Articles have a life: status, versions, owner, validity; web pages that were imported"""

import sqlalchemy as sa
from alembic import op

from tongshi import clock
from tongshi.storage import models

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

# Added and renamed in place: SQLite makes a table anew for anything else, and drops the search keys of the old one with it.
_NEW = (
    ('questions', sa.JSON(), '[]'),
    ('owner', sa.Text(), ''),
    ('tags', sa.JSON(), '[]'),
    ('valid_from', models.Instant(), None),
    ('valid_until', models.Instant(), None),
    ('translation_of', sa.String(length=2), None),
    ('translated_from', sa.String(length=40), ''),
    ('status', sa.String(length=8), 'approved'),
    ('version', sa.Integer(), '1'),
    ('draft', sa.Integer(), None),
    ('encoder', sa.String(length=20), ''),
)


def upgrade() -> None:
    op.alter_column('articles', 'approved', new_column_name='verbatim', existing_type=sa.Boolean(), existing_nullable=False)
    op.alter_column('articles', 'digest', new_column_name='imported', existing_type=sa.String(length=64), existing_nullable=False)
    for name, kind, default in _NEW:
        op.add_column('articles', sa.Column(name, kind, nullable=default is None, server_default=default))
    op.create_index('articles_valid_from', 'articles', ['collection', 'valid_from'])
    op.create_index('articles_valid_until', 'articles', ['collection', 'valid_until'])
    op.create_table('article_versions',
    sa.Column('version_key', sa.Integer(), nullable=False),
    sa.Column('article_key', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('author', sa.Text(), nullable=False),
    sa.Column('at', models.Instant(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('questions', sa.JSON(), nullable=False),
    sa.Column('verbatim', sa.Boolean(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('owner', sa.Text(), nullable=False),
    sa.Column('tags', sa.JSON(), nullable=False),
    sa.Column('valid_from', models.Instant(), nullable=True),
    sa.Column('valid_until', models.Instant(), nullable=True),
    sa.Column('translation_of', sa.String(length=2), nullable=True),
    sa.Column('translated_from', sa.String(length=40), nullable=False),
    sa.Column('status', sa.String(length=8), nullable=False),
    sa.ForeignKeyConstraint(['article_key'], ['articles.article_key'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('version_key'),
    sa.UniqueConstraint('article_key', 'number', name='article_versions_once')
    )
    op.create_table('web_pages',
    sa.Column('collection', sa.String(length=64), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('article_id', sa.String(length=200), nullable=False),
    sa.Column('language', sa.String(length=2), nullable=False),
    sa.Column('etag', sa.Text(), nullable=False),
    sa.Column('last_modified', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('collection', 'url')
    )
    _fill()


def _fill() -> None:
    """Give each article its questions, which were kept as search keys only, and its first version."""
    articles = _table('articles', 'article_key', 'title', 'text', 'source', 'encoder', 'imported')
    keys = _table('search_keys', 'key_id', 'article_key', 'kind', 'text')
    versions = _table(
        'article_versions', 'article_key', 'number', 'author', 'note', 'title', 'text', 'source', 'owner', 'translated_from', 'status'
    )
    connection = op.get_bind()
    questions: dict[int, list[str]] = {}
    query = sa.select(keys.c.article_key, keys.c.text).where(keys.c.kind == 'question').order_by(keys.c.key_id)
    for article_key, text in connection.execute(query):
        questions.setdefault(article_key, []).append(text)
    now = clock.now()
    columns = [articles.c[name] for name in ('article_key', 'title', 'text', 'verbatim', 'source', 'imported')]
    for row in connection.execute(sa.select(columns)).all():
        encoder, _, digest = row.imported.rpartition(':')
        asked = questions.get(row.article_key, [])
        connection.execute(
            articles.update()
            .where(articles.c.article_key == row.article_key)
            .values(questions=asked, encoder=encoder, imported=digest)
        )
        connection.execute(
            versions.insert().values(
                article_key=row.article_key, number=1, author='import', at=now, note='', title=row.title, text=row.text,
                questions=asked, verbatim=row.verbatim, source=row.source, owner='', tags=[], translated_from='', status='approved',
            )
        )


def _table(name: str, *columns: str):
    """A table as this migration leaves it, with the plain columns named and those of a type of their own."""
    typed = [
        sa.column('questions', sa.JSON()), sa.column('tags', sa.JSON()), sa.column('verbatim', sa.Boolean()),
        sa.column('at', models.Instant()),
    ]
    return sa.table(name, *typed, *map(sa.column, columns))


def downgrade() -> None:
    op.drop_table('web_pages')
    op.drop_table('article_versions')
    op.drop_index('articles_valid_until', 'articles')
    op.drop_index('articles_valid_from', 'articles')
    for name, _, _ in _NEW:
        op.drop_column('articles', name)
    op.alter_column('articles', 'imported', new_column_name='digest', existing_type=sa.String(length=64), existing_nullable=False)
    op.alter_column('articles', 'verbatim', new_column_name='approved', existing_type=sa.Boolean(), existing_nullable=False)

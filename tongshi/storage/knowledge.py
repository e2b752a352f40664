"""Articles and the keys they are found by: reading and writing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select

from tongshi.storage.database import Database
from tongshi.storage.models import Article, Collection, SearchKey


@dataclass(frozen=True)
class KeyRow:
    """A search key with what it belongs to; `vector` holds float32 values."""

    article_id: str
    language: str
    kind: str
    text: str
    vector: bytes


class KnowledgeStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def collections(self) -> dict[str, int]:
        """Names and versions."""
        with self._database.session() as session:
            return {row.name: row.version for row in session.scalars(select(Collection))}

    def version(self, collection: str) -> int | None:
        """How often a collection has changed; None where there is none of that name."""
        with self._database.session() as session:
            return session.scalar(select(Collection.version).where(Collection.name == collection))

    def digests(self, collection: str) -> dict[tuple[str, str], str]:
        """Digest of each article, by id and language."""
        query = select(Article.article_id, Article.language, Article.digest).where(Article.collection == collection)
        with self._database.session() as session:
            return {(row.article_id, row.language): row.digest for row in session.execute(query)}

    def replace(self, collection: str, articles: Sequence[Article], gone: Sequence[tuple[str, str]] = ()) -> None:
        """Put articles in place of those with the same ids and languages, take others out, and count the change."""
        with self._database.session() as session:
            for article_id, language in [*((article.article_id, article.language) for article in articles), *gone]:
                session.execute(
                    delete(Article).where(
                        Article.collection == collection, Article.article_id == article_id, Article.language == language
                    )
                )
            row = session.get(Collection, collection) or Collection(name=collection, version=0)
            row.version += 1
            session.add(row)
            session.flush()
            session.add_all(articles)

    def keys(self, collection: str) -> list[KeyRow]:
        query = (
            select(Article.article_id, Article.language, SearchKey.kind, SearchKey.text, SearchKey.vector)
            .join(SearchKey)
            .where(Article.collection == collection)
            .order_by(SearchKey.key_id)
        )
        with self._database.session() as session:
            return [KeyRow(*row) for row in session.execute(query)]

    def articles(self, collection: str, article_id: str | None = None) -> list[Article]:
        """All articles of a collection, or one in all its languages; without their keys."""
        query = select(Article).where(Article.collection == collection).order_by(Article.article_key)
        if article_id is not None:
            query = query.where(Article.article_id == article_id)
        with self._database.session() as session:
            return list(session.scalars(query))

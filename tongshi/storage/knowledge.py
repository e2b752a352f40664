"""Articles, their versions, and the keys they are found by: reading and writing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tongshi import clock
from tongshi.errors import TongshiError
from tongshi.storage.database import Database
from tongshi.storage.models import APPROVED, DRAFT, Article, ArticleVersion, Collection, SearchKey, WebPage

Key = tuple[str, str]
"""Id and language of an article."""

_VARIABLES = 500
"""Values in one statement; databases have their limits."""


class Conflict(TongshiError):
    """Somebody else has changed or decided it meanwhile."""


@dataclass(frozen=True)
class KeyRow:
    """A search key with what it belongs to; `vector` holds float32 values."""

    key_id: int
    article_id: str
    language: str
    kind: str
    text: str
    vector: bytes


@dataclass(frozen=True)
class Revision:
    """A change of an article, to be kept as its next version.

    Attributes:
        status: `models.DRAFT`, `APPROVED` or `RETIRED`.
        content: the columns of `models.Content` but the status.
        keys: what it is found by, without `article_key`; none unless it is approved.
        encoder: which made their vectors.
        imported: what `models.Article.imported` is from now on; None: as it was.
        upon: number of the newest version that its author knew; None: whichever it is.
    """

    article_id: str
    language: str
    status: str
    author: str
    content: Mapping[str, Any]
    note: str = ""
    keys: Sequence[SearchKey] = field(default=(), repr=False)
    encoder: str = ""
    imported: str | None = None
    upon: int | None = None


@dataclass(frozen=True)
class Origin:
    """Where an article comes from; the columns of `models.Article` of these names."""

    imported: str
    source: str
    status: str


@dataclass(frozen=True)
class Standing:
    """How an article stands at this moment.

    Attributes:
        since: when it was changed last, or began or ended to be valid.
        live: whether it may be found.
    """

    article: Article
    since: datetime
    live: bool


class KnowledgeStore:
    """Articles in the database.

    Args:
        now: tells the time, by which articles begin and end to be valid.
    """

    def __init__(self, database: Database, now: Callable[[], datetime] = clock.now) -> None:
        self._database = database
        self._now = now

    def collections(self) -> list[str]:
        """Names of all collections."""
        with self._database.session() as session:
            return list(session.scalars(select(Collection.name).order_by(Collection.name)))

    def version(self, collection: str) -> str | None:
        """What changes whenever that does which search sees; None where there is no collection of that name.

        It counts the changes that were made, and names the last moment at which an article began or ended to be valid: that is a
        change as well, though nobody makes it.
        """
        now = self._now()
        begun, ended = (
            select(func.max(column))
            .where(Article.collection == collection, Article.status == APPROVED, column <= now)
            .scalar_subquery()
            for column in (Article.valid_from, Article.valid_until)
        )
        with self._database.session() as session:
            row = session.execute(select(Collection.version, begun, ended).where(Collection.name == collection)).first()
        if row is None:
            return None
        passed = [int(moment.timestamp()) for moment in row[1:] if moment]
        return f"{row[0]}.{max(passed)}" if passed else str(row[0])

    def key_ids(self, collection: str) -> list[int]:
        """Ids of the keys of all articles that may be found at this moment, ascending."""
        query = select(SearchKey.key_id).join(Article).where(self._live(collection)).order_by(SearchKey.key_id)
        with self._database.session() as session:
            return list(session.scalars(query))

    def keys(self, collection: str, key_ids: Sequence[int] | None = None) -> list[KeyRow]:
        """The keys of all articles that may be found at this moment, or those of these ids, by id."""
        query = (
            select(SearchKey.key_id, Article.article_id, Article.language, SearchKey.kind, SearchKey.text, SearchKey.vector)
            .join(Article)
            .order_by(SearchKey.key_id)
        )
        with self._database.session() as session:
            if key_ids is None:
                return [KeyRow(*row) for row in session.execute(query.where(self._live(collection)))]
            found: list[KeyRow] = []
            for start in range(0, len(key_ids), _VARIABLES):
                some = query.where(SearchKey.key_id.in_(key_ids[start : start + _VARIABLES]))
                found += [KeyRow(*row) for row in session.execute(some)]
            return found

    def articles(self, collection: str, article_id: str | None = None) -> list[Article]:
        """All articles of a collection that may be found at this moment, or one in all its languages; without their keys."""
        query = select(Article).where(self._live(collection)).order_by(Article.article_key)
        if article_id is not None:
            query = query.where(Article.article_id == article_id)
        with self._database.session() as session:
            return list(session.scalars(query))

    def standing(self, collection: str, article_ids: Iterable[str]) -> list[Standing]:
        """Articles of some ids, of any status and language, and how they stand."""
        ids, now, found = sorted(article_ids), self._now(), []
        query = (
            select(Article, ArticleVersion.at, self._live(collection))
            .join(
                ArticleVersion,
                and_(ArticleVersion.article_key == Article.article_key, ArticleVersion.number == Article.version),
            )
            .where(Article.collection == collection)
            .order_by(Article.article_key)
        )
        with self._database.session() as session:
            for start in range(0, len(ids), _VARIABLES):
                some = query.where(Article.article_id.in_(ids[start : start + _VARIABLES]))
                for article, at, live in session.execute(some):
                    passed = [moment for moment in (article.valid_from, article.valid_until) if moment and moment <= now]
                    found.append(Standing(article, max([at, *passed]), bool(live)))
        return found

    def _live(self, collection: str):
        now = self._now()
        return and_(
            Article.collection == collection,
            Article.status == APPROVED,
            or_(Article.valid_from.is_(None), Article.valid_from <= now),
            or_(Article.valid_until.is_(None), Article.valid_until > now),
        )

    def rows(
        self, collection: str, *, article_id: str | None = None, language: str | None = None, status: str | None = None
    ) -> list[Article]:
        """Articles of any status, by id and language; `DRAFT` also means those of another status with a draft."""
        query = select(Article).where(Article.collection == collection).order_by(Article.article_id, Article.language)
        if article_id is not None:
            query = query.where(Article.article_id == article_id)
        if language is not None:
            query = query.where(Article.language == language)
        if status is not None:
            query = query.where(or_(Article.status == status, *([Article.draft.is_not(None)] if status == DRAFT else [])))
        with self._database.session() as session:
            return list(session.scalars(query))

    def versions(self, article_key: int) -> list[ArticleVersion]:
        """All versions of an article, newest first."""
        query = select(ArticleVersion).where(ArticleVersion.article_key == article_key).order_by(ArticleVersion.number.desc())
        with self._database.session() as session:
            return list(session.scalars(query))

    def origins(self, collection: str) -> dict[Key, Origin]:
        """Where each article comes from."""
        query = select(Article.article_id, Article.language, Article.imported, Article.source, Article.status)
        with self._database.session() as session:
            return {
                (article_id, language): Origin(*said)
                for article_id, language, *said in session.execute(query.where(Article.collection == collection))
            }

    def vectors(self, collection: str, keys: Iterable[Key], encoder: str) -> dict[str, bytes]:
        """Vectors that an encoder made for these articles, by text."""
        ids = {article_id for article_id, _ in keys}
        query = (
            select(SearchKey.text, SearchKey.vector)
            .join(Article)
            .where(Article.collection == collection, Article.article_id.in_(ids), Article.encoder == encoder)
        )
        with self._database.session() as session:
            return {row.text: row.vector for row in session.execute(query)}

    def save(self, collection: str, revisions: Sequence[Revision], *, announce: bool = True) -> None:
        """Keep changes of articles, all or none.

        An approved or retired article stays as it is when a draft of it is kept, and so does what search sees.

        Args:
            announce: whether search shall see them at once; else from the next `announce` on.

        Raises:
            Conflict: somebody else has changed one of the articles since `upon`, or does at this moment.
        """
        try:
            with self._database.session() as session:
                if session.get(Collection, collection) is None:
                    session.add(Collection(name=collection, version=0))
                    session.flush()
                rows = self._rows_for(session, collection, revisions)
                shown = [one for one in revisions if self._apply(one, rows[one.article_id, one.language])]
                session.flush()
                self._keep_versions(session, revisions, rows)
                self._keep_keys(session, shown, rows)
                if shown and announce:
                    self._announce(session, collection)
        except IntegrityError as error:
            raise Conflict("The article was changed by somebody else at the same moment; look at it and try again.") from error

    @staticmethod
    def _rows_for(session: Session, collection: str, revisions: Sequence[Revision]) -> dict[Key, Article]:
        ids = {one.article_id for one in revisions}
        query = select(Article).where(Article.collection == collection, Article.article_id.in_(ids))
        rows = {(row.article_id, row.language): row for row in session.scalars(query)}
        for one in revisions:
            row = rows.get((one.article_id, one.language))
            if row is None:
                row = Article(collection=collection, article_id=one.article_id, language=one.language, version=0, status=DRAFT)
                rows[one.article_id, one.language] = row
                session.add(row)
            if one.upon is not None and one.upon != row.newest:
                raise Conflict(
                    f"{one.article_id} ({one.language}) is at version {row.newest}, and the change was made upon version {one.upon}; "
                    "look at what has changed and try again."
                )
        return rows

    @staticmethod
    def _apply(revision: Revision, row: Article) -> bool:
        """Change an article's row; says whether its content changed, rather than only that a draft waits."""
        number = row.newest + 1
        waits = row.draft if row.draft != row.version else None
        shown = revision.status != DRAFT or row.status == DRAFT
        if shown:
            for name, value in revision.content.items():
                setattr(row, name, value)
            row.status, row.version, row.encoder = revision.status, number, revision.encoder
        if revision.status == DRAFT:
            row.draft = number
        else:
            # What an import brings decides nothing about a person's draft.
            row.draft = None if revision.imported is None else waits
        if revision.imported is not None:
            row.imported = revision.imported
        return shown

    def _keep_versions(self, session: Session, revisions: Sequence[Revision], rows: Mapping[Key, Article]) -> None:
        for one in revisions:
            row = rows[one.article_id, one.language]
            session.add(
                ArticleVersion(
                    article_key=row.article_key,
                    number=row.newest,
                    author=one.author,
                    at=self._now(),
                    note=one.note,
                    status=one.status,
                    **one.content,
                )
            )

    @staticmethod
    def _keep_keys(session: Session, revisions: Sequence[Revision], rows: Mapping[Key, Article]) -> None:
        """Put the keys of changed articles in place of those they had."""
        changed = [rows[one.article_id, one.language].article_key for one in revisions]
        session.execute(delete(SearchKey).where(SearchKey.article_key.in_(changed)).execution_options(synchronize_session=False))
        for key, one in zip(changed, revisions):
            session.add_all(SearchKey(article_key=key, kind=k.kind, text=k.text, vector=k.vector) for k in one.keys)

    @staticmethod
    def _announce(session: Session, collection: str) -> None:
        session.execute(update(Collection).where(Collection.name == collection).values(version=Collection.version + 1))

    def announce(self, collection: str) -> None:
        """Have search in all processes see what was saved."""
        with self._database.session() as session:
            self._announce(session, collection)

    def encoded_otherwise(self, collection: str, encoder: str) -> list[Article]:
        """Approved articles whose vectors are another encoder's."""
        query = select(Article).where(Article.collection == collection, Article.status == APPROVED, Article.encoder != encoder)
        with self._database.session() as session:
            return list(session.scalars(query))

    def rekey(self, collection: str, keys: Mapping[int, Sequence[SearchKey]], encoder: str) -> None:
        """Give articles other keys, by `article_key`; no version is made of it, since they say what they said."""
        with self._database.session() as session:
            for row in session.scalars(select(Article).where(Article.article_key.in_(list(keys)))):
                row.encoder = encoder
            session.execute(
                delete(SearchKey).where(SearchKey.article_key.in_(list(keys))).execution_options(synchronize_session=False)
            )
            for article_key, fresh in keys.items():
                session.add_all(SearchKey(article_key=article_key, kind=k.kind, text=k.text, vector=k.vector) for k in fresh)

    def pages(self, collection: str) -> dict[str, WebPage]:
        """What is known of web pages that were imported and whose articles are still there as they were imported, by URL."""
        query = (
            select(WebPage)
            .join(
                Article,
                and_(
                    Article.collection == WebPage.collection,
                    Article.article_id == WebPage.article_id,
                    Article.language == WebPage.language,
                ),
            )
            .where(WebPage.collection == collection, Article.imported != "")
        )
        with self._database.session() as session:
            return {page.url: page for page in session.scalars(query)}

    def keep_pages(self, collection: str, pages: Iterable[WebPage]) -> None:
        """Keep what servers said of pages, in place of what they said before."""
        with self._database.session() as session:
            for page in pages:
                page.collection = collection
                session.merge(page)

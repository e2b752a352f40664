"""Articles into the database: every change a version, every approved one with the keys it is found by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from tongshi.knowledge.articles import Article, passages
from tongshi.language.vectors import Encoder, normalise
from tongshi.storage import models
from tongshi.storage.knowledge import KnowledgeStore, Revision
from tongshi.storage.models import APPROVED, RETIRED

IMPORTER = "import"
"""Author of the versions that imports make which nobody puts a name to."""

TAKEN_IN = "taken-in"
"""Origin of what people import into the shop's collection, beside the articles of data/knowledge, whose origin is ""."""

Progress = Callable[[int, int], None]
"""Is told how many articles are done, and of how many."""

_CHUNK = 100
_BATCH = 256


@dataclass(frozen=True)
class Change:
    """What an import did, in articles (each language counts)."""

    added: int
    changed: int
    removed: int
    same: int

    def __add__(self, other: Change) -> Change:
        return Change(*(getattr(self, name) + getattr(other, name) for name in ("added", "changed", "removed", "same")))

    @property
    def any(self) -> bool:
        """Whether anything is not as it was."""
        return bool(self.added or self.changed or self.removed)


@dataclass(frozen=True)
class Edit:
    """A change to be kept: the article as it is to be, and who says so; see `storage.knowledge.Revision`."""

    article: Article
    status: str
    author: str
    note: str = ""
    imported: str | None = None
    upon: int | None = None


class Writer:
    """Keeps articles.

    Args:
        store: where they are kept.
        encoder: gives what makes the vectors of what they are found by; called when the first are made, since loading takes seconds.
    """

    def __init__(self, store: KnowledgeStore, encoder: Callable[[], Encoder]) -> None:
        self._store = store
        self._encoder = encoder

    @property
    def _encoder_name(self) -> str:
        return self._encoder().name[-20:]

    def put(
        self,
        articles: Iterable[Article],
        collection: str,
        *,
        whole: bool = False,
        status: str = APPROVED,
        origin: str = "",
        by: str = IMPORTER,
        progress: Progress = lambda done, total: None,
    ) -> Change:
        """Put imported articles into a collection.

        What an earlier import read alike is not touched, even where somebody has edited or retired it since. Work is kept every
        hundred articles, so that an import that was broken off goes on where it was.

        Args:
            whole: these are all that imports of this origin brought: what another one brought and is not among them is retired.
            status: `models.DRAFT` has a person approve them.
            origin: tells articles of several sources in one collection apart.
            by: author of the versions.
            progress: called with the number of articles done and their total.
        """
        self.refresh(collection)
        kept = {key: one.imported for key, one in self._store.origins(collection).items()}
        incoming = {article.key: article for article in articles}
        fresh = [
            self.linked(article, collection, incoming)
            for key, article in incoming.items()
            if kept.get(key) != _mark(origin, article)
        ]
        gone = [key for key, mark in kept.items() if mark and _origin(mark) == origin and key not in incoming] if whole else []
        done = 0
        try:
            for chunk in _chunks(fresh, _CHUNK):
                edits = [Edit(one, status, by, imported=_mark(origin, incoming[one.key])) for one in chunk]
                self.write(collection, edits, announce=False)
                done += len(chunk)
                progress(done, len(fresh))
            self.write(collection, self._retired(collection, gone), announce=False)
        finally:
            if done or gone:
                self._store.announce(collection)
        added = sum(article.key not in kept for article in fresh)
        return Change(added, len(fresh) - added, len(gone), len(incoming) - len(fresh))

    def clashes(self, articles: Iterable[Article], collection: str, origin: str) -> dict[tuple[str, str], str]:
        """Articles that would take the place of others than an import of theirs brought: by id and language, what speaks against it.

        What is retired gives way.
        """
        kept, found = self._store.origins(collection), {}
        for article in articles:
            there = kept.get(article.key)
            if there is None or there.imported == _mark(origin, article):
                continue
            named = f"{article.article_id!r} in {article.language!r}"
            if there.imported and _origin(there.imported) != origin:
                found[article.key] = f"data/knowledge has an article {named}; give it another id"
            elif there.status != RETIRED and there.source != article.source:
                author = f"comes from {there.source}" if there.source else "was written by hand"
                found[article.key] = f"the article {named} {author}; give this one another id, or retire that one first"
        return found

    def _retired(self, collection: str, keys: Sequence[tuple[str, str]]) -> list[Edit]:
        """Ends of articles whose files are gone; they count as new where the files come back."""
        rows = [row for key in keys for row in self._store.rows(collection, article_id=key[0], language=key[1])]
        return [Edit(article_of(row), RETIRED, IMPORTER, "no longer among the files", imported="") for row in rows]

    def linked(self, article: Article, collection: str, incoming: Mapping[tuple[str, str], Article] = {}) -> Article:
        """A translation with the state of its original at this moment, where it does not have one.

        Args:
            incoming: articles that are about to be kept, by id and language.
        """
        if not article.translation_of or article.translated_from:
            return article
        original = incoming.get((article.article_id, article.translation_of))
        if original is None:
            rows = self._store.rows(collection, article_id=article.article_id, language=article.translation_of)
            original = article_of(rows[0]) if rows else None
        return replace(article, translated_from=original.text_digest if original else "")

    def write(self, collection: str, edits: Sequence[Edit], *, announce: bool = True) -> None:
        """Keep changes, all or none, with the keys of those that are approved.

        Args:
            announce: whether search shall see them at once.

        Raises:
            storage.knowledge.Conflict: somebody else has changed one of the articles meanwhile.
        """
        if not edits:
            return
        approved = [edit.article for edit in edits if edit.status == APPROVED]
        keys = dict(zip((one.key for one in approved), self._keys(approved, collection)))
        encoder = self._encoder_name if approved else ""
        revisions = [
            Revision(
                article_id=edit.article.article_id,
                language=edit.article.language,
                status=edit.status,
                author=edit.author,
                content=_content(edit.article),
                note=edit.note,
                keys=keys.get(edit.article.key, ()) if edit.status == APPROVED else (),
                encoder=encoder if edit.status == APPROVED else "",
                imported=edit.imported,
                upon=edit.upon,
            )
            for edit in edits
        ]
        self._store.save(collection, revisions, announce=announce)

    def refresh(self, collection: str) -> int:
        """Encode anew what another encoder has encoded: vectors of two cannot be compared.

        Returns:
            How many articles that were.
        """
        rows = self._store.encoded_otherwise(collection, self._encoder_name)
        for chunk in _chunks(rows, _CHUNK):
            keys = self._keys([article_of(row) for row in chunk], collection)
            self._store.rekey(collection, dict(zip((row.article_key for row in chunk), keys)), self._encoder_name)
        if rows:
            self._store.announce(collection)
        return len(rows)

    def _keys(self, articles: Sequence[Article], collection: str) -> list[list[models.SearchKey]]:
        """What each article is found by; what it was found by before is not encoded again."""
        if not articles:
            return []
        texts = [_searched(article) for article in articles]
        vectors = self._store.vectors(collection, [article.key for article in articles], self._encoder_name)
        missing = sorted({text for one in texts for _, text in one} - set(vectors), key=len)
        for batch in _chunks(missing, _BATCH):
            encoded = np.asarray(self._encoder().encode([normalise(text) for text in batch]), np.float32)
            vectors.update((text, vector.tobytes()) for text, vector in zip(batch, encoded))
        return [[models.SearchKey(kind=kind, text=text, vector=vectors[text]) for kind, text in one] for one in texts]


def _mark(origin: str, article: Article) -> str:
    """What is kept of an import, in `models.Article.imported`."""
    return f"{origin}:{article.digest}" if origin else article.digest


def _origin(mark: str) -> str:
    return mark.rpartition(":")[0]


def article_of(row: models.Content, article_id: str = "", language: str = "") -> Article:
    """The article that a row or one of its versions keeps.

    Args:
        article_id, language: of the row that a version belongs to.
    """
    return Article(
        article_id or row.article_id,
        language or row.language,
        row.title,
        row.text,
        tuple(row.questions),
        row.verbatim,
        row.source,
        row.owner,
        tuple(row.tags),
        row.valid_from,
        row.valid_until,
        row.translation_of,
        row.translated_from,
    )


def _content(article: Article) -> dict[str, object]:
    columns = asdict(article)
    del columns["article_id"], columns["language"]
    return {**columns, "questions": list(article.questions), "tags": list(article.tags)}


def _searched(article: Article) -> list[tuple[str, str]]:
    """(kind, text) of what an article is found by."""
    texts = [("title", article.title)] if article.title else []
    texts += [("passage", passage) for passage in passages(article.text)]
    return texts + [("question", question) for question in article.questions]


def _chunks(items: Sequence, size: int) -> Iterator[Sequence]:
    for start in range(0, len(items), size):
        yield items[start : start + size]

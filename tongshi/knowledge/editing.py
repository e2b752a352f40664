"""The life of an article: drafted, approved, retired, brought back; every version kept."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import yaml

from tongshi.errors import TongshiError
from tongshi.knowledge.articles import (
    ATTRIBUTE,
    LONGEST_ID,
    UNANSWERABLE,
    Article,
    life,
    show_from,
    show_until,
    with_front_matter,
)
from tongshi.knowledge.products import PREFIX
from tongshi.knowledge.writing import Edit, Writer, article_of
from tongshi.language.text import clean, fold
from tongshi.settings import LANGUAGES
from tongshi.storage import models
from tongshi.storage.knowledge import Conflict, KnowledgeStore
from tongshi.storage.models import APPROVED, DRAFT, RETIRED

CHANGED, OTHER_VALIDITY = "changed", "validity"
"""Why a translation is outdated, beside `RETIRED`, which its original is then: the original says something else, or holds at other times."""

_FIELDS = {"id", "language", "title", "questions", "verbatim", "owner", "tags", "valid_from", "valid_until", "translation_of"}


class NoSuchArticle(TongshiError):
    """There is no article, or no version of it, of that name."""


@dataclass(frozen=True)
class Entry:
    """An article and where it stands.

    Attributes:
        status: `draft`, `approved` or `retired`.
        version: its number.
        draft: number of the version that waits for approval, None where none does.
    """

    article: Article
    status: str
    version: int
    draft: int | None

    @property
    def newest(self) -> int:
        """Number of the newest version, which a change is made upon."""
        return max(self.version, self.draft or 0)

    def as_dict(self) -> dict[str, Any]:
        """As the command line and the desk give it in JSON."""
        article = self.article
        return {
            "article": article.article_id,
            "lang": article.language,
            "status": self.status,
            "version": self.version,
            "draft": self.draft,
            **fields_of(article),
            "source": article.source,
        }

    def summary(self) -> dict[str, Any]:
        """As `as_dict`, without what lists have no room for."""
        return {name: value for name, value in self.as_dict().items() if name not in ("text", "questions")}


@dataclass(frozen=True)
class Version:
    """One version of an article: who made it, when, and why."""

    number: int
    status: str
    author: str
    at: datetime
    note: str
    article: Article

    def as_dict(self) -> dict[str, Any]:
        """As the command line and the desk give it in JSON; without the text."""
        return {
            "version": self.number,
            "status": self.status,
            "author": self.author,
            "at": self.at.isoformat(),
            "note": self.note,
            "title": self.article.title,
        }


class Editor:
    """Changes articles of a collection, each change a version with its author.

    Args:
        store: where articles are kept.
        writer: keeps changes of them.
        collection: whose articles these are.
    """

    def __init__(self, store: KnowledgeStore, writer: Writer, collection: str) -> None:
        self._store = store
        self._writer = writer
        self._collection = collection

    def entries(
        self,
        *,
        article_id: str | None = None,
        language: str | None = None,
        status: str | None = None,
        tag: str | None = None,
        owner: str | None = None,
        words: str | None = None,
    ) -> list[Entry]:
        """Articles of any status, by id and language; the questions for product attributes are none.

        Args:
            status: `draft` also means those of another status with a draft that waits.
            words: which title, text or questions hold, whatever their case and accents.
        """
        rows = self._store.rows(self._collection, article_id=article_id, language=language, status=status)
        found = [_entry(row) for row in rows if not row.article_id.startswith(ATTRIBUTE)]
        return [one for one in found if is_wanted(one, tag=tag, owner=owner, words=words)]

    def entry(self, article_id: str, language: str) -> Entry:
        """An article as it is.

        Raises:
            NoSuchArticle: there is none of that id in the language; the message names the languages that there are.
        """
        return _entry(self._row(article_id, language))

    def at_version(self, article_id: str, language: str, number: int) -> Version:
        """An article as one of its versions has it.

        Raises:
            NoSuchArticle: there is no such article or version.
        """
        return self._version(self._row(article_id, language), number)

    def latest(self, article_id: str, language: str) -> Article:
        """An article as its newest draft has it, or, where none waits, as it is.

        Raises:
            NoSuchArticle: there is no such article.
        """
        row = self._row(article_id, language)
        return self._version(row, row.draft).article if row.draft else article_of(row)

    def _row(self, article_id: str, language: str) -> models.Article:
        rows = self._store.rows(self._collection, article_id=article_id)
        row = next((one for one in rows if one.language == language), None)
        if row is None:
            there = f"; it is there in {' '.join(one.language for one in rows)}" if rows else ""
            raise NoSuchArticle(f"There is no article {article_id!r} in {language!r} in {self._collection!r}{there}.")
        return row

    def _version(self, row: models.Article, number: int) -> Version:
        found = next((one for one in self._versions(row) if one.number == number), None)
        if found is None:
            raise NoSuchArticle(f"{row.article_id} ({row.language}) has no version {number}; its newest is {row.newest}.")
        return found

    def _versions(self, row: models.Article) -> list[Version]:
        return [
            Version(one.number, one.status, one.author, one.at, one.note, article_of(one, row.article_id, row.language))
            for one in self._store.versions(row.article_key)
        ]

    def versions(self, article_id: str, language: str) -> list[Version]:
        """All versions of an article, newest first.

        Raises:
            NoSuchArticle: there is no such article.
        """
        return self._versions(self._row(article_id, language))

    def draft(self, article: Article, author: str, note: str = "", upon: int | None = None) -> Entry:
        """Keep a draft, of an article that is there or of a new one; an approved article stays as it is until it is approved.

        Args:
            article: its source is kept as it was; one that names its original without the original's state gets the present one.
            upon: number of the newest version that the author knew, 0 for a new article; None: whichever it is.

        Raises:
            TongshiError: the article is not as it has to be.
            storage.knowledge.Conflict: somebody else has changed it since.
        """
        _check(article)
        edit = Edit(self._writer.linked(article, self._collection), DRAFT, author, note, upon=upon)
        return self._keep(edit)

    def translation(self, original: Article, language: str, title: str, text: str) -> Article:
        """An article as a translation of another makes it: of that which is there in the language, questions and owner stay."""
        key = original.article_id, language
        there = self._store.rows(self._collection, article_id=key[0], language=language)
        before = (
            self.latest(*key)
            if there
            else replace(original, language=language, questions=(), verbatim=False, source="", owner="")
        )
        return replace(before, title=title, text=text, translation_of=original.language, translated_from=original.text_digest)

    def approve(
        self,
        article_id: str,
        language: str,
        author: str,
        note: str = "",
        *,
        up_to_date: bool = False,
        upon: int | None = None,
        over_newer: bool = False,
    ) -> Entry:
        """Have search see an article: its draft, or, where none waits, the article that was retired.

        Args:
            up_to_date: it says what its original says; it is no longer listed as outdated.
            upon: number of the newest version that the author has read; None: whichever it is.
            over_newer: a draft that is older than what search sees is meant to take its place.

        Raises:
            NoSuchArticle: there is no such article.
            TongshiError: there is nothing to approve.
            storage.knowledge.Conflict: somebody else has changed it since, or at the same moment, or the draft is older than what search sees.
        """
        row = self._row(article_id, language)
        if not (row.draft or row.status == RETIRED or up_to_date):
            raise TongshiError(f"{article_id} ({language}) is approved as it is; there is no draft that waits.")
        if row.draft and row.draft < row.version and not over_newer:
            raise Conflict(
                f"The draft of {article_id} ({language}), version {row.draft}, is older than version {row.version}, which has come since: to "
                "approve it would take that back. Look at the difference; approve it over the newer version, or discard it."
            )
        article = self._version(row, row.draft).article if row.draft else article_of(row)
        if up_to_date:
            article = self._writer.linked(replace(article, translated_from=""), self._collection)
        note = note or (f"version {row.draft}" if row.draft else "")
        return self._keep(Edit(article, APPROVED, author, note, upon=row.newest if upon is None else upon))

    def retire(self, article_id: str, language: str, author: str, note: str = "", *, all_languages: bool = False) -> Entry:
        """Take an article out of search; a draft of it no longer waits.

        Args:
            all_languages: in all others as well, or in none.

        Raises:
            NoSuchArticle: there is no such article.
            TongshiError: it is retired already.
        """
        row = self._row(article_id, language)
        rows = self._store.rows(self._collection, article_id=article_id) if all_languages else [row]
        there = [one for one in rows if one.status != RETIRED or one.draft]
        if not there:
            raise TongshiError(f"{article_id} ({language}) is retired already.")
        edits = [Edit(article_of(one), RETIRED, author, note, upon=one.newest) for one in there]
        self._writer.write(self._collection, edits)
        return self.entry(article_id, language)

    def live_in(self, article_id: str) -> list[str]:
        """Languages in which search sees an article at this moment."""
        return sorted(one.language for one in self._store.articles(self._collection, article_id))

    def rollback(self, article_id: str, language: str, number: int, author: str, note: str = "") -> Entry:
        """Approve an article as an earlier version has it; a draft of it no longer waits.

        Raises:
            NoSuchArticle: there is no such article or version.
        """
        row = self._row(article_id, language)
        article = self._version(row, number).article
        return self._keep(Edit(article, APPROVED, author, note or f"back to version {number}", upon=row.newest))

    def _keep(self, edit: Edit) -> Entry:
        self._writer.write(self._collection, [edit])
        return self.entry(*edit.article.key)

    def diff(self, article_id: str, language: str, old: int | None = None, new: int | None = None) -> str:
        """What changed between two versions, as a unified diff; "" where nothing did.

        Args:
            old: number of a version; by default that which search sees, or saw last, where `new` is a draft that waits, else the last before
                `new` that was more than a draft.
            new: number of a version; by default the draft that waits, else, and where `old` is named, the newest.

        Raises:
            NoSuchArticle: there is no such article or version.
        """
        row = self._row(article_id, language)
        new = new or (row.draft if old is None else None) or row.newest
        if old is None and new == row.draft and row.draft != row.version:
            old = row.version
        elif old is None:
            old = max((one.number for one in self._versions(row) if one.number < new and one.status != DRAFT), default=0)
        after, name = self._version(row, new), f"{article_id} ({language}) version"
        before = as_markdown(self._version(row, old).article) if old else ""
        lines = difflib.unified_diff(
            before.splitlines(), as_markdown(after.article).splitlines(), f"{name} {old}", f"{name} {new}", lineterm=""
        )
        return "\n".join(lines)

    def outdated(self) -> list[Entry]:
        """Translations that `why_outdated` names."""
        entries = self.entries()
        why = why_outdated(entries)
        return [one for one in entries if one.article.key in why]


def is_wanted(
    entry: Entry,
    *,
    language: str | None = None,
    status: str | None = None,
    tag: str | None = None,
    owner: str | None = None,
    words: str | None = None,
) -> bool:
    """Whether an article is one of those that are asked for, see `Editor.entries`."""
    article = entry.article
    return (
        language in (None, article.language)
        and (status in (None, entry.status) or (status == DRAFT and entry.draft is not None))
        and (tag is None or tag in article.tags)
        and owner in (None, article.owner)
        and (words is None or _holds(article, words))
    )


def why_outdated(entries: Sequence[Entry]) -> dict[tuple[str, str], str]:
    """Translations that customers may be told something by which their originals do not tell.

    Args:
        entries: among them the originals.

    Returns:
        By id and language `RETIRED`, `OTHER_VALIDITY` or `CHANGED`: what became of the original, the first that holds.
    """
    known = {one.article.key: one for one in entries if one.status != DRAFT}
    why = {}
    for one in entries:
        article, original = one.article, known.get((one.article.article_id, one.article.translation_of or ""))
        if original is None or one.status == RETIRED:
            continue
        if original.status == RETIRED:
            why[article.key] = RETIRED
        elif (article.valid_from, article.valid_until) != (original.article.valid_from, original.article.valid_until):
            why[article.key] = OTHER_VALIDITY
        elif article.translated_from != original.article.text_digest:
            why[article.key] = CHANGED
    return why


def _entry(row: models.Article) -> Entry:
    return Entry(article_of(row), row.status, row.version, row.draft)


def _holds(article: Article, words: str) -> bool:
    return fold(words) in fold("\n".join((article.article_id, article.title, article.text, *article.questions)))


def _check(article: Article) -> None:
    """See to it that an article can be kept and found.

    Raises:
        TongshiError: it cannot; the message says why.
    """
    article_id = article.article_id
    if article.language not in LANGUAGES:
        raise TongshiError(f"{article.language!r} is no language of ours; there are {' '.join(LANGUAGES)}.")
    if not article_id or len(article_id) > LONGEST_ID or article_id != " ".join(article_id.split()):
        raise TongshiError(f"An id has 1 to {LONGEST_ID} characters and no outer or double spaces; {article_id!r} has not.")
    if article_id.startswith((ATTRIBUTE, PREFIX)):
        raise TongshiError(f"The id {article_id!r} is kept for products; their texts stand in data/catalogue.")
    if article_id == UNANSWERABLE:
        if not article.questions:
            raise TongshiError(f"{UNANSWERABLE!r} holds the questions that nothing answers; without any it is no use.")
    elif not (article.title and article.text):
        raise TongshiError("An article needs a title and a text.")
    if article.verbatim and not article.questions:
        raise TongshiError("An article that is given word for word is found by its questions; it needs at least one.")
    if article.valid_from and article.valid_until and article.valid_from >= article.valid_until:
        raise TongshiError("valid_until lies before valid_from.")


def fields_of(article: Article) -> dict[str, Any]:
    """All of an article that can be edited, as `with_fields` reads it."""
    return {
        "title": article.title,
        "text": article.text,
        "questions": list(article.questions),
        "verbatim": article.verbatim,
        "owner": article.owner,
        "tags": list(article.tags),
        "valid_from": show_from(article.valid_from),
        "valid_until": show_until(article.valid_until),
        "translation_of": article.translation_of,
    }


def as_markdown(article: Article) -> str:
    """An article as its editor sees it: front matter and text."""
    front = fields_of(article)
    del front["text"]
    shown = {name: value for name, value in front.items() if value or name in ("title", "questions")}
    head = yaml.dump(shown, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False, width=10_000)
    return f"---\n{head}---\n\n{article.text}\n"


def from_markdown(text: str, article: Article) -> Article:
    """An article as its editor left it.

    Args:
        text: as `as_markdown` gives it; without front matter only the article's text is another.
        article: as it was before.

    Raises:
        TongshiError: the front matter cannot be read, has fields that are unknown, or is another article's.
    """
    front, body = with_front_matter(text.replace("\r\n", "\n").strip() + "\n", "The article")
    if unknown := sorted(set(map(str, front)) - _FIELDS):
        raise TongshiError(f"The front matter has {', '.join(unknown)}; known are {', '.join(sorted(_FIELDS))}.")
    if (given := (str(front.get("id", article.article_id)), str(front.get("language", article.language)))) != article.key:
        raise TongshiError(
            f"The front matter is that of {given[0]} ({given[1]}), not of {article.article_id} ({article.language})."
        )
    return with_fields(article, {**front, "text": body}) if front else replace(article, text=clean(body))


def with_fields(article: Article, fields: dict[str, Any]) -> Article:
    """An article with all that can be edited as named; what is not named is empty.

    Args:
        fields: see `fields_of`.

    Raises:
        TongshiError: a field cannot be read.
    """
    questions = fields.get("questions") or []
    if not isinstance(questions, Sequence) or isinstance(questions, str):
        raise TongshiError("questions must be a list.")
    found = replace(
        article,
        title=_line(fields.get("title")),
        text=clean(str(fields.get("text") or "")),
        questions=tuple(dict.fromkeys(line for one in questions if (line := _line(one)))),
        verbatim=fields.get("verbatim") is True,
        **life(fields),
    )
    return found if found.translation_of == article.translation_of else replace(found, translated_from="")


def _line(value: object) -> str:
    return " ".join(clean(str(value or "")).split())


def make_editor(settings, database, collection: str) -> Editor:
    """The editor of a collection, with the encoder of the settings."""
    from tongshi.language.vectors import get_encoder

    store = KnowledgeStore(database)
    return Editor(store, Writer(store, lambda: get_encoder(settings.encoder)), collection)

"""Articles out of files and web pages: texts, tables of questions and answers, and e-mails."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import regex

from tongshi.errors import TongshiError
from tongshi.knowledge.articles import ATTRIBUTE, LONGEST_ID, UNANSWERABLE, Article, Reading, life
from tongshi.knowledge.base import SHOP
from tongshi.knowledge.documents import HEADING, READERS, Broken, Document, one_line, tidy, unreadable
from tongshi.knowledge.products import PREFIX
from tongshi.knowledge.rows import ROW_READERS, Row, keys
from tongshi.knowledge.writing import IMPORTER, TAKEN_IN, Change, Progress, Writer
from tongshi.language.formats import language_named
from tongshi.language.identify import LanguageIdentifier, get_identifier
from tongshi.language.text import fold
from tongshi.settings import LANGUAGES, get_settings
from tongshi.storage.models import APPROVED, DRAFT

KINDS = (*READERS, *ROW_READERS)
"""Endings of the names of files that can be read."""

_QUESTION_SLUG = 60
_MARK = 6
_IDENTIFIED = 2000
_LOCALE = re.compile(rf"({'|'.join(LANGUAGES)})(?:[-_](?:[A-Z]{{2}}|Han[st]))?")
_LIFE = ("owner", "tags", "valid_from", "valid_until", "translation_of")
_NO_SLUG = regex.compile(r"[^\p{L}\p{M}\p{N}]+")


@dataclass(frozen=True)
class Place:
    """What a file's place says: its name for people, the id that follows from it, and its language, if it names one."""

    source: str
    article_id: str
    language: str | None
    name: str


def read(
    path: Path, identify: LanguageIdentifier | None = None, progress: Callable[[int, int], None] = lambda done, total: None
) -> Reading:
    """Read articles from a file, or from all files in a folder and its subfolders, in sorted order.

    Read are .md, .txt, .html, .htm, .pdf, .docx, .csv, .jsonl, .eml and .mbox; hidden files and other kinds are passed over.

    Args:
        path: a file or a folder.
        identify: tells the language where neither front matter nor path does; this process's identifier by default.
        progress: called with the number of files done and their total.

    Returns:
        The articles, no two of the same id and language, and what could not be read: (path, reason) a file or a line of it.

    Raises:
        TongshiError: the path does not exist, or there is no file of these kinds.
    """
    root, files = _files(path)
    reader = Reader(identify)
    for number, file in enumerate(files, 1):
        relative = PurePosixPath(file.relative_to(root).as_posix())
        place = place_of(relative, str(relative), root.resolve().name)
        try:
            reader.take(file.suffix.lower(), file.read_bytes(), place)
        except OSError as error:
            reader.fail(place, f"cannot be opened: {error.strerror or error}")
        progress(number, len(files))
    return Reading(_unique(reader.articles), reader.failures)


def read_one(name: str, data: bytes) -> Reading:
    """Read articles from one file that somebody sends.

    Args:
        name: the file's path, with `/` between folders, which tells id and language as in a folder.

    Returns:
        As `read` does.
    """
    path = PurePosixPath(name)
    reader, place = Reader(), place_of(path, str(path))
    if path.suffix.lower() in KINDS:
        reader.take(path.suffix.lower(), data, place)
    else:
        reader.fail(place, f"is of a kind that cannot be read; wanted are {' '.join(KINDS)}")
    return Reading(_unique(reader.articles), reader.failures)


def take_in(
    writer: Writer,
    reading: Reading,
    collection: str,
    *,
    draft: bool = False,
    by: str = IMPORTER,
    progress: Progress = lambda done, total: None,
) -> tuple[Change, list[tuple[str, str]]]:
    """Put what was read into a collection; what has not changed since the last time is not touched.

    Articles of another source, articles that were written by hand and, in the shop's collection, those of data/knowledge are not overwritten: a
    document of the same id and language is a failure.

    Args:
        draft: a person has to approve it before search sees it.
        by: author of the versions.
        progress: called with the number of articles done and their total.

    Returns:
        What changed, and what was not taken in: (path, reason).
    """
    origin = TAKEN_IN if collection == SHOP else ""
    clashes = writer.clashes(reading.articles, collection, origin)
    change = writer.put(
        [one for one in reading.articles if one.key not in clashes],
        collection,
        status=DRAFT if draft else APPROVED,
        origin=origin,
        by=by,
        progress=progress,
    )
    return change, [*reading.failures, *((one.source, clashes[one.key]) for one in reading.articles if one.key in clashes)]


def _files(path: Path) -> tuple[Path, list[Path]]:
    """The folder that paths are told from, and the files to read."""
    kinds = " ".join(KINDS)
    if not path.exists():
        raise TongshiError(f"{path} does not exist; name a file or a folder of {kinds}.")
    if path.is_file():
        root, candidates = path.parent, [path]
    else:
        root, candidates = path, [one for one in path.rglob("*") if one.is_file() and not _hidden(one.relative_to(path))]
    files = sorted(one for one in candidates if one.suffix.lower() in KINDS)
    if not files:
        raise TongshiError(f"{path} holds nothing that can be read; wanted are {kinds}.")
    return root, files


def _hidden(path: Path) -> bool:
    return any(part.startswith((".", "~$")) for part in path.parts)


def place_of(path: PurePosixPath, source: str, root: str = "") -> Place:
    """Language and id from a path such as `de/returns.md` or `returns.de.md`; the deepest language named holds.

    Args:
        source: what people call it.
        root: name of the folder that the path is told from.
    """
    folders, name = list(path.parent.parts), path.stem
    language = _language(root)
    for place in reversed(range(len(folders))):
        if found := _language(folders[place]):
            language = found
            del folders[place]
            break
    stem, _, ending = name.rpartition(".")
    if stem and (found := _language(ending)):
        language, name = found, stem
    article_id = "/".join(slug for part in (*folders, name) if (slug := _slug(part))) or "article"
    article_id = f"{article_id}-2" if article_id == UNANSWERABLE else article_id
    return Place(source, article_id[:LONGEST_ID], language, _spoken(name))


def _language(name: object) -> str | None:
    """One of the twelve from `de`, `pt-BR` or `zh_Hant`."""
    match = _LOCALE.fullmatch(str(name or "").strip())
    return match and match[1]


def _slug(text: str, most: int | None = LONGEST_ID) -> str:
    """Lower-case letters and digits of any script, hyphens between."""
    return _NO_SLUG.sub("-", fold(text)).strip("-")[:most].rstrip("-")


def _spoken(name: str) -> str:
    title = " ".join(re.split(r"[\s_-]+", name)).strip()
    return title[:1].upper() + title[1:]


def _unique(articles: list[Article]) -> list[Article]:
    """The same articles; an id that was there before in its language gets a number."""
    taken: set[tuple[str, str]] = set()
    found: list[Article] = []
    for article in articles:
        article_id, number = article.article_id, 1
        while (article_id, article.language) in taken:
            number += 1
            article_id = f"{article.article_id}-{number}"
        taken.add((article_id, article.language))
        found.append(replace(article, article_id=article_id))
    return found


class Reader:
    """Collects articles and failures, file by file.

    Args:
        identify: tells the language where nothing else does; this process's identifier by default.
    """

    def __init__(self, identify: LanguageIdentifier | None = None) -> None:
        self._identify = identify
        self.articles: list[Article] = []
        self.failures: list[tuple[str, str]] = []

    def take(self, suffix: str, data: bytes, place: Place) -> None:
        """Read what a file of a kind holds; what is wrong with it goes into `failures`."""
        try:
            if suffix in ROW_READERS:
                self._take_rows(ROW_READERS[suffix](data), place)
            else:
                self.take_document(READERS[suffix](data), place)
        except Broken as error:
            self.fail(place, str(error))
        except TongshiError:
            raise
        except Exception as error:  # whatever is wrong with one file, the others are read
            self.fail(place, unreadable(error))

    def fail(self, place: Place, reason: str) -> None:
        """Say that something at a place cannot be read."""
        self.failures.append((place.source, reason))

    def take_document(self, document: Document, place: Place) -> None:
        """Make an article of a document.

        Raises:
            Broken: it holds no text, or its front matter cannot be meant.
        """
        front = keys(document.front)
        text = tidy(document.text)
        article_id = _given_id(front) or place.article_id
        questions = _strings(front.get("question"))
        if not text and not (article_id == UNANSWERABLE and questions):
            raise Broken("holds no text")
        heading = HEADING.search(text)
        title = _line(front, "title") or (heading[1] if heading else "") or document.title or place.name
        language = self._language(front.get("language"), place, text or " ".join(questions))
        verbatim = bool(questions) and front.get("verbatim") is True
        self.articles.append(Article(article_id, language, title, text, questions, verbatim, place.source, **_life(front)))

    def _language(self, given: object, place: Place, *texts: str) -> str:
        """The language given, else the path's, else the first that a text is identified as, else the settings'.

        Raises:
            Broken: the language given is none of ours.
        """
        if given not in (None, ""):
            if language := language_named(one_line(given)):
                return language
            raise Broken(f"the language {one_line(given)!r} is none of {' '.join(LANGUAGES)}")
        if place.language:
            return place.language
        self._identify = self._identify or get_identifier()
        named = (self._identify(text[:_IDENTIFIED]).language for text in texts if text)
        return next((language for language in named if language in LANGUAGES), get_settings().language)

    def _take_rows(self, rows: Iterator[Row], place: Place) -> None:
        pairs = _Pairs()
        plain: list[Article] = []
        before = len(self.failures)
        for name, row in rows:
            try:
                if isinstance(row, Broken):
                    raise row
                if "question" in row:
                    pairs.add(self._pair(row, place, pairs), row)
                else:
                    plain.append(self._plain(row, place))
            except Broken as error:
                self.fail(place, f"{name}: {error}")
        # A source needs a name that customers can read.
        self.articles += [one if one.title else replace(one, title=one.questions[0]) for one in pairs.articles]
        self.articles += plain
        if not (pairs.articles or plain or len(self.failures) > before):
            raise Broken("holds no rows")

    def _pair(self, row: dict[str, Any], place: Place, pairs: _Pairs) -> Article:
        """A question and its answer; the answer may be left out where the id has one."""
        questions, answer = _strings(row["question"]), tidy(_text(row, "answer"))
        if not questions:
            raise Broken("the question is empty")
        given = _given_id(row)
        language = self._language(row.get("language"), place, answer, *questions)
        answer = answer or pairs.answer(given, language)
        if not answer:
            raise Broken("the answer is empty")
        verbatim = _text(row, "verbatim").strip().lower() not in ("false", "no", "n", "0")
        article_id = given or _under(place, _marked(questions[0]))
        title = _line(row, "title")
        return Article(article_id, language, title, answer, questions, verbatim, place.source, **_life(row))

    def _plain(self, row: dict[str, Any], place: Place) -> Article:
        text, title = tidy(_text(row, "text")), _line(row, "title")
        if not text:
            raise Broken("there is neither a question with an answer nor a text")
        article_id = _given_id(row) or _under(place, _slug(title or text, _QUESTION_SLUG))
        language = self._language(row.get("language"), place, text)
        return Article(article_id, language, title, text, source=place.source, **_life(row))


class _Pairs:
    """Questions gathered under their answers."""

    def __init__(self) -> None:
        self._by_id: dict[tuple[str, str], int] = {}
        self._by_answer: dict[tuple[object, ...], int] = {}
        self.articles: list[Article] = []

    def answer(self, article_id: str, language: str) -> str:
        """The answer that an id has in a language, "" where it has none."""
        place = self._by_id.get((article_id, language))
        return "" if place is None else self.articles[place].text

    def add(self, article: Article, row: dict[str, Any]) -> None:
        """Add a pair; one whose id is there adds its questions to that, and so does one without an id whose answer is there.

        An answer of another owner, other tags or another validity is another answer.

        Args:
            row: what the pair was made of.

        Raises:
            Broken: the id is there with something else.
        """
        answer = (article.language, article.text, article.verbatim, *(getattr(article, name) for name in _LIFE))
        place = self._by_id.get(article.key, None if "id" in row else self._by_answer.get(answer))
        if place is None:
            place = len(self.articles)
            self.articles.append(article)
        else:
            kept = self.articles[place]
            named = ("text", *(name for name in ("verbatim", *_LIFE) if name in row))
            if other := [name for name in named if getattr(article, name) != getattr(kept, name)]:
                what = "answer" if other[0] == "text" else other[0]
                raise Broken(f"the id {article.article_id!r} has another {what} further up; give each answer an id of its own")
            questions = tuple(dict.fromkeys(kept.questions + article.questions))
            self.articles[place] = replace(kept, title=kept.title or article.title, questions=questions)
        self._by_id.setdefault(article.key, place)
        if "id" not in row:
            self._by_answer.setdefault(answer, place)


def _under(place: Place, slug: str) -> str:
    """The id of a row that has none: the file's, and what the row begins with."""
    return f"{place.article_id[: LONGEST_ID - _QUESTION_SLUG - 1]}/{slug or 'row'}"


def _marked(question: str) -> str:
    """A question's slug; one that is cut has a mark of the whole, since others may begin as it does."""
    slug = _slug(question, None)
    if len(slug) <= _QUESTION_SLUG:
        return slug
    mark = hashlib.sha256(slug.encode()).hexdigest()[:_MARK]
    return f"{slug[: _QUESTION_SLUG - _MARK - 1].rstrip('-')}-{mark}"


def _given_id(front: dict[str, Any]) -> str:
    """The id that an editor wrote, "" where there is none.

    Raises:
        Broken: it is too long, or kept for products.
    """
    article_id = _line(front, "id")
    if len(article_id) > LONGEST_ID:
        raise Broken(f"the id is longer than {LONGEST_ID} characters")
    if article_id.startswith((ATTRIBUTE, PREFIX)):
        raise Broken(f"the id {article_id!r} is kept for products; choose another")
    return article_id


def _life(front: dict[str, Any]) -> dict[str, Any]:
    try:
        return life(front)
    except TongshiError as error:
        raise Broken(f"valid_from or valid_until: {error}") from error


def _text(front: dict[str, Any], name: str) -> str:
    """What a field says, "" where it is not there.

    Raises:
        Broken: it is a list or has fields of its own.
    """
    value = front.get(name)
    if isinstance(value, list | dict):
        raise Broken(f"{name} must be a text, and is {value!r}")
    return "" if value is None else str(value)


def _line(front: dict[str, Any], name: str) -> str:
    return one_line(_text(front, name))


def _strings(value: object) -> tuple[str, ...]:
    """The questions of a list, or the one that stands for it, each once.

    Raises:
        Broken: one of them is no text.
    """
    values = value if isinstance(value, list) else [value]
    for one in values:
        if isinstance(one, list | dict):
            raise Broken(f"each question must be a text, and one is {one!r}; put quotation marks around one that holds a colon")
    return tuple(dict.fromkeys(text for one in values if (text := one_line(one))))

"""Articles as files, and the passages they are quoted by."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import yaml

from tongshi.errors import TongshiError
from tongshi.files import read_yaml
from tongshi.language.segment import sentences
from tongshi.settings import LANGUAGES

UNANSWERABLE = "none"
"""Id under which a collection keeps questions that nothing in it answers; search learns from them when to abstain."""

ATTRIBUTE = "attribute:"
"""Prefix of the ids under which the questions for an attribute of any product are kept, e.g. `attribute:price`."""

OVERVIEW = "overview"
"""What is asked of a product as of an attribute: what it is altogether, or what distinguishes it from another."""

LONGEST_ID = 180
"""Characters of an id at the most; the database takes 200, and a suffix may follow."""

PASSAGE_LENGTH = 420
"""Characters of a passage, about what the encoder and a small language model take in well; CJK text counts double."""

_HEADING = re.compile(r"#{1,6} +(\S.*)")
_ITEM = re.compile(r"- |.* \| ")
_PIECE = re.compile(r"[^\s、，；：،؛]+[、，；：،؛]*\s*|.")
_CLOSED = tuple(".:!?…。：！？؟")


@dataclass(frozen=True)
class Article:
    """One article in one language.

    Attributes:
        article_id: the same in all languages.
        text: plain text; blank lines part paragraphs, which passages do not cross.
        questions: similar questions, as customers put them.
        verbatim: whether the text is an editor's answer to the questions, to be given word for word.
        source: where it came from, for people.
        owner: who answers for it.
        valid_from, valid_until: from when on, and up to but not at which moment, it may be found; None: always.
        translation_of: language of the article that this one was translated from.
        translated_from: `text_digest` of that article as it was then.
    """

    article_id: str
    language: str
    title: str
    text: str
    questions: tuple[str, ...] = ()
    verbatim: bool = False
    source: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    translation_of: str | None = None
    translated_from: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from all others of its collection."""
        return self.article_id, self.language

    @property
    def digest(self) -> str:
        """40 characters that change when anything does that a file says of an article; its source does not count."""
        parts: list[object] = [self.article_id, self.language, self.title, self.text, list(self.questions), self.verbatim]
        life = [self.owner, list(self.tags), show_from(self.valid_from), show_until(self.valid_until), self.translation_of]
        return _sha([*parts, life] if any(life) else parts)

    @property
    def text_digest(self) -> str:
        """40 characters that change when title or text do, after which its translations are outdated."""
        return _sha([self.title, self.text])


def _sha(parts: list[object]) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:40]


def read_from(value: object) -> datetime | None:
    """The moment from which something is valid: a day counts from its beginning, in UTC; None for nothing.

    Raises:
        TongshiError: it is neither a day nor a moment.
    """
    return _moment(value, timedelta(0))


def read_until(value: object) -> datetime | None:
    """The moment at which something ends to be valid: a day counts to its end, in UTC; None for nothing and for the year 9999.

    Raises:
        TongshiError: it is neither a day nor a moment.
    """
    return _moment(value, timedelta(days=1))


def _moment(value: object, of_a_day: timedelta) -> datetime | None:
    if value in (None, ""):
        return None
    if isinstance(value, str):
        value = _parsed(value.strip())
    if not isinstance(value, date):
        raise TongshiError(f"{value!r} is neither a day (2026-12-31) nor a moment (2026-12-31T18:00+01:00).")
    if of_a_day and value.year == MAXYEAR:
        return None  # written where something never ends
    if not MINYEAR < value.year < MAXYEAR:
        raise TongshiError(f"{value} cannot be meant; leave it out where nothing begins or ends.")
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime.combine(value, time(), UTC) + of_a_day


def _parsed(text: str) -> date | datetime | str:
    for kind in (date, datetime):
        try:
            return kind.fromisoformat(text)
        except ValueError:
            pass
    raise TongshiError(f"{text!r} is neither a day (2026-12-31) nor a moment (2026-12-31T18:00+01:00).")


def show_from(moment: datetime | None) -> str:
    """As `read_from` reads it, "" for None."""
    return _shown(moment, timedelta(0))


def show_until(moment: datetime | None) -> str:
    """As `read_until` reads it, "" for None."""
    return _shown(moment, timedelta(days=1))


def _shown(moment: datetime | None, of_a_day: timedelta) -> str:
    if moment is None:
        return ""
    moment = moment.astimezone(UTC)
    return (moment - of_a_day).date().isoformat() if moment.time() == time() else moment.isoformat()


@dataclass
class Reading:
    """What came out of reading files: articles, and for each file that could not be read its reason."""

    articles: list[Article] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)


def with_front_matter(text: str, source: str) -> tuple[dict, str]:
    """The YAML block at the head of a Markdown file, if there is one, and the rest; what stands between two rules may be text.

    Raises:
        TongshiError: the block is not valid YAML.
    """
    if not text.startswith("---\n") or "\n---\n" not in text[4:]:
        return {}, text
    head, _, body = text[4:].partition("\n---\n")
    try:
        front = yaml.load(head, yaml.CSafeLoader)
    except Exception as error:  # a value that is none of its type makes PyYAML raise nearly anything
        raise TongshiError(f"{source}: the front matter is not valid YAML: {error}") from error
    return (front or {}, body.strip()) if front is None or isinstance(front, dict) else ({}, text)


def life(front: dict) -> dict[str, Any]:
    """What front matter says of an article's owner, tags, validity and original, as arguments of `Article`.

    Raises:
        TongshiError: a day or moment cannot be read.
    """
    tags = front.get("tags") or []
    return {
        "owner": str(front.get("owner") or "").strip(),
        "tags": tuple(str(tag).strip() for tag in (tags if isinstance(tags, list) else str(tags).split(",")) if str(tag).strip()),
        "valid_from": read_from(front.get("valid_from")),
        "valid_until": read_until(front.get("valid_until")),
        "translation_of": front.get("translation_of") if front.get("translation_of") in LANGUAGES else None,
    }


def searched_articles(data: Path) -> Iterator[Article]:
    """What a search of the shop's knowledge compares with: `shop_articles`, and among what nothing answers what is no business of a shop.

    Args:
        data: the project's data folder.
    """
    for article in shop_articles(data):
        if article.article_id == UNANSWERABLE:
            beside = _out_of_scope(data / "nlu" / f"{article.language}.yml")
            article = replace(article, questions=tuple(dict.fromkeys([*article.questions, *beside])))
        yield article


def _out_of_scope(path: Path) -> list[str]:
    """The bot's wordings for it, in a file of Rasa's NLU format; none where there is no such file."""
    if not path.exists():
        return []
    blocks = read_yaml(path)["nlu"]
    examples = next((block["examples"] for block in blocks if block.get("intent") == "out_of_scope"), "")
    return [line[2:].strip() for line in examples.splitlines() if line.startswith("- ")]


def shop_articles(data: Path) -> Iterator[Article]:
    """The shop's own knowledge: help-centre articles, the questions for product attributes, and what is known to be unanswerable.

    Args:
        data: the project's data folder.
    """
    for language in LANGUAGES:
        folder = data / "knowledge" / language
        for path in sorted(folder.glob("*.md")):
            yield _shop_article(path, language)
        unanswerable = folder / "unanswerable.yml"
        if unanswerable.exists():
            questions = _listed(read_yaml(unanswerable), unanswerable)
            yield Article(UNANSWERABLE, language, "", "", questions, source=unanswerable.name)
        catalogue = data / "catalogue" / f"{language}.yml"
        for name, attribute in read_yaml(catalogue)["attributes"].items():
            questions = tuple(map(str, attribute["questions"]))
            yield Article(ATTRIBUTE + name, language, "", "", questions, source=catalogue.name)


def _shop_article(path: Path, language: str) -> Article:
    front, body = with_front_matter(path.read_text("utf-8-sig"), str(path))
    try:
        more = life(front)
    except TongshiError as error:
        raise TongshiError(f"{path}: {error}") from error
    for name in ("id", "title"):
        if not front.get(name) or isinstance(front[name], list | dict):
            raise TongshiError(f"{path}: the front matter needs the field {name}, one text.")
    verbatim = front.get("verbatim") is True
    return Article(str(front["id"]), language, str(front["title"]), body, _listed(front, path), verbatim, path.name, **more)


def _listed(front: object, path: Path) -> tuple[str, ...]:
    """The questions that a file of the shop's lists.

    Raises:
        TongshiError: it lists none, or one is no text.
    """
    questions = front.get("questions") if isinstance(front, dict) else None
    if not isinstance(questions, list):
        raise TongshiError(f"{path}: a list of questions is missing.")
    for one in questions:
        if one is None or isinstance(one, list | dict):
            raise TongshiError(f"{path}: a question must be a text, and one is {one!r}; put quotation marks around it.")
    return tuple(map(str, questions))


def passages(text: str) -> list[str]:
    """Cut a text at paragraphs, and long paragraphs at sentences, into passages of at most about `PASSAGE_LENGTH`.

    Each begins with the heading it stands under; list items and table rows keep lines of their own.
    """
    return [_headed(heading, piece) for heading, piece in passages_under(text)]


def passages_under(text: str) -> list[tuple[str, str]]:
    """As `passages`, but each apart from the heading it stands under; "" where it stands under none."""
    found: list[tuple[str, str]] = []
    heading = ""
    for paragraph in text.split("\n\n"):
        lines = paragraph.strip().split("\n")
        while lines and (match := _HEADING.fullmatch(lines[0])):
            heading = match[1].strip()
            lines.pop(0)
        body = "\n".join(lines).strip()
        found += [(heading, piece) for piece in _pieces(body)] if body else []
    return found


def together(nearest: Sequence[str], in_order: Sequence[str]) -> str:
    """The passages of an article that answer together, in its order: the nearest one, and those next to it in nearness that find room.

    Where an article is cut into short passages, at its headings, one seldom says all that a question asks for.

    Args:
        nearest: all passages, the nearest to the question first.
        in_order: the same as they stand in the article.
    """
    chosen, width = set(), 0
    for passage in nearest:
        width += _width(passage)
        if chosen and width > PASSAGE_LENGTH:
            break
        chosen.add(passage)
    told: list[str] = []
    under = ""
    for passage in dict.fromkeys(in_order):
        if passage in chosen:
            heading = passage[: passage.find(":") + 1]
            told.append(passage.removeprefix(heading).strip() if heading and heading == under else passage)
            under = heading
    return "\n".join(told)


def _headed(heading: str, piece: str) -> str:
    if not heading:
        return piece
    between = "\n" if _ITEM.match(piece) else " "
    return f"{heading}{'' if heading.endswith(_CLOSED) else ':'}{between}{piece}"


def _pieces(paragraph: str) -> list[str]:
    pieces: list[str] = []
    for line in paragraph.split("\n"):
        item = bool(_ITEM.match(line))
        whole = item and _width(line) <= PASSAGE_LENGTH
        parts = [part for sentence in sentences(line) or [line] for part in _fitting(sentence.strip())]
        for place, sentence in enumerate([line.strip()] if whole else parts):
            if pieces and _width(pieces[-1]) + _width(sentence) <= PASSAGE_LENGTH:
                pieces[-1] += ("\n" if item and place == 0 else " ") + sentence
            else:
                pieces.append(sentence)
    return [piece for piece in pieces if piece]


def _fitting(sentence: str) -> list[str]:
    """A sentence, in parts where it is longer than a passage: cut at clauses or spaces, and, where there are none, anywhere.

    Thai ends a sentence by a space, as it does much else, so that a whole paragraph of it counts as one.
    """
    if _width(sentence) <= PASSAGE_LENGTH:
        return [sentence]
    parts = [""]
    for piece in _PIECE.findall(sentence):
        for cut in re.findall(rf".{{1,{PASSAGE_LENGTH // 2}}}", piece):
            if parts[-1] and _width(parts[-1]) + _width(cut) > PASSAGE_LENGTH:
                parts.append("")
            parts[-1] += cut
    return [part.strip() for part in parts]


def _width(text: str) -> int:
    return sum(2 if ord(char) > 0x2E80 else 1 for char in text)

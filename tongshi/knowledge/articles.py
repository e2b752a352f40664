"""Articles as files, and the passages they are quoted by."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tongshi.errors import TongshiError
from tongshi.language.segment import sentences
from tongshi.settings import LANGUAGES

UNANSWERABLE = "none"
"""Id under which a collection keeps questions that nothing in it answers; search learns from them when to abstain."""

ATTRIBUTE = "attribute:"
"""Prefix of the ids under which the questions for an attribute of any product are kept, e.g. `attribute:price`."""

PASSAGE_LENGTH = 420
"""Characters of a passage, about what the encoder and a small language model take in well; CJK text counts double."""

_HEADING = re.compile(r"#{1,6} +(\S.*)")
_ITEM = re.compile(r"- |.* \| ")
_CLOSED = tuple(".:!?…。：！？؟")


@dataclass(frozen=True)
class Article:
    """One article in one language.

    Attributes:
        article_id: the same in all languages.
        text: plain text; blank lines part paragraphs, which passages do not cross.
        questions: similar questions, as customers put them.
        approved: whether the text is an editor's answer to the questions, to be given word for word.
        source: where it came from, for people.
    """

    article_id: str
    language: str
    title: str
    text: str
    questions: tuple[str, ...] = ()
    approved: bool = False
    source: str = ""

    @property
    def digest(self) -> str:
        """Changes when anything that is searched or shown does."""
        parts = [self.article_id, self.language, self.title, self.text, list(self.questions), self.approved]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


@dataclass
class Reading:
    """What came out of reading files: articles, and for each file that could not be read its reason."""

    articles: list[Article] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)


def with_front_matter(text: str, source: str) -> tuple[dict, str]:
    """The YAML block at the head of a Markdown file, if there is one, and the rest.

    Raises:
        TongshiError: the block is not valid YAML.
    """
    if not text.startswith("---\n") or "\n---\n" not in text[4:]:
        return {}, text
    head, _, body = text[4:].partition("\n---\n")
    try:
        front = yaml.load(head, yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise TongshiError(f"{source}: the front matter is not valid YAML: {error}") from error
    return (front if isinstance(front, dict) else {}), body.strip()


def shop_articles(data: Path) -> Iterator[Article]:
    """The shop's own knowledge: help-centre articles, the questions for product attributes, and what is known to be unanswerable.

    Args:
        data: the project's data folder.
    """
    for language in LANGUAGES:
        folder = data / "knowledge" / language
        for path in sorted(folder.glob("*.md")):
            front, body = with_front_matter(path.read_text("utf-8"), str(path))
            yield Article(front["id"], language, front["title"], body, tuple(front["questions"]), source=path.name)
        unanswerable = folder / "unanswerable.yml"
        if unanswerable.exists():
            questions = yaml.load(unanswerable.read_text("utf-8"), yaml.CSafeLoader)["questions"]
            yield Article(UNANSWERABLE, language, "", "", tuple(map(str, questions)), source=unanswerable.name)
        catalogue = data / "catalogue" / f"{language}.yml"
        for name, attribute in yaml.load(catalogue.read_text("utf-8"), yaml.CSafeLoader)["attributes"].items():
            questions = tuple(map(str, attribute["questions"]))
            yield Article(ATTRIBUTE + name, language, "", "", questions, source=catalogue.name)


def passages(text: str) -> list[str]:
    """Cut a text at paragraphs, and long paragraphs at sentences, into passages of at most about `PASSAGE_LENGTH`.

    Each begins with the heading it stands under; list items and table rows keep lines of their own.
    """
    found: list[str] = []
    heading = ""
    for paragraph in text.split("\n\n"):
        lines = paragraph.strip().split("\n")
        while lines and (match := _HEADING.fullmatch(lines[0])):
            heading = match[1].strip()
            lines.pop(0)
        body = "\n".join(lines).strip()
        found += [_headed(heading, piece) for piece in _pieces(body)] if body else []
    return found


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
        for place, sentence in enumerate([line.strip()] if whole else sentences(line) or [line.strip()]):
            if pieces and _width(pieces[-1]) + _width(sentence) <= PASSAGE_LENGTH:
                pieces[-1] += ("\n" if item and place == 0 else " ") + sentence
            else:
                pieces.append(sentence)
    return [piece for piece in pieces if piece]


def _width(text: str) -> int:
    return sum(2 if ord(char) > 0x2E80 else 1 for char in text)

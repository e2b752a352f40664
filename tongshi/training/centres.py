"""The invented help centres of `data/finetune/centres`: files as a business hands them over, and what its customers ask of them.

Where the businesses of `businesses` have one passage a subject, these have long documents whose passages lie near to one another, imported
as any editor's files are. Each question names the words that answer it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tongshi.errors import TongshiError
from tongshi.knowledge.articles import Article, passages
from tongshi.knowledge.importing import read as read_files
from tongshi.knowledge.reading import with_title
from tongshi.language.text import bare

SPLITS = ("train", "validation")


@dataclass(frozen=True)
class Piece:
    """A passage of an article, with the title that it stands under."""

    article: str
    language: str
    title: str
    text: str

    @property
    def whole(self) -> str:
        """Title and text, as they are read together with a question."""
        return with_title(self.title, self.text)


@dataclass(frozen=True)
class CentreQuestion:
    """A question, and the pieces that answer it; none where nothing does."""

    language: str
    ask: str
    right: tuple[Piece, ...]


@dataclass(frozen=True)
class Centre:
    """One help centre.

    Attributes:
        split: one of `SPLITS`.
    """

    id: str
    split: str
    articles: tuple[Article, ...]
    pieces: tuple[Piece, ...]
    questions: tuple[CentreQuestion, ...]


def read(folder: Path) -> list[Centre]:
    """All help centres of a folder.

    Args:
        folder: of folders, each with `docs` and `questions.yml`: `{id, split, questions: [{language, question, file, quote}]}`, where `quote`
            is copied from the file; `file: null` where nothing answers.

    Raises:
        TongshiError: there is none, or one is not of the right form.
    """
    found = [_read(path) for path in sorted(folder.glob("*/questions.yml"))]
    if not found:
        raise TongshiError(f"There is no help centre in {folder}.")
    return found


def _read(path: Path) -> Centre:
    content = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
    articles = tuple(read_files(path.parent / "docs").articles)
    pieces = tuple(
        Piece(article.article_id, article.language, article.title, text)
        for article in articles
        for text in passages(article.text)
    )
    try:
        if content["split"] not in SPLITS:
            raise ValueError(f"the split {content['split']!r} is none of {', '.join(SPLITS)}")
        sources = {(article.article_id, article.language): article.source for article in articles}
        questions = tuple(_question(entry, pieces, sources) for entry in content["questions"])
        return Centre(content["id"], content["split"], articles, pieces, questions)
    except (KeyError, TypeError, ValueError) as error:
        raise TongshiError(f"{path} is not a help centre: {error}.") from error


def _question(entry: dict[str, Any], pieces: Sequence[Piece], sources: Mapping[tuple[str, str], str]) -> CentreQuestion:
    if entry["file"] is None:
        return CentreQuestion(entry["language"], entry["question"], ())
    quote = bare(entry["quote"])
    right = tuple(
        piece for piece in pieces if sources[piece.article, piece.language] == entry["file"] and quote in bare(piece.text)
    )
    if not right:
        raise ValueError(f"{entry['quote']!r} stands in no passage of {entry['file']}")
    return CentreQuestion(entry["language"], entry["question"], right)

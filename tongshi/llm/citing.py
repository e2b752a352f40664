"""Sentences of an answer, and what each rests on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Citation:
    """What an answer rests on: the article and the words of it."""

    article: str
    quote: str
    language: str
    title: str

    def as_dict(self) -> dict[str, str]:
        return {"article": self.article, "quote": self.quote, "lang": self.language, "title": self.title}


@dataclass(frozen=True)
class Sentence:
    """A sentence that may be shown, and what it rests on; a courtesy rests on nothing."""

    text: str
    citation: Citation | None


OnSentence = Callable[[Sentence], None]

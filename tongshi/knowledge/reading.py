"""A third look: the passages that come into question are read together with the question, by a cross-encoder.

It is worth its milliseconds where articles have no similar questions and what they say in long texts has to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

ARTICLES = 8
"""Articles whose passages are read."""

EACH = 3
"""Passages of each that are read."""


class Judge(Protocol):
    """Says how surely passages answer."""

    def scores(self, question: str, passages: Sequence[str]) -> np.ndarray:
        """Logits, shape (len(passages),); 0 is as likely as that none answers."""


@dataclass(frozen=True)
class Reader:
    """Reads passages of a collection.

    Attributes:
        judge: the cross-encoder.
        texts: of keys, by id.
        weight: of its logits beside the score that articles have before they are read.
    """

    judge: Judge
    texts: Callable[[Sequence[int]], Mapping[int, str]]
    weight: float

    def scores(self, question: str, keys: Sequence[tuple[int | None, int]]) -> np.ndarray:
        """Logits of passages, shape (len(keys),).

        Args:
            keys: of each passage's title, if it has one, and the passage.
        """
        texts = self.texts(sorted({key for pair in keys for key in pair if key is not None}))
        return self.judge.scores(question, [with_title(texts.get(title, ""), texts.get(passage, "")) for title, passage in keys])


def with_title(title: str, text: str) -> str:
    """A passage as it is read: after the title of its article, unless it begins with it."""
    return f"{title}. {text}" if title and not text.casefold().startswith(title.casefold()) else text

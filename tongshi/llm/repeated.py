"""What the language model wrote and is given again: to the same question, until what the answer rests on changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar

import regex

from tongshi.knowledge.base import Passage
from tongshi.language.text import fold

_MOST = 1000
_OUTER = regex.compile(r"^[\s\p{P}]+|[\s\p{P}]+$")

Kept = TypeVar("Kept")


class Repeated(Generic[Kept]):
    """What was made, the newest `most` of it, by key. May be used by several threads."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Kept | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def keep(self, key: Hashable, value: Kept) -> None:
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


def question_key(question: str, language: str, passages: Sequence[Passage]) -> Hashable:
    """What two requests share that get the same answer.

    Case, accents, width and the marks around a question make no difference to it. The passages stand for the revision of the knowledge:
    an article that changes, a price or a stock that does, and another answer is written; a change elsewhere leaves the answer as it is.
    """
    asked = " ".join(_OUTER.sub("", fold(question)).split())
    return asked, language, tuple((one.article, one.language, one.text) for one in passages)

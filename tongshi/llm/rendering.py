"""A passage in another language than its own, sentence by sentence."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

from tongshi.knowledge.base import Passage
from tongshi.language.segment import sentences
from tongshi.llm.checks import Checker, says_nothing
from tongshi.llm.checks.support import parts
from tongshi.llm.citing import Citation, Sentence
from tongshi.llm.translation import Translator

_MISSING = {"contrary", "support"}
_NEAR = 0.5
"""Nearness of a translation to its original from which it is one, though it has words of a courtesy."""


def render(
    passage: Passage,
    language: str,
    translator: Translator,
    checker: Checker,
    deadline: float,
    gone: threading.Event | None = None,
) -> Iterator[tuple[str, Sentence | None]]:
    """The sentences of a passage, each with its like in another language as soon as that is checked; None where it could not be had.

    Sentences are translated by themselves: one that a small model gets wrong costs no other. Wrong is what the translation's own checks show,
    a name that only one of the two has, what would be held back of an answer that rests on the sentence, and what it says instead of
    translating ("Sorry, I cannot talk about that.").

    Args:
        passage: in its own language.
        language: that is wanted.
        translator: translates and checks.
        checker: of answers.
        deadline: `time.monotonic()` at which the last one must have come.
        gone: set once nobody waits for it any more: no more sentences come.
    """
    for original in sentences(passage.text):
        left = deadline - time.monotonic()
        found = translator.translate(original, language, passage.language, seconds=left, gone=gone) if left > 0 else None
        if gone is not None and gone.is_set():
            return
        if found is None or not found.translated or found.doubts or found.lost:
            yield original, None
        elif not _says_the_same(replace(passage, text=original), replace(passage, text=found.text, language=language), checker):
            yield original, None
        else:
            yield original, Sentence(found.text, Citation(passage.article, original, passage.language, passage.title))


def _says_the_same(original: Passage, translation: Passage, checker: Checker) -> bool:
    """Whether a translation says nothing that the original does not, and leaves nothing of it out."""
    is_claim = not says_nothing(original.text, original.language)
    for one in parts(translation.text, translation.language):
        verdict = checker.check(one, [original], translation.language)
        is_reply = is_claim and says_nothing(one, translation.language) and verdict.scores.get("nearness", 0.0) < _NEAR
        if verdict.problems or is_reply:
            return False
    meant = (checker.check(one, [translation], original.language) for one in parts(original.text, original.language))
    return not any(one.kind in _MISSING for verdict in meant for one in verdict.problems)

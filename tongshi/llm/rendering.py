"""A passage in another language than its own, sentence by sentence."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from tongshi.knowledge.base import Passage
from tongshi.language.segment import sentences
from tongshi.llm.checks import says_nothing
from tongshi.llm.citing import Citation, Sentence
from tongshi.llm.translation import Translator


def render(
    passage: Passage, language: str, translator: Translator, deadline: float, gone: threading.Event | None = None
) -> Iterator[Sentence]:
    """The sentences of a passage in another language, each as soon as it is checked, and citing the one that it stands for.

    Sentences are translated by themselves: one that a small model gets wrong, which its checks show, costs no other. It is left out, as is
    one that it answers instead ("Sorry, I cannot talk about that.").

    Args:
        passage: in its own language.
        language: that is wanted.
        translator: translates and checks.
        deadline: `time.monotonic()` at which the last one must have come.
        gone: set once nobody waits for it any more.
    """
    for original in sentences(passage.text):
        left = deadline - time.monotonic()
        if left <= 0 or (gone is not None and gone.is_set()):
            return
        found = translator.translate(original, language, passage.language, seconds=left)
        is_reply = says_nothing(found.text, language) and not says_nothing(original, passage.language)
        if found.translated and not is_reply:
            yield Sentence(found.text, Citation(passage.article, original, passage.language, passage.title))

"""Answers that the language model writes from passages, each sentence checked before it is shown."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import structlog

from tongshi.errors import Unavailable
from tongshi.knowledge.base import Passage
from tongshi.language.segment import sentences
from tongshi.llm.checks import Checker, Problem, Verdict
from tongshi.llm.citing import Citation, OnSentence, Sentence
from tongshi.llm.client import Cancelled, Cut
from tongshi.llm.models import LanguageModel
from tongshi.llm.prompting import NO_ANSWER, prompt

_ATTEMPTS = 2
_FIRST_TOKENS = 8

log = structlog.get_logger()


@dataclass
class Draft:
    """What came of asking the model.

    Attributes:
        sentences: those that were released, in order.
        checks: each sentence that was checked, with its verdict.
        whole: whether all that it wrote passed.
        unknowing: what it said in place of an answer, by the code word or in words of its own; "" where it did not.
    """

    sentences: list[Sentence] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)
    whole: bool = False
    unknowing: str = ""


class Generator:
    """Has a language model answer from passages. May be used by several threads.

    Args:
        model: the language model.
        checker: of its sentences.
        shop: whom it speaks for.
    """

    def __init__(self, model: LanguageModel, checker: Checker, shop: str) -> None:
        self._model = model
        self._checker = checker
        self._shop = shop

    def knows(
        self, question: str, language: str, passages: Sequence[Passage], deadline: float, gone: threading.Event | None = None
    ) -> bool | None:
        """Whether the model sets out to answer, rather than to say that the passages hold no answer; None where it cannot be asked.

        It decides that in its first token, so no more than that is waited for.
        """
        asked = prompt(self._shop, language, [passage.text for passage in passages], question)
        said = ""
        try:
            with closing(self._model.stream(asked, deadline=deadline, most_tokens=_FIRST_TOKENS, gone=gone)) as pieces:
                for piece in pieces:
                    said += piece
                    if len(said) >= len(NO_ANSWER):
                        break
        except Cut:
            pass
        except Cancelled:
            return None
        except Unavailable as error:
            _warn(error)
            return None
        return not is_no_answer(said)

    def write(
        self,
        question: str,
        language: str,
        passages: Sequence[Passage],
        deadline: float,
        on_sentence: OnSentence,
        gone: threading.Event | None = None,
    ) -> Draft:
        """Have the model write an answer, and write it again once where a sentence fails its checks.

        What was released stands: the second reply goes on where the first one failed.

        Args:
            question: of the customer.
            language: that the answer is wanted in.
            passages: what it may rest on, best first.
            deadline: `time.monotonic()` at which it must be whole.
            on_sentence: called with each sentence that passed.
            gone: set once nobody waits for it any more.
        """
        draft = Draft()
        held: list[Sentence] = []
        problems: tuple[Problem, ...] = ()
        for attempt in range(_ATTEMPTS):
            asked = prompt(self._shop, language, [passage.text for passage in passages], question, list(map(str, problems)))
            problems = ()
            try:
                for sentence in islice(self._sentences(asked, deadline, gone), len(draft.sentences) + len(held), None):
                    if is_no_answer(sentence):
                        draft.unknowing = draft.unknowing or ("" if attempt else sentence)
                        break
                    if self._checker.says_unknown(sentence, passages, language, question):
                        # Shown with what it leads to: "I do not know about Sundays, but from Monday to Friday …".
                        draft.unknowing = draft.unknowing or ("" if attempt else sentence)
                        held.append(Sentence(sentence, None))
                        continue
                    verdict = self._checker.check(sentence, passages, language, question)
                    draft.checks.append({"sentence": sentence, **verdict.as_dict()})
                    if problems := verdict.problems:
                        break
                    held.append(Sentence(sentence, _citation(verdict, passages)))
                    if held[-1].citation or draft.sentences:
                        # A courtesy is shown with what it leads to: alone it would be no answer.
                        draft.sentences += held
                        for one in held:
                            on_sentence(one)
                        held = []
            except Cancelled:
                break
            except Unavailable as error:
                _warn(error)
                break
            if not problems:
                draft.whole = True
                break
        return draft

    def _sentences(self, messages: list[dict[str, str]], deadline: float, gone: threading.Event | None) -> Iterator[str]:
        """The model's reply, sentence by sentence."""
        text = ""
        for piece in self._model.stream(messages, deadline=deadline, gone=gone):
            text += piece
            *whole, rest = sentences(text) or [""]
            if whole:
                yield from whole
                text = text[text.rindex(rest) :]
        if text.strip():
            yield text.strip()


def _warn(error: Unavailable) -> None:
    log.warning("answer.model_unavailable", error=str(error), hint="see `tongshi llm serve` and TONGSHI_LLM_URL")


def _citation(verdict: Verdict, passages: Sequence[Passage]) -> Citation | None:
    if verdict.source is None:
        return None
    passage = passages[verdict.source]
    return Citation(passage.article, verdict.quote, passage.language, passage.title)


def is_no_answer(sentence: str) -> bool:
    """Whether the model says by the code word that the passages hold no answer."""
    return NO_ANSWER.replace("_", "") in sentence.upper().replace("_", "").replace(" ", "")

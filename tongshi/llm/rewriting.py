"""A follow-up question ("and to Japan?") made self-contained by the language model, from what was said before it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import structlog

from tongshi.errors import Unavailable
from tongshi.files import read_yaml
from tongshi.language.identify import LanguageIdentifier
from tongshi.llm.checks import is_in_language, lacking
from tongshi.llm.models import LanguageModel

_PROMPTS = Path(__file__).with_name("rewriting.yml")
_TURNS = 3
_LONGEST_TURN = 300
_LONGEST = 240
_MOST_TOKENS = 80

log = structlog.get_logger()


class Said(Protocol):
    """Something said before, by the `customer` or another."""

    author: str
    text: str


class Rewriter:
    """Makes follow-up questions self-contained.

    Args:
        model: the language model.
        identify: tells whether what it writes is in the customer's language.
    """

    def __init__(self, model: LanguageModel, identify: LanguageIdentifier) -> None:
        self._model = model
        self._identify = identify

    def rewrite(self, question: str, language: str, history: Sequence[Said], deadline: float) -> str | None:
        """The question with what it takes from the conversation.

        Args:
            question: the customer's last message.
            language: that it is in.
            history: what was said before it, oldest first.
            deadline: `time.monotonic()` at which it must be there.

        Returns:
            None where the model is not done in time, or writes what is in another language, or has a name or a figure that neither the
            question nor the conversation has.
        """
        before = list(history[-_TURNS:])
        try:
            pieces = self._model.stream(_messages(question, language, before), deadline=deadline, most_tokens=_MOST_TOKENS)
            written = " ".join("".join(pieces).split()).strip('"“”„«»「」')
        except Unavailable as error:
            log.info("rewriting.model_unavailable", error=str(error))
            return None
        known = " ".join([*(turn.text for turn in before), question])
        if not 0 < len(written) <= _LONGEST or not is_in_language(written, language, self._identify):
            return None
        return None if lacking(written, language, known, language) else written


def _messages(question: str, language: str, before: Sequence[Said]) -> list[dict[str, str]]:
    told = _prompts()[language]
    customer, shop = told["who"]
    turns, rewritten = told["example"]
    said = [(customer if turn.author == "customer" else shop, turn.text[:_LONGEST_TURN]) for turn in before]
    return [
        {"role": "system", "content": told["prompt"]},
        {"role": "user", "content": _shown(zip((customer, shop, customer), turns))},
        {"role": "assistant", "content": rewritten},
        {"role": "user", "content": _shown([*said, (customer, question)])},
    ]


def _shown(said) -> str:
    return "\n".join(f"{who}: {text}" for who, text in said)


@cache
def _prompts() -> dict[str, Any]:
    return read_yaml(_PROMPTS)

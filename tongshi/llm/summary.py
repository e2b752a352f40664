"""A conversation in a few sentences, for the person who takes it over; each sentence checked against what was said."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import regex

from tongshi.errors import Unavailable
from tongshi.files import read_yaml
from tongshi.language.chinese import to_simplified
from tongshi.language.identify import LanguageIdentifier, get_identifier
from tongshi.language.segment import sentences
from tongshi.llm.checks import is_in_language, lacking
from tongshi.llm.client import read_reply
from tongshi.llm.models import LanguageModel, make_model
from tongshi.llm.rewriting import Said
from tongshi.settings import Settings

_PROMPTS = Path(__file__).with_name("summary.yml")
_SECONDS = 60.0
_MOST_TOKENS = 200
_ATTEMPTS = 2
_LONGEST_TURN = 240
_LONGEST = 1600
_MARK = regex.compile(r"^\s*(?:[-*•]|\d{1,2}[.)、．])\s+|\*\*")


class Summariser:
    """Has the language model sum conversations up.

    Args:
        model: the language model.
        identify: tells whether what it writes is in the right language.
    """

    def __init__(self, model: LanguageModel, identify: LanguageIdentifier) -> None:
        self._model = model
        self._identify = identify

    def summarise(self, said: Sequence[Said], spoken: str, language: str, *, seconds: float = _SECONDS) -> str:
        """The conversation in a few sentences.

        Args:
            said: the whole conversation, oldest first, by `customer`, `bot` and `agent`.
            spoken: its language.
            language: of the summary, one of the twelve.
            seconds: that it may take.

        Returns:
            The sentences whose figures, codes, names and days were all said; "" where there is none.

        Raises:
            Unavailable: the language model does not answer in time, and nothing that it wrote before can stand.
        """
        deadline = time.monotonic() + seconds
        told = _prompts()[language]
        shown = _shown(said, told["who"])
        if not shown:
            return ""
        messages = [{"role": "system", "content": told["prompt"]}, {"role": "user", "content": shown}]
        whole = " ".join(turn.text for turn in said)
        best: list[str] = []
        for _ in range(_ATTEMPTS):
            try:
                reply, is_whole = read_reply(self._model.stream(messages, deadline=deadline, most_tokens=_MOST_TOKENS))
            except Unavailable:
                if not best:
                    raise
                break
            reply = to_simplified(reply) if language == "zh" else reply
            written = [_MARK.sub("", one).strip() for one in sentences(reply)]
            # Of a reply that was cut, the last sentence is half a sentence.
            written = written if is_whole else written[:-1]
            wrong = [self._problems(one, language, whole, spoken) for one in written]
            kept = [one for one, problems in zip(written, wrong) if one and not problems]
            best = max(best, kept, key=len)
            if kept and len(kept) == len(written):
                break
            problems = "; ".join(dict.fromkeys(problem for one in wrong for problem in one))
            # The conversation stands there once: twice it would be longer than what the server takes, where a character is nearly a token,
            # and what has been read already need not be read again.
            messages = [
                *messages[:2],
                {"role": "assistant", "content": reply},
                {"role": "user", "content": f"✗ {problems}\n\n{told['prompt']}"},
            ]
        return " ".join(best)

    def _problems(self, sentence: str, language: str, whole: str, spoken: str) -> list[str]:
        problems = [] if is_in_language(sentence, language, self._identify) else ["language"]
        return problems + [str(one) for one in lacking(sentence, language, whole, spoken)]


def _shown(said: Sequence[Said], who: dict[str, str]) -> str:
    """The conversation as the model reads it: where it is long, its beginning and as much of its end as there is room for."""
    lines = [f"{who[turn.author]}: {' '.join(turn.text.split())[:_LONGEST_TURN]}" for turn in said if turn.text.strip()]
    room = _LONGEST - sum(map(len, lines[:2]))
    end: list[str] = []
    for line in reversed(lines[2:]):
        if len(line) > room:
            return "\n".join([*lines[:2], "…", *reversed(end)])
        room -= len(line)
        end.append(line)
    return "\n".join([*lines[:2], *reversed(end)])


@cache
def _prompts() -> dict[str, Any]:
    return read_yaml(_PROMPTS)


def make_summariser(settings: Settings) -> Summariser:
    """The summariser of the settings."""
    return Summariser(make_model(settings), get_identifier())

"""How a customer feels, with the words that show it and a reason, by the language model; for an agent who asks.

The bot itself goes by the classifier of `tongshi.nlu`, which costs no time and gives no reason.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import regex

from tongshi.files import read_yaml
from tongshi.language.chinese import to_simplified
from tongshi.language.identify import LanguageIdentifier, get_identifier
from tongshi.language.text import fold
from tongshi.llm.checks import is_in_language, lacking
from tongshi.llm.client import read_reply
from tongshi.llm.models import LanguageModel, make_model
from tongshi.llm.translation import name_of
from tongshi.settings import Settings

_PROMPTS = Path(__file__).with_name("mood.yml")
_SECONDS = 60.0
_MOST_TOKENS = 120
LONGEST = 1200
"""Characters of what a customer wrote that are read."""

_ATTEMPTS = 2
_LINE = regex.compile(r"^\W*(mood|words|reason)\W*[:：]\s*(.+?)\s*$", regex.I | regex.M)
SENTIMENTS = {"negative": -1, "neutral": 0, "positive": 1}


@dataclass(frozen=True)
class Mood:
    """How a message sounds.

    Attributes:
        sentiment: -1, 0 or 1.
        words: of the customer, that show it.
        reason: a sentence in the agent's language; "" where none passed its checks.
    """

    sentiment: int
    words: str
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return {"sentiment": self.sentiment, "words": self.words, "reason": self.reason}


class MoodReader:
    """Has the language model say how a customer feels, and why.

    Args:
        model: the language model.
        identify: tells whether the reason is in the right language.
    """

    def __init__(self, model: LanguageModel, identify: LanguageIdentifier) -> None:
        self.model = model
        self._identify = identify

    def read(self, text: str, spoken: str, language: str, *, seconds: float = _SECONDS) -> Mood | None:
        """How a message sounds.

        Args:
            text: what the customer wrote.
            spoken: its language.
            language: of the reason, one of the twelve.
            seconds: that it may take.

        Returns:
            None where the model names no mood, or shows it by words that the customer did not write.

        Raises:
            Unavailable: the language model does not answer in time.
        """
        deadline, text, told = time.monotonic() + seconds, text[:LONGEST], _told()
        asked, shown = told["example"]
        messages = [
            {"role": "system", "content": told["prompt"].format(language=name_of(language))},
            {"role": "user", "content": asked},
            {"role": "assistant", "content": shown.format(reason=told["reasons"][language])},
            {"role": "user", "content": text},
        ]
        for _ in range(_ATTEMPTS):
            reply, is_whole = read_reply(self.model.stream(messages, deadline=deadline, most_tokens=_MOST_TOKENS))
            # Of a reply that was cut, the last line is half a line.
            reply = reply if is_whole else reply.rpartition("\n")[0]
            if found := self._checked(reply, text, spoken, language):
                return found
            again = {"role": "user", "content": f"✗ mood, words\n\n{text}"}
            messages = [*messages, {"role": "assistant", "content": reply}, again]
        return None

    def _checked(self, reply: str, text: str, spoken: str, language: str) -> Mood | None:
        lines = {name.lower(): value.strip(' "“”„«»「」') for name, value in _LINE.findall(reply)}
        sentiment, words = SENTIMENTS.get(lines.get("mood", "").lower()), lines.get("words", "")
        if sentiment is None or (words and fold(words) not in fold(text)):
            return None
        reason = lines.get("reason", "")
        reason = to_simplified(reason) if language == "zh" else reason
        wrong = not is_in_language(reason, language, self._identify) or lacking(reason, language, text, spoken)
        return Mood(sentiment, words, "" if wrong else reason)


@cache
def _told() -> dict[str, Any]:
    return read_yaml(_PROMPTS)


def make_mood_reader(settings: Settings) -> MoodReader:
    """The reader of the settings."""
    return MoodReader(make_model(settings), get_identifier())

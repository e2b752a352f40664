"""Which words of a message decided its intent, by LIME (Ribeiro et al. 2016, arXiv:1602.04938)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from lime.lime_text import LimeTextExplainer

from tongshi.language.patterns import find
from tongshi.language.segment import tokenize
from tongshi.storage.models import NOT_UNDERSTOOD

Parse = Callable[[Sequence[str]], list[dict[str, Any]]]
"""What the bot makes of texts: each with `intent`, `intent_ranking` and `language`, as Rasa gives them."""


_SAMPLES = 150
"""Shortened versions of the message that are tried."""

_MOST_WORDS = 80
"""Words that are told apart; what follows them is looked at as one."""


@dataclass(frozen=True)
class Word:
    """A word, and how it counts.

    Attributes:
        start: where it begins in the message, in characters.
        weight: how much more probable the intent is with it than without it, from -1 to 1.
        rival: the same for the runner-up.
        without: what the message would be taken for without the word, and how likely; None where that changes nothing.
    """

    text: str
    start: int
    weight: float
    rival: float
    without: tuple[str, float] | None = None

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def real_ranking(parsed: dict[str, Any]) -> list[tuple[str, float]]:
    """Intents with their probabilities, likeliest first, without the fallback."""
    return [(one["name"], one["confidence"]) for one in parsed["intent_ranking"] if one["name"] not in (None, NOT_UNDERSTOOD)]


def split(text: str, language: str) -> list[tuple[str, int]]:
    """Words of a message with their places; an order number or e-mail is one, punctuation is none."""
    wholes = [one for one in find(text) if one.kind in ("order_number", "case_number", "email", "price")]
    words = [(text[one.start : one.end], one.start) for one in wholes]
    for token in tokenize(text, language):
        inside = any(one.start < token.end and token.start < one.end for one in wholes)
        if not inside and (any(char.isalnum() for char in token.text) or _is_symbol(token.text)):
            words.append((token.text, token.start))
    words.sort(key=lambda word: word[1])
    if len(words) > _MOST_WORDS:
        rest = words[_MOST_WORDS - 1][1]
        words = [*words[: _MOST_WORDS - 1], (text[rest:], rest)]
    return words


def _is_symbol(text: str) -> bool:
    """Emoji and the like, which say something; punctuation does not."""
    return len(text) == 1 and ord(text) > 0x2190 and not text.isalnum() and text not in "。、，！？：；（）「」『』《》【】～…"


def decisive_words(text: str, language: str, parse: Parse) -> list[Word]:
    """The words of a message in order, with what each did to its intent and to the runner-up.

    The message is tried with words left out, some hundred and fifty times in one batch, and a linear model is laid through what comes of it.

    Args:
        language: whose words they are.
        parse: asks the bot.
    """
    words = split(text, language)
    if not words:
        return []
    ranking = real_ranking(parse([text])[0])
    intents = [name for name, _ in ranking]
    shortened = [text[:start] + text[start + len(word) :] for word, start in words]
    alone: dict[str, tuple[str, float] | None] = {}

    def probabilities(texts: Sequence[str]) -> np.ndarray:
        distinct = list(dict.fromkeys([*texts, *shortened]))
        found = dict(zip(distinct, parse([one if one.strip() else "." for one in distinct])))
        alone.update({one: _changed(found[one], intents[0]) for one in shortened})
        return np.array([_spread(found[one], intents) for one in texts])

    explainer = LimeTextExplainer(
        class_names=intents,
        split_expression=lambda whole: [word for word, _ in words],
        bow=False,
        mask_string="",
        feature_selection="none",
        random_state=0,
    )
    labels = range(min(2, len(intents)))
    samples = min(_SAMPLES, 2 ** len(words) * 4)
    explained = explainer.explain_instance(text, probabilities, labels=labels, num_features=len(words), num_samples=samples)
    weights = [dict(explained.local_exp[label]) for label in labels]
    return [
        Word(word, start, float(weights[0][number]), float(weights[-1][number]) if len(weights) > 1 else 0.0, alone[rest])
        for number, ((word, start), rest) in enumerate(zip(words, shortened))
    ]


def _spread(parsed: dict[str, Any], intents: list[str]) -> list[float]:
    """Probabilities of intents; where one is not among those that the bot names, what these leave."""
    named = dict(real_ranking(parsed))
    left = max(0.0, 1 - sum(named.values()))
    return [named.get(intent, min(left, min(named.values(), default=0.0))) for intent in intents]


def _changed(parsed: dict[str, Any], intent: str) -> tuple[str, float] | None:
    ranking = real_ranking(parsed)
    return ranking[0] if ranking and ranking[0][0] != intent else None

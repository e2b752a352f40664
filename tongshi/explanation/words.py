"""Which words of a message decided its intent, by LIME (Ribeiro et al. 2016, arXiv:1602.04938)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import regex
from lime.lime_text import LimeTextExplainer

from tongshi.language.patterns import find
from tongshi.language.segment import tokenize
from tongshi.storage.models import NOT_UNDERSTOOD

Parse = Callable[[Sequence[str]], list[dict[str, Any]]]
"""What the bot makes of texts: each with `intent`, `intent_ranking` and `language`, as Rasa gives them."""


_SAMPLES = 150
"""Shortened versions of the message that are tried at most, and at least for each word."""
_LEAST_SAMPLES = 2

_SECONDS = 6.0
"""How long the message is tried; what shortened versions of it cannot be tried in that time are left out."""

_MOST_WORDS = 30
"""Words that are told apart; those of a longer message are looked at in groups."""
_LONG = 250
_MOST_GROUPS = 15
"""Characters from which there are fewer groups, since each version of such a message takes as long as several of a short one."""

_EMOJI = regex.compile(r"[\p{Extended_Pictographic}\p{Regional_Indicator}\u20e3]")
_NO_EMOJI = "©®™〰〽"
_CUT = regex.compile(r"[.!?…;:。！？；：\n،؛؟]")


@dataclass(frozen=True)
class Word:
    """A word, or a group of words of a long message, and how it counts.

    Attributes:
        start: where it begins in the message, in characters.
        weight: how much more probable the intent is with it than without it, from -1 to 1.
        rival: the same for the runner-up.
        without: what the message would be taken for without the word, `nlu_fallback` where it would not be understood, and how likely; None where
            that changes nothing.
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
    """Words of a message with their places; an order number, e-mail or emoji is one, punctuation is none."""
    wholes = [(one.start, one.end) for one in find(text) if one.kind in ("order_number", "case_number", "email", "price")]
    # A family, a flag or a thumb with its colour is several characters, but one sign.
    signs = [one.span() for one in regex.finditer(r"\X", text) if _EMOJI.search(one[0]) and one[0][0] not in _NO_EMOJI]
    wholes += [sign for sign in signs if not _meets(sign, wholes)]
    # No segmenter cuts emoji as they are seen.
    plain = list(text)
    for start, end in signs:
        plain[start:end] = " " * (end - start)
    tokens = [(one.start, one.end) for one in tokenize("".join(plain), language) if any(char.isalnum() for char in one.text)]
    places = sorted([*wholes, *(one for one in tokens if not _meets(one, wholes))])
    return [(text[start:end], start) for start, end in places]


def _meets(place: tuple[int, int], others: Sequence[tuple[int, int]]) -> bool:
    return any(place[0] < end and start < place[1] for start, end in others)


def units(text: str, language: str) -> list[tuple[str, int]]:
    """What of a message is left out and tried without: its words, or of a long one groups of them, that end where sentences do if they can."""
    words = split(text, language)
    most = _MOST_GROUPS if len(text) > _LONG else _MOST_WORDS
    if len(words) <= min(most, _MOST_WORDS):
        return words
    longest = -(-len(words) // most)
    groups: list[list[tuple[str, int]]] = [[]]
    for word in words:
        group = groups[-1]
        left = most - len(groups)
        ended = group and _CUT.search(text, group[-1][1] + len(group[-1][0]), word[1])
        if left and group and (len(group) >= longest or (ended and len(group) * 2 >= longest)):
            groups.append([])
        groups[-1].append(word)
    return [(text[group[0][1] : group[-1][1] + len(group[-1][0])], group[0][1]) for group in groups]


def decisive_words(text: str, language: str, parse: Parse) -> tuple[list[Word], bool]:
    """The words of a message in order, with what each did to its intent and to the runner-up.

    The message is tried with words left out, up to some hundred and fifty times, and a linear model is laid through what comes of it.

    Args:
        language: whose words they are.
        parse: asks the bot.

    Returns:
        The words, and whether time was too short to try as many versions as usual.
    """
    words = units(text, language)
    if not words:
        return [], False
    shortened = [text[:start] + text[start + len(word) :] for word, start in words]
    known: dict[str, dict[str, Any]] = {}

    def read(texts: Sequence[str]) -> None:
        new = [one for one in dict.fromkeys(texts) if one not in known]
        known.update(zip(new, parse([one if one.strip() else "." for one in new])))

    began = time.monotonic()
    read([text, *shortened])
    spent = time.monotonic() - began
    ranking = real_ranking(known[text])
    intents = [name for name, _ in ranking]
    different = 2 ** len(words)
    usual = min(_SAMPLES, different * 4)
    possible = int((_SECONDS - spent) / max(spent / len(known), 1e-9))
    samples = usual if possible >= min(usual, different) else min(usual, max(possible, _LEAST_SAMPLES * len(words)))

    def probabilities(texts: Sequence[str]) -> np.ndarray:
        read(texts)
        return np.array([_spread(known[one], intents) for one in texts])

    explainer = LimeTextExplainer(
        class_names=intents,
        split_expression=lambda whole: [word for word, _ in words],
        bow=False,
        mask_string="",
        feature_selection="none",
        random_state=0,
    )
    labels = range(min(2, len(intents)))
    explained = explainer.explain_instance(text, probabilities, labels=labels, num_features=len(words), num_samples=samples)
    weights = [dict(explained.local_exp[label]) for label in labels]
    found = [
        Word(
            word,
            start,
            float(weights[0][number]),
            float(weights[-1][number]) if len(weights) > 1 else 0.0,
            _changed(known[text], known[rest]),
        )
        for number, ((word, start), rest) in enumerate(zip(words, shortened))
    ]
    return found, samples < usual


def _spread(parsed: dict[str, Any], intents: list[str]) -> list[float]:
    """Probabilities of intents; where one is not among those that the bot names, what these leave."""
    named = dict(real_ranking(parsed))
    left = max(0.0, 1 - sum(named.values()))
    return [named.get(intent, min(left, min(named.values(), default=0.0))) for intent in intents]


def _changed(before: dict[str, Any], after: dict[str, Any]) -> tuple[str, float] | None:
    """What a shortened message is taken for and how likely, where that is not what the whole is taken for."""
    intent = after["intent"]["name"]
    return None if intent == before["intent"]["name"] else (intent, after["intent"]["confidence"])

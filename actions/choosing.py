"""Which of the bot's last buttons a customer means who answers in words of their own: "the battery one", "gimme the money"."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from rasa_sdk import Tracker

from actions import services
from actions.speaking import buttons, language_of
from tongshi.knowledge.products import synonyms
from tongshi.language.text import has_question_mark
from tongshi.language.vectors import Encoder, normalise
from tongshi.settings import get_settings

_NEARER = 0.1
"""By how much a message must be nearer to a button than to any other, for it to be the one that is meant."""
_NEAREST = 3
"""Phrases of a button, its title among them, whose cosines with the message are averaged."""
_ALSO_SAID = {"resend": "replacement"}
"""Values that customers call as another: who has the parcel sent again wants a new one."""

_ELSE = {
    "greet", "thank", "goodbye", "deny", "stop", "start_over", "ask_bot", "ask_help", "request_human", "complaint", "praise",
    "report_bad_answer", "change_language", "policy_question", "product_question", "recommend_product",
}  # fmt: skip
_SURE = 0.8
"""Confidence from which a message is one of these intents, and picks nothing."""


def chosen(tracker: Tracker, slot: str) -> Any:
    """The value that the message picks for a slot, of those on buttons under the bot's last message; None where it is near to none."""
    values = {title: value for title, payload in buttons(tracker) if (value := _value(payload, slot)) is not None}
    text, intent = tracker.latest_message.get("text") or "", tracker.latest_message.get("intent") or {}
    is_else = has_question_mark(text) or (intent.get("name") in _ELSE and intent.get("confidence", 1.0) >= _SURE)
    if len(values) < 2 or not text or text.startswith("/") or is_else:
        return None
    encoder = services.encoder()
    (vector,) = _directions(encoder, (text,))
    nearness = np.array(
        [float(np.mean(np.sort(phrases @ vector)[-_NEAREST:])) for phrases in _phrases(tracker, slot, values, encoder)]
    )
    second, first = np.argsort(nearness)[-2:]
    return list(values.values())[first] if nearness[first] - nearness[second] >= _NEARER else None


def _phrases(tracker: Tracker, slot: str, values: dict[str, Any], encoder: Encoder) -> list[np.ndarray]:
    """Vectors of what each button is called, of shape (phrases, dimensions): its title, and where customers have words for all of them, these."""
    titles = [_directions(encoder, (title,)) for title in values]
    said = [_said(slot, _ALSO_SAID.get(value, value), language_of(tracker), encoder.name) for value in values.values()]
    # One that has words of its own beside one that has but a title would be nearer to anything.
    return [np.concatenate(both) for both in zip(titles, said)] if all(map(len, said)) else titles


@lru_cache(maxsize=256)
def _said(slot: str, value: str, language: str, encoder: str) -> np.ndarray:
    """Vectors of what customers call a value; none where nothing is known."""
    phrases = [phrase for phrase, called in synonyms(get_settings().data, slot, [language]) if called == value]
    return _directions(services.encoder(), phrases) if len(phrases) >= _NEAREST else np.empty((0, 0), np.float32)


def _directions(encoder: Encoder, texts: Sequence[str]) -> np.ndarray:
    """Vectors of length one, shape (len(texts), dimensions)."""
    vectors = np.asarray(encoder.encode([normalise(text) for text in texts]), np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _value(payload: str, slot: str) -> Any:
    """What a button's payload, `/intent{"slot": value}`, puts into a slot."""
    _, brace, entities = payload.partition("{")
    return json.loads(brace + entities).get(slot) if brace else None

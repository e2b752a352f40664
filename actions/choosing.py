"""Which of the bot's last buttons a customer means who answers in words of their own: "the battery one", "gimme the money"."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from rasa_sdk import Tracker

from actions import services
from actions.speaking import buttons
from tongshi.language.text import has_question_mark
from tongshi.language.vectors import normalise

_NEARER = 0.1
"""By how much the cosine of a message and a button's title must exceed that of any other, for it to be the one that is meant."""

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
    vectors = np.asarray(services.encoder().encode([normalise(one) for one in (text, *values)]), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    nearness = vectors[1:] @ vectors[0]
    second, first = np.argsort(nearness)[-2:]
    return list(values.values())[first] if nearness[first] - nearness[second] >= _NEARER else None


def _value(payload: str, slot: str) -> Any:
    """What a button's payload, `/intent{"slot": value}`, puts into a slot."""
    _, brace, entities = payload.partition("{")
    return json.loads(brace + entities).get(slot) if brace else None

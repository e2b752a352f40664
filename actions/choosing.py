"""What customers mean who use words of their own: which of the bot's buttons, "the battery one", or which reason, "my son has one already"."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import regex
from rasa_sdk import Tracker

from actions import services
from actions.speaking import buttons, language_of
from tongshi.commerce.forms import QUESTIONS
from tongshi.knowledge.values import (
    FEWEST,
    NEITHER,
    REASON,
    SEAL,
    directions,
    reason_told,
    seal_told,
    told_model,
    value_vectors,
)
from tongshi.language.patterns import without_names
from tongshi.language.text import has_question_mark, letters
from tongshi.language.vectors import Encoder, normalise

_NEARER = 0.1
"""By how much a message must be nearer to a button than to any other, for it to be the one that is meant."""
_CLAUSE = regex.compile(r"\s*[,،，、;:：\n。！？!?]\s*|\.\s+|\s[-–—]\s")
_SURELY_ASKED = 0.8
"""Confidence of a part of a message from which it asks something and tells nothing: "and how long does it take?" says not that it took too long."""
_SHORTEST = 14
"""Letters from which a clause tells anything: more than "buenas tardes"."""
_CLEAR, _CLEARLY = 0.7, 0.12
"""How near a clause must be to what customers call a value, and by how much nearer than to any other, for it to be told (cosines of the default
encoder of search)."""
_VAGUE = 0.66
"""How near a text comes to one of the phrases with which customers say but that something is wrong, or the wrong thing, for it to say no more."""
_TELLING = 20
"""Letters from which a text says what is wrong with an item."""
_FAULTS = {"defective", "wrong_item", "not_as_described"}
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
    nearness = np.array([_near(phrases, vector) for phrases in _phrases(tracker, slot, values, encoder)])
    second, first = np.argsort(nearness)[-2:]
    return list(values.values())[first] if nearness[first] - nearness[second] >= _NEARER else None


def reason_of(tracker: Tracker) -> str | None:
    """The reason that some part of the message tells, or all of it, in words that nobody has listed; None where none does."""
    told = _told(tracker)
    clauses = [one for one in (*_CLAUSE.split(told), " ".join(told.split())) if letters(one) >= _SHORTEST]
    if not clauses:
        return None
    likely = [told_model(REASON).chances(vector) for vector in _directions(services.encoder(), list(dict.fromkeys(clauses)))]
    return reason_told(max(likely, key=lambda one: max(chance for label, chance in one.items() if label != NEITHER)))


def _told(tracker: Tracker) -> str:
    """The message without numbers of orders and e-mails, and without the parts that surely ask."""
    text = tracker.latest_message.get("text") or ""
    for part in tracker.latest_message.get("parts") or ():
        if part["intent"] in QUESTIONS and part["confidence"] >= _SURELY_ASKED:
            text = text.replace(part["text"], "\n")
    return without_names(text)


def near_to(tracker: Tracker, slot: str) -> Any:
    """The value of a slot that some clause of the message comes near to, in words that nobody has listed; None where none does."""
    clauses = [one for one in _CLAUSE.split(_told(tracker)) if letters(one) >= _SHORTEST]
    said = value_vectors(slot, language_of(tracker)) if clauses else {}
    if len(said) < 2:
        return None
    vectors = _directions(services.encoder(), clauses)
    nearness = np.array([[_near(phrases, vector) for phrases in said.values()] for vector in vectors])
    row = nearness[nearness.max(1).argmax()]
    second, first = np.argsort(row)[-2:]
    return list(said)[first] if row[first] >= _CLEAR and row[first] - row[second] >= _CLEARLY else None


def state_of_seal(tracker: Tracker) -> str | None:
    """What a message says to the question whether a seal is unbroken, in other words than yes or no: "still in its film", "no, never touched it".

    Returns:
        `sealed`, `opened`, or `unclear` where it is one of both; None where it says neither.
    """
    text = tracker.latest_message.get("text") or ""
    if not text or text.startswith("/") or has_question_mark(text):
        return None
    return seal_told(told_model(SEAL).chances(_directions(services.encoder(), (text,))[0]))


def is_specific(tracker: Tracker, text: str) -> bool:
    """Whether a text says what is wrong with an item, not merely that it is damaged or the wrong one."""
    if letters(text) < _TELLING:
        return False
    encoder = services.encoder()
    vague = [phrases for reason, phrases in value_vectors("reason", language_of(tracker)).items() if reason in _FAULTS]
    return not vague or float((np.concatenate(vague) @ _directions(encoder, (text,))[0]).max()) < _VAGUE


def _near(phrases: np.ndarray, vector: np.ndarray) -> float:
    """The mean cosine of a vector with the nearest few; of a button these are its title and what customers call it."""
    return float(np.sort(phrases @ vector)[-FEWEST:].mean())


def _phrases(tracker: Tracker, slot: str, values: dict[str, Any], encoder: Encoder) -> list[np.ndarray]:
    """Vectors of what each button is called, of shape (phrases, dimensions): its title, and where customers have words for all of them, these."""
    titles = [_directions(encoder, (title,)) for title in values]
    known = value_vectors(slot, language_of(tracker))
    said = [known.get(_ALSO_SAID.get(value, value)) for value in values.values()]
    # One that has words of its own beside one that has but a title would be nearer to anything.
    return titles if any(one is None for one in said) else [np.concatenate(both) for both in zip(titles, said)]


def _directions(encoder: Encoder, texts: Sequence[str]) -> np.ndarray:
    """Vectors of length one, shape (len(texts), dimensions)."""
    return directions(encoder.encode([normalise(text) for text in texts]))


def _value(payload: str, slot: str) -> Any:
    """What a button's payload, `/intent{"slot": value}`, puts into a slot."""
    _, brace, entities = payload.partition("{")
    return json.loads(brace + entities).get(slot) if brace else None

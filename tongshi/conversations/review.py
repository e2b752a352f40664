"""Messages that a person should look at, since the bot may learn from them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tongshi import clock
from tongshi.conversations.masking import masked
from tongshi.errors import TongshiError
from tongshi.storage.models import ACCEPTED, CORRECTED, DROPPED, NOT_UNDERSTOOD, Feedback, Message, Review, Trace
from tongshi.storage.review import ReviewStore

THUMBS_DOWN, UNANSWERED, FALLBACK = "thumbs_down", "unanswered", "fallback"
"""Why a message is in review: its reply was no help, the knowledge base had no answer, or it was not understood."""

_LOOK_BACK = timedelta(days=30)
_MOST = 1000
_SHORTEST = 2
_PERSONAL = frozenset({"order_number", "email", "address", "refused_pair"})
"""Slots whose answers are about the person; none of them goes into review."""


class ReviewQueue:
    """Gathers messages for review and keeps what people decide.

    Args:
        store: where both are kept.
        now: the clock.
        intents: names what a message can be taken for.
    """

    def __init__(self, store: ReviewStore, now: Callable[[], datetime], intents: Callable[[], Collection[str]]) -> None:
        self._store = store
        self._now = now
        self._intents = intents

    def gather(self) -> int:
        """Put what has come since the last time into review; how many messages that is.

        A message comes in once, for the weightiest reason: a thumb down, no answer, not understood.
        """
        since = self._now() - _LOOK_BACK
        added = sum(self._rated(one) for one in self._store.unhelpful(since))
        added += sum(self._unanswered(one) for one in self._store.unanswered(since))
        for message, reading in self._store.not_understood(NOT_UNDERSTOOD, _MOST):
            if reading.asked not in _PERSONAL:
                added += self._put(message, FALLBACK)
        return added

    def _rated(self, feedback: Feedback) -> bool:
        """The message whose reply was no help: the last before that reply, or before the customer said so."""
        said = self._store.said_before(feedback.sender, feedback.message.at if feedback.message else feedback.at, most=20)
        asked = [one for one in said if one.author == "customer"]
        if feedback.message is None:
            asked = asked[:-1]
        return bool(asked) and self._put(asked[-1], THUMBS_DOWN)

    def _unanswered(self, trace: Trace) -> bool:
        asked = [one for one in self._store.said_before(trace.sender, trace.at, most=4) if one.author == "customer"]
        return bool(asked) and trace.question.endswith(asked[-1].text) and self._put(asked[-1], UNANSWERED, trace.trace_id)

    def _put(self, message: Message, reason: str, trace_id: int | None = None) -> bool:
        text = masked(message.text)
        if sum(char.isalpha() for char in text) < _SHORTEST or text.startswith("/"):
            return False
        reading = self._store.reading(message.message_id)
        if reading and reading.asked in _PERSONAL:
            return False
        ranking: list[Any] = reading.ranking if reading else []
        intent, confidence = ranking[0] if ranking else ("", None)
        before = self._store.said_before(message.sender, message.at)
        review = Review(
            message_id=message.message_id,
            reason=reason,
            text=text,
            language=message.language,
            intent=intent,
            confidence=confidence,
            ranking=ranking,
            context=[{"author": one.author, "text": masked(one.text)} for one in before if one.message_id < message.message_id],
            trace_id=trace_id,
            at=message.at,
        )
        return self._store.add(review)

    def accept(self, number: int, by: str) -> Review:
        """The bot's best guess is right: the message becomes a wording of it.

        Raises:
            TongshiError: there is no such message, or no guess.
        """
        review = self._store.review(number)
        if not review.intent:
            raise TongshiError(f"The bot had no guess for number {number}; say what it should be with `tongshi review correct`.")
        return self._store.decide(number, ACCEPTED, by, self._now(), review.intent, review.wording or review.text)

    def correct(self, number: int, intent: str, by: str, wording: str = "") -> Review:
        """The message should be taken for another intent.

        Args:
            wording: the text to learn from, where the customer's own says too much.

        Raises:
            TongshiError: there is no such message, or no such intent.
        """
        review = self._store.review(number)
        if intent not in (known := self._intents()):
            raise TongshiError(f"There is no intent {intent!r}; there are {', '.join(sorted(known))}.")
        return self._store.decide(number, CORRECTED, by, self._now(), intent, masked(wording.strip()) or review.text)

    def drop(self, number: int, by: str) -> Review:
        """Nothing is to be learnt from the message.

        Raises:
            TongshiError: there is no such message.
        """
        return self._store.decide(number, DROPPED, by, self._now())


class LastTraining:
    """What came of the last training on reviewed messages, as `tongshi review train --json` prints it, and when that was.

    Args:
        home: folder of this installation.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / "last-training.json"

    def keep(self, told: dict[str, Any]) -> None:
        self._path.write_text(json.dumps({**told, "at": clock.now().isoformat()}, ensure_ascii=False), "utf-8")

    def read(self) -> dict[str, Any] | None:
        """None where there was none."""
        return json.loads(self._path.read_text("utf-8")) if self._path.exists() else None

"""Messages that a person should look at, since the bot may learn from them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tongshi import clock
from tongshi.commerce.forms import ASIDES, STARTS, YES_OR_NO
from tongshi.errors import TongshiError
from tongshi.language.masking import masked
from tongshi.storage.models import ACCEPTED, CORRECTED, DROPPED, Review
from tongshi.storage.review import Candidate, ReviewStore, Sought

THUMBS_DOWN, UNANSWERED, FALLBACK = "thumbs_down", "unanswered", "fallback"
TAKEN_BACK, UNSURE = "corrected", "low_confidence"
"""Why a message is in review: its reply was no help, the knowledge base had no answer, it was not understood, the customer at once
wanted something else than what it was taken for, or it was hardly understood."""

_LOOK_BACK = timedelta(days=30)
_MOST = 1000
"""How many messages come in at once for one reason."""
_SHORTEST = 2
"""Letters that a message needs to teach something."""
_SURE = 0.5
"""Probability from which an intent counts as well understood; the bot acts on less."""
_LEAVING = frozenset({"stop", "start_over", "deny", *STARTS}) - ASIDES
"""Intents of a customer who leaves the form that has just begun."""
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

        A message comes in once, for the weightiest reason: a thumb down, no answer, not understood, taken back, hardly understood.
        """
        sought = Sought(self._now() - _LOOK_BACK, _PERSONAL, _MOST)
        added = sum(self._put(one, THUMBS_DOWN) for one in self._store.unhelpful(sought))
        added += sum(self._put(one, UNANSWERED) for one in self._store.unanswered(sought))
        added += sum(self._put(one, FALLBACK) for one in self._store.not_understood(sought))
        added += sum(self._put(one, TAKEN_BACK) for one in self._store.taken_back(STARTS, _LEAVING, YES_OR_NO, sought))
        added += sum(self._put(one, UNSURE) for one in self._store.unsure(_SURE, sought))
        return added

    def _put(self, candidate: Candidate, reason: str) -> bool:
        message, text = candidate.message, masked(candidate.message.text)
        if sum(char.isalpha() for char in text) < _SHORTEST or text.startswith("/"):
            return False
        ranking: list[Any] = candidate.reading.ranking if candidate.reading else []
        intent, confidence = ranking[0] if ranking else ("", None)
        review = Review(
            message_id=message.message_id,
            reason=reason,
            text=text,
            language=message.language,
            intent=intent,
            confidence=confidence,
            ranking=ranking,
            context=[{"author": one.author, "text": masked(one.text)} for one in self._store.said_before(message)],
            trace_id=candidate.trace_id,
            at=message.at,
        )
        return self._store.add(review)

    def accept(self, number: int, by: str, seen: str | None = None) -> Review:
        """The bot's best guess is right: the message becomes a wording of it.

        Args:
            seen: the decision that it takes the place of, as for `ReviewStore.decide`; so in the other two.

        Raises:
            TongshiError: there is no such message, or no guess.
            storage.knowledge.Conflict: somebody has decided since.
        """
        review = self._store.review(number)
        if not review.intent:
            raise TongshiError(f"The bot had no guess for number {number}; say what it should be with `tongshi review correct`.")
        return self._store.decide(number, ACCEPTED, by, self._now(), review.intent, review.wording or review.text, seen)

    def correct(self, number: int, intent: str, by: str, wording: str = "", seen: str | None = None) -> Review:
        """The message should be taken for another intent.

        Args:
            wording: the text to learn from, where the customer's own says too much.

        Raises:
            TongshiError: there is no such message, or no such intent.
            storage.knowledge.Conflict: somebody has decided since.
        """
        review = self._store.review(number)
        if intent not in (known := self._intents()):
            raise TongshiError(f"There is no intent {intent!r}; there are {', '.join(sorted(known))}.")
        return self._store.decide(number, CORRECTED, by, self._now(), intent, masked(wording.strip()) or review.text, seen)

    def drop(self, number: int, by: str, seen: str | None = None) -> Review:
        """Nothing is to be learnt from the message.

        Raises:
            TongshiError: there is no such message.
            storage.knowledge.Conflict: somebody has decided since.
        """
        return self._store.decide(number, DROPPED, by, self._now(), seen=seen)


class LastTraining:
    """What came of the last training on reviewed messages, as `tongshi review train --json` prints it, and when that was.

    Args:
        home: folder of this installation.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / "last-training.json"

    def keep(self, told: dict[str, Any]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps({**told, "at": clock.now().isoformat()}, ensure_ascii=False), "utf-8")

    def read(self) -> dict[str, Any] | None:
        """None where there was none."""
        return json.loads(self._path.read_text("utf-8")) if self._path.exists() else None

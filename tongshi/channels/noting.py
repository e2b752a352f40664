"""What Rasa made of customers' messages, noted in our own database beside the messages."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.events import SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from tongshi.errors import TongshiError
from tongshi.storage.models import NOT_UNDERSTOOD, Reading
from tongshi.storage.review import ReviewStore

_RANKED = 3

log = structlog.get_logger()


class Noting:
    """Notes the newest message of a conversation, once, on a thread of its own: no customer waits for it.

    Args:
        store: where it is kept.
    """

    def __init__(self, store: ReviewStore) -> None:
        self._store = store
        self._worker = ThreadPoolExecutor(1, "noting")
        self._last: dict[str, str] = {}

    def note(self, tracker: DialogueStateTracker) -> None:
        """Keep what the conversation's newest message was taken for; buttons and what is noted already are passed over."""
        message = _newest(tracker)
        if message is None or not message.text or message.text.startswith("/"):
            return
        if self._last.get(tracker.sender_id) == message.message_id:
            return
        if len(self._last) > 10_000:
            self._last.clear()
        self._last[tracker.sender_id] = message.message_id
        self._worker.submit(self._keep, tracker.sender_id, message.text, reading_of(message, tracker))

    def _keep(self, sender: str, text: str, reading: Reading) -> None:
        try:
            self._store.note(sender, text, reading)
        except TongshiError as error:
            log.warning("reading.not_kept", error=str(error), hint="check the disk and TONGSHI_DATABASE_URL")

    def close(self) -> None:
        """Wait until all is kept."""
        self._worker.shutdown()


def reading_of(message: UserUttered, tracker: DialogueStateTracker) -> Reading:
    """What Rasa made of a message."""
    parsed: dict[str, Any] = message.parse_data or {}
    ranking = [
        [one["name"], round(one["confidence"], 4)]
        for one in parsed.get("intent_ranking", [])
        if one["name"] not in (None, NOT_UNDERSTOOD)
    ]
    mood = parsed.get("mood") or {}
    return Reading(
        intent=message.intent.get("name") or NOT_UNDERSTOOD,
        confidence=message.intent.get("confidence") or 0.0,
        ranking=ranking[:_RANKED],
        asked=_asked_before(message, tracker),
        sentiment=mood.get("sentiment"),
        urgency=mood.get("urgency"),
    )


def _newest(tracker: DialogueStateTracker) -> UserUttered | None:
    return next((event for event in reversed(tracker.events) if isinstance(event, UserUttered)), None)


def _asked_before(message: UserUttered, tracker: DialogueStateTracker) -> str | None:
    """The slot that was asked for when the message came."""
    seen = False
    for event in reversed(tracker.events):
        if event is message:
            seen = True
        elif seen and isinstance(event, SlotSet) and event.key == REQUESTED_SLOT:
            return event.value
    return None

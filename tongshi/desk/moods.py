"""How a customer feels and why, where an agent asks.

What the language model said is kept beside the customer's newest message: once they write more, the agent may ask again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from tongshi.llm.mood import LONGEST, Mood, MoodReader
from tongshi.settings import LANGUAGES
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.models import MOOD, Message, Rendering

_SECONDS = 40.0
_NEWEST = 5
"""Messages of the customer that are read: the last alone may be but an order number."""


class Moods:
    """Reads how customers feel, and keeps it.

    Args:
        store: where conversations are kept.
        make_reader: makes what asks the language model.
    """

    def __init__(self, store: ConversationStore, make_reader: Callable[[], MoodReader]) -> None:
        self._store = store
        self._make_reader = make_reader

    def known(self, messages: Sequence[Message], language: str) -> Mood | None:
        """How the customer feels, with the reason in the agent's language; None where nobody has asked since they wrote."""
        said = _said(messages)
        kept = self._store.renderings([said[-1].message_id], language).get((said[-1].message_id, MOOD)) if said else None
        return Mood(**json.loads(kept.text)) if kept else None

    def read(self, messages: Sequence[Message], language: str) -> Mood | None:
        """Ask the language model, and keep what it says.

        Args:
            messages: of the conversation, oldest first.
            language: the agent's.

        Returns:
            None where the customer wrote nothing, or the model could not tell.

        Raises:
            Unavailable: the language model does not answer in time.
        """
        said = _said(messages)
        if not said:
            return None
        text = "\n".join(one.text for one in said)[-LONGEST:]
        spoken = next((one.language for one in reversed(said) if one.language in LANGUAGES), language)
        found = self._make_reader().read(text, spoken, language, seconds=_SECONDS)
        if found:
            kept = json.dumps(found.as_dict(), ensure_ascii=False)
            self._store.keep_rendering(
                Rendering(message_id=said[-1].message_id, kind=MOOD, language=language, text=kept, done=True)
            )
        return found


def _said(messages: Sequence[Message]) -> list[Message]:
    """The customer's newest messages that have words."""
    return [one for one in messages if one.author == "customer" and one.text.strip()][-_NEWEST:]

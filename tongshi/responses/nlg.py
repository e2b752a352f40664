"""Rasa's generator of replies: the texts of data/responses in the customer's language."""

from __future__ import annotations

from typing import Any

from rasa.core.nlg.generator import NaturalLanguageGenerator
from rasa.shared.core.events import BotUttered, SessionStarted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from tongshi.responses.catalog import Replies, Reply, get_replies
from tongshi.settings import get_settings


class MultilingualNaturalLanguageGenerator(NaturalLanguageGenerator):
    """Named in endpoints.yml as `nlg: type:`.

    The first reply of a conversation says that it comes from a virtual assistant.
    """

    def __init__(self, endpoint_config: EndpointConfig | None = None, domain: Any = None, replies: Replies | None = None) -> None:
        self._replies = replies or get_replies()

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any
    ) -> dict[str, Any] | None:
        """The reply of that name in the conversation's language.

        Args:
            utter_action: name of the reply.
            tracker: the conversation; its slots fill placeholders that `kwargs` do not.
            kwargs: values of placeholders.
        """
        language = tracker.get_slot("language") or get_settings().language
        traditional = bool(tracker.get_slot("traditional_chinese"))
        values = {**tracker.current_slot_values(), **kwargs}
        reply = self._replies.render(utter_action, language, values, traditional=traditional)
        if _is_first_reply(tracker) and not kwargs.get("following") and utter_action != "utter_bot":
            introduction = self._replies.render("utter_introduction", language, traditional=traditional)
            space = "" if language in ("ja", "zh") else " "
            reply = Reply(f"{introduction.text}{space}{reply.text}", reply.buttons)
        message: dict[str, Any] = {"text": reply.text}
        if reply.buttons:
            message["buttons"] = list(reply.buttons)
        return message


def _is_first_reply(tracker: DialogueStateTracker) -> bool:
    """Whether the bot has said nothing since the session began."""
    for event in reversed(tracker.events):
        if isinstance(event, BotUttered):
            return False
        if isinstance(event, SessionStarted):
            return True
    return any(isinstance(event, UserUttered) for event in tracker.events)

"""Rasa's generator of replies: the texts of data/responses in the customer's language."""

from __future__ import annotations

from typing import Any

from rasa.core.nlg.generator import NaturalLanguageGenerator
from rasa.shared.core.events import BotUttered, SessionStarted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from tongshi.responses.catalog import Replies, Reply, get_replies
from tongshi.responses.tone import is_upset, wants_a_person
from tongshi.settings import get_settings

OFFER = "utter_person_offered"
_PERSON = "request_human"
_OFFERED_LATELY = 4
_MOOD = "mood"  # as `tongshi.nlu.sentiment` names it


class MultilingualNaturalLanguageGenerator(NaturalLanguageGenerator):
    """Named in endpoints.yml as `nlg: type:`.

    The first reply of a conversation says that it comes from a virtual assistant. Customers who are clearly upset are spoken to more softly,
    and offered a person where they stay so.
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
        sentiments = _sentiments(tracker)
        reply = self._replies.render(utter_action, language, values, traditional=traditional, upset=is_upset(sentiments))
        if _is_first_reply(tracker) and not kwargs.get("following") and utter_action != "utter_bot":
            introduction = self._replies.render("utter_introduction", language, traditional=traditional)
            reply = Reply(f"{introduction.text}{_space(language)}{reply.text}", reply.buttons)
        if wants_a_person(sentiments) and not kwargs.get("following") and self._may_offer(reply, tracker):
            offer = self._replies.render(OFFER, language, traditional=traditional)
            reply = Reply(f"{reply.text}{_space(language)}{offer.text}", offer.buttons)
        message: dict[str, Any] = {"text": reply.text}
        if reply.buttons:
            message["buttons"] = list(reply.buttons)
        return message

    def _may_offer(self, reply: Reply, tracker: DialogueStateTracker) -> bool:
        """Whether a person can be offered along with a reply: one that asks nothing by buttons, where the bot has not just offered one."""
        payload = f"/{_PERSON}"
        said = [event for event in tracker.applied_events() if isinstance(event, BotUttered)][-_OFFERED_LATELY:]
        offered = any(button.get("payload") == payload for event in said for button in event.data.get("buttons") or ())
        return not reply.buttons and not offered


def _sentiments(tracker: DialogueStateTracker) -> list[float]:
    """How the customer felt at each message of the session that tells, the oldest first."""
    said = [event for event in tracker.applied_events() if isinstance(event, UserUttered)]
    return [mood["sentiment"] for event in said if (mood := (event.parse_data or {}).get(_MOOD))]


def _space(language: str) -> str:
    """What stands between two sentences."""
    return "" if language in ("ja", "zh") else " "


def _is_first_reply(tracker: DialogueStateTracker) -> bool:
    """Whether the bot has said nothing since the session began."""
    for event in reversed(tracker.events):
        if isinstance(event, BotUttered):
            return False
        if isinstance(event, SessionStarted):
            return True
    return any(isinstance(event, UserUttered) for event in tracker.events)

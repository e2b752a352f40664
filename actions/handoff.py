"""A person, please."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import services
from actions.answers import answer_last, say_answer
from actions.speaking import Say, language_of, say
from tongshi.conversations.handover import SILENT
from tongshi.responses.catalog import get_replies

_SURE = 0.5
"""Confidence below which a person is offered rather than fetched: the bot is silent from then on, too much for a guess."""


class ActionRequestHuman(Action):
    """Queue the conversation for a person within support hours; outside them keep it as a case and go on helping.

    Where it is doubtful whether the customer asked for one, the message may be a question; else a person is offered.
    """

    def name(self) -> str:
        return "action_request_human"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        intent = tracker.latest_message.get("intent") or {}
        if intent.get("name") == "request_human" and intent.get("confidence", 1.0) < _SURE:
            return await self._offer(dispatcher, tracker)
        reason = tracker.latest_message.get("text") or ""
        handover = services.handovers().request(tracker.sender_id, language_of(tracker), reason)
        if handover.state in SILENT:
            say(dispatcher, tracker, "utter_handoff_queued")
        else:
            hours = services.handovers().hours.text
            reply = "utter_handoff_kept" if hours == "never" else "utter_handoff_closed"
            say(dispatcher, tracker, Say(reply, {"case_number": handover.case.number, "hours": hours}))
        return []

    @staticmethod
    async def _offer(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        answer = await answer_last(tracker)
        if answer.outcome == "unknown":
            buttons = get_replies().buttons(["request_human"], language_of(tracker))
            say(dispatcher, tracker, Say("utter_not_understood", {}, tuple(buttons)))
        else:
            say_answer(dispatcher, tracker, answer)
        return []

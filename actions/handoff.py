"""A person, please."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import services
from actions.speaking import Say, language_of, say
from tongshi.conversations.handover import SILENT


class ActionRequestHuman(Action):
    """Queue the conversation for a person within support hours; outside them keep it as a case and go on helping."""

    def name(self) -> str:
        return "action_request_human"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        reason = tracker.latest_message.get("text") or ""
        handover = services.handovers().request(tracker.sender_id, language_of(tracker), reason)
        if handover.state in SILENT:
            say(dispatcher, tracker, "utter_handoff_queued")
        else:
            hours = services.handovers().hours.text
            reply = "utter_handoff_kept" if hours == "never" else "utter_handoff_closed"
            say(dispatcher, tracker, Say(reply, {"case_number": handover.case.number, "hours": hours}))
        return []

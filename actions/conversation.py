"""What holds in every conversation: yes and no, stopping, starting over, languages, bare facts, feedback."""

from __future__ import annotations

import json
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT

from actions import services
from actions.order_forms import forget_all
from actions.speaking import Say, say
from tongshi import clock
from tongshi.settings import LANGUAGES
from tongshi.storage.models import Feedback

STARTS = {
    "order_status": "order_status_form",
    "return_item": "return_form",
    "return_status": "return_status_form",
    "exchange_item": "exchange_form",
    "cancel_order": "cancel_form",
    "change_address": "address_form",
    "damaged_or_wrong_item": "damage_form",
    "lost_parcel": "lost_form",
    "request_human": "action_request_human",
    "recommend_product": "action_recommend",
}
"""What each intent sets going; data/rules.yml says the same to the policies."""


def _entities(tracker: Tracker, kind: str) -> list[Any]:
    return [entity["value"] for entity in tracker.latest_message.get("entities", []) if entity["entity"] == kind]


def _offered(tracker: Tracker) -> list[str]:
    """Payloads of the buttons under the bot's last message."""
    for event in reversed(tracker.events):
        if event["event"] == "bot":
            return [button["payload"] for button in (event.get("data") or {}).get("buttons") or []]
    return []


def _offered_start(tracker: Tracker) -> str | None:
    """The one thing that the bot's last message offered to start, if it was one."""
    starts = [STARTS[payload.lstrip("/")] for payload in _offered(tracker) if payload.lstrip("/") in STARTS]
    return starts[0] if len(starts) == 1 else None


class ActionAffirm(Action):
    """A yes outside a form means the one thing that was just offered, if one was."""

    def name(self) -> str:
        return "action_affirm"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        if start := _offered_start(tracker):
            return [FollowupAction(start)]
        say(dispatcher, tracker, "utter_affirm_idle")
        return []


class ActionStop(Action):
    """Leave what was going on."""

    def name(self) -> str:
        return "action_stop"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        say(dispatcher, tracker, "utter_stopped" if tracker.active_loop.get("name") else "utter_deny_idle")
        return [ActiveLoop(None), SlotSet(REQUESTED_SLOT, None), *forget_all()]


class ActionStartOver(Action):
    """Forget everything but the language; a hand-over is kept elsewhere and stays."""

    def name(self) -> str:
        return "action_start_over"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        say(dispatcher, tracker, "utter_started_over")
        identity = [SlotSet(name, None) for name in ("order_number", "email")]
        return [ActiveLoop(None), SlotSet(REQUESTED_SLOT, None), *forget_all(), *identity]


class ActionChangeLanguage(Action):
    """Confirm the language that the customer asked for; the policy has set it already if it is one of the twelve."""

    def name(self) -> str:
        return "action_change_language"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        asked = _entities(tracker, "language")
        known = not asked or any(language in LANGUAGES for language in asked)
        say(dispatcher, tracker, "utter_language_switched" if known else "utter_language_unsupported")
        return []


class ActionInform(Action):
    """Bare facts outside a form: an order number or e-mail is for what was just offered, else a question about that order; a return
    number is one about that return."""

    def name(self) -> str:
        return "action_inform"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        if _entities(tracker, "case_number"):
            return [FollowupAction("return_status_form")]
        if _entities(tracker, "order_number") or _entities(tracker, "email"):
            return [FollowupAction(_offered_start(tracker) or "order_status_form")]
        if _entities(tracker, "product"):
            return [FollowupAction("action_answer")]
        say(dispatcher, tracker, "utter_not_understood")
        return []


class ActionReportBadAnswer(Action):
    """The last answer was no help: noted, and a person offered."""

    def name(self) -> str:
        return "action_report_bad_answer"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        said = [event for event in tracker.events if event["event"] in ("bot", "user") and event.get("text")]
        context = [{"from": event["event"], "text": event["text"]} for event in said[-5:]]
        feedback = Feedback(
            sender=tracker.sender_id, helpful=False, reason=json.dumps(context, ensure_ascii=False), at=clock.now()
        )
        services.conversations().add(feedback)
        say(dispatcher, tracker, Say("utter_feedback_sorry"))
        return []

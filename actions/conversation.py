"""What holds in every conversation: yes and no, stopping, starting over, languages, bare facts, feedback."""

from __future__ import annotations

import json
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT

from actions import services
from actions.answers import ActionAnswer
from actions.choosing import chosen
from actions.handoff import ActionRequestHuman
from actions.order_forms import forget_all, offer_to_resume
from actions.products import ActionRecommend
from actions.speaking import Say, last_reply, offered, say
from tongshi import clock
from tongshi.commerce.forms import IDENTITY, STARTS
from tongshi.settings import LANGUAGES
from tongshi.storage.models import Feedback

_AT_ONCE: dict[str, type[Action]] = {"request_human": ActionRequestHuman, "recommend_product": ActionRecommend}
"""What buttons set going that needs no form."""

_SURE_YES = 0.6
"""Confidence of a yes from which it takes up what a button offers; below, "right, fine, ta" is as likely no more than thanks."""


def _entities(tracker: Tracker, kind: str) -> list[Any]:
    return [entity["value"] for entity in tracker.latest_message.get("entities", []) if entity["entity"] == kind]


def _offered_start(tracker: Tracker) -> str | None:
    """The intent of the one thing that the bot's last message offered to start, if it was one."""
    starts = [intent for payload in offered(tracker) if (intent := payload.lstrip("/")) in STARTS or intent in _AT_ONCE]
    return starts[0] if len(starts) == 1 else None


class ActionAffirm(Action):
    """A yes outside a form means what was just offered: to go on with what was put aside, or the one thing on a button."""

    def name(self) -> str:
        return "action_affirm"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        waiting = tracker.get_slot("put_aside")
        if waiting and last_reply(tracker) == "utter_request_resume":
            return [FollowupAction(waiting[-1]["form"])]
        start = _offered_start(tracker) if tracker.latest_message["intent"].get("confidence", 1.0) >= _SURE_YES else None
        if start in _AT_ONCE:
            # Not as an action to follow: after one that no rule knows, the policies would guess what comes next.
            return await _AT_ONCE[start]().run(dispatcher, tracker, domain)
        if start:
            return [FollowupAction(STARTS[start])]
        say(dispatcher, tracker, "utter_affirm_idle")
        return []


class ActionDeny(Action):
    """A no outside a form: nothing is wanted, nor what was put aside."""

    def name(self) -> str:
        return "action_deny"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        say(dispatcher, tracker, "utter_deny_idle")
        return [SlotSet("put_aside", None)]


class ActionStop(Action):
    """Leave what was going on; what was put aside for it is offered again."""

    def name(self) -> str:
        return "action_stop"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        if not tracker.active_loop.get("name"):
            say(dispatcher, tracker, "utter_deny_idle")
            return [SlotSet("put_aside", None)]
        say(dispatcher, tracker, "utter_stopped")
        offer_to_resume(dispatcher, tracker)
        return [ActiveLoop(None), SlotSet(REQUESTED_SLOT, None), *forget_all()]


class ActionStartOver(Action):
    """Forget everything but the language; a hand-over is kept elsewhere and stays."""

    def name(self) -> str:
        return "action_start_over"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        say(dispatcher, tracker, "utter_started_over")
        others = [SlotSet(name, None) for name in (*IDENTITY, "put_aside")]
        return [ActiveLoop(None), SlotSet(REQUESTED_SLOT, None), *forget_all(), *others]


class ActionChangeLanguage(Action):
    """Confirm the language that the customer asked for; the policy has set it already if it is one of the twelve."""

    def name(self) -> str:
        return "action_change_language"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        asked = _entities(tracker, "language")
        known = not asked or any(language in LANGUAGES for language in asked)
        say(dispatcher, tracker, "utter_language_switched" if known else "utter_language_unsupported")
        return []


_PICKS = {"return_item": "refund", "return_status": "refund", "cancel_order": "refund", "exchange_item": "resend"}
"""What is meant by wishes that the question about a lost parcel, a new one or a refund, is answered with."""


def _picked(tracker: Tracker) -> list[EventType]:
    """What a message picks of those two: what it names or comes near to, else what its wish means; nothing where it does neither."""
    named, intent = _entities(tracker, "resolution"), tracker.latest_message["intent"]["name"]
    near = None if named else chosen(tracker, "resolution")
    if intent == "lost_parcel" and not named and not near:
        return [SlotSet("resolution", None)]
    wish = named[-1] if named else near or _PICKS.get(intent)
    return [SlotSet("resolution", wish)] if wish else []


class ActionInform(Action):
    """Bare facts outside a form.

    What suits the bot's last question answers it; else an order number or e-mail is for what was just offered, or a question about
    that order, and a return number one about that return.
    """

    def name(self) -> str:
        return "action_inform"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        if last_reply(tracker) == "utter_order_lost" and (picked := _picked(tracker)):
            return [*picked, FollowupAction("lost_form")]
        if _entities(tracker, "case_number"):
            return [FollowupAction("return_status_form")]
        if _entities(tracker, "order_number") or _entities(tracker, "email"):
            return [FollowupAction(STARTS.get(_offered_start(tracker), "order_status_form"))]
        if last_reply(tracker) == "utter_request_need":
            return await ActionRecommend().run(dispatcher, tracker, domain)
        if _entities(tracker, "product"):
            return await ActionAnswer().run(dispatcher, tracker, domain)
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

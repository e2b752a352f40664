"""Another job in the middle of one: taken over, answered in passing, or done first while the other waits."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT

from actions import services
from actions.answers import answer_last, say_answer
from actions.order_forms import forget_all, named_in
from actions.speaking import Say, say
from tongshi import clock
from tongshi.commerce.forms import IDENTITY, STARTS
from tongshi.commerce.identity import Locked, Refused
from tongshi.commerce.jobs import JOBS, OrderStatus
from tongshi.commerce.rules import IN_TRANSIT
from tongshi.storage.models import Order

_STATUS = {"order_status_form", "return_status_form"}
_ARRIVED = {"return_form", "exchange_form", "damage_form"}
_ON_THE_WAY = {"cancel_form", "address_form", "lost_form"}
_UNFINISHED = IN_TRANSIT | {"processing"}


class ActionSwitchJob(Action):
    """A customer in the middle of one form asks for another job.

    Where an order is, is told at once if it is clear which one is meant, and the form goes on; so is when what is being agreed will
    come. A change of mind about the same order takes over what is known and drops the first job. In any other case the first job is put
    aside, and offered again after the second.
    """

    def name(self) -> str:
        return "action_switch_job"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        form, wanted = tracker.active_loop["name"], STARTS[tracker.latest_message["intent"]["name"]]
        before = _slots_before(tracker)
        if wanted == "order_status_form" and (order := _order_asked_for(tracker, before)):
            say(dispatcher, tracker, *OrderStatus(services.shop(), clock.now, tracker.sender_id).finish(order, {}))
            return [*(SlotSet(name, before.get(name)) for name in _slots_of(form)), FollowupAction(form)]
        if wanted == "order_status_form" and form in _ARRIVED and _is_decided(tracker):
            # "And when will the new one be sent?", once all is told, is asked of what is about to be done.
            answer = await answer_last(tracker, tracker.latest_message.get("text") or "")
            if answer.outcome != "unknown":
                say_answer(dispatcher, tracker, answer)
                return [*(SlotSet(name, before.get(name)) for name in _slots_of(form)), FollowupAction(form)]
        leave = [ActiveLoop(None), SlotSet(REQUESTED_SLOT, None)]
        if _is_about_the_same_order(form, wanted, tracker, before):
            say(dispatcher, tracker, "utter_job_replaced")
            shared = {slot for slot in JOBS[wanted].slots if slot != "confirm"}
            return [*leave, *(one for one in forget_all() if one["name"] not in shared), FollowupAction(wanted)]
        say(dispatcher, tracker, Say("utter_job_put_aside", {"job": form}))
        known = {name: before[name] for name in _slots_of(form) if before.get(name) is not None}
        waiting = [one for one in tracker.get_slot("put_aside") or [] if one["form"] != form]
        return [
            *leave,
            *forget_all(),
            SlotSet("order_number", named_in(tracker, "order_number")),
            SlotSet("put_aside", [*waiting, {"form": form, "slots": known}]),
            FollowupAction(wanted),
        ]


def _is_decided(tracker: Tracker) -> bool:
    """Whether only a yes is awaited, and the newest message names no other order."""
    return tracker.get_slot(REQUESTED_SLOT) == "confirm" and not named_in(tracker, "order_number")


def _slots_of(form: str) -> tuple[str, ...]:
    return (*IDENTITY, *JOBS[form].slots)


def _slots_before(tracker: Tracker) -> dict[str, Any]:
    """What was known before the newest message, of which Rasa has filled slots already."""
    newest = max((index for index, event in enumerate(tracker.events) if event["event"] == "user"), default=0)
    return {event["name"]: event["value"] for event in tracker.events[:newest] if event["event"] == "slot"}


def _order_asked_for(tracker: Tracker, before: dict[str, Any]) -> Order | None:
    """The order that a question for its whereabouts means: the one that it names, else the form's own if it has yet to arrive.

    None where that is not clear, or where the customer has not proved that it is theirs.
    """
    named = named_in(tracker, "order_number")
    number, email = named or before.get("order_number"), named_in(tracker, "email") or before.get("email")
    if not (number and email):
        return None
    try:
        order = services.identity().order_of(tracker.sender_id, number, email)
    except (Locked, Refused):
        return None
    return order if named or order.status in _UNFINISHED else None


def _is_about_the_same_order(form: str, wanted: str, tracker: Tracker, before: dict[str, Any]) -> bool:
    """Whether the second job takes the place of the first: no other order is named, and both can befall one order."""
    known, named = before.get("order_number"), named_in(tracker, "order_number")
    if wanted in _STATUS or (known and named and known != named):
        return False
    is_proved = known and before.get("email")
    return form in _STATUS or not is_proved or {form, wanted} <= _ARRIVED or {form, wanted} <= _ON_THE_WAY

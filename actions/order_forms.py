"""The shape that all forms about an order share: prove whose it is, ask what is missing, do it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT

from actions import services
from actions.speaking import say
from tongshi import clock
from tongshi.commerce.identity import Locked, Refused
from tongshi.commerce.jobs import JOBS, Ask, Job, Say
from tongshi.storage.models import Order

_IDENTITY = ("order_number", "email")


def _job(form: str, tracker: Tracker) -> Job:
    return JOBS[form](services.shop(), clock.now, tracker.sender_id)


def _order(tracker: Tracker) -> Order:
    number, email = (_one(tracker.get_slot(name)) for name in _IDENTITY)
    return services.identity().order_of(tracker.sender_id, number, email)


def _one(value: Any) -> Any:
    """The last of several values: who corrects themselves in one sentence means the later one."""
    return value[-1] if isinstance(value, list) else value


class _OrderFormAction(Action, ABC):
    @property
    @abstractmethod
    def form(self) -> str:
        """The form's name in domain.yml."""


class ValidateOrderForm(_OrderFormAction, ABC):
    """Takes the answers of a turn and asks for what the job still needs.

    The question is asked here rather than by Rasa's `utter_ask_<slot>`, which would be a second call of the action server a turn and could not
    name the item; so replies that ask are called `utter_request_…`.
    """

    def name(self) -> str:
        return f"validate_{self.form}"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        said = dict(tracker.slots_to_validate())
        said = {name: value for name, value in said.items() if name != REQUESTED_SLOT}
        events = [SlotSet(name, _one(value) if name in _IDENTITY else value) for name, value in said.items()]
        if said.get("confirm") is False and set(said) & (set(JOBS[self.form].slots) - {"confirm"}):
            # "No, the other one": a correction, not a refusal; the question comes again with the new answer.
            events.append(SlotSet("confirm", None))
        tracker.add_slots(events)
        if refused := self._completed(tracker):
            tracker.add_slots(refused)
            events += refused
        return events + self._next(dispatcher, tracker)

    def _next(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        ask = self._identity(tracker)
        if ask is None:
            try:
                ask = _job(self.form, tracker).ask(_order(tracker), tracker.slots)
            except Refused:
                refused = [_one(tracker.get_slot(name)) for name in _IDENTITY]
                say(dispatcher, tracker, "utter_identity_refused")
                return [
                    SlotSet("refused_pair", refused),
                    *(SlotSet(name, None) for name in _IDENTITY),
                    SlotSet(REQUESTED_SLOT, "order_number"),
                ]
            except Locked:
                return [SlotSet(REQUESTED_SLOT, None)]
        if ask is None:
            return [SlotSet(REQUESTED_SLOT, None)]
        say(dispatcher, tracker, ask.say)
        return [*(SlotSet(name, None) for name in ask.forget), SlotSet(REQUESTED_SLOT, ask.slot)]

    @staticmethod
    def _completed(tracker: Tracker) -> list[EventType]:
        """After a refused pair, whichever half comes anew is tried with the other half as it was."""
        refused = tracker.get_slot("refused_pair")
        if not refused or not (tracker.get_slot("order_number") or tracker.get_slot("email")):
            return []
        return [
            *(SlotSet(name, tracker.get_slot(name) or old) for name, old in zip(_IDENTITY, refused)),
            SlotSet("refused_pair", None),
        ]

    @staticmethod
    def _identity(tracker: Tracker) -> Ask | None:
        return next((Ask(name, Say(f"utter_request_{name}")) for name in _IDENTITY if not tracker.get_slot(name)), None)


class SubmitOrderForm(_OrderFormAction, ABC):
    """Does the job, says how it went, and forgets what belonged to it alone."""

    def name(self) -> str:
        return f"action_submit_{self.form}"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        try:
            say(dispatcher, tracker, *_job(self.form, tracker).finish(_order(tracker), tracker.slots))
        except Locked as locked:
            say(dispatcher, tracker, Say("utter_identity_locked", {"duration": locked.remaining.total_seconds()}))
            return [*forget_all(), *(SlotSet(name, None) for name in _IDENTITY)]
        return forget_all()


def forget_all() -> list[EventType]:
    """Unset what belongs to one job; who the customer is stays known."""
    slots = {slot for job in JOBS.values() for slot in job.slots}
    return [SlotSet(name, None) for name in sorted(slots)] + [SlotSet("refused_pair", None)]

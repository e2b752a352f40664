"""The shape that all forms about an order share: prove whose it is, ask what is missing, do it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import Any

import regex
from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT

from actions import services
from actions.answers import answer_last, say_answer
from actions.choosing import chosen, state_of_seal
from actions.handoff import ActionRequestHuman
from actions.speaking import language_of, offered, say
from tongshi import clock
from tongshi.commerce.catalogue import skus_of
from tongshi.commerce.forms import ASIDES, DECIDED, IDENTITY, QUESTIONS, STARTS, YES_OR_NO
from tongshi.commerce.identity import Locked, Refused
from tongshi.commerce.jobs import JOBS, Ask, Job, Say
from tongshi.knowledge.values import SEAL
from tongshi.language.negation import negations
from tongshi.language.patterns import bare_order_number, is_attempt, names_order, without_names
from tongshi.language.text import has_question_mark, letters
from tongshi.storage.models import Order

_NOT_BESIDE = {"affirm", "deny", "inform", *STARTS} - ASIDES
"""Intents that nothing but the form can answer while it waits; the others are answered first, see `DigressionPolicy`."""

_SURE_QUESTION, _SURE_MARKED, _RATHER_SURE = 0.9, 0.75, 0.5
"""Confidence of a part of a message from which it asks something besides, the same where it has a question mark, and from which what it
names is only asked about."""

_SHORTEST_QUESTION = 10
"""Letters that must be left of a message, without number and address, for it to ask something besides."""

_PART = regex.compile(r"\s*[,،，、;:：\n]\s*|[.!?。！？]\s+")
_WORD = regex.compile(r"\p{L}{2,}")

_OFFERED = {"product", "resolution"}
"""Slots that one of a few buttons fills, or words that come near to it."""

_TOLD = {"reason", "description"}
"""Slots that are told in the customer's own words."""
_NO_ITEM = {*YES_OR_NO, *_TOLD, "resolution"}
"""Slots whose question is not about which item is meant."""
_ASKS_UNMARKED = ("ja", "th", "zh")
"""Languages in which a chat asks without a question mark as often as with one."""
_SURE_OF_THE_ANSWER = 0.8
"""Confidence below which "not what it said on the page" is about the item, not about the bot's last answer."""

_LIKE_AN_ANSWER = {"greet", "thank", "goodbye", "praise", "inform", "out_of_scope", "report_bad_answer", "nlu_fallback"}
"""Intents that short answers to a yes-or-no question are mistaken for."""
_LONGEST_YES = 30
"""Characters up to which the wish said once more is a yes to it; who writes more says something about it."""
_FEW = 10
"""Characters at the beginning, or the end, within which a no to it stands: "no wait, leave the old address"."""
_RIVAL = 0.15
"""Probability of a question, or of another wish, from which what sounds like a yes is none."""
_LIKELY_ANSWER = 0.05
"""Probability from which such a message is taken for the yes or no that it comes close to."""


def _job(form: str, tracker: Tracker) -> Job:
    return JOBS[form](services.shop(), clock.now, tracker.sender_id)


def _order(tracker: Tracker) -> Order:
    number, email = (_one(tracker.get_slot(name)) for name in IDENTITY)
    return services.identity().order_of(tracker.sender_id, number, email)


def _one(value: Any) -> Any:
    """The last of several values: who corrects themselves in one sentence means the later one."""
    return value[-1] if isinstance(value, list) else value


def named_in(tracker: Tracker, kind: str) -> Any:
    """What the newest message names of a kind of entity, the last where it names several; None where it names none."""
    return _one(list(tracker.get_latest_entity_values(kind)) or None)


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
        if self._takes_a_person(tracker):
            await ActionRequestHuman().run(dispatcher, tracker, domain)
        if services.handovers().is_silent(tracker.sender_id):
            # A person was asked for in the middle of the form: no question of the bot's follows that.
            return [SlotSet(REQUESTED_SLOT, tracker.get_slot(REQUESTED_SLOT))]
        # Words of the customer's own are compared by their vectors, which takes a second where a language comes up first.
        said = await asyncio.to_thread(self._said, tracker)
        if missed := self._missed(tracker, said):
            say(dispatcher, tracker, f"utter_invalid_{missed}")
        events = [*self._kept(tracker, said, missed), *self._taken_up(tracker)]
        if question := self._asked_besides(tracker, said):
            answer = await answer_last(tracker, question)
            if answer.outcome != "unknown":
                say_answer(dispatcher, tracker, answer)
        tracker.add_slots(events)
        if refused := self._completed(tracker):
            tracker.add_slots(refused)
            events += refused
        return events + self._next(dispatcher, tracker, missed)

    def _said(self, tracker: Tracker) -> dict[str, Any]:
        """What the newest message says, by slot."""
        said = dict(tracker.slots_to_validate())
        said = {name: value for name, value in said.items() if name != REQUESTED_SLOT}
        requested = tracker.get_slot(REQUESTED_SLOT)
        if "product" in said and (meant := self._not_asked_about(tracker, said["product"])) != said["product"]:
            said["product"] = meant
        if requested in IDENTITY and not set(said) & set(IDENTITY) and (number := self._bare_number(tracker)):
            # However much is said around it: "no hang on, I've read that wrong, it's 10243".
            said["order_number"] = number
        if requested == "address" and "order_number" in said and self._is_postcode(tracker):
            said["order_number"] = self._before(tracker, "order_number")
        if (
            requested in _NO_ITEM
            and "product" in said
            and not set(said) & set(IDENTITY)
            and self._is_elsewhere(tracker, said["product"])
        ):
            # "La cassa ammaccata" is the case of the watch that was ordered, not a speaker.
            del said["product"]
            return {"product": self._before(tracker, "product"), **self._answered(tracker, requested, said)}
        return self._answered(tracker, requested, said)

    @staticmethod
    def _is_postcode(tracker: Tracker) -> bool:
        """Whether the five digits of a message stand where an address was asked for, among words that name no order: "10121 Torino"."""
        text = tracker.latest_message.get("text") or ""
        return not names_order(text) and bool(_WORD.search(text))

    def _answered(self, tracker: Tracker, requested: str | None, said: dict[str, Any]) -> dict[str, Any]:
        """What is said, with what is an answer only to the question that was asked."""
        if not said and requested in YES_OR_NO and (answer := self._yes_or_no(tracker)) is not None:
            said[requested] = answer
        if said.get("confirm") and self._wants_another(tracker):
            said["confirm"] = None
        if requested in said and self._asks_instead(tracker):
            del said[requested]
        if not said and requested in _TOLD and self._tells(tracker):
            said[requested] = tracker.latest_message.get("text")
        if (
            requested == SEAL
            and not self._surely_asks(tracker)
            and (state := state_of_seal(tracker))
            and not (state == "unclear" and self._is_sure(tracker))
        ):
            said[requested] = {"sealed": True, "opened": False}.get(state)
        if requested in _OFFERED and (picked := self._picked(tracker, requested, said)):
            said[requested] = picked
        # "Yes, Garden Street 12 is right" repeats the address and corrects nothing.
        if (
            "address" not in said
            and requested == "confirm"
            and not said.get("confirm")
            and (corrected := self._corrected(tracker))
        ):
            said["address"] = corrected
        return said

    @staticmethod
    def _is_sure(tracker: Tracker) -> bool:
        """Whether the message is surely a yes or a no, or surely something else."""
        return (tracker.latest_message.get("intent") or {}).get("confidence", 1.0) >= _SURE_OF_THE_ANSWER

    @staticmethod
    def _surely_asks(tracker: Tracker) -> bool:
        """Whether the message is surely a question, in a language that does without a mark for it."""
        intent = tracker.latest_message.get("intent") or {}
        unmarked = language_of(tracker) in _ASKS_UNMARKED
        return unmarked and intent.get("name") in QUESTIONS and intent.get("confidence", 1.0) >= _SURE_OF_THE_ANSWER

    @staticmethod
    def _picked(tracker: Tracker, slot: str, said: dict[str, Any]) -> Any:
        """Which of what was offered a message picks, whatever else it sounds like: "send me a new one" is taken for a return as often as not."""
        if (named := named_in(tracker, slot)) is None:
            return chosen(tracker, slot)
        if slot in said:
            return said[slot]
        intent, text = tracker.latest_message.get("intent") or {}, tracker.latest_message.get("text") or ""
        asks = has_question_mark(text) or intent.get("confidence", 1.0) >= _SURE_OF_THE_ANSWER
        return None if asks else named

    def _kept(self, tracker: Tracker, said: dict[str, Any], missed: str | None) -> list[EventType]:
        """What is kept of what was said."""
        events = [SlotSet(name, _one(value) if name in IDENTITY else value) for name, value in said.items()]
        if missed or self._is_vain(tracker, said):
            # A slot that is set, be it to nothing, tells Rasa that the form has taken the message: the question comes again.
            events.append(SlotSet(tracker.get_slot(REQUESTED_SLOT), None))
        if said.get("confirm") is False and set(said) & (set(JOBS[self.form].slots) - {"confirm"}):
            # "No, the other one": a correction, not a refusal; the question comes again with the new answer.
            events.append(SlotSet("confirm", None))
        return events

    def _next(self, dispatcher: CollectingDispatcher, tracker: Tracker, missed: str | None) -> list[EventType]:
        """Ask for what the job needs next, unless the customer was just told that what they sent for it cannot be right."""
        ask = self._identity(tracker)
        if ask is None:
            try:
                ask = _job(self.form, tracker).ask(_order(tracker), tracker.slots)
            except Refused:
                refused = [_one(tracker.get_slot(name)) for name in IDENTITY]
                say(dispatcher, tracker, "utter_identity_refused")
                return [
                    SlotSet("refused_pair", refused),
                    *(SlotSet(name, None) for name in IDENTITY),
                    SlotSet(REQUESTED_SLOT, "order_number"),
                ]
            except Locked:
                return [SlotSet(REQUESTED_SLOT, None)]
        if ask is None:
            return [SlotSet(REQUESTED_SLOT, None)]
        if ask.slot != missed:
            say(dispatcher, tracker, ask.say)
        # Only what was there: a slot that is set, be it to nothing, tells Rasa that the form has taken a message which it has not.
        known = [name for name in ask.forget if tracker.get_slot(name) is not None]
        return [*(SlotSet(name, None) for name in known), SlotSet(REQUESTED_SLOT, ask.slot)]

    @staticmethod
    def _takes_a_person(tracker: Tracker) -> bool:
        """Whether a yes is for the person that was offered to an upset customer along with the form's question."""
        intent = (tracker.latest_message.get("intent") or {}).get("name")
        return intent == "affirm" and offered(tracker) == ["/request_human"] and tracker.get_slot(REQUESTED_SLOT) not in YES_OR_NO

    def _yes_or_no(self, tracker: Tracker) -> bool | None:
        """What a message says to a yes-or-no question that is neither a plain yes nor a plain no.

        It may say yes with the verb ("oui annulez", "可以，换吧"), or no where a negation begins it, unless it asks; and to such a question
        thanks, praise or a greeting are likelier to be the yes or no that they come close to ("ja bitte", "certíssimo").
        """
        message = tracker.latest_message
        intent = (message.get("intent") or {}).get("name")
        if tracker.get_slot(REQUESTED_SLOT) == "confirm" and intent in DECIDED and STARTS[intent] == self.form:
            text = message.get("text") or ""
            likely = self._likely(tracker)
            may_ask = any(likely.get(name, 0.0) >= _RIVAL for name in QUESTIONS) or self._questions(tracker, _RATHER_SURE)
            if has_question_mark(text) or may_ask:
                return None
            denies = likely.get("deny", 0.0)
            if places := negations(text, language := language_of(tracker)):
                # Korean and Japanese say at the end what is not wanted; "I don't want it, cancel it" says why.
                near = len(text) - places[-1] <= _FEW if language in ("ja", "ko") else places[0] <= _FEW
                return False if near and (denies >= _LIKELY_ANSWER or not _PART.search(text)) else None
            return True if len(text) <= _LONGEST_YES and denies < _RIVAL else None
        if intent not in _LIKE_AN_ANSWER:
            return None
        likely = self._likely(tracker)
        yes, no = likely.get("affirm", 0.0), likely.get("deny", 0.0)
        if max(yes, no) < _LIKELY_ANSWER or min(yes, no) * 2 > max(yes, no):
            return None
        return yes > no

    def _wants_another(self, tracker: Tracker) -> bool:
        """Whether a yes may as well be a wish for another job: "yes, the new address is right", where it was asked whether to cancel."""
        likely = self._likely(tracker)
        return any(likely.get(name, 0.0) >= _RIVAL for name, form in STARTS.items() if form != self.form)

    @staticmethod
    def _likely(tracker: Tracker) -> dict[str, float]:
        """How likely the newest message has each intent."""
        return {one["name"]: one["confidence"] for one in tracker.latest_message.get("intent_ranking") or ()}

    @staticmethod
    def _bare_number(tracker: Tracker) -> str | None:
        text = tracker.latest_message.get("text") or ""
        if named_in(tracker, "address") or has_question_mark(text):
            return None
        return bare_order_number(text, corrected=bool(negations(text, language_of(tracker))))

    @staticmethod
    def _not_asked_about(tracker: Tracker, named: Any) -> Any:
        """What is named of products outside the parts of the message that only ask: "send the earbuds back; may the power bank fly?"."""
        message = tracker.latest_message
        text = message.get("text") or ""
        parts = [part for part in message.get("parts") or () if part["intent"] in QUESTIONS]
        asked = [part["text"] for part in parts if part["confidence"] >= _RATHER_SURE or has_question_mark(part["text"])]
        spans = [(start, start + len(part)) for part in asked if (start := text.find(part)) >= 0]
        if not spans:
            return named
        entities = [one for one in message.get("entities") or () if one["entity"] == "product" and "start" in one]
        meant = [one["value"] for one in entities if not any(start <= one["start"] < end for start, end in spans)]
        return meant if meant and len(meant) < len(entities) else named

    @staticmethod
    def _is_elsewhere(tracker: Tracker, named: Any) -> bool:
        """Whether none of what was named is in the order, and nobody said no to the item that is."""
        if (tracker.latest_message.get("intent") or {}).get("name") == "deny":
            return False
        try:
            held = {item.sku for item in _order(tracker).items}
        except (Refused, Locked):
            return False
        return not any(held & set(skus_of(name, broad=True)) for name in ([named] if isinstance(named, str) else named or ()))

    @staticmethod
    def _is_kept(tracker: Tracker, named: Any) -> bool:
        """Whether all colours that were named are that of the item which is spoken of."""
        try:
            items = _order(tracker).items
        except (Refused, Locked):
            return False
        product = tracker.get_slot("product") or ()
        skus = {sku for name in ([product] if isinstance(product, str) else product) for sku in skus_of(name, broad=True)}
        held = {item.colour for item in items if not skus or item.sku in skus}
        return len(held) == 1 and held >= ({named} if isinstance(named, str) else set(named))

    @staticmethod
    def _before(tracker: Tracker, slot: str) -> Any:
        """What a slot held before the newest message."""
        newest = max((at for at, event in enumerate(tracker.events) if event["event"] == "user"), default=0)
        earlier = reversed(tracker.events[:newest])
        return next((event["value"] for event in earlier if event["event"] == "slot" and event["name"] == slot), None)

    def _corrected(self, tracker: Tracker) -> str | None:
        """The address anew, where it was asked whether the one given is right: "no, the wrong block: …".

        It repeats something of the one before it and has a number; what stands before it is left out.
        """
        before = tracker.get_slot("address") if "address" in JOBS[self.form].slots else None
        parts = _PART.split(tracker.latest_message.get("text") or "")
        words_before = set(_WORD.findall((before or "").casefold()))
        while parts and not words_before & set(_WORD.findall(parts[0].casefold())):
            parts = parts[1:]
        address = ", ".join(parts).strip()
        return address if any(map(str.isdigit, address)) and address != before else None

    @staticmethod
    def _tells(tracker: Tracker) -> bool:
        """Whether what sounds like a complaint about the bot's answer is one about the item."""
        intent, text = tracker.latest_message.get("intent") or {}, tracker.latest_message.get("text") or ""
        unsure = intent.get("name") == "report_bad_answer" and intent.get("confidence", 1.0) < _SURE_OF_THE_ANSWER
        return unsure and not has_question_mark(text)

    def _asked_besides(self, tracker: Tracker, said: dict[str, Any]) -> str | None:
        """What is asked beside what the form takes.

        A part of the message may ask: "I want to return the watch. And do I pay the postage?"; or all that is not number and address:
        "li@example.com and do I pay the postage?".
        """
        message = tracker.latest_message
        if tracker.get_slot(REQUESTED_SLOT) and not said and not self._is_vain(tracker, said):
            # The form leaves the message to the policies, which answer it.
            return None
        if self._asks_instead(tracker):
            return without_names(message.get("text") or "")
        if (message.get("intent") or {}).get("name") not in QUESTIONS:
            return " ".join(self._questions(tracker)) or None
        if not set(said) & set(IDENTITY):
            return None
        rest = without_names(message.get("text") or "")
        return rest if letters(rest) >= _SHORTEST_QUESTION else None

    @staticmethod
    def _questions(tracker: Tracker, sure: float | None = None) -> list[str]:
        """The parts of a message that ask something.

        Args:
            sure: confidence from which one does; by default as much as is needed to answer it besides.
        """
        parts = [part for part in tracker.latest_message.get("parts") or () if part["intent"] in QUESTIONS]
        return [part["text"] for part in parts if part["confidence"] >= (sure or _sure_question(part["text"]))]

    def _asks_instead(self, tracker: Tracker) -> bool:
        """Whether a message asks, where a reason was to be told: "do I pay the postage?" is none."""
        text, likely = tracker.latest_message.get("text") or "", self._likely(tracker)
        is_told = tracker.get_slot(REQUESTED_SLOT) == "reason" and not named_in(tracker, "reason")
        return is_told and has_question_mark(text) and any(likely.get(name, 0.0) >= _RIVAL for name in QUESTIONS)

    @staticmethod
    def _missed(tracker: Tracker, said: dict[str, Any]) -> str | None:
        """What was asked for, order number or e-mail, where the customer wrote what is meant as one but cannot be one."""
        requested = tracker.get_slot(REQUESTED_SLOT)
        if requested not in IDENTITY or requested in said:
            return None
        return requested if is_attempt(requested, tracker.latest_message.get("text") or "") else None

    @staticmethod
    def _is_vain(tracker: Tracker, said: dict[str, Any]) -> bool:
        """Whether the customer meant to answer, or still wants the same, but said nothing that the question could take.

        Who answers yes or no with a question wants to know something first, and who says no to what is to be sent back, or where to, breaks
        off: `DigressionPolicy` sees to both.
        """
        requested = tracker.get_slot(REQUESTED_SLOT)
        intent = (tracker.latest_message.get("intent") or {}).get("name")
        if said or not requested or (requested in YES_OR_NO and has_question_mark(tracker.latest_message.get("text") or "")):
            return False
        return intent in _NOT_BESIDE and not (intent == "deny" and requested not in (*IDENTITY, *YES_OR_NO))

    def _taken_up(self, tracker: Tracker) -> list[EventType]:
        """What was known for this form when it was put aside, unless the customer begins it anew with another order."""
        waiting = tracker.get_slot("put_aside") or []
        mine = next((one["slots"] for one in waiting if one["form"] == self.form), None)
        if mine is None:
            return []
        left = [SlotSet("put_aside", [one for one in waiting if one["form"] != self.form] or None)]
        named = named_in(tracker, "order_number")
        if named and named != mine.get("order_number"):
            return left
        return [*left, *(SlotSet(name, value) for name, value in mine.items() if not named_in(tracker, name))]

    @staticmethod
    def _completed(tracker: Tracker) -> list[EventType]:
        """After a refused pair, whichever half comes anew is tried with the other half as it was."""
        refused = tracker.get_slot("refused_pair")
        if not refused or not (tracker.get_slot("order_number") or tracker.get_slot("email")):
            return []
        return [
            *(SlotSet(name, tracker.get_slot(name) or old) for name, old in zip(IDENTITY, refused)),
            SlotSet("refused_pair", None),
        ]

    @staticmethod
    def _identity(tracker: Tracker) -> Ask | None:
        return next((Ask(name, Say(f"utter_request_{name}")) for name in IDENTITY if not tracker.get_slot(name)), None)


class SubmitOrderForm(_OrderFormAction, ABC):
    """Does the job, says how it went, forgets what belonged to it alone, and comes back to what was put aside for it."""

    def name(self) -> str:
        return f"action_submit_{self.form}"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        try:
            say(dispatcher, tracker, *_job(self.form, tracker).finish(_order(tracker), tracker.slots))
        except Locked as locked:
            say(dispatcher, tracker, Say("utter_identity_locked", {"duration": locked.remaining.total_seconds()}))
            return [*forget_all(), *(SlotSet(name, None) for name in (*IDENTITY, "put_aside"))]
        offer_to_resume(dispatcher, tracker)
        return forget_all()


def offer_to_resume(dispatcher: CollectingDispatcher, tracker: Tracker) -> None:
    """Ask whether to go on with the job that was put aside last, if one was."""
    if waiting := tracker.get_slot("put_aside"):
        say(dispatcher, tracker, Say("utter_request_resume", {"job": waiting[-1]["form"]}))


def forget_all() -> list[EventType]:
    """Unset what belongs to one job; who the customer is stays known."""
    slots = {slot for job in JOBS.values() for slot in job.slots}
    return [SlotSet(name, None) for name in sorted(slots)] + [SlotSet("refused_pair", None)]


def _sure_question(part: str) -> float:
    return _SURE_MARKED if has_question_mark(part) else _SURE_QUESTION

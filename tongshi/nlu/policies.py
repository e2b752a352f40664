"""Small policies: the customer's language, another wish in the middle of a form, the way back into it, answers outside of forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import regex
from rasa.core.policies.policy import Policy, PolicyPrediction
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.shared.core.constants import ACTION_DEACTIVATE_LOOP_NAME, ACTION_LISTEN_NAME, REQUESTED_SLOT
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, LoopInterrupted, SlotSet, UserUttered
from rasa.shared.core.generator import TrackerWithCachedStates
from rasa.shared.core.trackers import DialogueStateTracker

from tongshi.commerce.forms import ASIDES, IDENTITY, QUESTIONS, STARTS, YES_OR_NO
from tongshi.language.comparison import compares
from tongshi.language.identify import LATIN
from tongshi.language.text import has_question_mark
from tongshi.llm.followups import hangs_on_before
from tongshi.nlu.language import LANGUAGE
from tongshi.settings import LANGUAGES, get_settings

UNSUPPORTED_LANGUAGE = "utter_language_unsupported"
SWITCH_JOB = "action_switch_job"
_LETTER = regex.compile(r"\p{L}")
_JOBS = {wish: form for wish, form in STARTS.items() if wish not in ASIDES}
"""The form of each wish that is one within another form, too."""

_UNSURE, _RIVAL = 0.7, 0.25
"""How sure a wish must be that a question could as well be meant, and how likely that question is then."""
_FEW_WORDS = 3
"""Words of what is but an e-mail address or a number, however it is written."""
_HARDLY = 0.45
"""Confidence below which a wish with a question mark is a question."""


class _UntrainedPolicy(Policy):
    """A policy that has nothing to learn."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"priority": 7}

    def train(self, training_trackers: list[TrackerWithCachedStates], domain: Domain, **kwargs: Any) -> Resource:
        return self._resource

    @classmethod
    def load(cls, config, model_storage, resource, execution_context, **kwargs: Any):
        return cls(config, model_storage, resource, execution_context)

    def _predict(self, domain: Domain, action: str | None, **kwargs: Any) -> PolicyPrediction:
        probabilities = self._default_predictions(domain)
        if action:
            probabilities[domain.index_for_action(action)] = 1.0
        return self._prediction(probabilities, **kwargs)

    @staticmethod
    def _taken_by(action: str, tracker: DialogueStateTracker) -> str | None:
        """What comes next outside of forms where a message is one action's: it, then the customer; rules know of neither."""
        if tracker.active_loop_name:
            return None
        return {ACTION_LISTEN_NAME: action, action: ACTION_LISTEN_NAME}.get(tracker.latest_action_name)


@dataclass(frozen=True)
class LanguageState:
    """What a conversation knows of its language.

    Attributes:
        language: one of the twelve, or None before anything is known.
        pinned: whether the customer asked for it in so many words.
        traditional: whether Chinese is written in traditional characters.
    """

    language: str | None
    pinned: bool = False
    traditional: bool = False


def is_clear(message: UserUttered) -> str | None:
    """The language that a message is clearly written in, if it is.

    Names, numbers and addresses tell nothing, nor does a single English word, which people of all languages put into a chat.
    """
    found = message.parse_data.get(LANGUAGE) or {}
    code, confidence, text = found.get("code"), found.get("confidence", 0), message.text or ""
    if not code or text.startswith("/"):
        return None
    letters = len(_LETTER.findall(text))
    named = sum(len(_LETTER.findall(text[entity["start"] : entity["end"]])) for entity in message.entities if "start" in entity)
    shown_by_script = code not in LATIN and letters - named >= 2
    if letters and named / letters > 0.6 and not shown_by_script:
        return None
    if code in ("ar", "ko", "ru", "th") or (code in ("zh", "ja") and (letters > 3 or confidence >= 0.85)):
        return code
    words = len(text.split())
    if code == "en" and words < 2:
        return None
    # Languages of one script are told apart by words; two or three are few ("chau, nos vemos"), and "qt e q custa" has none.
    several = 0.8 if words >= 7 else 0.9
    enough = several if words >= 4 and letters >= 3 * words else 0.95 if words == 3 and letters >= 10 else 0.97
    return code if confidence >= enough and letters >= 4 else None


def next_state(state: LanguageState, messages: list[UserUttered], hint: str | None, default: str) -> LanguageState:
    """The language after a conversation's newest message.

    Args:
        state: what was known before it.
        messages: the customer's messages, oldest first; the last is the new one.
        hint: a language that the channel believes in (a browser's, a profile's).
        default: the language of the settings.
    """
    message = messages[-1]
    found = message.parse_data.get(LANGUAGE) or {}
    asked = _asked_for(message, state.language)
    if asked:
        return LanguageState(asked, pinned=True, traditional=state.traditional)
    traditional = state.traditional if found.get("traditional") is None else found["traditional"]
    clear = is_clear(message)
    if state.language is None:
        # "Moin moin" could be French; in a German browser it is not.
        sure = 0.85 if hint else 0.5
        told = found.get("confidence", 0) >= sure and not (message.text or "").startswith("/")
        guess = clear or (found.get("code") if told else None)
        return LanguageState(guess or hint or default, traditional=traditional)
    if clear is None or clear == state.language:
        return LanguageState(state.language, state.pinned, traditional)
    if state.pinned and not (len(messages) > 1 and is_clear(messages[-2]) == clear and not _asked_for(messages[-2], None)):
        return LanguageState(state.language, True, traditional)
    return LanguageState(clear, traditional=traditional)


def _is_bare_answer(tracker: DialogueStateTracker, message: UserUttered) -> bool:
    """Whether a message shows no language: an address is in that of its country, and "emily.carter example" in none."""
    requested = tracker.get_slot(REQUESTED_SLOT)
    # A script shows its language in any case.
    is_short = len((message.text or "").split()) <= _FEW_WORDS and is_clear(message) in (None, *LATIN)
    return requested == "address" or requested in IDENTITY and is_short and message.intent.get("name") == "inform"


def _asked_for(message: UserUttered, present: str | None) -> str | None:
    """The language that a message asks for; of several that it names, none that is spoken already: "my Italian is bad, English please"."""
    if message.intent.get("name") != "change_language":
        return None
    named = [one["value"] for one in message.entities if one["entity"] == "language" and one["value"] in LANGUAGES]
    return next((one for one in named if one != present), named[0] if named else None)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class LanguagePolicy(_UntrainedPolicy):
    """Turns the property `language` of messages into the slots `language`, `language_pinned` and `traditional_chinese`.

    It also answers a message in a language that the agent does not speak, outside forms, where a foreign address may be typed.
    """

    def predict_action_probabilities(
        self, tracker: DialogueStateTracker, domain: Domain, rule_only_data: dict[str, Any] | None = None, **kwargs: Any
    ) -> PolicyPrediction:
        message = tracker.latest_message
        if message is None or tracker.latest_action_name != ACTION_LISTEN_NAME:
            return self._predict(domain, None)
        before = LanguageState(
            tracker.get_slot("language"), bool(tracker.get_slot("language_pinned")), bool(tracker.get_slot("traditional_chinese"))
        )
        messages = [event for event in tracker.applied_events() if isinstance(event, UserUttered)] or [message]
        hint = (message.metadata or {}).get("language")
        if before.language and _is_bare_answer(tracker, message):
            return self._predict(domain, None)
        after = next_state(before, messages, hint if hint in LANGUAGES else None, get_settings().language)
        events = [
            SlotSet(name, new)
            for name, old, new in (
                ("language", before.language, after.language),
                ("language_pinned", before.pinned, after.pinned),
                ("traditional_chinese", before.traditional, after.traditional),
            )
            if old != new
        ]
        outside = (message.parse_data.get(LANGUAGE) or {}).get("outside")
        unsupported = outside and not tracker.active_loop_name and not (message.text or "").startswith("/")
        return self._predict(domain, UNSUPPORTED_LANGUAGE if unsupported else None, events=events)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class DigressionPolicy(_UntrainedPolicy):
    """Brings a form back after the customer said something that it could not take.

    A rule answers what was said (a policy question, a thank-you); then the form asks its question again. So no rule need be written
    once for each form. What only makes sense as an answer to a form (a yes, a bare fact) the form meets itself, with its question.

    Who has told nothing for the form yet and twice in a row speaks of something else is not asked a third time, nor is who says goodbye: the
    form is let go without a word.

    What is asked to be told yes or no may be met by another question, "does that cost me anything?", whatever wish that sounds like.

    Configuration: `answered`, the intents that a rule answers within a form; `question`, the action that answers what is only a question
    there; `breaks_off`, intents that end the form, `sure`, how sure they must be where there is a question mark, and `hardly`, where there is none; `left_by_a_no`, slots
    whose question a no that is as sure breaks off, and `leave`, the action that sees to it; `parting`, how sure a farewell must be.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            "priority": 7, "answered": [], "question": "action_answer", "breaks_off": [], "sure": 0.6, "hardly": 0.4, "left_by_a_no": [],
            "leave": "action_stop", "parting": 0.8,
        }  # fmt: skip

    def predict_action_probabilities(
        self, tracker: DialogueStateTracker, domain: Domain, rule_only_data: dict[str, Any] | None = None, **kwargs: Any
    ) -> PolicyPrediction:
        form = tracker.active_loop_name
        intent = tracker.latest_message.intent.get("name") if tracker.latest_message else None
        if not form:
            left = intent == "deny" and tracker.latest_action_name == self.config["leave"]
            let_go = tracker.latest_action_name == ACTION_DEACTIVATE_LOOP_NAME
            return self._predict(domain, ACTION_LISTEN_NAME if left or let_go else None)
        if not tracker.is_active_loop_rejected:
            return self._predict(domain, None)
        if tracker.latest_action_name != ACTION_LISTEN_NAME:
            told = [slot for slot in domain.required_slots_for_form(form) if tracker.get_slot(slot) is not None]
            if self._is_over(tracker, bool(told)):
                # What was told for this job is not for the next one; who the customer is stays known.
                forgotten = [SlotSet(slot, None) for slot in told if slot not in IDENTITY]
                return self._predict(domain, ACTION_DEACTIVATE_LOOP_NAME, optional_events=forgotten)
            # Interrupted: the form asks again without taking the message for an answer.
            return self._predict(domain, form, optional_events=[LoopInterrupted(True)])
        if intent in ASIDES or self._asks(tracker):
            return self._predict(domain, self.config["question"])
        if intent in self.config["answered"]:
            return self._predict(domain, None)
        sure = tracker.latest_message.intent.get("confidence", 1.0) >= self.config["sure"]
        if intent == "deny" and sure and tracker.get_slot(REQUESTED_SLOT) in self.config["left_by_a_no"]:
            return self._predict(domain, self.config["leave"])
        return self._predict(domain, form, optional_events=[LoopInterrupted(True)])

    def _is_over(self, tracker: DialogueStateTracker, told: bool) -> bool:
        """Whether the customer has turned away from the form.

        Args:
            told: whether anything is known for it.
        """
        intent = tracker.latest_message.intent
        if intent.get("name") == "goodbye":
            return intent.get("confidence", 1.0) >= self.config["parting"]
        return not told and _turns_away(tracker, tracker.active_loop_name) >= 2

    def _asks(self, tracker: DialogueStateTracker) -> bool:
        """Whether a message that is no aside asks something that no rule would see in it."""
        message = tracker.latest_message
        if (
            message.intent.get("name") in self.config["breaks_off"]
            and message.intent.get("confidence", 1.0) < self.config["hardly"]
        ):
            return True
        if not has_question_mark(message.text or ""):
            return False
        if _may_be_a_question(message):
            return True
        if message.intent.get("name") in self.config["breaks_off"]:
            return message.intent.get("confidence", 1.0) < self.config["sure"]
        return tracker.get_slot(REQUESTED_SLOT) in YES_OR_NO and message.intent.get("name") not in self.config["answered"]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class JobSwitchPolicy(_UntrainedPolicy):
    """Notices that a customer in the middle of one form wants another job done, and has `action_switch_job` see to it.

    What answers the form's question is no other wish: "I want my money back" may name what is to become of a damaged item.

    Configuration: `along`, slots that may be filled along with a wish; `answers`, for these slots and those that take any text, the intents
    that an answer is mistaken for; `confidence`, how sure a wish must be, and `confidence_along`, how sure where the question is answered too,
    unless what speaks for the wish is named, in `evidence` an entity by intent.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            "priority": 7,
            "answers": {},
            "along": [],
            "evidence": {},
            "confidence": 0.6,
            "confidence_along": 0.8,
        }

    def predict_action_probabilities(
        self, tracker: DialogueStateTracker, domain: Domain, rule_only_data: dict[str, Any] | None = None, **kwargs: Any
    ) -> PolicyPrediction:
        fresh = tracker.latest_action_name == ACTION_LISTEN_NAME and not tracker.is_active_loop_rejected
        if not (tracker.active_loop_name and fresh and self._is_another_job(tracker)):
            return self._predict(domain, None)
        # Of a form that waits for an answer, RulePolicy says that nothing the customer says counts; only the like can overrule that.
        return self._predict(domain, SWITCH_JOB, is_no_user_prediction=True)

    def _is_another_job(self, tracker: DialogueStateTracker) -> bool:
        intent = tracker.latest_message.intent
        form = _JOBS.get(intent.get("name"))
        if form is None or form == tracker.active_loop_name:
            return False
        requested = tracker.get_slot(REQUESTED_SLOT)
        if self._surely(tracker, requested) < self.config["confidence"]:
            return False
        # Asked for the one half of what proves whose an order is, customers correct the other: "sorry, wrong number, it's MD-10246".
        asked = IDENTITY if requested in IDENTITY else (requested,)
        answer = next((said for slot in asked if (said := _said_for(slot, tracker)) is not None), None)
        if answer is None:
            return True
        named = {one["entity"] for one in tracker.latest_message.entities}
        plain = self.config["evidence"].get(intent["name"]) in named
        if intent.get("confidence", 1.0) < self.config["confidence" if plain else "confidence_along"]:
            return False
        if requested not in IDENTITY and any(one["entity"] == "order_number" for one in tracker.latest_message.entities):
            return True
        may_say_both = answer == tracker.latest_message.text or requested in self.config["along"]
        return may_say_both and intent["name"] not in self.config["answers"].get(requested, ())

    def _surely(self, tracker: DialogueStateTracker, requested: str | None) -> float:
        """How sure a wish is. Asked whether it shall be done, who speaks of both jobs wants the other: "instead of cancelling, change …"."""
        message = tracker.latest_message
        sure = message.intent.get("confidence", 1.0)
        if requested not in YES_OR_NO:
            return sure
        present = next((name for name, form in _JOBS.items() if form == tracker.active_loop_name), None)
        ranking = message.parse_data.get("intent_ranking") or ()
        return sure + sum(one["confidence"] for one in ranking if one["name"] == present)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class OfferPolicy(_UntrainedPolicy):
    """Takes what answers the bot's last question for that answer, where no form waits for it and it sounds like a wish of its own.

    "Send it again", said to "a new shipment or a refund?", wants no other order.

    Configuration: `answers`, by the name of a reply the intents that pick from what it offers; `action`, which takes the answer.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"priority": 7, "answers": {}, "action": "action_inform"}

    def predict_action_probabilities(
        self, tracker: DialogueStateTracker, domain: Domain, rule_only_data: dict[str, Any] | None = None, **kwargs: Any
    ) -> PolicyPrediction:
        picks = tracker.latest_message.intent.get("name") in self.config["answers"].get(_reply_before(tracker), ())
        names_order = any(entity["entity"] == "order_number" for entity in tracker.latest_message.entities)
        return self._predict(domain, self._taken_by(self.config["action"], tracker) if picks and not names_order else None)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class FollowUpPolicy(_UntrainedPolicy):
    """Takes what hangs on the answer before it for a question too, where by itself it is hardly like anything: "and Switzerland?".

    So it takes what is hardly likelier a wish than a question where products are spoken of, and gives nothing to go about the wish with.

    Configuration: `after`, the replies on which a question may hang; `confidence`, of an intent, from which a message is what it is taken
    for, `naming`, from which one that names a product and nothing else is, "and the watch?"; `action`, which answers.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"priority": 7, "after": [], "confidence": 0.7, "naming": 0.9, "action": "action_answer"}

    def predict_action_probabilities(
        self, tracker: DialogueStateTracker, domain: Domain, rule_only_data: dict[str, Any] | None = None, **kwargs: Any
    ) -> PolicyPrediction:
        message = tracker.latest_message
        after_answer = _reply_before(tracker) in self.config["after"]
        speaks_of_products = after_answer or any(entity["entity"] == "product" for entity in message.entities)
        unclear = after_answer and (self._is_unclear(message, tracker) or self._chooses(message, tracker))
        asks = unclear or (speaks_of_products and _may_be_a_question(message))
        return self._predict(domain, self._taken_by(self.config["action"], tracker) if asks else None)

    @staticmethod
    def _chooses(message: UserUttered, tracker: DialogueStateTracker) -> bool:
        """Whether what sounds like a wish for advice is about what was just told: "which of those two is cheaper?"."""
        wants_advice = message.intent.get("name") == "recommend_product"
        return wants_advice and compares(message.text or "", tracker.get_slot("language") or get_settings().language)

    def _is_unclear(self, message: UserUttered, tracker: DialogueStateTracker) -> bool:
        language = tracker.get_slot("language") or get_settings().language
        named = {entity["entity"] for entity in message.entities}
        sure = self.config["naming"] if named == {"product"} else self.config["confidence"]
        unsure = message.intent.get("confidence", 1.0) < sure and named <= {"product"}
        return unsure and hangs_on_before(message.text or "", language)


def _may_be_a_question(message: UserUttered) -> bool:
    """Whether a message is taken for a wish that needs an order, names none, and is about as likely a question.

    A greeting with a product and a question mark is one, too: "hi, what's the watch going for?".
    """
    intent, marked = message.intent, has_question_mark(message.text or "")
    if intent.get("name") == "greet":
        return marked and any(entity["entity"] == "product" for entity in message.entities)
    if intent.get("name") not in STARTS or intent.get("confidence", 1.0) >= _UNSURE:
        return False
    if {entity["entity"] for entity in message.entities} & {*IDENTITY, "case_number"}:
        return False
    ranking = message.parse_data.get("intent_ranking") or ()
    asks = any(one["name"] in QUESTIONS and one["confidence"] >= _RIVAL for one in ranking)
    return asks or (marked and intent.get("confidence", 1.0) < _HARDLY)


def _turns_away(tracker: DialogueStateTracker, form: str) -> int:
    """How many messages in a row, up to the newest, something else than a form has answered first."""
    turns, answered = 0, False
    for event in tracker.applied_events():
        if isinstance(event, UserUttered):
            turns, answered = turns + 1, False
        elif isinstance(event, ActionExecuted) and event.action_name != ACTION_LISTEN_NAME and not answered:
            turns, answered = 0 if event.action_name == form else turns, True
    return turns


def _reply_before(tracker: DialogueStateTracker) -> str | None:
    """The name of the bot's last reply before the newest message."""
    events = list(tracker.applied_events())
    newest = max((place for place, event in enumerate(events) if isinstance(event, UserUttered)), default=0)
    last = next((event for event in reversed(events[:newest]) if isinstance(event, BotUttered)), None)
    return last.metadata.get("utter_action") if last else None


def _said_for(slot: str | None, tracker: DialogueStateTracker) -> Any:
    """What the newest message has put into a slot, or names for it: in a test story slots are set by nobody."""
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered):
            return next((entity["value"] for entity in event.entities if entity["entity"] == slot), None)
        if isinstance(event, SlotSet) and event.key == slot:
            return event.value
    return None

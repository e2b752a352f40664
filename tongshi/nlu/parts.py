"""A message that says several things: read whole, and part by part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from tongshi.commerce.forms import DECIDED, IDENTITY, QUESTIONS, STARTS
from tongshi.language.negation import negations
from tongshi.language.parts import SHORTEST, clauses_of, parts_of
from tongshi.nlu.language import LANGUAGE
from tongshi.nlu.learnt import OwnComponent
from tongshi.settings import LANGUAGES

PARTS = "parts"
"""Name of the property of a message that has several: a list of `{"text", "intent", "confidence"}`."""

DECIDING = "deciding_part"
"""Name of the property of a message that has the intent of one of its parts: that part's text."""

_ADDRESS = "change_address"
_PART, _CLAUSE = "part_of", "is_clause"
_LONGEST = 1000
"""Characters of a message up to which it is read in parts."""
_MOST = 6

_GIVE_WAY = {
    "greet", "thank", "praise", "complaint", "report_bad_answer", "change_language", "ask_help", "out_of_scope", "nlu_fallback",
}  # fmt: skip
"""Intents of a whole message that say less of it than a wish or a question in one of its parts: "I speak little Russian. Where is my keyboard?"."""
_SURE_INSTEAD, _SURE_QUESTION = 0.9, 0.95
"""Confidence of a part from which the message is taken for what the part is: for another wish, for a question."""
_UNSURE, _SURE_UNSURE = 0.5, 0.65
"""Confidence below which the whole says little, and that of a question in it which then is enough."""
_MOODS = {"praise", "complaint"}
_SURE_MOOD, _RATHER_SURE_MOOD = 0.8, 0.7
"""Confidence of a part from which it tells what the customer thinks, where the whole looks like the opposite with less than the other."""
_SURE_DENIAL = 0.8
"""Confidence of the wish that stands beside one that is taken back: "no, leave the return. The same in silver, please"."""
_MAY_BE_ADDRESS = 0.15
"""Probability of a wish for another address from which a message that has one, and wishes for nothing else, is that."""
_SURE_WITH = {0: 0.9, 1: 0.8, 2: 0.5}
"""The same of a wish, by how much of order number and e-mail address is given, which nobody gives who only asks."""


_SURE_CLAUSE, _SURE_TO_ASK = 0.5, 0.9
"""Confidence of a wish and of the question after it in one sentence, from which both are said: "I want to send it back, who pays the postage?", while
"if I send it back, who pays?" as a whole but asks."""


class _Pipe(OwnComponent):
    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> _Pipe:
        return cls()


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class MessageSplitter(_Pipe):
    """Sends the parts of a message through the pipeline behind it, each as a message of its own; `PartReader` takes them out again."""

    def process(self, messages: list[Message]) -> list[Message]:
        found: list[Message] = []
        for message in messages:
            found.append(message)
            text = message.get(TEXT) or ""
            if text.startswith("/") or len(text) > _LONGEST:
                continue
            parts = parts_of(text)
            if 1 < len(parts) <= _MOST:
                found += [Message({TEXT: part.text, _PART: message}) for part in parts if part.letters >= SHORTEST]
            elif len(clauses := clauses_of(text)) > 1 and all(clause.letters >= SHORTEST for clause in clauses):
                found += [Message({TEXT: clause.text, _PART: message, _CLAUSE: True}) for clause in clauses]
        return found

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Wordings are learnt whole."""
        return training_data


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class PartReader(_Pipe):
    """Writes the properties `parts` and `deciding_part`, and corrects the intent of a message by what its parts are.

    Who tells a story, gives an order number and asks something besides, wishes for what one sentence says; all of it together may look like the
    question, or like something else.
    """

    def process(self, messages: list[Message]) -> list[Message]:
        whole = [message for message in messages if message.get(_PART) is None]
        parts: dict[int, list[dict[str, Any]]] = {}
        of_one_sentence: set[int] = set()
        for message in messages:
            if (of := message.get(_PART)) is not None:
                parts.setdefault(id(of), []).append(_read(message))
                if message.get(_CLAUSE):
                    of_one_sentence.add(id(of))
        for message in whole:
            its = parts.get(id(message))
            if its and id(message) in of_one_sentence and not _says_two_things(message, its):
                its = None
            if its:
                message.set(PARTS, its, add_to_output=True)
            if taken := _address_given(message) or (_taken(message, its) if its else None):
                _take(message, taken)
        return whole


def _read(part: Message) -> dict[str, Any]:
    intent = part.get(INTENT) or {}
    return {"text": part.get(TEXT), "intent": intent.get("name"), "confidence": intent.get("confidence", 0.0)}


def _says_two_things(message: Message, clauses: Sequence[dict[str, Any]]) -> bool:
    """Whether a sentence is a wish and a question besides, not the one question that it may look like."""
    wish, question = clauses
    intent = message.get(INTENT) or {}
    is_wish = intent.get("name") == wish["intent"] or intent.get("confidence", 0.0) < _UNSURE
    is_asked = question["intent"] in QUESTIONS and question["confidence"] >= _SURE_TO_ASK
    return is_asked and is_wish and wish["intent"] in STARTS and wish["confidence"] >= _SURE_CLAUSE


def _address_given(message: Message) -> dict[str, Any] | None:
    """The whole message as a wish for another address, where it has one and says otherwise only who the customer is: "send it here now: …"."""
    intent = message.get(INTENT) or {}
    likely = {one["name"]: one["confidence"] for one in message.get(INTENT_RANKING_KEY) or ()}.get(_ADDRESS, 0.0)
    has_address = any(entity["entity"] == "address" for entity in message.get("entities") or ())
    if not has_address or intent.get("name") not in ("inform", "nlu_fallback") or likely < _MAY_BE_ADDRESS:
        return None
    return {"text": message.get(TEXT), "intent": _ADDRESS, "confidence": max(likely, _UNSURE)}


def _taken(message: Message, parts: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The part whose intent the message is to have; None where it keeps its own."""
    intent = message.get(INTENT) or {}
    name, confidence = intent.get("name"), intent.get("confidence", 0.0)
    unsure = confidence < _UNSURE
    if name not in {*STARTS, *QUESTIONS, *_GIVE_WAY} and not unsure:
        return None
    moods = [part for part in parts if part["intent"] in _MOODS - {name} and part["confidence"] >= _SURE_MOOD]
    if name in _MOODS and moods and confidence < _RATHER_SURE_MOOD:
        return moods[-1]
    wishes = [part for part in parts if part["intent"] in STARTS]
    if instead := _instead_of_denied(message, name, wishes):
        return instead
    surer = [part for part in wishes if part["intent"] == name and part["confidence"] > confidence]
    if surer:
        return max(surer, key=lambda part: part["confidence"])
    if not any(part["intent"] == name for part in wishes):
        given = {entity["entity"] for entity in message.get("entities") or ()} & set(IDENTITY)
        sure = _SURE_INSTEAD if name in STARTS and not unsure else _SURE_WITH[len(given)]
        wish = max(wishes, key=lambda part: part["confidence"], default=None)
        if wish and wish["confidence"] >= sure:
            return wish
        questions = [part for part in parts if part["intent"] in QUESTIONS]
        sure = _SURE_UNSURE if unsure else _SURE_QUESTION
        if questions and questions[-1]["confidence"] >= sure and (unsure or name in _GIVE_WAY):
            return questions[-1]
    return None


def _instead_of_denied(message: Message, name: str | None, wishes: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The last sure wish of a message that says no to the one that it looks like."""
    language = (message.get(LANGUAGE) or {}).get("code")
    if name not in DECIDED or language not in LANGUAGES:
        return None
    denied = {part["intent"] for part in wishes if negations(part["text"], language)}
    others = [part for part in wishes if part["intent"] in DECIDED - denied - {name} and part["confidence"] >= _SURE_DENIAL]
    return others[-1] if name in denied and others else None


def _take(message: Message, part: dict[str, Any]) -> None:
    """Give the message the intent of one of its parts, or of all of it, ahead of what it looks like as a whole."""
    first = {"name": part["intent"], "confidence": part["confidence"]}
    rest = [one for one in message.get(INTENT_RANKING_KEY) or () if one["name"] != part["intent"]]
    left = 1.0 - part["confidence"]
    ranking = [first, *({**one, "confidence": one["confidence"] * left} for one in rest)]
    if part["text"] != message.get(TEXT):
        message.set(DECIDING, part["text"], add_to_output=True)
    message.set(INTENT, first, add_to_output=True)
    message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)

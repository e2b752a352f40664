"""What a message names: by its form, as a day, or by the phrases that the training data gives as synonyms."""

from __future__ import annotations

from typing import Any, Self

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from tongshi import clock
from tongshi.files import digest_of
from tongshi.knowledge.products import homonyms, makers
from tongshi.language.addresses import find_address
from tongshi.language.dates import get_days
from tongshi.language.patterns import find
from tongshi.nlu.language import LANGUAGE
from tongshi.nlu.learnt import LearntComponent
from tongshi.nlu.naming import Names
from tongshi.nlu.wordings import kinds_of_products, languages_of_phrases
from tongshi.settings import LANGUAGES, get_settings

_RATHER_SURE = 0.5

_NUMBER = "number"
"""The kind of a bare figure, which gives way to whatever it is part of: "volt 65", "3 weeks ago"."""


def _entity(kind: str, start: int, end: int, value: str, confidence: float, **more: Any) -> dict[str, Any]:
    return {"entity": kind, "start": start, "end": end, "value": value, "confidence_entity": confidence, **more}


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one["start"] < other["end"] and other["start"] < one["end"]


def _language_of(message: Message) -> str | None:
    """The language that a message is in, where that is rather sure."""
    found = message.get(LANGUAGE) or {}
    return found.get("code") if found.get("confidence", 0) >= _RATHER_SURE else None


class _Extractor(EntityExtractorMixin, GraphComponent):
    """Adds entities to those that are there; what overlaps an earlier one is left out, unless that is a bare figure."""

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> Self:
        return cls()

    def _add(self, message: Message, found: list[dict[str, Any]]) -> None:
        before = message.get(ENTITIES, [])
        new = [one for one in found if not any(_overlap(one, other) for other in before if other["entity"] != _NUMBER)]
        kept = [one for one in before if one["entity"] != _NUMBER or not any(_overlap(one, other) for other in new)]
        new = self.add_extractor_name(sorted(new, key=lambda one: one["start"]))
        message.set(ENTITIES, kept + new, add_to_output=True)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class PatternEntityExtractor(_Extractor):
    """What has a form: see `tongshi.language.patterns`, and `address`, see `tongshi.language.addresses`.

    Figures within an address are its own: a postcode is no order number.
    """

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            text = message.get(TEXT) or ""
            found = [_entity(one.kind, one.start, one.end, one.value, 1.0) for one in find(text)]
            if address := find_address(text):
                whole = _entity("address", address.start, address.end, address.value, 1.0)
                found = [one for one in found if not (_overlap(one, whole) and text[one["start"] : one["end"]].isdigit())]
                found += [] if any(_overlap(one, whole) for one in found) else [whole]
            self._add(message, found)
        return messages


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class DayEntityExtractor(_Extractor):
    """`date`, in ISO form with its `grain`, told from today: see `tongshi.language.dates`. Needs the message's language."""

    def process(self, messages: list[Message]) -> list[Message]:
        today = clock.now().astimezone(get_settings().time_zone).date()
        for message in messages:
            language = (message.get(LANGUAGE) or {}).get("code")
            found = get_days(language).find(message.get(TEXT) or "", today) if language in LANGUAGES else []
            self._add(
                message, [_entity("date", one.start, one.end, one.value.isoformat(), 1.0, grain=one.grain) for one in found]
            )
        return messages


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class SynonymEntityExtractor(LearntComponent, _Extractor):
    """Entities named by phrases.

    The training data's `lookup` tables list the canonical values of each entity (data/nlu/entities.yml), its `synonym` blocks the
    phrases that people say for a value (data/nlu/<lang>.yml).
    """

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str:
        data = get_settings().data
        files = [*(data / "nlu").glob("*.yml"), *(data / "catalogue" / f"{name}.yml" for name in ("kinds", "homonyms", "makers"))]
        return f"{super().fingerprint_addon(config)} {digest_of(files)}"

    def train(self, training_data: TrainingData) -> Resource:
        entities = {
            value: table["name"]
            for table in training_data.lookup_tables
            if isinstance(table["elements"], list)
            for value in table["elements"]
        }
        phrases: dict[str, list[tuple[str, str]]] = {}
        for phrase, value in training_data.entity_synonyms.items():
            if value in entities:
                phrases.setdefault(entities[value], []).append((phrase, value.partition(":")[2] or value))
        data = get_settings().data
        said_in = languages_of_phrases(data, entities)
        # Of a phrase that has two values, each in a language of its own, Rasa keeps the last: it is one in both languages.
        languages = {
            phrase: said_in.get((phrase, entities[value]), set())
            for phrase, value in training_data.entity_synonyms.items()
            if value in entities
        }
        senses = {entity: homonyms(data, entity) for entity in ("product", "colour")}
        self._model = Names(phrases, languages, kinds_of_products(data), senses, makers(data))
        return self._keep()

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            found = self._model.find(message.get(TEXT) or "", _language_of(message))
            self._add(
                message,
                [
                    _entity(entity, one.start, one.end, one.value, one.confidence)
                    for entity, several in found.items()
                    for one in several
                ],
            )
        return messages

"""What a message names: by its form, or by the phrases that the training data gives as synonyms."""

from __future__ import annotations

from typing import Any

import joblib
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from tongshi.language.patterns import find
from tongshi.language.phrases import PhraseFinder


def _entity(kind: str, start: int, end: int, value: str, confidence: float) -> dict[str, Any]:
    return {"entity": kind, "start": start, "end": end, "value": value, "confidence_entity": confidence}


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class PatternEntityExtractor(EntityExtractorMixin, GraphComponent):
    """`order_number`, `case_number`, `email`, `price`, `number`: see `tongshi.language.patterns`."""

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> PatternEntityExtractor:
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            found = [_entity(one.kind, one.start, one.end, one.value, 1.0) for one in find(message.get(TEXT) or "")]
            found = self.add_extractor_name(found)
            message.set(ENTITIES, message.get(ENTITIES, []) + found, add_to_output=True)
        return messages


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class SynonymEntityExtractor(EntityExtractorMixin, GraphComponent):
    """Entities named by phrases.

    The training data's `lookup` tables list the canonical values of each entity (data/nlu/entities.yml), its `synonym` blocks the
    phrases that people say for a value (data/nlu/<lang>.yml).
    """

    def __init__(self, storage: ModelStorage, resource: Resource, phrases: dict[str, list[tuple[str, str]]]) -> None:
        self._storage = storage
        self._resource = resource
        self._finders = {entity: PhraseFinder(pairs) for entity, pairs in phrases.items()}

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> SynonymEntityExtractor:
        return cls(model_storage, resource, {})

    def train(self, training_data: TrainingData) -> Resource:
        kinds = {
            value: table["name"]
            for table in training_data.lookup_tables
            if isinstance(table["elements"], list)
            for value in table["elements"]
        }
        phrases: dict[str, list[tuple[str, str]]] = {}
        for phrase, value in training_data.entity_synonyms.items():
            if value in kinds:
                phrases.setdefault(kinds[value], []).append((phrase, value.partition(":")[2] or value))
        with self._storage.write_to(self._resource) as folder:
            joblib.dump(phrases, folder / "phrases.joblib")
        self.__init__(self._storage, self._resource, phrases)
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SynonymEntityExtractor:
        with model_storage.read_from(resource) as folder:
            return cls(model_storage, resource, joblib.load(folder / "phrases.joblib"))

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            text, before = message.get(TEXT) or "", message.get(ENTITIES, [])
            found = [
                _entity(entity, one.start, one.end, one.value, one.confidence)
                for entity, finder in self._finders.items()
                for one in finder.find(text)
                if not any(one.start < other["end"] and other["start"] < one.end for other in before)
            ]
            found = self.add_extractor_name(found)
            message.set(ENTITIES, before + sorted(found, key=lambda one: one["start"]), add_to_output=True)
        return messages

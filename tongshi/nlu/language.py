"""Which language a message is in, as a property of the message."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from tongshi.language.identify import LanguageIdentifier, get_identifier
from tongshi.nlu.learnt import OwnComponent
from tongshi.settings import get_settings

LANGUAGE = "language"
"""Name of the property: `{"code", "confidence", "outside", "traditional"}`, see `tongshi.language.identify.Identification`."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class LanguageDetector(OwnComponent):
    """Writes the property `language` on each message; training examples carry theirs in their metadata."""

    def __init__(self, identifier: LanguageIdentifier) -> None:
        self._identify = identifier

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> LanguageDetector:
        return cls(get_identifier())

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            one = self._identify(message.get(TEXT) or "")
            value = {
                "code": one.language,
                "confidence": round(one.confidence, 3),
                "outside": one.outside,
                "traditional": one.traditional,
            }
            message.set(LANGUAGE, value, add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        for message in training_data.training_examples:
            metadata = (message.get("metadata") or {}).get("intent") or {}
            code = metadata.get(LANGUAGE) if isinstance(metadata, dict) else None
            if code is None:
                code = self._identify(message.get(TEXT) or "").language or get_settings().language
            message.set(LANGUAGE, {"code": code, "confidence": 1.0, "outside": None, "traditional": None})
        return training_data

"""What the intent classifier sees: sentence vectors and character n-grams."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.nlu.featurizers.sparse_featurizer.sparse_featurizer import SparseFeaturizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from sklearn.feature_extraction.text import TfidfVectorizer

from tongshi.files import digest_of
from tongshi.language.vectors import ADAPTERS, Encoder, VectorCache, get_encoder
from tongshi.nlu.learnt import LearntComponent, OwnComponent
from tongshi.nlu.messages import QuickFeatures, prepared
from tongshi.settings import get_settings


@lru_cache(maxsize=8)
def _adapters(encoder: str) -> str:
    folders = (get_settings().models / "adapters" / name for name in ADAPTERS if name in encoder)
    return digest_of(file for folder in folders for file in folder.glob("adapter.*"))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceVectorFeaturizer(OwnComponent, DenseFeaturizer):
    """One dense vector a message.

    Configuration: `encoder`, as `tongshi.language.vectors.get_encoder` names them, by default that of the settings; `keep`, whether vectors of
    training examples are kept on disk for the next training.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"encoder": None, "keep": True, "alias": "sentence_vector"}

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str:
        return f"{super().fingerprint_addon(config)} {_adapters(config['encoder'] or get_settings().encoder)}"

    def __init__(self, config: dict[str, Any], name: str) -> None:
        super().__init__(name, config)
        self._encoder = get_encoder(config["encoder"] or get_settings().encoder)

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> SentenceVectorFeaturizer:
        return cls(config, execution_context.node_name)

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Nothing to check: an unknown encoder is reported when it is loaded."""

    def process(self, messages: list[Message]) -> list[Message]:
        self._attach(messages, self._encoder)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        folder = get_settings().models / "vectors"
        encoder = VectorCache(self._encoder, folder) if self._config["keep"] else self._encoder
        self._attach(training_data.training_examples, encoder)
        return training_data

    def _attach(self, messages: list[Message], encoder: Encoder) -> None:
        messages = [message for message in messages if message.get(TEXT)]
        vectors = encoder.encode([prepared(message) for message in messages])
        for message, vector in zip(messages, vectors):
            message.add_features(
                QuickFeatures(vector[np.newaxis].astype(np.float32), FEATURE_TYPE_SENTENCE, TEXT, self._config["alias"])
            )


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class CharacterNgramFeaturizer(LearntComponent, SparseFeaturizer):
    """TF-IDF of the character n-grams of a message, within word borders.

    Configuration: `min_ngram`, `max_ngram` in characters; `min_df`, in how many wordings an n-gram must stand.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"min_ngram": 1, "max_ngram": 5, "min_df": 2, "alias": "character_ngrams"}

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Nothing to check beyond what scikit-learn checks itself."""

    def train(self, training_data: TrainingData) -> Resource:
        self._model = TfidfVectorizer(
            analyzer="char_wb",
            ngram_range=(self._config["min_ngram"], self._config["max_ngram"]),
            min_df=self._config["min_df"],
            sublinear_tf=True,
            lowercase=False,
            dtype=np.float32,
        )
        texts = [prepared(message) for message in training_data.intent_examples]
        self._model.fit(texts or [""])
        return self._keep()

    def process(self, messages: list[Message]) -> list[Message]:
        messages = [message for message in messages if message.get(TEXT)]
        if messages:
            matrix = self._model.transform([prepared(message) for message in messages])
            for message, (start, end) in zip(messages, pairwise(matrix.indptr)):
                columns = matrix.indices[start:end]
                row = scipy.sparse.coo_matrix(
                    (matrix.data[start:end], (np.zeros_like(columns), columns)), shape=(1, matrix.shape[1])
                )
                message.add_features(QuickFeatures(row, FEATURE_TYPE_SENTENCE, TEXT, self._config["alias"]))
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        self.process(training_data.training_examples)
        return training_data

"""How the customer feels, and whether it presses: from the sentence vector that is there already."""

from __future__ import annotations

from typing import Any

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from tongshi.nlu.learnt import LearntComponent

MOOD = "mood"
"""Name of the property: `{"sentiment", "urgency"}`, from -1 to 1 and from 0 to 1; on training examples `{"sentiment", "urgent"}`."""


class MoodModel:
    """Two linear models over sentence vectors.

    Args:
        strength: inverse regularisation of both.
    """

    def __init__(self, strength: float) -> None:
        self._sentiment = _linear(strength)
        self._urgency = _linear(strength)

    def fit(self, vectors: np.ndarray, sentiments: np.ndarray, urgent: np.ndarray, weights: np.ndarray) -> MoodModel:
        """Learn from labelled vectors.

        Args:
            vectors: shape (n, dimensions).
            sentiments: -1, 0 or 1 each.
            urgent: 0 or 1 each; -1 where nobody has said.
            weights: how much each counts.
        """
        self._sentiment.fit(vectors, sentiments, logisticregression__sample_weight=weights)
        told = urgent >= 0
        self._urgency.fit(vectors[told], urgent[told], logisticregression__sample_weight=weights[told])
        return self

    def __call__(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sentiments from -1 to 1 and urgencies from 0 to 1."""
        likely = self._sentiment.predict_proba(vectors)
        return likely @ self._sentiment.classes_, self._urgency.predict_proba(vectors)[:, 1]

    def labels(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The likeliest of -1, 0 and 1, and of 0 and 1."""
        return self._sentiment.predict(vectors), self._urgency.predict(vectors)


def _linear(strength: float) -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=500))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class SentimentClassifier(LearntComponent):
    """Writes the property `mood` on each message.

    It learns from the messages of data/sentiment, which the importer adds, and from wordings whose intent tells how one feels.

    Configuration: `strength`, inverse regularisation; `sentiments`, of intents that tell it; `calm`, intents that do not press;
    `weight`, for how many labelled messages the wordings of one such intent count together.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            "strength": 0.003,
            "sentiments": {"complaint": -1, "praise": 1, "policy_question": 0},
            "calm": ["policy_question"],
            "weight": 240,
        }

    def train(self, training_data: TrainingData) -> Resource:
        labelled = [one for one in training_data.training_examples if one.get(MOOD)]
        if labelled:
            telling = [one for one in training_data.intent_examples if one.get(INTENT) in self._config["sentiments"]]
            sentiments = [one.get(MOOD)["sentiment"] for one in labelled]
            sentiments += [self._config["sentiments"][one.get(INTENT)] for one in telling]
            urgent = [int(one.get(MOOD)["urgent"]) for one in labelled]
            urgent += [0 if one.get(INTENT) in self._config["calm"] else -1 for one in telling]
            weights = np.concatenate([np.ones(len(labelled)), self._weights([one.get(INTENT) for one in telling])])
            model = MoodModel(self._config["strength"])
            self._model = model.fit(_vectors([*labelled, *telling]), np.array(sentiments), np.array(urgent), weights)
        return self._keep()

    def _weights(self, intents: list[str]) -> np.ndarray:
        names, places, counts = np.unique(intents, return_inverse=True, return_counts=True)
        return self._config["weight"] / counts[places] if len(names) else np.zeros(0)

    def process(self, messages: list[Message]) -> list[Message]:
        known = [message for message in messages if self._model is not None and message.get(TEXT)]
        if known:
            for message, sentiment, urgency in zip(known, *self._model(_vectors(known))):
                value = {"sentiment": round(float(sentiment), 3), "urgency": round(float(urgency), 3)}
                message.set(MOOD, value, add_to_output=True)
        return messages


def _vectors(messages: list[Message]) -> np.ndarray:
    """The dense sentence features of messages, row by row."""
    return np.vstack([message.get_dense_features(attribute=TEXT)[1].features for message in messages])

"""The intent of a message, by a linear model over all its features."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.svm import LinearSVC

from tongshi.nlu.learnt import LearntComponent
from tongshi.nlu.sentiment import MOOD


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class LinearIntentClassifier(IntentClassifier, LearntComponent):
    """A linear support vector machine over the dense and sparse sentence features of a message.

    Its decision values become probabilities by a softmax whose temperature is fitted on wordings held out from a first training (Guo et al.
    2017, "On Calibration of Modern Neural Networks", section 4.2), so that the threshold of FallbackClassifier means something.

    Configuration: `C`, inverse regularisation; `dense_weight`, what dense features are multiplied with; `held_out`, share of the wordings
    that the temperature is fitted on; `ranking_length`.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"C": 1.0, "dense_weight": 1.0, "held_out": 0.5, "ranking_length": 5}

    def _matrix(self, messages: list[Message]) -> scipy.sparse.csr_matrix:
        sparse = [found.features for message in messages if (found := message.get_sparse_features(attribute=TEXT)[1])]
        dense = [found.features for message in messages if (found := message.get_dense_features(attribute=TEXT)[1])]
        parts = [scipy.sparse.vstack(sparse)] if sparse else []
        parts += [scipy.sparse.csr_matrix(np.vstack(dense) * self._config["dense_weight"])] if dense else []
        return scipy.sparse.hstack(parts, format="csr")

    def _machine(self) -> LinearSVC:
        return LinearSVC(C=self._config["C"], random_state=0)

    def train(self, training_data: TrainingData) -> Resource:
        examples = [message for message in training_data.intent_examples if message.get(TEXT) and not message.get(MOOD)]
        if examples:
            features, intents = self._matrix(examples), np.array([message.get(INTENT) for message in examples])
            held = np.random.default_rng(0).random(len(examples)) < self._config["held_out"]
            first = self._machine().fit(features[~held], intents[~held])
            temperature = _temperature(first, features[held], intents[held])
            machine = self._machine().fit(features, intents)
            machine.coef_ = machine.coef_.astype(np.float32)
            self._model = machine, temperature
        return self._keep()

    def process(self, messages: list[Message]) -> list[Message]:
        known = [message for message in messages if self._model is not None and message.get(TEXT)]
        if known:
            machine, temperature = self._model
            decisions = machine.decision_function(self._matrix(known)) / temperature
            for message, probabilities in zip(known, softmax(decisions, axis=1)):
                order = np.argsort(-probabilities)[: self._config["ranking_length"]]
                ranking = [{INTENT_NAME_KEY: str(machine.classes_[i]), "confidence": float(probabilities[i])} for i in order]
                self._set(message, ranking[0], ranking)
        for message in messages:
            if message.get(INTENT) is None:
                self._set(message, {INTENT_NAME_KEY: None, "confidence": 0.0}, [])
        return messages

    @staticmethod
    def _set(message: Message, intent: dict[str, Any], ranking: list[dict[str, Any]]) -> None:
        message.set(INTENT, intent, add_to_output=True)
        message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)


def _temperature(machine: LinearSVC, features: scipy.sparse.csr_matrix, intents: np.ndarray) -> float:
    """The temperature at which held-out wordings are most probable."""
    known = np.isin(intents, machine.classes_)
    decisions = machine.decision_function(features[known])
    places = np.searchsorted(machine.classes_, intents[known])

    def loss(logarithm: float) -> float:
        return -log_softmax(decisions / np.exp(logarithm), axis=1)[np.arange(len(places)), places].mean()

    return float(np.exp(minimize_scalar(loss, bounds=(-4, 3), method="bounded").x))

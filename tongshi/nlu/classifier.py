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

from tongshi.nlu.learnt import LearntComponent
from tongshi.nlu.machine import LinearMachine
from tongshi.nlu.sentiment import MOOD


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class LinearIntentClassifier(LearntComponent, IntentClassifier):
    """A linear support vector machine over the dense and sparse sentence features of a message.

    Its decision values become probabilities by a softmax whose temperature is fitted on wordings held out from a first training (Guo et al.
    2017, "On Calibration of Modern Neural Networks", section 4.2), so that the threshold of FallbackClassifier means something.

    Configuration: `C`, inverse regularisation; `dense_weight`, what dense features are multiplied with; `held_out`, share of the wordings
    that the temperature is fitted on; `ranking_length`.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"C": 1.0, "dense_weight": 1.0, "held_out": 0.5, "ranking_length": 5}

    def _features(self, messages: list[Message]) -> tuple[scipy.sparse.csr_matrix, np.ndarray]:
        """The sparse and the dense features of messages, row by row."""
        sparse = [found.features for message in messages if (found := message.get_sparse_features(attribute=TEXT)[1])]
        dense = [found.features for message in messages if (found := message.get_dense_features(attribute=TEXT)[1])]
        rows = len(messages)
        return (
            _stacked(sparse) if sparse else scipy.sparse.csr_matrix((rows, 0), dtype=np.float32),
            np.vstack(dense).astype(np.float32) * self._config["dense_weight"] if dense else np.zeros((rows, 0), np.float32),
        )

    def train(self, training_data: TrainingData) -> Resource:
        examples = [message for message in training_data.intent_examples if message.get(TEXT) and not message.get(MOOD)]
        if examples:
            (sparse, dense), intents = self._features(examples), np.array([message.get(INTENT) for message in examples])
            held = np.random.default_rng(0).random(len(examples)) < self._config["held_out"]
            # What the temperature is taken from, and what the machine begins with, need be no more precise; what decides must be, or else
            # two trainings on the same wordings differ by as much as .2 in a probability.
            first = LinearMachine(self._config["C"], tolerance=3e-3).fit(sparse[~held], dense[~held], intents[~held])
            temperature = _temperature(first, _joined(sparse[held], dense[held]), intents[held])
            self._model = LinearMachine(self._config["C"]).fit(sparse, dense, intents, start=first), temperature
        return self._keep()

    def process(self, messages: list[Message]) -> list[Message]:
        known = [message for message in messages if self._model is not None and message.get(TEXT)]
        if known:
            machine, temperature = self._model
            decisions = machine.decision_function(_joined(*self._features(known))) / temperature
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


def _stacked(rows: list[scipy.sparse.spmatrix]) -> scipy.sparse.csr_matrix:
    """Single rows as one matrix, without the looks that SciPy takes at each of tens of thousands."""
    found = [one.tocoo() for one in rows]
    ends = np.cumsum([0, *(one.nnz for one in found)])
    columns, values = (np.concatenate([getattr(one, name) for one in found]) for name in ("col", "data"))
    return scipy.sparse.csr_matrix((values.astype(np.float32), columns, ends), shape=(len(found), found[0].shape[1]))


def _joined(sparse: scipy.sparse.csr_matrix, dense: np.ndarray) -> scipy.sparse.csr_matrix:
    return scipy.sparse.hstack([sparse, scipy.sparse.csr_matrix(dense)], format="csr")


def _temperature(machine: LinearMachine, features: scipy.sparse.csr_matrix, intents: np.ndarray) -> float:
    """The temperature at which held-out wordings are most probable."""
    known = np.isin(intents, machine.classes_)
    decisions = machine.decision_function(features[known])
    places = np.searchsorted(machine.classes_, intents[known])

    def loss(logarithm: float) -> float:
        return -log_softmax(decisions / np.exp(logarithm), axis=1)[np.arange(len(places)), places].mean()

    return float(np.exp(minimize_scalar(loss, bounds=(-4, 3), method="bounded").x))

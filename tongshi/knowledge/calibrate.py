"""How likely is it that the first hit answers? Learnt from the shop's own similar questions, each held out in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from tongshi.knowledge.articles import UNANSWERABLE
from tongshi.knowledge.index import SearchIndex
from tongshi.language.vectors import Encoder
from tongshi.storage.knowledge import KeyRow

WRONG_COSTS = 1.0
"""How much worse a wrong answer is than none at all, where a right one gains 1."""


@dataclass(frozen=True)
class Fit:
    """A calibration, and how well its threshold tells answerable from unanswerable questions.

    Attributes:
        precision: share of answered questions whose first hit was right.
        recall: share of answerable questions that were answered rightly.
        abstention: share of unanswerable questions that were not answered.
    """

    intercept: float
    slopes: list[float]
    threshold: float
    precision: float
    recall: float
    abstention: float


class _Known(Encoder):
    """Hands out vectors that are known already, since calibrating asks for thousands of them."""

    name = "known"
    dimensions = 0

    def __init__(self, vectors: dict[str, np.ndarray]) -> None:
        self._vectors = vectors

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([self._vectors[text] for text in texts])


def fit(keys: Sequence[KeyRow], *, with_questions: bool, folds: int = 5, seed: int = 0) -> Fit:
    """Fit the calibration for collections with or without similar questions.

    Args:
        keys: of the shop's collection.
        with_questions: whether the index may hold similar questions other than those asked.
    """
    from tongshi.language.vectors import normalise

    encoder = _Known({normalise(key.text): np.frombuffer(key.vector, np.float32) for key in keys})
    questions = [key for key in keys if key.kind == "question"]
    if not with_questions:
        passages = {key.article_id for key in keys if key.kind == "passage"}
        questions = [key for key in questions if key.article_id in passages or key.article_id == UNANSWERABLE]
    fold_of = np.random.default_rng(seed).integers(folds, size=len(questions))
    features, right, answerable = [], [], []
    for fold in range(folds):
        held = {id(key) for key, number in zip(questions, fold_of) if number == fold}
        kept = [key for key in keys if (with_questions or key.kind != "question") and id(key) not in held]
        index = SearchIndex.build(0, kept)
        for key in (key for key in questions if id(key) in held):
            scores, similarities, decisions = index.rank(key.text, encoder)
            order = [place for place in scores.argsort()[::-1] if index.labels[place] != UNANSWERABLE]
            features.append(index.features(order[0], scores, similarities, decisions))
            right.append(index.labels[order[0]] == key.article_id)
            answerable.append(key.article_id != UNANSWERABLE)
        if not with_questions:
            break  # nothing is held out, so one index serves all
    return _fit(np.array(features), np.array(right), np.array(answerable))


def _fit(features: np.ndarray, right: np.ndarray, answerable: np.ndarray) -> Fit:
    model = LogisticRegression(C=1e3, max_iter=1000).fit(features, right)
    probabilities = model.predict_proba(features)[:, 1]
    candidates = np.quantile(probabilities, np.linspace(0.01, 0.99, 99))
    gains = [(right[probabilities >= t].sum() - WRONG_COSTS * (~right[probabilities >= t]).sum()) for t in candidates]
    threshold = float(candidates[int(np.argmax(gains))])
    answered = probabilities >= threshold
    return Fit(
        float(model.intercept_[0]),
        [float(slope) for slope in model.coef_[0]],
        threshold,
        precision=float(right[answered].mean()),
        recall=float((right & answered)[answerable].mean()),
        abstention=float((~answered)[~answerable].mean()),
    )

"""How likely is it that the first hit answers? Learnt from questions whose right article is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from tongshi.knowledge.articles import UNANSWERABLE
from tongshi.knowledge.index import SearchIndex
from tongshi.knowledge.reranker import Reranker, fit
from tongshi.language.vectors import Encoder, normalise
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


@dataclass(frozen=True)
class Asked:
    """A question and the articles that answer it; none where nothing does."""

    text: str
    language: str
    articles: tuple[str, ...]


class KnownVectors:
    """An encoder that hands out vectors which are known already, since calibrating and measuring ask for thousands of them.

    Args:
        vectors: by text.
    """

    name = "known"

    def __init__(self, vectors: dict[str, np.ndarray]) -> None:
        self._vectors = vectors
        self.dimensions = len(next(iter(vectors.values()), ()))

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """As `Encoder.encode`, of texts that are known."""
        return np.stack([self._vectors[text] for text in texts])


def fit_reranker(collections: Iterable[tuple[Sequence[KeyRow], Sequence[Asked]]], encoder: Encoder) -> Reranker:
    """Learn how a reranker weighs what articles say.

    Args:
        collections: the keys of each, without similar questions, and what was asked of it.
        encoder: that the keys were encoded by.
    """
    cases = []
    for keys, asked in collections:
        index = SearchIndex.build("", keys)
        for one in asked:
            names, evidence = index.witnesses(one.text, encoder)
            right = np.isin(names, one.articles)
            if right.any():
                cases.append((evidence, right))
    return fit(cases)


def fit_to_similar_questions(
    keys: Sequence[KeyRow], rerankers: Sequence[Reranker | None], folds: int = 5, most: int = 2000, seed: int = 0
) -> list[Fit]:
    """Fit the calibration of collections with similar questions: to those of one, each held out in turn.

    Args:
        keys: of the collection, with questions that nothing in it answers.
        rerankers: that searches may have; each has a fit of its own.
        most: how many questions are asked, drawn by chance.
    """
    encoder = KnownVectors({normalise(key.text): np.frombuffer(key.vector, np.float32) for key in keys})
    questions = [key for key in keys if key.kind == "question"]
    chance = np.random.default_rng(seed)
    fold_of = chance.integers(folds, size=len(questions))
    drawn = set(chance.permutation(len(questions))[:most].tolist())
    asked = []
    for fold in range(folds):
        held = {key.key_id for key, number in zip(questions, fold_of) if number == fold}
        index = SearchIndex.build("", [key for key in keys if key.key_id not in held])
        asked += [(index, _of_key(questions[number])) for number in sorted(drawn) if fold_of[number] == fold]
    return [_fit([_case(index, encoder, one, reranker) for index, one in asked]) for reranker in rerankers]


def _of_key(key: KeyRow) -> Asked:
    return Asked(key.text, key.language, () if key.article_id == UNANSWERABLE else (key.article_id,))


def fit_to_passages(
    collections: Iterable[tuple[Sequence[KeyRow], Sequence[Asked]]], encoder: Encoder, rerankers: Sequence[Reranker | None]
) -> list[Fit]:
    """Fit the calibration of collections without similar questions.

    Args:
        collections: the keys of each, and what was asked of it.
        encoder: that the keys were encoded by.
        rerankers: that searches may have; each has a fit of its own.
    """
    indexes = [(SearchIndex.build("", keys), asked) for keys, asked in collections]
    return [_fit([_case(index, encoder, one, reranker) for index, asked in indexes for one in asked]) for reranker in rerankers]


def as_yaml(rerankers: Mapping[str, Reranker | None], fits: Mapping[str, Sequence[Fit]]) -> str:
    """What `tongshi/knowledge/calibration.yml` says.

    Args:
        rerankers: by name.
        fits: by kind of collection, one for each of the rerankers.
    """
    lines = [
        "# Measured by `tongshi knowledge calibrate`: precision, recall of answerable, abstention from unanswerable questions."
    ]
    for place, (name, reranker) in enumerate(rerankers.items()):
        lines.append(f'"{name}":')  # YAML takes a bare off for false.
        if reranker:
            lines.append(f"  weights: [{', '.join(f'{weight:.4f}' for weight in reranker.weights)}]")
        for kind, found in fits.items():
            one = found[place]
            slopes = ", ".join(f"{slope:.4f}" for slope in one.slopes)
            lines += [
                f"  # {kind}: precision {one.precision:.3f}, recall {one.recall:.3f}, abstention {one.abstention:.3f}",
                f"  {kind}: {{intercept: {one.intercept:.4f}, slopes: [{slopes}], threshold: {one.threshold:.4f}}}",
            ]
    return "\n".join(lines) + "\n"


def _case(index: SearchIndex, encoder: Encoder, asked: Asked, reranker: Reranker | None) -> tuple[tuple[float, ...], bool, bool]:
    """Features of the first hit, whether it is right, and whether there is a right one."""
    ranking = index.rank(asked.text, encoder, asked.language, reranker)
    first = next(place for place in ranking.order if ranking.labels[place] != UNANSWERABLE)
    return ranking.features(first), ranking.labels[first] in asked.articles, bool(asked.articles)


def _fit(cases: Sequence[tuple[tuple[float, ...], bool, bool]]) -> Fit:
    features, right, answerable = (np.array(column) for column in zip(*cases))
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

"""How likely is it that the first hit answers? Learnt from questions whose right article is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from tongshi.knowledge.articles import UNANSWERABLE
from tongshi.knowledge.index import SearchIndex
from tongshi.knowledge.reading import Judge, Reader
from tongshi.knowledge.reranker import Reranker, fit
from tongshi.language.vectors import Encoder, normalise
from tongshi.storage.knowledge import KeyRow

WRONG_COSTS = 1.0
"""How much worse a wrong answer is than none at all, where a right one gains 1."""

WEIGHTS = (0.0, 0.015, 0.03, 0.06, 0.12)
"""Of logits, beside scores of which a tenth is much."""

TOLD = 2
"""Passages that an answer tells of a long article, as a rule."""


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
    """A question and the articles that answer it; none where nothing does.

    Attributes:
        keys: of the passages that answer it, where it is known.
    """

    text: str
    language: str
    articles: tuple[str, ...]
    keys: frozenset[int] = frozenset()


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


class KnownLogits:
    """A judge that reads nothing twice, since fitting asks for the same again and again."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._logits: dict[tuple[str, str], float] = {}

    def scores(self, question: str, passages: Sequence[str]) -> np.ndarray:
        """As `Judge.scores`."""
        fresh = [passage for passage in dict.fromkeys(passages) if (question, passage) not in self._logits]
        if fresh:
            self._logits |= {(question, text): float(one) for text, one in zip(fresh, self._judge.scores(question, fresh))}
        return np.array([self._logits[question, passage] for passage in passages], np.float32)


def fit_reading(
    collections: Sequence[tuple[Sequence[KeyRow], Sequence[Asked]]], encoder: Encoder, reranker: Reranker, judge: Judge
) -> float:
    """Learn what the logits of a cross-encoder weigh beside the scores of a reranker: what tells most questions the right passages.

    Args:
        collections: the keys of each, without similar questions, and what was asked of it.
    """
    indexes = [(SearchIndex.build("", keys), keys, [one for one in asked if one.articles]) for keys, asked in collections]

    def right(weight: float) -> int:
        return sum(
            _case(index, encoder, one, reranker, reader_of(keys, judge, weight))[1]
            for index, keys, asked in indexes
            for one in asked
        )

    return max(WEIGHTS, key=right)


def reader_of(keys: Sequence[KeyRow], judge: Judge, weight: float) -> Reader:
    """What reads the passages of a collection whose keys are at hand."""
    texts = {key.key_id: key.text for key in keys}
    return Reader(judge, lambda wanted: texts, weight)


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
    collections: Iterable[tuple[Sequence[KeyRow], Sequence[Asked]]],
    encoder: Encoder,
    reranker: Reranker | None,
    reading: tuple[Judge, float] | None = None,
) -> Fit:
    """Fit the calibration of collections without similar questions.

    Args:
        collections: the keys of each, and what was asked of it.
        encoder: that the keys were encoded by.
        reranker: that searches have.
        reading: the cross-encoder and the weight of its logits, where passages are read.
    """
    cases = []
    for keys, asked in collections:
        index, reader = SearchIndex.build("", keys), reader_of(keys, *reading) if reading else None
        cases += [_case(index, encoder, one, reranker, reader) for one in asked]
    return _fit(cases)


def as_yaml(settings: Mapping[str, tuple[Mapping[str, object], Mapping[str, Fit]]]) -> str:
    """What `tongshi/knowledge/calibration.yml` says.

    Args:
        settings: by name of the reranker: its weights, and a fit by kind of collection.
    """
    lines = [
        "# Measured by `tongshi knowledge calibrate`: precision, recall of answerable, abstention from unanswerable questions."
    ]
    for name, (weights, fits) in settings.items():
        lines.append(f'"{name}":')  # YAML takes a bare off for false.
        lines += [f"  {what}: {_rounded(value)}" for what, value in weights.items()]
        for kind, one in fits.items():
            lines += [
                f"  # {kind}: precision {one.precision:.3f}, recall {one.recall:.3f}, abstention {one.abstention:.3f}",
                f"  {kind}: {{intercept: {one.intercept:.4f}, slopes: {_rounded(one.slopes)}, threshold: {one.threshold:.4f}}}",
            ]
    return "\n".join(lines) + "\n"


def _rounded(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else f"[{', '.join(f'{one:.4f}' for one in value)}]"


def _case(
    index: SearchIndex, encoder: Encoder, asked: Asked, reranker: Reranker | None, reader: Reader | None = None
) -> tuple[tuple[float, ...], bool, bool]:
    """Features of the first hit, whether it is right, and whether there is a right one."""
    ranking = index.rank(asked.text, encoder, asked.language, reranker, reader)
    first = next(place for place in ranking.order if ranking.labels[place] != UNANSWERABLE)
    label = ranking.labels[first]
    # Of a long article it is the passages told that have to answer.
    told = not asked.keys or not asked.keys.isdisjoint(ranking.read.get(label, sorted(asked.keys))[:TOLD])
    return ranking.features(first), label in asked.articles and told, bool(asked.articles)


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

"""Search in one collection.

Each article is found by its keys: title, passages, similar questions, in all its languages. A question is compared with every key, by sentence vectors
(across languages) and by character n-grams (within one); an article's score is the mean over its best three keys. Where articles have similar
questions, a linear classifier trained on them is heard as well: it learns which words tell one article from its neighbours, which no
similarity does. The score is then turned into the probability that the article answers the question, see `calibration.yml`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import scipy.sparse
import yaml
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from tongshi.knowledge.articles import UNANSWERABLE
from tongshi.language.vectors import Encoder, normalise
from tongshi.storage.knowledge import KeyRow

CALIBRATION = Path(__file__).with_name("calibration.yml")
LEXICAL_WEIGHT = 0.5
BEST_KEYS = 3
CLASSIFIER_WEIGHT = 0.25
_ENOUGH_QUESTIONS = 5


@dataclass(frozen=True)
class Hit:
    """An article that was found.

    Attributes:
        score: probability from 0 to 1 that it answers the question.
        similarity: of its best keys, before calibration.
    """

    article_id: str
    score: float
    similarity: float


@dataclass(frozen=True)
class Calibration:
    """Probability of being right: the logistic function of `intercept + slopes · features`, see `SearchIndex.features`."""

    intercept: float
    slopes: tuple[float, ...]
    threshold: float

    def probability(self, features: Sequence[float]) -> float:
        return float(1 / (1 + np.exp(-(self.intercept + np.dot(self.slopes, features)))))


class SearchIndex:
    """All keys of a collection, in memory; built once a version, see `build`.

    Attributes:
        version: of the collection that it was built from.
    """

    def __init__(
        self,
        version: str,
        labels: list[str],
        key_labels: np.ndarray,
        vectors: np.ndarray,
        vectorizer: TfidfVectorizer,
        ngrams: scipy.sparse.csr_matrix,
        classifier: LinearSVC | None,
        passages_by_key: list[tuple[str, str, str]],
    ) -> None:
        self.version = version
        self._labels = labels
        self._key_labels = key_labels
        self._vectors = vectors
        self._vectorizer = vectorizer
        self._ngrams = ngrams
        self._classifier = classifier
        self._keys = passages_by_key
        # Keys sorted by label, so that each label's keys are one slice.
        self._order = np.argsort(key_labels, kind="stable")
        self._starts = np.searchsorted(key_labels[self._order], np.arange(len(labels)))

    @classmethod
    def build(cls, version: str, keys: Sequence[KeyRow]) -> SearchIndex:
        """Index the keys of a collection.

        Args:
            version: of the collection.
            keys: with vectors of the encoder that questions will be encoded by.
        """
        labels = sorted({key.article_id for key in keys})
        places = {label: place for place, label in enumerate(labels)}
        key_labels = np.array([places[key.article_id] for key in keys], np.int32)
        vectors = np.stack([np.frombuffer(key.vector, np.float32) for key in keys])
        texts = [normalise(key.text) for key in keys]
        vectorizer = TfidfVectorizer(
            analyzer="char_wb",
            ngram_range=(2, 4),
            min_df=min(2, len(texts)),
            sublinear_tf=True,
            lowercase=False,
            dtype=np.float32,
        )
        ngrams = vectorizer.fit_transform(texts)
        questions = np.array([key.kind == "question" for key in keys])
        classifier = None
        counts = np.bincount(key_labels[questions], minlength=len(labels))
        if (counts >= _ENOUGH_QUESTIONS).sum() >= 2:
            classifier = LinearSVC(C=1.0, random_state=0)
            features = scipy.sparse.hstack([ngrams, scipy.sparse.csr_matrix(vectors)], format="csr")
            classifier.fit(features[questions], key_labels[questions])
            classifier.coef_ = classifier.coef_.astype(np.float32)
        return cls(
            version,
            labels,
            key_labels,
            vectors,
            vectorizer,
            ngrams.tocsr(),
            classifier,
            [(k.language, k.kind, k.text) for k in keys],
        )

    @property
    def has_questions(self) -> bool:
        """Whether articles have enough similar questions for a classifier to learn from."""
        return self._classifier is not None

    def rank(self, question: str, encoder: Encoder) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Scores of all labels for a question.

        Returns:
            (scores, similarities, classifier's decision values), each of shape (labels,).
        """
        text = normalise(question)
        vector = encoder.encode([text])[0]
        ngrams = self._vectorizer.transform([text])
        similarity = self._vectors @ vector + LEXICAL_WEIGHT * (self._ngrams @ ngrams.T).toarray()[:, 0]
        ordered = similarity[self._order]
        best = np.array([np.sort(part)[-BEST_KEYS:].mean() for part in np.split(ordered, self._starts[1:])])
        decisions = np.zeros(len(self._labels))
        scores = best.copy()
        if self._classifier is not None:
            features = scipy.sparse.hstack([ngrams, scipy.sparse.csr_matrix(vector[np.newaxis])], format="csr")
            values = self._classifier.decision_function(features)[0]
            decisions = np.full(len(self._labels), values.min())
            if len(self._classifier.classes_) == 2:
                values = np.array([-values, values]) if np.ndim(values) == 0 else values
            decisions[self._classifier.classes_] = values
            scores = best + CLASSIFIER_WEIGHT * decisions
        return scores, best, decisions

    def search(self, question: str, encoder: Encoder, most: int = 5) -> list[Hit]:
        """The best articles for a question, best first.

        The score of the first is calibrated; those of the others keep its distance, so that they are comparable.
        """
        scores, similarities, decisions = self.rank(question, encoder)
        calibration = get_calibration(self.has_questions)
        hits = []
        for place in np.argsort(-scores)[: most + 1]:
            features = self.features(place, scores, similarities, decisions)
            hits.append(Hit(self._labels[place], calibration.probability(features), float(similarities[place])))
        return hits[:most]

    def features(
        self,
        place: int,
        scores: np.ndarray,
        similarities: np.ndarray,
        decisions: np.ndarray,
        allies: Sequence[int] = (),
    ) -> tuple[float, ...]:
        """What tells whether the article at `place` answers.

        Args:
            allies: places of labels that are no rivals of it.

        Returns:
            Its similarity, its decision value, its lead over the next, its lead over the questions known to be unanswerable.
        """
        others = np.delete(scores, [place, *allies])
        lead = float(scores[place] - others.max()) if len(others) else 0.0
        if UNANSWERABLE in self._labels:
            none = self._labels.index(UNANSWERABLE)
            over_none = float(scores[place] - scores[none]) if none != place else 0.0
        else:
            over_none = 0.0
        return float(similarities[place]), float(decisions[place]), lead, over_none

    @property
    def labels(self) -> list[str]:
        return self._labels

    def best_passage(self, article_id: str, question: str, encoder: Encoder, language: str) -> str | None:
        """Of an article's passages, in a language, the one nearest to a question; None where it has none in it."""
        label = self._labels.index(article_id)
        places = [
            place
            for place in np.flatnonzero(self._key_labels == label)
            if self._keys[place][0] == language and self._keys[place][1] == "passage"
        ]
        if not places:
            return None
        text = normalise(question)
        similarity = self._vectors[places] @ encoder.encode([text])[0]
        similarity += LEXICAL_WEIGHT * (self._ngrams[places] @ self._vectorizer.transform([text]).T).toarray()[:, 0]
        return self._keys[places[int(similarity.argmax())]][2]

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        joblib.dump(self, partial)
        partial.replace(path)


def get_calibration(has_questions: bool) -> Calibration:
    """How scores become probabilities, for collections with and without similar questions."""
    return _calibrations()["questions" if has_questions else "passages"]


_loaded: dict[str, Calibration] = {}


def _calibrations() -> dict[str, Calibration]:
    if not _loaded:
        for name, values in yaml.safe_load(CALIBRATION.read_text("utf-8")).items():
            _loaded[name] = Calibration(values["intercept"], tuple(values["slopes"]), values["threshold"])
    return _loaded

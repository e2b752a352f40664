"""Search in one collection.

Each article is found by its keys: title, passages, similar questions, in all its languages. A question is compared with every key, by
sentence vectors (across languages) and by character n-grams (within one); an article's score is the mean over its best keys. Where articles
have similar questions, a linear classifier trained on them is heard as well: it learns which words tell one article from its neighbours,
which no similarity does. The first are looked at again by what they themselves say, see `reranker`. The score is then turned into the probability that the article answers the question, see `calibration.yml`.

In a large collection only candidates are compared: the nearest keys, see `neighbours`, and the best by BM25 over words (Robertson et al. 1995),
so that the work grows slower than the collection.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

import bm25s
import joblib
import numpy as np
import scipy.sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from tongshi.errors import Unavailable
from tongshi.files import read_yaml
from tongshi.knowledge.articles import UNANSWERABLE
from tongshi.knowledge.neighbours import Graph, Neighbours
from tongshi.knowledge.reading import ARTICLES, EACH, Reader
from tongshi.knowledge.reranker import BEST_KEYS, FIRST, Reranker, best_means, evidence, trust, trust_in_likeness
from tongshi.language.segment import terms
from tongshi.language.vectors import Encoder, normalise
from tongshi.storage.knowledge import KeyRow

CALIBRATION = Path(__file__).with_name("calibration.yml")
LEXICAL_WEIGHT = 0.5
CLASSIFIER_WEIGHT = 0.25
LARGE = 40_000
"""Keys from which candidates are looked for and no classifier is trained; up to it both are fast enough: 25 s of a core to build 21,000."""

CANDIDATES = 150
"""Keys that the neighbours and BM25 give each."""

GRAPH = ".usearch"
"""Ending of the file that keeps the graph of neighbours beside an index."""

_ENOUGH_QUESTIONS = 5
_MOST_NGRAMS = 200_000


@dataclass(frozen=True)
class Calibration:
    """Probability of being right: the logistic function of `intercept + slopes · features`, see `Ranking.features`."""

    intercept: float
    slopes: tuple[float, ...]
    threshold: float

    def probability(self, features: Sequence[float]) -> float:
        return float(1 / (1 + np.exp(-(self.intercept + np.dot(self.slopes, features)))))


@dataclass
class Ranking:
    """How well articles fit a question.

    Attributes:
        labels: ids of the articles that were compared.
        scores: of each label; by them they are ranked.
        similarities: means over the best keys of each.
        closeness: of the best key of each, 1 where it is the question itself.
        decisions: values of the classifier, or what the reader said where it has read; zero where there is neither.
        read: keys of the passages that were read, best first, by label.
    """

    labels: list[str]
    scores: np.ndarray
    similarities: np.ndarray
    closeness: np.ndarray
    decisions: np.ndarray
    read: dict[str, list[int]] = field(default_factory=dict)

    @property
    def order(self) -> np.ndarray:
        """Places of the labels, best first."""
        return np.argsort(-self.scores, kind="stable")

    def places(self, wanted: Callable[[str], bool]) -> list[int]:
        """Places of the labels for which `wanted` is true."""
        return [place for place, label in enumerate(self.labels) if wanted(label)]

    def put_first(self, places: np.ndarray, scores: np.ndarray) -> None:
        """Give articles new scores; the others stay behind them, in their order."""
        others = np.delete(np.arange(len(self.labels)), places)
        if len(others):
            self.scores[others] -= max(0.0, self.scores[others].max() - scores.min())
        self.scores[places] = scores

    def features(self, place: int) -> tuple[float, ...]:
        """What tells whether the article at `place` answers.

        Returns:
            Its similarity, its decision value, its lead over the next, its lead over the questions known to be unanswerable.
        """
        others = np.delete(self.scores, place)
        lead = float(self.scores[place] - others.max()) if len(others) else 0.0
        none = self.labels.index(UNANSWERABLE) if UNANSWERABLE in self.labels else place
        over_none = float(self.scores[place] - self.scores[none])
        return float(self.similarities[place]), float(self.decisions[place]), lead, over_none


@dataclass(frozen=True)
class _Keys:
    """What is known of each key; rows of all fields go together.

    Attributes:
        ids: of the database, ascending, shape (keys,).
        names: ids of the articles.
        labels: places of their articles' ids in `names`, shape (keys,).
        passages, questions: whether a key is a passage, a similar question, shape (keys,); else it is a title.
        languages: two letters each, shape (keys,).
        vectors: shape (keys, dimensions), float32.
        ngrams: shape (keys, n-grams).
    """

    ids: np.ndarray
    names: list[str]
    labels: np.ndarray
    passages: np.ndarray
    questions: np.ndarray
    languages: np.ndarray
    vectors: np.ndarray
    ngrams: scipy.sparse.csr_matrix

    def at(self, rows: np.ndarray) -> _Keys:
        """The keys of some rows, in that order."""
        columns = (column[rows] for column in (self.passages, self.questions, self.languages, self.vectors, self.ngrams))
        return _Keys(self.ids[rows], self.names, self.labels[rows], *columns)


class _Asked(NamedTuple):
    """A question as it is compared."""

    vector: np.ndarray
    ngrams: scipy.sparse.csr_matrix


class SearchIndex:
    """All keys of a collection, at one version of it.

    Attributes:
        version: of the collection.
        stale: whether it was brought up to date in haste: what is learnt from all keys together is of an earlier version.
    """

    def __init__(
        self,
        version: str,
        keys: _Keys,
        vectorizer: TfidfVectorizer,
        classifier: tuple[LinearSVC, list[str]] | None,
        candidates: _Candidates | None,
        *,
        stale: bool = False,
    ) -> None:
        self.version = version
        self.stale = stale
        self._keys = keys
        self._vectorizer = vectorizer
        self._classifier = classifier
        self._candidates = candidates
        # Of keys that are newer than the candidates' lists nothing is known, so all of them are compared.
        self._fresh = np.flatnonzero(~np.isin(keys.ids, candidates.ids)) if candidates else None

    @classmethod
    def build(
        cls, version: str, rows: Sequence[KeyRow], *, large: int = LARGE, neighbours: Neighbours | None = None
    ) -> SearchIndex:
        """Index the keys of a collection.

        Args:
            version: of the collection.
            rows: with vectors of the encoder that questions will be encoded by.
            large: keys from which candidates are looked for.
            neighbours: that processes share, by which candidates are looked for in a collection of any size.
        """
        rows = sorted(rows, key=lambda row: row.key_id)
        texts = [normalise(row.text) for row in rows]
        vectorizer = TfidfVectorizer(
            analyzer="char_wb",
            ngram_range=(2, 4),
            min_df=min(2, len(texts)),
            max_features=_MOST_NGRAMS,
            sublinear_tf=True,
            lowercase=False,
            dtype=np.float32,
        )
        keys = _keys(rows, vectorizer.fit_transform(texts))
        candidates = None
        if neighbours or len(rows) >= large:
            words = [terms(row.text, row.language) for row in rows]
            candidates = _Candidates(keys.ids, words, neighbours or Graph(keys.ids, keys.vectors))
        return cls(version, keys, vectorizer, _classifier(keys), candidates)

    @property
    def key_ids(self) -> np.ndarray:
        """Ids of the keys, ascending."""
        return self._keys.ids

    @property
    def dimensions(self) -> int:
        """Of the keys' vectors."""
        return self._keys.vectors.shape[1]

    @property
    def has_questions(self) -> bool:
        """Whether articles have enough similar questions for a classifier to learn from."""
        return self._classifier is not None

    def updated(self, version: str, added: Sequence[KeyRow], kept: np.ndarray) -> SearchIndex:
        """The index of a later version, at once: what is learnt from all keys together stays as it is.

        Args:
            added: keys that are new.
            kept: ids of those that were there and still are, ascending.
        """
        old, rows = self._keys, np.searchsorted(self._keys.ids, kept)
        fresh = sorted(added, key=lambda row: row.key_id)
        ngrams = self._vectorizer.transform([normalise(row.text) for row in fresh]) if fresh else None
        new = _keys(fresh, ngrams, old.vectors.shape[1])
        names = sorted({*(old.names[label] for label in np.unique(old.labels[rows])), *new.names})
        places = {name: place for place, name in enumerate(names)}
        labels = [*(places[old.names[label]] for label in old.labels[rows]), *(places[new.names[label]] for label in new.labels)]
        parts = [old.ngrams[rows], *([new.ngrams] if fresh else [])]
        keys = _Keys(
            np.concatenate([old.ids[rows], new.ids]),
            names,
            np.array(labels, np.int32),
            np.concatenate([old.passages[rows], new.passages]),
            np.concatenate([old.questions[rows], new.questions]),
            np.concatenate([old.languages[rows], new.languages]),
            np.concatenate([old.vectors[rows], new.vectors]),
            scipy.sparse.vstack(parts, format="csr"),
        )
        if not (np.diff(keys.ids) > 0).all():
            # An article whose time has come brings keys that are older than others.
            keys = keys.at(np.argsort(keys.ids))
        return SearchIndex(version, keys, self._vectorizer, self._classifier, self._candidates, stale=True)

    def take_effect(self) -> None:
        """Bring the neighbours into step; to be called of the index that is searched from now on."""
        if self._candidates:
            self._candidates.neighbours.sync(self._keys.ids, self._keys.vectors)

    def rank(
        self,
        question: str,
        encoder: Encoder,
        language: str = "en",
        reranker: Reranker | None = None,
        reader: Reader | None = None,
    ) -> Ranking:
        """How well articles fit a question; in a large collection only those that come into question.

        Args:
            language: of the question, for its words.
            reranker: looks at the first again; None where they stay as they are.
            reader: reads the first of these; not heard without a reranker, nor where similar questions tell articles apart.
        """
        keys = self._keys
        asked = self._asked(question, encoder)
        chosen = self._chosen(asked.vector, question, language)
        labels = keys.labels if chosen is None else keys.labels[chosen]
        cosines, lexical = self._compared(chosen, asked)
        places, best, closest = best_means(labels, cosines + lexical, BEST_KEYS)
        decisions = self._decisions(places, asked.vector, asked.ngrams)
        scores = best + CLASSIFIER_WEIGHT * decisions
        ranking = Ranking([keys.names[place] for place in places], scores, best, closest / (1 + LEXICAL_WEIGHT), decisions)
        if reranker and len(places):
            first = np.sort(ranking.order[:FIRST])
            rows = self._texts_of(places[first])
            compared = (cosines[rows], lexical[rows]) if chosen is None else self._compared(rows, asked)
            self._look_again(ranking, first, reranker, self._evidence(places[first], rows, *compared))
            if reader and not self.has_questions:
                self._read(ranking, places, question, reader, rows, sum(compared))
        return ranking

    def _asked(self, question: str, encoder: Encoder) -> _Asked:
        text = normalise(question)
        return _Asked(encoder.encode([text])[0], self._vectorizer.transform([text]))

    def _compared(self, rows: np.ndarray | None, asked: _Asked) -> tuple[np.ndarray, np.ndarray]:
        """Cosines of keys with a question, and how alike they are by n-grams, weighed; of all keys where no rows are given."""
        vectors, ngrams = self._keys.vectors, self._keys.ngrams
        if rows is not None:
            vectors, ngrams = vectors[rows], ngrams[rows]
        return vectors @ asked.vector, LEXICAL_WEIGHT * (ngrams @ asked.ngrams.T).toarray()[:, 0]

    def _look_again(self, ranking: Ranking, first: np.ndarray, reranker: Reranker, said: np.ndarray) -> None:
        """Score the first articles of a ranking anew; the others stay behind them, in their order."""
        trusted = max(self._trust, trust_in_likeness(float(ranking.closeness.max())))
        similarities = reranker.scores(said, ranking.similarities[first], trusted)
        scores = similarities + trusted * CLASSIFIER_WEIGHT * ranking.decisions[first]
        ranking.put_first(first, scores)
        ranking.similarities[first] = similarities

    def _read(
        self, ranking: Ranking, places: np.ndarray, question: str, reader: Reader, rows: np.ndarray, values: np.ndarray
    ) -> None:
        """Have the best passages of the first articles read.

        Args:
            places: of the ranking's labels.
            rows: of titles and passages, with their `values`.
        """
        first = ranking.order[:ARTICLES]
        chosen = [self._to_be_read(places[place], rows, values) for place in first]
        logits = iter(reader.scores(question, [pair for pairs in chosen for pair in pairs]))
        # What has nothing to be read, as what nothing answers, is as likely as that none of the others answers.
        said = np.zeros(len(first))
        for number, (place, pairs) in enumerate(zip(first, chosen)):
            by_key = {passage: float(next(logits)) for _, passage in pairs}
            if by_key:
                said[number] = max(by_key.values())
                ranking.read[ranking.labels[place]] = sorted(by_key, key=lambda key: -by_key[key])
        ranking.decisions[:] = said.min()
        ranking.decisions[first] = said
        ranking.put_first(first, ranking.scores[first] + reader.weight * said)

    def _to_be_read(self, label: int, rows: np.ndarray, values: np.ndarray) -> list[tuple[int | None, int]]:
        """Keys of the title and the passage of the best passages of an article; of the title alone where it has none."""
        keys = self._keys
        mine = keys.labels[rows] == label
        rows, values = rows[mine], values[mine]
        titles = {str(keys.languages[row]): int(keys.ids[row]) for row in rows[~keys.passages[rows]]}
        best = [row for row in rows[np.argsort(-values, kind="stable")] if keys.passages[row]][:EACH]
        return [(titles.get(str(keys.languages[row])), int(keys.ids[row])) for row in best] or [
            (None, title) for title in titles.values()
        ]

    def witnesses(self, question: str, encoder: Encoder) -> tuple[list[str], np.ndarray]:
        """All articles that have a title or passages, and what these say to a question, see `reranker.evidence`."""
        places = np.unique(self._texts[1])
        rows = self._texts_of(places)
        said = self._evidence(places, rows, *self._compared(rows, self._asked(question, encoder)))
        return [self._keys.names[place] for place in places], said

    def _evidence(self, places: np.ndarray, rows: np.ndarray, cosines: np.ndarray, lexical: np.ndarray) -> np.ndarray:
        keys = self._keys
        return evidence(places, keys.labels[rows], ~keys.passages[rows], keys.languages[rows], cosines, lexical)

    def _texts_of(self, places: np.ndarray) -> np.ndarray:
        """Rows of the titles and passages of articles."""
        rows, labels = self._texts
        ends = zip(np.searchsorted(labels, places, "left"), np.searchsorted(labels, places, "right"))
        return np.concatenate([rows[start:end] for start, end in ends])

    @cached_property
    def _texts(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows of all titles and passages by article, and the articles' places."""
        rows = np.flatnonzero(~self._keys.questions)
        rows = rows[np.argsort(self._keys.labels[rows], kind="stable")]
        return rows, self._keys.labels[rows]

    @cached_property
    def _places(self) -> dict[str, int]:
        """Places of the articles' ids in `names`."""
        return {name: place for place, name in enumerate(self._keys.names)}

    @cached_property
    def _trust(self) -> float:
        """How far similar questions are to be trusted."""
        labels = self._keys.labels[self._keys.questions]
        return trust(len(labels), len(np.unique(labels)))

    def _chosen(self, vector: np.ndarray, question: str, language: str) -> np.ndarray | None:
        """Rows of the keys to be compared; None for all, which takes longer and finds the same."""
        if self._candidates is None:
            return None
        try:
            ids = self._candidates.find(vector, terms(question, language))
        except Unavailable:
            return None
        rows = np.searchsorted(self._keys.ids, ids)
        known = rows < len(self._keys.ids)
        rows, ids = rows[known], ids[known]
        return np.union1d(rows[self._keys.ids[rows] == ids], self._fresh)

    def _decisions(self, places: np.ndarray, vector: np.ndarray, ngrams: scipy.sparse.csr_matrix) -> np.ndarray:
        if self._classifier is None:
            return np.zeros(len(places))
        machine, names = self._classifier
        values = machine.decision_function(
            scipy.sparse.hstack([ngrams, scipy.sparse.csr_matrix(vector[np.newaxis])], format="csr")
        )[0]
        if len(names) == 2:
            values = np.array([-values, values])
        # Of an article that is newer than the classifier nothing is known; one without questions is what it is least sure of.
        known = dict(zip(names, values))
        unknown = float((values.max() + values.min()) / 2 if self.stale else values.min())
        return np.array([known.get(self._keys.names[place], unknown) for place in places])

    def nearest_passages(self, article_id: str, question: str, encoder: Encoder, language: str) -> list[int]:
        """Keys of an article's passages in a language, the nearest to a question first."""
        keys = self._keys
        if article_id not in self._places:
            return []
        rows = self._texts_of(np.array([self._places[article_id]]))
        rows = rows[keys.passages[rows] & (keys.languages[rows] == language)]
        if not len(rows):
            return []
        text = normalise(question)
        similarity = keys.vectors[rows] @ encoder.encode([text])[0]
        similarity += LEXICAL_WEIGHT * (keys.ngrams[rows] @ self._vectorizer.transform([text]).T).toarray()[:, 0]
        return [int(keys.ids[rows[place]]) for place in np.argsort(-similarity, kind="stable")]

    def save(self, path: Path) -> None:
        """Write the index so that `load` can map it into memory."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if self._candidates and isinstance(self._candidates.neighbours, Graph):
            _write(path.with_suffix(GRAPH), self._candidates.neighbours.save)
        _write(path, lambda partial: joblib.dump(self, partial))

    @staticmethod
    def load(path: Path, neighbours: Neighbours | None = None) -> SearchIndex:
        """An index that was saved; its arrays are read from disk as they are needed.

        Args:
            neighbours: that processes share, where it was built with such.
        """
        index = joblib.load(path, mmap_mode="r")
        if candidates := index._candidates:
            candidates.neighbours = neighbours or Graph.load(path.with_suffix(GRAPH), candidates.ids)
        return index


class _Candidates:
    """Finds keys that a question may mean, without looking at all.

    Args:
        ids: of all keys at the time.
        words: terms of all keys.
        neighbours: of them.
    """

    def __init__(self, ids: np.ndarray, words: Sequence[list[str]], neighbours: Neighbours) -> None:
        self.ids = ids
        self.neighbours = neighbours
        self._bm25 = bm25s.BM25()
        self._bm25.index(list(words), show_progress=False)

    def find(self, vector: np.ndarray, words: Sequence[str]) -> np.ndarray:
        """Ids of keys: the nearest, and those that say the same words."""
        near = self.neighbours.search(vector, CANDIDATES)
        known = [word for word in words if word in self._bm25.vocab_dict]
        if not known:
            return near
        worded, scores = self._bm25.retrieve([known], k=min(CANDIDATES, len(self.ids)), show_progress=False)
        return np.union1d(near, self.ids[worded[0][scores[0] > 0]])

    def __getstate__(self) -> dict:
        return {**self.__dict__, "neighbours": None}


def _write(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file that others see whole or not at all, whoever writes it at the same time."""
    partial = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    write(partial)
    partial.replace(path)


def _keys(rows: Sequence[KeyRow], ngrams: scipy.sparse.csr_matrix | None, dimensions: int = 0) -> _Keys:
    names = sorted({row.article_id for row in rows})
    places = {name: place for place, name in enumerate(names)}
    vectors = np.empty((len(rows), len(rows[0].vector) // 4 if rows else dimensions), np.float32)
    for place, row in enumerate(rows):
        vectors[place] = np.frombuffer(row.vector, np.float32)
    return _Keys(
        np.array([row.key_id for row in rows], np.int64),
        names,
        np.array([places[row.article_id] for row in rows], np.int32),
        np.array([row.kind == "passage" for row in rows], bool),
        np.array([row.kind == "question" for row in rows], bool),
        np.array([row.language for row in rows], "<U2"),
        vectors,
        ngrams.tocsr() if ngrams is not None else scipy.sparse.csr_matrix((0, 0), dtype=np.float32),
    )


def _classifier(keys: _Keys) -> tuple[LinearSVC, list[str]] | None:
    counts = np.bincount(keys.labels[keys.questions], minlength=len(keys.names))
    if (counts >= _ENOUGH_QUESTIONS).sum() < 2 or len(keys.labels) >= LARGE:
        return None
    features = scipy.sparse.hstack([keys.ngrams, scipy.sparse.csr_matrix(keys.vectors)], format="csr")
    machine = LinearSVC(C=1.0, random_state=0).fit(features[keys.questions], keys.labels[keys.questions])
    machine.coef_ = machine.coef_.astype(np.float32)
    return machine, [keys.names[label] for label in machine.classes_]


@lru_cache(maxsize=1)
def _calibrations() -> dict:
    return read_yaml(CALIBRATION)


def get_calibration(has_questions: bool, reranker: str = "linear") -> Calibration:
    """How scores become probabilities, for collections with and without similar questions.

    Args:
        reranker: `cross`, `linear` or `off`, as the settings say.
    """
    # Where there are similar questions nothing is read.
    name = "linear" if has_questions and reranker == "cross" else reranker
    values = _calibrations()[name]["questions" if has_questions else "passages"]
    return Calibration(values["intercept"], tuple(values["slopes"]), values["threshold"])


def get_reranker(name: str) -> Reranker | None:
    """The reranker of that name; None for `off`."""
    return Reranker(tuple(_calibrations()["linear"]["weights"])) if name != "off" else None


def get_reader(name: str, texts: Callable[[Sequence[int]], Mapping[int, str]]) -> Reader | None:
    """What reads passages where the reranker of that name is `cross`; else None.

    Args:
        texts: of keys, by id.
    """
    if name != "cross":
        return None
    from tongshi.language.cross import get_cross_encoder

    return Reader(get_cross_encoder(), texts, _calibrations()["cross"]["weight"])

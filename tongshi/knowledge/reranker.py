"""A second look at the articles that search puts first, without another encoding.

Similar questions tell an article from its neighbours where there are many. Where there are few or none, what an article itself says has to
do, and its title and each of its passages in each language are a witness of their own. The reranker weighs them: a linear ranking model
whose weights are learnt from invented businesses (`tongshi knowledge calibrate`), by the likelihood that the right article is chosen (Luce
1959; listwise as in Cao et al. 2007).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

FIRST = 20
"""Articles that are looked at again."""

FEW = 40.0
"""Similar questions an article from which they count for more than what the articles themselves say."""

ALIKE = 0.6
"""Closeness from which a question and a key say much the same."""

BEST_KEYS = 3
MOST_KEYS = 9
"""Keys whose mean counts for a whole article in all its languages."""

_RIDGE = 1e-3


@dataclass(frozen=True)
class Reranker:
    """The linear ranking model.

    Attributes:
        weights: of what `evidence` gives, adding up to 1, so that scores stay on the scale of similarities.
    """

    weights: tuple[float, ...]

    def scores(self, evidence: np.ndarray, by_questions: np.ndarray, trust: float) -> np.ndarray:
        """How well articles fit a question, shape (articles,).

        Args:
            evidence: of each article; NaN where it has neither title nor passage.
            by_questions: how well all their keys fit, similar questions among them.
            trust: share of the latter, from 0 to 1, see `trust`.
        """
        own = evidence @ np.array(self.weights)
        known = ~np.isnan(own)
        # An article that has nothing but questions is taken for as near as they say, on the scale of the others.
        scale = own[known].sum() / by_questions[known].sum() if known.any() and by_questions[known].sum() > 0 else 1.0
        own = np.where(known, own, by_questions * scale)
        return (1 - trust) * own + trust * by_questions


def trust(questions: int, articles: int) -> float:
    """How far similar questions are to be trusted, from 0 to 1, in a collection that has so many for so many articles."""
    each = questions / articles if articles else 0.0
    return each / (each + FEW)


def trust_in_likeness(closeness: float) -> float:
    """How far a key is to be trusted, from 0 to 1, because the question says the same; 1 where it is the question itself."""
    return max(0.0, (closeness - ALIKE) / (1 - ALIKE))


def evidence(
    articles: np.ndarray,
    labels: np.ndarray,
    titles: np.ndarray,
    languages: np.ndarray,
    cosines: np.ndarray,
    lexical: np.ndarray,
) -> np.ndarray:
    """What an article's titles and passages say, shape (articles, 5): the best by cosine and words, title, passage, passages, all.

    Each language is heard once, by the title and by the best passage of it: an article says the same in all of them, while a long one has
    many passages of which a question concerns one.

    Args:
        articles: numbers of the articles, ascending.
        labels: of each key, the number of its article.
        titles: whether each is a title; else it is a passage.
        languages: of each, two letters.
        cosines: of each with the question.
        lexical: the same by words, weighed.
    """
    heard = _best_of_each(labels, titles, languages, cosines + lexical)
    labels, titles, cosines, lexical = labels[heard], titles[heard], cosines[heard], lexical[heard]
    title, passage = (_means(articles, labels[kind], cosines[kind], 1) for kind in (titles, ~titles))
    passages = _means(articles, labels[~titles], cosines[~titles], MOST_KEYS)
    columns = (
        _means(articles, labels, cosines + lexical, BEST_KEYS),
        np.where(np.isnan(title), passage, title),
        np.where(np.isnan(passage), title, passage),
        np.where(np.isnan(passages), title, passages),
        _means(articles, labels, cosines, MOST_KEYS),
    )
    return np.stack(columns, 1)


def _best_of_each(labels: np.ndarray, titles: np.ndarray, languages: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Rows of the titles, and of that passage of each article and language which has the highest value, ascending."""
    order = np.lexsort((-values, languages, labels, titles))
    same = (
        (np.diff(labels[order]) == 0)
        & (languages[order][1:] == languages[order][:-1])
        & (np.diff(titles[order].astype(int)) == 0)
    )
    first = np.concatenate([[True], ~same])[: len(order)]
    return np.sort(order[first | titles[order]])


def _means(articles: np.ndarray, labels: np.ndarray, values: np.ndarray, most: int) -> np.ndarray:
    """Of each article the mean over its best keys; NaN where it has none."""
    found = np.full(len(articles), np.nan)
    if len(labels):
        places, means, _ = best_means(labels, values, most)
        found[np.searchsorted(articles, places)] = means
    return found


def best_means(labels: np.ndarray, values: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each label that occurs, ascending, the mean over its `most` highest values, and the highest of them."""
    order = np.lexsort((-values, labels))
    labels, values = labels[order], values[order]
    places, starts, counts = np.unique(labels, return_index=True, return_counts=True)
    rank = np.arange(len(labels)) - np.repeat(starts, counts)
    sums = np.add.reduceat(np.where(rank < most, values, 0), starts)
    return places, sums / np.minimum(counts, most), values[starts]


def fit(cases: Sequence[tuple[np.ndarray, np.ndarray]]) -> Reranker:
    """Learn the weights.

    Args:
        cases: of each question the evidence of the articles, and which of them are right, as booleans; one at least.
    """

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        total, gradient = 0.0, np.zeros_like(weights)
        for features, right in cases:
            logits = features @ weights
            all_of_them, right_ones = logsumexp(logits), logsumexp(logits[right])
            total += all_of_them - right_ones
            gradient += np.exp(logits - all_of_them) @ features - np.exp(logits[right] - right_ones) @ features[right]
        return total / len(cases) + _RIDGE * weights @ weights, gradient / len(cases) + 2 * _RIDGE * weights

    weights = minimize(loss, np.zeros(cases[0][0].shape[1]), jac=True, method="L-BFGS-B").x
    return Reranker(tuple(float(weight) for weight in weights / weights.sum()))

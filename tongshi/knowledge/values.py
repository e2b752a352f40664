"""How customers call the values of a slot, as vectors: kept on disk, since to encode them takes seconds a language."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from tongshi.files import read_yaml
from tongshi.knowledge.products import synonyms
from tongshi.language.vectors import VectorCache, get_encoder, normalise
from tongshi.settings import LANGUAGES, get_settings

SEAL = "seal"
"""The slot of the question whether a seal is unbroken: `sealed` or `opened` is what is answered."""
REASON = "reason"
"""The slot of why something is sent back."""
NEITHER = "neither"
"""The label of what says nothing of a slot."""
_NAMED = (REASON, "resolution", "product")
"""Slots whose values customers call by names of their own."""
_TOLD = (SEAL, REASON)
"""Slots whose values customers tell in whole sentences; data/catalogue/seal.yml and reason.yml have some, by what they tell."""
FEWEST = 3
"""Phrases that a value has at least, for nearness to them to mean anything."""
_NEITHER, _CLEAR_STATE = 0.5, 0.75
"""Probability from which an answer about a seal says neither how it is, and share of the rest from which it says one of both."""
_CLEAR_REASON = 0.6
"""Probability from which a reason is told; tests/knowledge/test_values.py has how often it is then the right one."""
_C = 10
"""Inverse strength of the regularisation of linear models: with more of it fewer answers about a seal are told, with less fewer rightly."""


@lru_cache(maxsize=64)
def value_vectors(slot: str, language: str) -> dict[str, np.ndarray]:
    """Vectors of what customers call each value of a slot; values with but a few phrases are left out.

    Args:
        slot: e.g. `reason`.
        language: whose phrases.

    Returns:
        By value, vectors of length one of the encoder of search, of shape (phrases, dimensions).
    """
    return _by_value(synonyms(get_settings().data, slot, [language]))


@lru_cache(maxsize=64)
def told_vectors(slot: str, language: str) -> dict[str, np.ndarray]:
    """Vectors of what customers say when they tell the value of a slot, by value, and of what says nothing of it, by `NEITHER`.

    Args:
        slot: `SEAL` or `REASON`.
        language: whose sentences.

    Returns:
        Vectors of length one of the encoder of search, of shape (sentences, dimensions).
    """
    told = read_yaml(_sentences(slot))[language]
    return _by_value((text, value) for value, texts in told.items() for text in texts)


def _sentences(slot: str) -> Path:
    return get_settings().data / "catalogue" / f"{slot}.yml"


def _by_value(said: Iterable[tuple[str, str]]) -> dict[str, np.ndarray]:
    """Vectors of pairs of phrase and value."""
    phrases: dict[str, list[str]] = {}
    for phrase, value in said:
        phrases.setdefault(value, []).append(normalise(phrase))
    return {value: directions(_kept().encode(some)) for value, some in phrases.items() if len(some) >= FEWEST}


@dataclass(frozen=True)
class LinearModel:
    """Probabilities of labels from the direction of a vector.

    Attributes:
        labels: as many as `weights` has rows.
        weights: of shape (labels, dimensions).
        offsets: of shape (labels,).
    """

    labels: tuple[str, ...]
    weights: np.ndarray
    offsets: np.ndarray

    def chances(self, vector: np.ndarray) -> dict[str, float]:
        """The probability of each label.

        Args:
            vector: of length one.
        """
        logits = self.weights @ vector + self.offsets
        shares = np.exp(logits - logits.max())
        return dict(zip(self.labels, map(float, shares / shares.sum()), strict=True))


def seal_told(likely: Mapping[str, float]) -> str | None:
    """What an answer says of a seal.

    Args:
        likely: the probability of each label of the model of `SEAL`.

    Returns:
        `sealed`, `opened`, or `unclear` where it is one of both; None where it says neither.
    """
    if likely[NEITHER] >= _NEITHER:
        return None
    state = max(("sealed", "opened"), key=likely.__getitem__)
    return state if likely[state] >= _CLEAR_STATE * (1 - likely[NEITHER]) else "unclear"


def reason_told(likely: Mapping[str, float]) -> str | None:
    """Which reason a sentence tells; None where it tells none, or not clearly.

    Args:
        likely: the probability of each label of the model of `REASON`.
    """
    reason = max(likely, key=likely.__getitem__)
    return reason if reason != NEITHER and likely[reason] >= _CLEAR_REASON else None


@lru_cache(maxsize=2)
def told_model(slot: str) -> LinearModel:
    """Tells the value of a slot from what customers say, or `NEITHER`; kept on disk, since to fit it takes seconds.

    Nearness does not tell: "haven't opened it" lies next to "opened it". A linear model learns what sets them apart; tests/knowledge/test_values.py
    has how well, of sentences that it has not seen.

    Args:
        slot: `SEAL` or `REASON`.
    """
    path = model_path(slot)
    if not path.exists():
        _fit(slot, path)
    with np.load(path) as kept:
        return LinearModel(tuple(map(str, kept["labels"])), kept["weights"], kept["offsets"])


def model_path(slot: str) -> Path:
    """Where the linear model of a slot is kept, with the encoder and the sentences that it is learnt from in its name."""
    settings = get_settings()
    words = _sentences(slot).read_bytes()
    return settings.home / "vectors" / f"{slot}-{hashlib.sha256(settings.encoder.encode() + words).hexdigest()[:12]}.npz"


def _fit(slot: str, path: Path) -> None:
    told = [(value, rows) for language in LANGUAGES for value, rows in told_vectors(slot, language).items()]
    model = fit_linear(np.concatenate([rows for _, rows in told]), [value for value, rows in told for _ in rows])
    path.parent.mkdir(parents=True, exist_ok=True)
    for old in path.parent.glob(f"{slot}-*.npz"):
        old.unlink(missing_ok=True)
    # Another process may fit it at the same time.
    partial = path.with_name(f"part-{os.getpid()}-{path.name}")
    np.savez(partial, labels=model.labels, weights=model.weights, offsets=model.offsets)
    partial.replace(path)


def fit_linear(vectors: np.ndarray, labels: Sequence[str]) -> LinearModel:
    """Learn which directions have which label, by logistic regression.

    Args:
        vectors: of length one, of shape (n, dimensions).
        labels: of each, three or more different ones.
    """
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=_C, max_iter=1000).fit(vectors, labels)
    return LinearModel(tuple(map(str, fitted.classes_)), fitted.coef_, fitted.intercept_)


def encode_values() -> None:
    """Encode the phrases of all languages that have not been before, so that no customer waits for it."""
    for language in track(LANGUAGES, "What customers call things", console=Console(stderr=True), transient=True):
        for slot in _NAMED:
            value_vectors(slot, language)
    for slot in _TOLD:
        told_model(slot)


def directions(vectors: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Vectors at length one, of shape (n, dimensions)."""
    found = np.asarray(vectors, np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@lru_cache(maxsize=1)
def _kept() -> VectorCache:
    return VectorCache(get_encoder(get_settings().encoder), get_settings().home / "vectors")

"""How customers call the values of a slot, as vectors: kept on disk, since to encode them takes seconds a language."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from rich.console import Console
from rich.progress import track

from tongshi.knowledge.products import synonyms
from tongshi.language.vectors import VectorCache, get_encoder, normalise
from tongshi.settings import LANGUAGES, get_settings

TOLD = ("reason", "resolution", "product")
"""Slots whose values customers tell in words of their own."""
FEWEST = 3
"""Phrases that a value has at least, for nearness to them to mean anything."""


@lru_cache(maxsize=64)
def value_vectors(slot: str, language: str) -> dict[str, np.ndarray]:
    """Vectors of what customers call each value of a slot; values with but a few phrases are left out.

    Args:
        slot: e.g. `reason`.
        language: whose phrases.

    Returns:
        By value, vectors of length one of the encoder of search, of shape (phrases, dimensions).
    """
    phrases: dict[str, list[str]] = {}
    for phrase, value in synonyms(get_settings().data, slot, [language]):
        phrases.setdefault(value, []).append(normalise(phrase))
    return {value: directions(_kept().encode(some)) for value, some in phrases.items() if len(some) >= FEWEST}


def encode_values() -> None:
    """Encode the phrases of all languages that have not been before, so that no customer waits for it."""
    for language in track(LANGUAGES, "What customers call things", console=Console(stderr=True), transient=True):
        for slot in TOLD:
            value_vectors(slot, language)


def directions(vectors: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Vectors at length one, of shape (n, dimensions)."""
    found = np.asarray(vectors, np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@lru_cache(maxsize=1)
def _kept() -> VectorCache:
    return VectorCache(get_encoder(get_settings().encoder), get_settings().home / "vectors")

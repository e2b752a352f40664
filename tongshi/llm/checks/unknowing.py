"""Does a sentence say that something is not known, in whatever words? Told from its vector, by one line drawn through all languages."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from tongshi.files import read_yaml
from tongshi.llm.checks.words import plain, words

LEARNT = Path(__file__).with_name("unknowing.yml")

SURE = 0.5
"""Probability from which the vector alone decides."""

LIKELY = 0.1
"""Probability from which it decides together with an expression of the language (`unknowing` in `words.yml`)."""


def probability(vectors: np.ndarray) -> np.ndarray:
    """How likely sentences are to say that something is not known.

    Args:
        vectors: of the sentences, by the encoder of the checks, shape (sentences, dimensions).

    Returns:
        Shape (sentences,).
    """
    weights, bias = _learnt()
    return 1 / (1 + np.exp(-(vectors @ weights + bias)))


def is_unknowing(sentence: str, vector: np.ndarray, language: str) -> bool:
    """Whether a sentence says that something is not known.

    Args:
        sentence: of a reply.
        vector: of the sentence.
        language: of the sentence.
    """
    likely = float(probability(vector[None])[0])
    return likely >= SURE or (likely >= LIKELY and bool(words(language).unknowing.search(plain(sentence))))


@cache
def _learnt() -> tuple[np.ndarray, float]:
    learnt = read_yaml(LEARNT)
    return np.array(learnt["weights"], dtype=np.float32), float(learnt["bias"])

"""The training wordings that are nearest to a message."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tongshi.language.vectors import Encoder, VectorCache, get_encoder
from tongshi.nlu.pipeline import configured, prepare
from tongshi.nlu.wordings import Wording, training_wordings
from tongshi.settings import Settings


@dataclass(frozen=True)
class Neighbour:
    """A training wording and its cosine to the message, 1 for the same words."""

    text: str
    intent: str
    language: str
    similarity: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class NearestWordings:
    """Finds training wordings by their sentence vectors, which the training has left on disk.

    Args:
        wordings: all that the bot was trained on.
        encoder: of the pipeline.
        cache: vectors that are there already.
    """

    def __init__(self, wordings: list[Wording], encoder: Encoder, cache: VectorCache) -> None:
        self._wordings = wordings
        self._encoder = encoder
        self._vectors = cache.encode([prepare(one.text) for one in wordings])

    def __call__(self, text: str, most: int = 5) -> list[Neighbour]:
        """The nearest wordings, nearest first; of several that read the same but for case only one."""
        cosines = self._vectors @ self._encoder.encode([prepare(text)])[0]
        found: dict[str, Neighbour] = {}
        for place in np.argsort(-cosines)[: most * 4]:
            one = self._wordings[place]
            found.setdefault(prepare(one.text), Neighbour(one.text, one.intent, one.language, round(float(cosines[place]), 3)))
        return list(found.values())[:most]


def make_nearest_wordings(settings: Settings) -> NearestWordings:
    """Over the training wordings and the encoder of config.yml."""
    encoder = get_encoder(configured("SentenceVectorFeaturizer", "encoder") or settings.encoder)
    return NearestWordings(training_wordings(settings.data), encoder, VectorCache(encoder, settings.models / "vectors"))

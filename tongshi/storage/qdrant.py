"""Vectors of search keys in Qdrant (https://qdrant.tech), a server or its embedded mode."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tongshi.errors import TongshiError, Unavailable

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

_SECONDS = 5
_BATCH = 500
_PAGE = 10_000


class QdrantVectors:
    """A `VectorStore` in Qdrant, one collection of it for each of ours, named `tongshi-NAME`.

    It is opened by the first question, and closed with the process at the latest.

    Args:
        url: of the server; "" for the embedded mode, in which one process at a time has the folder, and each search looks at all keys.
        key: the server's API key; "" where it needs none.
        folder: of the embedded mode.

    Raises:
        TongshiError: the package qdrant-client is not installed.
    """

    def __init__(self, url: str, key: str, folder: Path) -> None:
        try:
            import qdrant_client  # noqa: F401
        except ImportError:
            raise TongshiError("TONGSHI_NEIGHBOURS=qdrant needs a package more: pip install 'tongshi[qdrant]'.") from None
        self._url, self._key, self._folder = url, key, folder
        self._opened: QdrantClient | None = None
        self._opening = threading.Lock()
        # The embedded mode is not made for threads.
        self._turn = nullcontext() if url else threading.Lock()

    def held(self, collection: str, dimensions: int) -> np.ndarray:
        found: list[int] = []
        with self._asking() as client:
            if self._dimensions(client, collection) != dimensions:
                return np.empty(0, np.int64)
            place = 0
            while place is not None:
                points, place = client.scroll(_name(collection), limit=_PAGE, offset=place, with_payload=False)
                found += [point.id for point in points]
        return np.sort(np.array(found, np.int64))

    def change(self, collection: str, ids: np.ndarray, vectors: np.ndarray, gone: np.ndarray) -> None:
        from qdrant_client.models import Distance, PointIdsList, VectorParams

        name = _name(collection)
        with self._asking() as client:
            if len(ids) and (dimensions := self._dimensions(client, collection)) != vectors.shape[1]:
                if dimensions:
                    client.delete_collection(name)
                client.create_collection(name, VectorParams(size=vectors.shape[1], distance=Distance.DOT))
            if len(gone):
                client.delete(name, PointIdsList(points=gone.tolist()))
            if len(ids):
                client.upload_collection(name, vectors, ids=ids.tolist(), batch_size=_BATCH, wait=True)

    def nearest(self, collection: str, vector: np.ndarray, most: int) -> np.ndarray:
        from qdrant_client.models import SearchParams

        with self._asking() as client:
            found = client.query_points(
                _name(collection),
                vector.tolist(),
                limit=most,
                with_payload=False,
                search_params=SearchParams(hnsw_ef=max(100, most)),
            )
        return np.array([point.id for point in found.points], np.int64)

    def close(self) -> None:
        """Let go of the server, or of the folder; another question opens it again."""
        with self._opening:
            if self._opened is not None:
                self._end()
                self._opened = None

    @contextmanager
    def _asking(self) -> Iterator[QdrantClient]:
        """The client; what goes wrong within the block is `Unavailable`."""
        from qdrant_client.http.exceptions import ApiException

        try:
            with self._turn:
                yield self._client()
        except ApiException as error:
            raise Unavailable(f"Qdrant at {self._url} did not answer as it should: {error}") from error

    def _client(self) -> QdrantClient:
        with self._opening:
            if self._opened is None:
                self._opened = self._open()
                # The client's own end comes when Python has been taken apart already, and fails.
                self._end = weakref.finalize(self, self._opened.close)
            return self._opened

    def _open(self) -> QdrantClient:
        from qdrant_client import QdrantClient

        if self._url:
            return QdrantClient(url=self._url, api_key=self._key or None, timeout=_SECONDS, check_compatibility=False)
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            return QdrantClient(path=str(self._folder), force_disable_check_same_thread=True)
        except RuntimeError as error:
            raise Unavailable(
                f"Another process has {self._folder}; for several, start a Qdrant server and set TONGSHI_QDRANT_URL."
            ) from error

    @staticmethod
    def _dimensions(client: QdrantClient, collection: str) -> int | None:
        """How many the collection's vectors have; None where there is no such collection."""
        name = _name(collection)
        if not client.collection_exists(name):
            return None
        return client.get_collection(name).config.params.vectors.size


def _name(collection: str) -> str:
    return f"tongshi-{collection}"

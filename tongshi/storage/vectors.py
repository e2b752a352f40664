"""Vectors of search keys in PostgreSQL, by its extension pgvector (https://github.com/pgvector/pgvector)."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from typing import Protocol

import numpy as np
from sqlalchemy import Column, Integer, MetaData, String, Table, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import make_url
from sqlalchemy.exc import NotSupportedError, ProgrammingError
from sqlalchemy.orm import Session
from sqlalchemy.types import UserDefinedType

from tongshi.errors import TongshiError
from tongshi.storage.database import Database

_MOST_DIMENSIONS = 4000
"""Of an HNSW index over half-precision vectors."""

_BATCH = 1000
_SEARCH_MILLISECONDS = 2000
_LOCK = 0x746F6E67
"""Number of the advisory lock under which the table is made and changed."""


class VectorStore(Protocol):
    """Vectors of search keys by collection, in a place that several processes share.

    All methods raise `Unavailable` where it does not answer in time, and `TongshiError` where it is not set up as it has to be.
    """

    def held(self, collection: str, dimensions: int) -> np.ndarray:
        """Ids of the keys that it has, ascending; none where its vectors have another number of dimensions."""

    def change(self, collection: str, ids: np.ndarray, vectors: np.ndarray, gone: np.ndarray) -> None:
        """Add keys and remove others; vectors of another number of dimensions are dropped.

        Args:
            ids: of keys to be added; those that it has stay as they are.
            vectors: of them, shape (keys, dimensions).
            gone: ids of keys to be removed.
        """

    def nearest(self, collection: str, vector: np.ndarray, most: int) -> np.ndarray:
        """Ids of the keys whose dot product with `vector` is the largest, largest first."""


class _HalfVector(UserDefinedType):
    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "halfvec"

    def bind_processor(self, dialect) -> Callable[[np.ndarray], str]:
        return _literal


def _literal(vector: np.ndarray) -> str:
    # Five decimals of numbers below one are what half precision holds.
    return str(np.round(vector.astype(np.float64), 5).tolist())


_TABLE = Table(
    "neighbours",
    MetaData(),
    Column("key_id", Integer, primary_key=True, autoincrement=False),
    Column("collection", String(64), nullable=False, index=True),
    Column("vector", _HalfVector, nullable=False),
)


class PgVectors:
    """A `VectorStore` in our own database: one table, an HNSW index over each collection's part of it.

    The table is made on first use rather than by a migration, since most databases have neither the extension nor a need for it.

    Raises:
        TongshiError: the database is no PostgreSQL.
    """

    def __init__(self, database: Database) -> None:
        if make_url(database.url).get_backend_name() != "postgresql":
            raise TongshiError(
                "TONGSHI_NEIGHBOURS=pgvector needs TONGSHI_DATABASE_URL=postgresql://…; "
                f"the database is {make_url(database.url).get_backend_name()}."
            )
        self._database = database
        self._made = False
        self._making = threading.Lock()

    def held(self, collection: str, dimensions: int) -> np.ndarray:
        self._make()
        query = select(_TABLE.c.key_id).where(_TABLE.c.collection == collection).order_by(_TABLE.c.key_id)
        with self._database.session() as session:
            if self._dimensions(session, collection) != dimensions:
                return np.empty(0, np.int64)
            return np.array(session.scalars(query).all(), np.int64)

    def change(self, collection: str, ids: np.ndarray, vectors: np.ndarray, gone: np.ndarray) -> None:
        self._make()
        with self._database.session() as session:
            session.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            mine = _TABLE.c.collection == collection
            for some in _batches(gone):
                session.execute(delete(_TABLE).where(mine, _TABLE.c.key_id.in_(some.tolist())))
            if not len(ids):
                return
            if self._dimensions(session, collection) not in (None, vectors.shape[1]):
                session.execute(delete(_TABLE).where(mine))
                session.execute(text(f"DROP INDEX IF EXISTS {_index_name(collection)}"))
            for some in _batches(np.arange(len(ids))):
                rows = [
                    {"key_id": number, "collection": collection, "vector": vector}
                    for number, vector in zip(ids[some].tolist(), vectors[some])
                ]
                session.execute(insert(_TABLE).on_conflict_do_nothing(), rows)
            # Made after the first keys are in, which is much faster than before.
            self._index(session, collection, vectors.shape[1])

    def nearest(self, collection: str, vector: np.ndarray, most: int) -> np.ndarray:
        kind = f"halfvec({len(vector)})"
        query = text(
            f"SELECT key_id FROM neighbours WHERE collection = :collection "
            f"ORDER BY CAST(vector AS {kind}) <#> CAST(:vector AS {kind}) LIMIT :most"
        )
        with self._database.session() as session:
            session.execute(text(f"SET LOCAL statement_timeout = {_SEARCH_MILLISECONDS}"))
            session.execute(text(f"SET LOCAL hnsw.ef_search = {max(100, most)}"))
            values = {"collection": collection, "vector": _literal(vector), "most": most}
            return np.array(session.scalars(query, values).all(), np.int64)

    def _make(self) -> None:
        """Make extension and table where they are missing.

        Raises:
            TongshiError: the extension is not installed, too old, or may not be made by this user.
        """
        with self._making:
            if self._made:
                return
            try:
                with self._database.session() as session:
                    session.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
                    session.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
                    _TABLE.metadata.create_all(session.connection())
            except (NotSupportedError, ProgrammingError) as error:
                raise TongshiError(
                    "TONGSHI_NEIGHBOURS=pgvector needs the extension pgvector, 0.7 or newer, in the database: install its package "
                    f"on the server, and run `CREATE EXTENSION vector` once as a user who may. ({error.orig})"
                ) from error
            self._made = True

    @staticmethod
    def _dimensions(session: Session, collection: str) -> int | None:
        """How many the collection's vectors have; None where there is none."""
        query = text("SELECT vector_dims(vector) FROM neighbours WHERE collection = :collection LIMIT 1")
        return session.scalar(query, {"collection": collection})

    @staticmethod
    def _index(session: Session, collection: str, dimensions: int) -> None:
        if dimensions > _MOST_DIMENSIONS:
            raise TongshiError(
                f"pgvector takes vectors of at most {_MOST_DIMENSIONS} dimensions, and TONGSHI_ENCODER makes {dimensions}; "
                "choose another of the two settings."
            )
        session.execute(
            text(
                f"CREATE INDEX IF NOT EXISTS {_index_name(collection)} ON neighbours "
                f"USING hnsw ((CAST(vector AS halfvec({dimensions}))) halfvec_ip_ops) WHERE collection = :collection"
            ),
            {"collection": collection},
        )


def _index_name(collection: str) -> str:
    # A name may have 63 bytes, and a collection's may be longer and hold anything.
    return f"neighbours_{hashlib.sha1(collection.encode()).hexdigest()[:16]}"


def _batches(items: np.ndarray) -> list[np.ndarray]:
    return [items[start : start + _BATCH] for start in range(0, len(items), _BATCH)]

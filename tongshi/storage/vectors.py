"""Vectors of search keys in PostgreSQL, by its extension pgvector (https://github.com/pgvector/pgvector)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Protocol

import numpy as np
from sqlalchemy import Column, Index, Integer, MetaData, Table, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, NotSupportedError, ProgrammingError
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateTable
from sqlalchemy.types import UserDefinedType

from tongshi.errors import TongshiError, Unavailable
from tongshi.storage.database import Database, without_deadline

_MOST_DIMENSIONS = 4000
"""Of an HNSW index over half-precision vectors."""

_BY_DOT_PRODUCT = {"vector": "halfvec_ip_ops"}
_LEAST_LOOKED_AT = 100
_BATCH = 1000
_SEARCH_MILLISECONDS = 2000
_LOCK = text(f"SELECT pg_advisory_xact_lock({0x746F6E67})")
"""One process at a time makes or changes tables of vectors."""


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

    def __init__(self, dimensions: int | None = None) -> None:
        self.dimensions = dimensions

    def get_col_spec(self, **_: object) -> str:
        return f"halfvec({self.dimensions})"

    def bind_processor(self, dialect) -> Callable[[np.ndarray], str]:
        # Five decimals of numbers below one are what half precision holds.
        return lambda vector: str(np.round(vector.astype(np.float64), 5).tolist())


class PgVectors:
    """A `VectorStore` in our own database, a table with an HNSW index for each collection.

    Tables are made on first use rather than by a migration, since most databases have neither the extension nor a need for them.

    Raises:
        TongshiError: the database is no PostgreSQL.
    """

    def __init__(self, database: Database) -> None:
        backend = make_url(database.url).get_backend_name()
        if backend != "postgresql":
            raise TongshiError(
                f"TONGSHI_NEIGHBOURS=pgvector needs TONGSHI_DATABASE_URL=postgresql://…; the database is {backend}."
            )
        self._database = database
        self._extended = False

    def held(self, collection: str, dimensions: int) -> np.ndarray:
        self._extend()
        table = _table(collection)
        with self._database.session() as session:
            if _dimensions(session, table) != dimensions:
                return np.empty(0, np.int64)
            return np.array(session.scalars(select(table.c.key_id).order_by(table.c.key_id)).all(), np.int64)

    def change(self, collection: str, ids: np.ndarray, vectors: np.ndarray, gone: np.ndarray) -> None:
        self._extend()
        dimensions = vectors.shape[1]
        if dimensions > _MOST_DIMENSIONS:
            raise TongshiError(
                f"pgvector takes vectors of at most {_MOST_DIMENSIONS} dimensions, and TONGSHI_ENCODER makes {dimensions}; "
                "choose another of the two settings."
            )
        table = _table(collection, dimensions)
        with self._database.session() as session:
            session.execute(_LOCK)
            without_deadline(session.connection())
            if made := _dimensions(session, table) != dimensions:
                table.drop(session.connection(), checkfirst=True)
                session.execute(CreateTable(table))
                session.execute(text(f"COMMENT ON TABLE {table.name} IS :collection"), {"collection": collection})
            for some in _batches(gone):
                session.execute(delete(table).where(table.c.key_id.in_(some.tolist())))
            for some in _batches(np.arange(len(ids))):
                rows = [{"key_id": number, "vector": vector} for number, vector in zip(ids[some].tolist(), vectors[some])]
                session.execute(insert(table).on_conflict_do_nothing(), rows)
            if made:
                # After the first keys it is made much faster than with them.
                index = Index(f"{table.name}_hnsw", table.c.vector, postgresql_using="hnsw", postgresql_ops=_BY_DOT_PRODUCT)
                index.create(session.connection())

    def nearest(self, collection: str, vector: np.ndarray, most: int) -> np.ndarray:
        table = _table(collection)
        query = select(table.c.key_id).order_by(table.c.vector.op("<#>")(vector)).limit(most)
        try:
            with self._database.session() as session:
                session.execute(text(f"SET LOCAL statement_timeout = {_SEARCH_MILLISECONDS}"))
                session.execute(text(f"SET LOCAL hnsw.ef_search = {max(_LEAST_LOOKED_AT, most)}"))
                return np.array(session.scalars(query).all(), np.int64)
        except (DataError, ProgrammingError) as error:
            raise Unavailable(f"Another process has other vectors of the collection {collection!r}: {error.orig}") from error

    def _extend(self) -> None:
        """Make the extension where it is missing.

        Raises:
            TongshiError: it is not installed, too old, or may not be made by this user.
        """
        if self._extended:
            return
        try:
            with self._database.session() as session:
                session.execute(_LOCK)
                session.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
                session.execute(text("SELECT CAST('[1]' AS halfvec(1))"))
        except (NotSupportedError, ProgrammingError) as error:
            raise TongshiError(
                "TONGSHI_NEIGHBOURS=pgvector needs the extension pgvector, 0.7 or newer, in the database: install its package on "
                f"the server, and run `CREATE EXTENSION vector` once as a user who may. ({error.orig})"
            ) from error
        self._extended = True


def _table(collection: str, dimensions: int | None = None) -> Table:
    # A table's name may have 63 bytes; a collection's may be longer, and hold anything.
    name = f"neighbours_{hashlib.sha1(collection.encode()).hexdigest()[:16]}"
    columns = Column("key_id", Integer, primary_key=True, autoincrement=False), Column("vector", _HalfVector(dimensions))
    return Table(name, MetaData(), *columns)


def _dimensions(session: Session, table: Table) -> int | None:
    """How many the vectors of a table have; None where it is not there."""
    query = "SELECT atttypmod FROM pg_attribute WHERE attrelid = to_regclass(:name) AND attname = 'vector'"
    return session.scalar(text(query), {"name": table.name})


def _batches(items: np.ndarray) -> list[np.ndarray]:
    return [items[start : start + _BATCH] for start in range(0, len(items), _BATCH)]

"""The database: made, brought up to date, and opened in one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import QueuePool

from tongshi.errors import Unavailable
from tongshi.settings import get_settings

MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK_SECONDS = 3
_STATEMENT_SECONDS = 10
_CONNECTION_SECONDS = 10
"""Until a connection becomes free, and until one whose other end is gone without a word counts as broken."""


def create(url: str) -> Engine:
    """An engine on which a locked or dead database is noticed within seconds.

    SQLite gets a write-ahead log, so that readers and the one writer do not wait for one another.
    """
    backend = make_url(url).get_backend_name()
    if backend != "sqlite":
        options = _postgresql_options() if backend == "postgresql" else {}
        connection = {"connect_timeout": 5, **options}
        return create_engine(url, pool_pre_ping=True, pool_timeout=_CONNECTION_SECONDS, connect_args=connection)
    # A pool, since opening a file and setting it up costs more than most of what is asked of it.
    connection = {"timeout": _LOCK_SECONDS, "check_same_thread": False}
    engine = create_engine(url, poolclass=QueuePool, pool_timeout=_CONNECTION_SECONDS, connect_args=connection)

    @event.listens_for(engine, "connect")
    def _configure(connection, _record) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    return engine


def _postgresql_options() -> dict[str, str | int]:
    """Deadlines of PostgreSQL's, for its locks and statements, and of libpq's, for a server that is not there any more."""
    return {
        "options": f"-c lock_timeout={_LOCK_SECONDS}s -c statement_timeout={_STATEMENT_SECONDS}s",
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": _CONNECTION_SECONDS * 1000,
    }


def without_deadline(connection: Connection) -> None:
    """Let the statements of a transaction take as long as they need, as those do that make tables or indexes."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")


def _is_of_the_database(error: DBAPIError | NoConnection) -> bool:
    """Whether the database did not answer, rather than refuse what it was asked."""
    return isinstance(error, OperationalError | NoConnection) or error.connection_invalidated


class Database:
    """Sessions on one database.

    Args:
        url: SQLAlchemy URL.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        database = make_url(url).database
        if url.startswith("sqlite") and database:
            Path(database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.engine = create(url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session whose work is kept when the block ends, or undone when it raises.

        What is read in it may be used after it, as far as it was loaded.

        Raises:
            Unavailable: the database does not answer, takes too long or stays locked.
        """
        with self._sessions() as session:
            try:
                with session.begin():
                    yield session
            except (DBAPIError, NoConnection) as error:
                if not _is_of_the_database(error):
                    raise
                reason = getattr(error, "orig", error)
                raise Unavailable(f"The database {make_url(self.url)!r} did not answer: {reason}") from error

    def upgrade(self) -> None:
        """Bring the tables to the newest version; safe to call when they are."""
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["engine"] = self.engine
        command.upgrade(config, "head")


@lru_cache(maxsize=1)
def get_database() -> Database:
    """This process's database, from the settings."""
    return Database(get_settings().database)

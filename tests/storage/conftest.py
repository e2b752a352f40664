"""The tests of storage run on each database that can run here."""

import pytest

from tongshi.storage.database import Database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path) -> Database:
    """An empty database with all its tables."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql_database")
    database = Database(f"sqlite:///{tmp_path / 'home' / 'test.db'}")
    database.upgrade()
    request.addfinalizer(database.engine.dispose)
    return database

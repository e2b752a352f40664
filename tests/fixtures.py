"""What several tests share: a database of their own, the demo shop in it, and a clock that is moved by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tongshi.commerce.seed import seed
from tongshi.language.identify import LanguageIdentifier, get_identifier
from tongshi.settings import ROOT
from tongshi.storage.database import Database
from tongshi.storage.shop import ShopStore


class Clock:
    """Stands still until it is moved."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **step: float) -> None:
        self.moment += timedelta(**step)


@pytest.fixture
def clock() -> Clock:
    """A Wednesday noon in UTC."""
    return Clock(datetime(2026, 11, 18, 12, 0, tzinfo=UTC))


@pytest.fixture
def database(tmp_path) -> Database:
    """An empty database with all its tables."""
    database = Database(f"sqlite:///{tmp_path / 'home' / 'test.db'}")
    database.upgrade()
    yield database
    database.engine.dispose()


@pytest.fixture
def shop(database, clock) -> ShopStore:
    """The demo shop, its orders dated relative to the clock."""
    store = ShopStore(database)
    seed(store, ROOT / "data" / "store", clock())
    return store


@pytest.fixture(scope="session")
def identify() -> LanguageIdentifier:
    return get_identifier()

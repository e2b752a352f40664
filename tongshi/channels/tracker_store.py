"""Rasa's conversations, in the database of the settings."""

from __future__ import annotations

from typing import Any

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig
from sqlalchemy.engine import make_url
from sqlalchemy.orm import sessionmaker

from tongshi.channels.noting import Noting
from tongshi.settings import get_settings
from tongshi.storage.database import create, get_database
from tongshi.storage.review import ReviewStore


class SettingsTrackerStore(SQLTrackerStore):
    """Rasa's own SQL tracker store on our own kind of engine: pooled, and with all that the database's URL says.

    SQLite gets a file of its own beside ours, so that the two never wait for one another. What was made of each
    message is noted in ours.
    """

    def __init__(
        self, domain: Domain | None = None, host: EndpointConfig | None = None, event_broker: EventBroker | None = None, **_: Any
    ) -> None:
        settings = get_settings()
        url = settings.database
        if make_url(url).drivername.startswith("sqlite"):
            settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
            url = f"sqlite:///{settings.home / 'rasa.db'}"
        self.engine = create(url)
        self.Base.metadata.create_all(self.engine)
        self.sessionmaker = sessionmaker(bind=self.engine)
        # Past SQLTrackerStore's own constructor, which would make an engine that opens the file anew for each look.
        super(SQLTrackerStore, self).__init__(domain, event_broker)
        self._noting = Noting(ReviewStore(get_database()))

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Keep the conversation, and what was made of its newest message."""
        await super().save(tracker)
        self._noting.note(tracker)

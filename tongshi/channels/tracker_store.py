"""Rasa's conversations, in the database of the settings."""

from __future__ import annotations

from typing import Any

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.domain import Domain
from rasa.utils.endpoints import EndpointConfig
from sqlalchemy.engine import make_url

from tongshi.settings import get_settings


class SettingsTrackerStore(SQLTrackerStore):
    """Rasa's own SQL tracker store; a SQLite file of its own beside ours, so that the two never wait for one another."""

    def __init__(
        self, domain: Domain | None = None, host: EndpointConfig | None = None, event_broker: EventBroker | None = None, **_: Any
    ) -> None:
        settings = get_settings()
        url = make_url(settings.database)
        if url.drivername.startswith("sqlite"):
            settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
            super().__init__(domain, dialect="sqlite", db=str(settings.home / "rasa.db"), event_broker=event_broker)
        else:
            super().__init__(
                domain,
                dialect=url.drivername,
                host=url.host,
                port=url.port,
                db=url.database,
                username=url.username,
                password=url.password,
                event_broker=event_broker,
            )

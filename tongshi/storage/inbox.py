"""Messages that a platform brought and that were acknowledged, until they are handled: a process that ends loses none."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from tongshi.storage.database import Database
from tongshi.storage.models import Received

_MOST_TRIES = 3


class InboxStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, received: Received) -> bool:
        """Keep a message; says whether it is new, and not one that waits already."""
        try:
            with self._database.session() as session:
                session.add(received)
        except IntegrityError:
            return False
        return True

    def handled(self, channel: str, sender: str, client_id: str) -> None:
        """It is not needed any more."""
        with self._database.session() as session:
            ours = Received.channel == channel, Received.sender == sender, Received.client_id == client_id
            session.execute(delete(Received).where(*ours))

    def left(self, channel: str, now: datetime, oldest: timedelta) -> list[dict[str, Any]]:
        """What a process that ended has not handled, in the order in which it came; one more try of it is noted.

        Args:
            oldest: what came before that, or brought down so many processes that it may do so again, is dropped.
        """
        of_channel = Received.channel == channel
        with self._database.session() as session:
            session.execute(delete(Received).where(of_channel, (Received.at < now - oldest) | (Received.tries >= _MOST_TRIES)))
            found = list(session.scalars(select(Received).where(of_channel).order_by(Received.received_id)))
            for one in found:
                one.tries += 1
            return [one.content for one in found]

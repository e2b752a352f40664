"""Messages that a platform brought and that were acknowledged, until they are handled: a process that ends loses none.

Several processes may share one database. A message belongs to one of them until the moment that its row names, which the process moves on
as long as it has the message in hand; after that moment any other takes it over.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from tongshi.storage.database import Database
from tongshi.storage.models import Received

_MOST_TRIES = 3
_AS_THEY_ARE = {"synchronize_session": False}


class InboxStore:
    """The inbox as one channel of one process uses it.

    Args:
        lease: for how long a message is its own without `renew`.
    """

    def __init__(self, database: Database, lease: timedelta = timedelta(seconds=30)) -> None:
        self._database = database
        self._lease = lease
        self._owner = secrets.token_hex(8)
        self._in_hand: set[tuple[str, str]] = set()
        self._handled: set[tuple[str, str]] = set()

    @property
    def lease(self) -> timedelta:
        return self._lease

    def keep(self, received: Received, now: datetime) -> bool:
        """Keep a message as one's own; says whether it is new, and not one that waits already."""
        received.owner, received.held_until = self._owner, now + self._lease
        try:
            with self._database.session() as session:
                session.add(received)
        except IntegrityError:
            return False
        self._in_hand.add((received.sender, received.client_id))
        return True

    def change(self, channel: str, sender: str, client_id: str, content: dict[str, Any]) -> None:
        """What is known of it by now, which counts should another process take it up."""
        ours = self._mine(channel), Received.sender == sender, Received.client_id == client_id
        with self._database.session() as session:
            session.execute(update(Received).where(*ours).values(content=content), execution_options=_AS_THEY_ARE)

    def handled(self, channel: str, sender: str, client_id: str) -> None:
        """It is not needed any more, unless another process has taken it over meanwhile.

        Where the database does not answer, `renew` sees to it.
        """
        self._in_hand.discard((sender, client_id))
        self._handled.add((sender, client_id))
        self._forget(channel)

    def _forget(self, channel: str) -> None:
        """Delete what is handled."""
        handled = list(self._handled)
        ours = self._mine(channel), tuple_(Received.sender, Received.client_id).in_(handled)
        with self._database.session() as session:
            session.execute(delete(Received).where(*ours), execution_options=_AS_THEY_ARE)
        self._handled.difference_update(handled)

    def leave(self, sender: str, client_id: str) -> None:
        """Once its lease is over, another process may take it."""
        self._in_hand.discard((sender, client_id))

    def renew(self, channel: str, now: datetime) -> None:
        """What this process has in hand stays its own for another lease."""
        if self._handled:
            self._forget(channel)
        if in_hand := list(self._in_hand):
            ours = self._mine(channel), tuple_(Received.sender, Received.client_id).in_(in_hand)
            with self._database.session() as session:
                session.execute(
                    update(Received).where(*ours).values(held_until=now + self._lease), execution_options=_AS_THEY_ARE
                )

    def release(self, channel: str) -> None:
        """Give up what this process has not handled, so that another takes it at once."""
        self._in_hand.clear()
        with self._database.session() as session:
            session.execute(
                update(Received).where(self._mine(channel)).values(owner=None, held_until=None), execution_options=_AS_THEY_ARE
            )

    def claim(self, channel: str, now: datetime, oldest: timedelta) -> list[dict[str, Any]]:
        """Take over what its process has abandoned, in the order in which it came; one more try of it is noted.

        Args:
            oldest: what came before that, or brought down so many processes that it may do so again, is dropped.
        """
        abandoned = Received.channel == channel, or_(Received.held_until.is_(None), Received.held_until < now)
        with self._database.session() as session:
            found = list(session.scalars(select(Received).where(*abandoned).order_by(Received.received_id)))
        hopeless = [one for one in found if one.at < now - oldest or one.tries >= _MOST_TRIES]
        if hopeless:
            with self._database.session() as session:
                numbers = [one.received_id for one in hopeless]
                session.execute(delete(Received).where(*abandoned, Received.received_id.in_(numbers)))
        return [one.content for one in found if one not in hopeless and self._take(one, abandoned, now)]

    def _take(self, one: Received, abandoned: tuple, now: datetime) -> bool:
        """Whether it is ours: the one of several processes whose change comes first has it."""
        mine = update(Received).where(Received.received_id == one.received_id, *abandoned)
        values = {"owner": self._owner, "held_until": now + self._lease, "tries": Received.tries + 1}
        with self._database.session() as session:
            taken = session.execute(mine.values(**values), execution_options=_AS_THEY_ARE).rowcount == 1
        if taken:
            self._in_hand.add((one.sender, one.client_id))
        return taken

    def _mine(self, channel: str) -> Any:
        return (Received.channel == channel) & (Received.owner == self._owner)

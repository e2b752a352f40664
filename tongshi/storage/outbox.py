"""Messages on their way to customers: what waits, what is due, what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from tongshi.storage.database import Database
from tongshi.storage.models import GIVEN_UP, SENT, WAITING_OUT, Message, Outgoing


@dataclass(frozen=True)
class Claim:
    """A message that this process, and for a while no other, may send.

    Attributes:
        outgoing: as it stands.
        uncertain: whether an earlier try may have arrived.
    """

    outgoing: Outgoing
    uncertain: bool


@dataclass(frozen=True)
class Backlog:
    """How delivery goes on one channel.

    Attributes:
        waiting: messages that have not been delivered yet.
        oldest: when the first of them was written.
        given_up: messages that were given up since the moment that was asked about.
        error: what the platform said last of one that waits or was given up.
    """

    channel: str
    waiting: int
    oldest: datetime | None
    given_up: int
    error: str | None

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "oldest": self.oldest.isoformat() if self.oldest else None}


def address_of(session: Session, sender: str, channel: str) -> dict[str, Any] | None:
    """Where on a channel the conversation's customer last wrote from, as the channel noted it; None where they never did."""
    theirs = Message.sender == sender, Message.channel == channel, Message.author == "customer"
    newest = session.scalar(select(Message).where(*theirs).order_by(Message.message_id.desc()).limit(1))
    return newest.extras.get("address") if newest else None


class OutboxStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, channel: str, now: datetime, lease: timedelta, most: int) -> list[Claim]:
        """Take the first waiting message of each conversation that is due.

        A conversation's later messages wait for its first, so that they arrive in order.

        Args:
            lease: for how long nobody else takes them; who ends without a word loses them after it.
            most: how many to take.
        """
        first = (
            select(func.min(Outgoing.outgoing_id))
            .where(Outgoing.channel == channel, Outgoing.state == WAITING_OUT)
            .group_by(Outgoing.sender)
        )
        query = select(Outgoing).where(Outgoing.outgoing_id.in_(first), Outgoing.due <= now)
        with self._database.session() as session:
            found = list(session.scalars(query.order_by(Outgoing.outgoing_id).limit(most)))
        return [Claim(one, one.uncertain) for one in found if self._take(one, now + lease)]

    def _take(self, one: Outgoing, until: datetime) -> bool:
        """Whether it is ours: the one of several processes whose change comes first has it."""
        mine = update(Outgoing).where(
            Outgoing.outgoing_id == one.outgoing_id, Outgoing.attempts == one.attempts, Outgoing.state == WAITING_OUT
        )
        with self._database.session() as session:
            changed = session.execute(
                mine.values(attempts=one.attempts + 1, due=until, uncertain=True),
                execution_options={"synchronize_session": False},
            )
            return changed.rowcount == 1

    def part_sent(self, outgoing_id: int, parts: int, until: datetime) -> None:
        """So many parts are confirmed; the claim holds until the moment given."""
        self._set(outgoing_id, parts_sent=parts, due=until)

    def sent(self, outgoing_id: int, at: datetime) -> None:
        self._set(outgoing_id, state=SENT, ended_at=at, uncertain=False, error=None)

    def postpone(self, outgoing_id: int, due: datetime, error: str, *, uncertain: bool) -> None:
        """Try again at a later moment."""
        self._set(outgoing_id, due=due, error=error, uncertain=uncertain)

    def give_up(self, outgoing_id: int, at: datetime, error: str) -> None:
        self._set(outgoing_id, state=GIVEN_UP, ended_at=at, error=error)

    def of_message(self, message_id: int) -> Outgoing | None:
        """How a message fares on its way; None where it needs no delivery."""
        with self._database.session() as session:
            return session.scalar(select(Outgoing).where(Outgoing.message_id == message_id))

    def of_messages(self, message_ids: Iterable[int]) -> dict[int, Outgoing]:
        """How messages fare on their way, by message; those that need no delivery are left out."""
        with self._database.session() as session:
            found = session.scalars(select(Outgoing).where(Outgoing.message_id.in_(list(message_ids))))
            return {one.message_id: one for one in found}

    def last_sent(self, sender: str) -> Outgoing | None:
        """The newest message of a conversation that its platform has confirmed."""
        query = select(Outgoing).where(Outgoing.sender == sender, Outgoing.state == SENT).order_by(Outgoing.outgoing_id.desc())
        with self._database.session() as session:
            return session.scalar(query.limit(1))

    def backlogs(self, since: datetime) -> list[Backlog]:
        """Each channel on which something waits or was given up since the moment given."""
        unwell = (Outgoing.state == WAITING_OUT) | ((Outgoing.state == GIVEN_UP) & (Outgoing.ended_at >= since))
        query = select(Outgoing.channel, Outgoing.state, func.count(), func.min(Outgoing.created_at), func.max(Outgoing.error))
        with self._database.session() as session:
            rows = session.execute(query.where(unwell).group_by(Outgoing.channel, Outgoing.state)).all()
        found: dict[str, dict] = {}
        for channel, state, count, oldest, error in rows:
            backlog = found.setdefault(channel, {"waiting": 0, "oldest": None, "given_up": 0, "error": None})
            backlog["waiting" if state == WAITING_OUT else "given_up"] = count
            backlog["oldest"] = oldest if state == WAITING_OUT else backlog["oldest"]
            backlog["error"] = error or backlog["error"]
        return [Backlog(channel, **values) for channel, values in sorted(found.items())]

    def _set(self, outgoing_id: int, **values) -> None:
        with self._database.session() as session:
            session.execute(update(Outgoing).where(Outgoing.outgoing_id == outgoing_id).values(**values))

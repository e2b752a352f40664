"""Messages, hand-overs, feedback and traces: reading and writing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from tongshi.storage.database import Database
from tongshi.storage.models import (
    GIVEN_UP,
    ORIGINAL,
    Attachment,
    Case,
    Feedback,
    Handover,
    Message,
    Outgoing,
    Reading,
    Rendering,
    Score,
    Trace,
)
from tongshi.storage.outbox import address_of

DELIVERED = frozenset({"slack", "telegram", "email", "messenger", "whatsapp", "wechat"})
"""Channels whose customers are reached by calling a platform; on the others they come and ask."""

PHONE = "phone"
"""The channel on which what an agent writes counts as delivered once it was said."""

_UNSAID = "it was not said on the telephone"


class ConversationStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, row: Message | Feedback | Trace | Case, answered: Message | None = None) -> None:
        """Keep a new row; its key is set afterwards.

        What is said to a customer on a channel of `DELIVERED` goes into the outbox with it, both or neither. Where it goes is settled
        now: somebody else who is in the conversation may write before it leaves. What an agent writes to a caller stands there as given
        up until it has been said.

        Args:
            answered: the customer's message that it answers, and from where that came it goes; without it, to where they wrote last.
        """
        with self._database.session() as session:
            session.add(row)
            if isinstance(row, Message) and (way := _way_out(row)) is not None:
                session.flush()
                address = answered.extras.get("address") if answered else address_of(session, row.sender, row.channel)
                session.add(
                    Outgoing(
                        message_id=row.message_id, sender=row.sender, channel=row.channel, address=address, created_at=row.at,
                        due=row.at, **way,
                    )
                )  # fmt: skip

    def add_once(self, message: Message) -> bool:
        """Keep a customer's message unless one with its `client_id` is there; says whether it was new.

        The files that came with it go with it, should it have led into a conversation other than the one that they were kept for.
        """
        files = [one["id"] for one in message.extras.get("attachments", [])]
        brought = update(Attachment).where(Attachment.attachment_id.in_(files), Attachment.client_id == message.client_id)
        try:
            with self._database.session() as session:
                session.add(message)
                if files:
                    session.flush()
                    session.execute(brought.values(sender=message.sender))
        except IntegrityError:
            return False
        return True

    def messages(self, sender: str, after: int = 0, most: int = 500) -> list[Message]:
        """A conversation's newest messages with keys above `after`, oldest first."""
        query = select(Message).where(Message.sender == sender, Message.message_id > after)
        with self._database.session() as session:
            return list(session.scalars(query.order_by(Message.message_id.desc()).limit(most)))[::-1]

    def newer(self, after: int, senders: Iterable[str]) -> list[Message]:
        """Messages of several conversations with keys above `after`, oldest first."""
        query = select(Message).where(Message.message_id > after, Message.sender.in_(list(senders)))
        with self._database.session() as session:
            return list(session.scalars(query.order_by(Message.message_id)))

    def last_of_customer(self, sender: str) -> Message | None:
        """The newest message that the customer wrote, which tells where they are; None where they wrote none."""
        query = select(Message).where(Message.sender == sender, Message.author == "customer").order_by(Message.message_id.desc())
        with self._database.session() as session:
            return session.scalar(query.limit(1))

    def message_of(self, sender: str, client_id: str) -> Message | None:
        """The customer's message of that name."""
        with self._database.session() as session:
            return session.scalar(select(Message).where(Message.sender == sender, Message.client_id == client_id))

    def replies_to(self, sender: str, client_id: str) -> list[Message] | None:
        """What followed the customer's message of that name up to the next of theirs; None where there is no such message."""
        first = self.message_of(sender, client_id)
        if first is None:
            return None
        replies = []
        for message in self.messages(sender, first.message_id):
            if message.author == "customer":
                break
            replies.append(message)
        return replies

    def message(self, sender: str, message_id: int) -> Message | None:
        with self._database.session() as session:
            return session.scalar(select(Message).where(Message.sender == sender, Message.message_id == message_id))

    def renderings(self, message_ids: Iterable[int], language: str) -> dict[tuple[int, str], Rendering]:
        """What is kept beside messages in a language, by message and kind; originals in whatever language they are."""
        query = select(Rendering).where(
            Rendering.message_id.in_(list(message_ids)), (Rendering.language == language) | (Rendering.kind == ORIGINAL)
        )
        with self._database.session() as session:
            return {(one.message_id, one.kind): one for one in session.scalars(query)}

    def keep_rendering(self, rendering: Rendering) -> None:
        """Keep it, in place of an earlier one of its message, kind and language."""
        with self._database.session() as session:
            session.merge(rendering)

    def recent(self, most: int = 100) -> list[tuple[Message, int]]:
        """The last message of each conversation, newest first, with how many messages it has."""
        newest = (
            select(func.max(Message.message_id).label("last"), func.count().label("count")).group_by(Message.sender).subquery()
        )
        query = select(Message, newest.c.count).join(newest, Message.message_id == newest.c.last)
        with self._database.session() as session:
            return [tuple(row) for row in session.execute(query.order_by(Message.message_id.desc()).limit(most))]

    def handover(self, sender: str) -> Handover | None:
        with self._database.session() as session:
            return session.get(Handover, sender)

    def handovers(self) -> list[Handover]:
        """All that are not released, oldest first."""
        query = select(Handover).where(Handover.state != "released").order_by(Handover.since)
        with self._database.session() as session:
            return list(session.scalars(query))

    def mood(self, sender: str, since: datetime) -> tuple[float, float] | None:
        """The lowest sentiment and the highest urgency of what a customer wrote since a moment; None where none was judged."""
        query = (
            select(func.min(Reading.sentiment), func.max(Reading.urgency))
            .join(Message, Message.message_id == Reading.message_id)
            .where(Message.sender == sender, Message.at >= since)
        )
        with self._database.session() as session:
            sentiment, urgency = session.execute(query).one()
        return None if sentiment is None else (sentiment, urgency)

    def set_handover(self, handover: Handover) -> Handover:
        with self._database.session() as session:
            return session.merge(handover)

    def rate(self, row: Feedback) -> None:
        """Keep a rating in place of an earlier one of the same message."""
        with self._database.session() as session:
            session.query(Feedback).filter_by(message_id=row.message_id).delete()
            session.add(row)

    def ratings(self, message_ids: list[int]) -> dict[int, bool]:
        """Whether messages were rated helpful, by id; unrated ones are left out."""
        query = select(Feedback.message_id, Feedback.helpful).where(Feedback.message_id.in_(message_ids))
        with self._database.session() as session:
            return dict(session.execute(query).all())

    def feedback(self, most: int = 100) -> list[Feedback]:
        with self._database.session() as session:
            return list(session.scalars(select(Feedback).order_by(Feedback.feedback_id.desc()).limit(most)))

    def set_score(self, row: Score) -> None:
        """Keep what a customer thought of a conversation, in place of what they said before."""
        with self._database.session() as session:
            session.merge(row)

    def scores(self, most: int = 100) -> list[Score]:
        """Newest first."""
        with self._database.session() as session:
            return list(session.scalars(select(Score).order_by(Score.at.desc()).limit(most)))

    def traces(self, sender: str) -> list[Trace]:
        """How the answers of a conversation came about, oldest first."""
        with self._database.session() as session:
            return list(session.scalars(select(Trace).where(Trace.sender == sender).order_by(Trace.trace_id)))

    def trace(self, trace_id: int) -> Trace | None:
        with self._database.session() as session:
            return session.get(Trace, trace_id)


def _way_out(message: Message) -> dict | None:
    """How a message begins its way to the customer; None where it has none."""
    if message.author != "customer" and message.channel in DELIVERED:
        return {}
    if message.author == "agent" and message.channel == PHONE:
        return {"state": GIVEN_UP, "ended_at": message.at, "error": _UNSAID}
    return None

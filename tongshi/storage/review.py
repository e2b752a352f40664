"""What the bot made of messages, and those that people review: reading and writing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError

from tongshi.errors import TongshiError
from tongshi.storage.database import Database
from tongshi.storage.models import LEARNT, OPEN, Feedback, Message, Reading, Review, Trace

_LATEST = 5
"""A customer's newest messages among which one is looked for by its text."""


class ReviewStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, sender: str, text: str, reading: Reading) -> bool:
        """Keep what the bot made of a customer's message; whether that message is there."""
        query = select(Message).where(Message.sender == sender, Message.author == "customer")
        with self._database.session() as session:
            newest = session.scalars(query.order_by(Message.message_id.desc()).limit(_LATEST))
            message = next((one for one in newest if one.text == text), None)
            if message is None:
                return False
            reading.message_id = message.message_id
            session.merge(reading)
            return True

    def reading(self, message_id: int) -> Reading | None:
        with self._database.session() as session:
            return session.get(Reading, message_id)

    # What may have to be reviewed

    def not_understood(self, fallback: str, most: int) -> list[tuple[Message, Reading]]:
        """Messages read as an intent that nobody has put into review, oldest first."""
        query = (
            select(Message, Reading)
            .join(Reading, Reading.message_id == Message.message_id)
            .where(Reading.intent == fallback, ~_in_review(Message.message_id))
        )
        with self._database.session() as session:
            return [tuple(row) for row in session.execute(query.order_by(Message.message_id).limit(most))]

    def unhelpful(self, since: datetime) -> list[Feedback]:
        """Thumbs down since a moment, oldest first."""
        query = select(Feedback).where(Feedback.helpful.is_(False), Feedback.at >= since).order_by(Feedback.feedback_id)
        with self._database.session() as session:
            return list(session.scalars(query))

    def unanswered(self, since: datetime) -> list[Trace]:
        """Questions of customers since a moment that got no answer, oldest first."""
        query = select(Trace).where(Trace.outcome == "unknown", Trace.at >= since, Trace.sender.is_not(None))
        with self._database.session() as session:
            return list(session.scalars(query.order_by(Trace.trace_id)))

    def said_before(self, sender: str, at: datetime, most: int = 6) -> list[Message]:
        """What was said in a conversation up to a moment, oldest first."""
        query = select(Message).where(Message.sender == sender, Message.at <= at)
        with self._database.session() as session:
            return list(session.scalars(query.order_by(Message.message_id.desc()).limit(most)))[::-1]

    # What is in review

    def add(self, review: Review) -> bool:
        """Put a message into review unless it is there; whether it was new."""
        try:
            with self._database.session() as session:
                if session.scalar(select(_in_review(review.message_id))):
                    return False
                session.add(review)
        except IntegrityError:
            return False
        return True

    def reviews(
        self, status: str | None = OPEN, reason: str | None = None, language: str | None = None, most: int = 100
    ) -> list[Review]:
        """Messages in review, newest first; None: whatever it is."""
        query = select(Review)
        for column, value in ((Review.status, status), (Review.reason, reason), (Review.language, language)):
            if value is not None:
                query = query.where(column == value)
        with self._database.session() as session:
            return list(session.scalars(query.order_by(Review.review_id.desc()).limit(most)))

    def review(self, number: int) -> Review:
        """A message in review.

        Raises:
            TongshiError: there is none with that number.
        """
        with self._database.session() as session:
            found = session.get(Review, number)
        if found is None:
            raise TongshiError(f"There is no message number {number} in review.")
        return found

    def decide(self, number: int, status: str, by: str, at: datetime, wanted: str = "", wording: str = "") -> Review:
        """Keep what a person decided, in place of what was decided before.

        Raises:
            TongshiError: there is none with that number, or it has been trained on.
        """
        self.review(number)
        with self._database.session() as session:
            found = session.get(Review, number)
            if found.status == LEARNT:
                raise TongshiError(f"The bot has been trained on number {number}; take it out of data/nlu/reviewed by hand.")
            found.status, found.decided_by, found.decided_at = status, by, at
            found.wanted, found.wording = wanted, wording
            return found

    def set_learnt(self, numbers: Iterable[int]) -> None:
        """Note that the bot has been trained on messages."""
        with self._database.session() as session:
            for number in numbers:
                session.get(Review, number).status = LEARNT


def _in_review(message_id):
    return exists().where(Review.message_id == message_id)

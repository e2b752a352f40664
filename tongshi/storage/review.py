"""What the bot made of messages, and those that people review: reading and writing."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, exists, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement, Select

from tongshi.errors import TongshiError
from tongshi.storage.database import Database
from tongshi.storage.knowledge import Conflict
from tongshi.storage.models import LEARNT, NOT_UNDERSTOOD, OPEN, Feedback, Message, Reading, Review, Trace

_LATEST = 5
"""A customer's newest messages among which one is looked for by its text."""

_Said, _Next, _Answer = aliased(Message), aliased(Message), aliased(Reading)


@dataclass(frozen=True)
class Sought:
    """Which messages may come into review, besides that they are not there yet.

    Attributes:
        since: what came before does not.
        private: slots whose answers do not.
        most: how many are given, the newest; they come oldest first.
    """

    since: datetime
    private: Collection[str]
    most: int


@dataclass(frozen=True)
class Candidate:
    """A customer's message that may come into review.

    Attributes:
        reading: what the bot made of it; None where that was not kept.
        trace_id: the search for its answer, where that is why it may come in.
        question: what was searched for.
    """

    message: Message
    reading: Reading | None
    trace_id: int | None = None
    question: str = ""


class ReviewStore:
    """What the bot made of messages, and those of them that people look at."""

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

    # What may have to be reviewed

    def unhelpful(self, sought: Sought) -> list[Candidate]:
        """Messages whose reply was no help: the last before that reply, or before the customer said so."""
        before_reply = _last_said(Feedback, _Said.message_id < Feedback.message_id)
        before_saying = _last_said(Feedback, _Said.at <= Feedback.at, skip=1)
        rated = case((Feedback.message_id.is_(None), before_saying), else_=before_reply)
        query = select(Message, Reading).select_from(Feedback).join(Message, Message.message_id == rated)
        return self._found(query.where(Feedback.helpful.is_(False), Feedback.at >= sought.since), sought)

    def unanswered(self, sought: Sought) -> list[Candidate]:
        """Questions of customers that got no answer."""
        asked = _last_said(Trace, _Said.at <= Trace.at)
        query = select(Message, Reading, Trace.trace_id, Trace.question).select_from(Trace)
        query = query.join(Message, Message.message_id == asked).where(Trace.outcome == "unknown", Trace.at >= sought.since)
        return [one for one in self._found(query, sought) if one.question.endswith(one.message.text)]

    def not_understood(self, sought: Sought) -> list[Candidate]:
        """Messages for which no intent was likely enough."""
        query = select(Message, Reading).select_from(Message)
        return self._found(query.where(Reading.intent == NOT_UNDERSTOOD, _since(Reading, sought)), sought)

    def unsure(self, below: float, sought: Sought) -> list[Candidate]:
        """Messages that were understood, but hardly, where the bot had asked for nothing; an answer need not show an intent."""
        query = select(Message, Reading).select_from(Message).where(Reading.asked.is_(None), Reading.intent != NOT_UNDERSTOOD)
        return self._found(query.where(Reading.confidence < below, _since(Reading, sought)), sought)

    def taken_back(
        self, wishes: Collection[str], leaving: Collection[str], yes_or_no: Collection[str], sought: Sought
    ) -> list[Candidate]:
        """Wishes about which the bot asked something, and the customer left that question.

        Args:
            wishes: intents upon which the bot asks.
            leaving: intents that leave a question; among them may be the wishes.
            yes_or_no: slots whose questions `deny` answers, and does not leave.
        """
        left = and_(_Answer.intent.in_(leaving), or_(_Answer.intent != "deny", _Answer.asked.not_in(yes_or_no)))
        query = select(Message, Reading).select_from(_Next).join(_Answer, _Answer.message_id == _Next.message_id)
        query = query.join(Message, Message.message_id == _last_said(_Next, _Said.message_id < _Next.message_id))
        query = query.where(_since(_Answer, sought), _Answer.asked.is_not(None), left, _Answer.intent != Reading.intent)
        return self._found(query.where(Reading.asked.is_(None), Reading.intent.in_(wishes)), sought)

    def _found(self, query: Select, sought: Sought) -> list[Candidate]:
        query = query.outerjoin(Reading, Reading.message_id == Message.message_id)
        query = query.where(~_in_review(Message.message_id), or_(Reading.asked.is_(None), Reading.asked.not_in(sought.private)))
        with self._database.session() as session:
            rows = session.execute(query.order_by(Message.message_id.desc()).limit(sought.most)).all()
        return [Candidate(*row) for row in reversed(rows)]

    def said_before(self, message: Message, most: int = 5) -> list[Message]:
        """What was said in a conversation before a message, oldest first."""
        query = select(Message).where(Message.sender == message.sender, Message.message_id < message.message_id)
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

    def count(self, *statuses: str) -> int:
        """How many messages in review are of some status."""
        with self._database.session() as session:
            return session.scalar(select(func.count()).select_from(Review).where(Review.status.in_(statuses)))

    def decide(
        self, number: int, status: str, by: str, at: datetime, wanted: str = "", wording: str = "", seen: str | None = None
    ) -> Review:
        """Keep what a person decided, in place of what was decided before.

        Args:
            seen: `decided_at` as whoever decides has read it in `Review.as_dict`, "" where nobody had decided; None: any will do.

        Raises:
            TongshiError: there is none with that number, or it has been trained on.
            Conflict: somebody has decided since.
        """
        self.review(number)
        with self._database.session() as session:
            found = session.get(Review, number, with_for_update=True)
            if found.status == LEARNT:
                raise TongshiError(f"The bot has been trained on number {number}; take it out of data/nlu/reviewed by hand.")
            if seen is not None and seen != (found.as_dict()["decided_at"] or ""):
                raise Conflict(f"Number {number} is {found.status} by now, by {found.decided_by}.")
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


def _since(reading: type[Reading], sought: Sought) -> ColumnElement:
    """Whether a reading is recent; told by its number, since that needs no look at its message."""
    first = select(_Said.message_id).where(_Said.at >= sought.since).order_by(_Said.at).limit(1)
    return reading.message_id >= first.scalar_subquery()


def _last_said(by: type[Feedback | Trace | Message], *when: ColumnElement, skip: int = 0) -> ColumnElement:
    """The number of the customer's last message in the conversation of each row, or of one further back."""
    query = select(_Said.message_id).where(_Said.sender == by.sender, _Said.author == "customer", *when).correlate(by)
    return query.order_by(_Said.message_id.desc()).offset(skip).limit(1).scalar_subquery()

"""Telephone calls: who is on the line, how calls ended, and what agents wrote that no caller has heard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from tongshi.storage.conversations import DELIVERED, PHONE
from tongshi.storage.database import Database
from tongshi.storage.models import GIVEN_UP, SENT, WAITING_OUT, Alias, Message, Outgoing, PhoneCall
from tongshi.storage.outbox import address_of

HUNG_UP, PUT_THROUGH = "hung_up", "put_through"
_LOST = timedelta(minutes=2)
"""A call that has not stirred for so long has ended, though nobody told us: an open one stirs every few seconds."""


@dataclass(frozen=True)
class Line:
    """How a conversation's customer is reached who spoke last by telephone.

    Attributes:
        end: how their call ended, `HUNG_UP` or `PUT_THROUGH`; None while they are on the line.
        elsewhere: the channel on which they wrote before in the same conversation; None where they only ever spoke.
    """

    end: str | None
    elsewhere: str | None


class CallStore:
    """The calls of a telephone, each by the name that its caller has there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def stirs(self, identity: str, at: datetime) -> None:
        """A caller is on the line."""
        with self._database.session() as session:
            session.merge(PhoneCall(identity=identity, heard_at=at, end=None, ended_at=None))

    def ended(self, identity: str, end: str, at: datetime) -> None:
        """A call is over; what an agent wrote and its caller has not heard goes to where they wrote before, if they did.

        Args:
            end: `HUNG_UP` or `PUT_THROUGH`; the first that is told counts.
        """
        with self._database.session() as session:
            call = session.get(PhoneCall, identity)
            if call is not None and call.end:
                return
            session.merge(PhoneCall(identity=identity, heard_at=call.heard_at if call else at, end=end, ended_at=at))
            conversation = session.scalar(select(Alias.sender).where(Alias.identity == identity)) or identity
            elsewhere = _written_from(session, conversation)
            for outgoing in session.scalars(_unheard(conversation)) if elsewhere else ():
                _forward(session, outgoing, elsewhere, at)

    def line(self, conversation: str, now: datetime) -> Line | None:
        """How the customer is reached; None where what they said last came in writing."""
        with self._database.session() as session:
            last = session.scalar(_of_customer(conversation))
            if last is None or last.channel != PHONE:
                return None
            names = select(Alias.identity).where(Alias.sender == conversation)
            theirs = select(PhoneCall).where(or_(PhoneCall.identity == conversation, PhoneCall.identity.in_(names)))
            call = session.scalar(theirs.order_by(PhoneCall.heard_at.desc()).limit(1))
            is_lost = call is None or call.heard_at < now - _LOST
            return Line((call and call.end) or (HUNG_UP if is_lost else None), _written_from(session, conversation))

    def said(self, message_ids: list[int], at: datetime) -> None:
        """A caller has been told these messages."""
        theirs = Outgoing.message_id.in_(message_ids), Outgoing.channel == PHONE
        heard = {"state": SENT, "ended_at": at, "error": None}
        with self._database.session() as session:
            session.execute(update(Outgoing).where(*theirs).values(**heard), execution_options={"synchronize_session": False})

    def unheard(self, conversation: str) -> list[Message]:
        """What an agent wrote in a conversation for its caller's ears, and nobody has heard; oldest first."""
        with self._database.session() as session:
            return [one.message for one in session.scalars(_unheard(conversation))]


def _unheard(conversation: str):
    theirs = Outgoing.sender == conversation, Outgoing.channel == PHONE, Outgoing.state == GIVEN_UP
    return select(Outgoing).where(*theirs).order_by(Outgoing.outgoing_id)


def _of_customer(conversation: str):
    theirs = Message.sender == conversation, Message.author == "customer"
    return select(Message).where(*theirs).order_by(Message.message_id.desc()).limit(1)


def _written_from(session: Session, conversation: str) -> str | None:
    last = session.scalar(_of_customer(conversation).where(Message.channel != PHONE))
    return last.channel if last else None


def _forward(session: Session, outgoing: Outgoing, channel: str, at: datetime) -> None:
    """Have a message go out in writing; on a channel whose customers come and ask it is there already."""
    outgoing.message.channel = channel
    if channel not in DELIVERED:
        session.delete(outgoing)
        return
    outgoing.channel, outgoing.state, outgoing.due = channel, WAITING_OUT, at
    outgoing.address = address_of(session, outgoing.sender, channel)
    outgoing.ended_at = outgoing.error = None

"""Which conversation a customer goes on with on another channel, by what invitation, and who has proved to be whose customer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update

from tongshi.storage.database import Database
from tongshi.storage.models import Alias, Invitation, Message, Proof

_OFTEN_ENOUGH = timedelta(hours=1)


class ContinuationStore:
    """Who goes on with which conversation, and the codes by which they may."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def conversations(self, identities: Iterable[str]) -> dict[str, str]:
        """The conversations that people of these names go on with; who has their own is left out."""
        query = select(Alias.identity, Alias.sender).where(Alias.identity.in_(list(identities)))
        with self._database.session() as session:
            return dict(session.execute(query).all())

    def join(self, identity: str, sender: str, at: datetime) -> None:
        """Have somebody go on with a conversation, in place of the one before."""
        with self._database.session() as session:
            session.merge(Alias(identity=identity, sender=sender, at=at))

    def leave(self, identity: str) -> None:
        """Somebody goes on with no other conversation any more."""
        with self._database.session() as session:
            session.execute(delete(Alias).where(Alias.identity == identity))

    def part(self, sender: str) -> None:
        """Nobody goes on with a conversation any more but who began it, and no invitation to it counts."""
        with self._database.session() as session:
            session.execute(delete(Alias).where(Alias.sender == sender))
            session.execute(delete(Invitation).where(Invitation.sender == sender))

    def invite(self, invitation: Invitation, now: datetime) -> None:
        """Keep an invitation; those of the conversation before it, and all that are too old, count no more."""
        with self._database.session() as session:
            unused = Invitation.used_by.is_(None) & (Invitation.sender == invitation.sender)
            session.execute(delete(Invitation).where(unused | (Invitation.expires < now)))
            session.add(invitation)

    def use(self, digest: str, identity: str, now: datetime) -> str | None:
        """The conversation that an invitation is to; None where it is unknown, too old, or another has used it.

        Args:
            digest: of the link's token, the code or the pin.
            identity: who uses it; who comes twice is let in twice.
        """
        named = (Invitation.link == digest) | (Invitation.code == digest) | (Invitation.pin == digest)
        mine = update(Invitation).where(
            named,
            Invitation.expires >= now,
            Invitation.used_by.is_(None) | (Invitation.used_by == identity),
        )
        with self._database.session() as session:
            if not session.execute(mine.values(used_by=identity), execution_options={"synchronize_session": False}).rowcount:
                return None
            return session.scalar(select(Invitation.sender).where(named))

    def prove(self, sender: str, customer: str, now: datetime) -> None:
        """Note that in a conversation somebody proved to be a customer; once an hour is enough."""
        with self._database.session() as session:
            known = session.get(Proof, (sender, customer))
            if known is None or now - known.at > _OFTEN_ENOUGH:
                session.merge(Proof(sender=sender, customer=customer, at=now))

    def proved(self, customer: str, since: datetime, besides: str) -> str | None:
        """The conversation with the newest message in which this customer, and nobody else, was proved since then.

        Args:
            besides: the conversation that does not count.
        """
        alone = select(Proof.sender).group_by(Proof.sender).having(func.count() == 1)
        theirs = select(Proof.sender).where(Proof.customer == customer, Proof.at >= since, Proof.sender.in_(alone))
        newest = (
            select(Message.sender)
            .where(Message.sender.in_(theirs), Message.sender != besides)
            .order_by(Message.message_id.desc())
            .limit(1)
        )
        with self._database.session() as session:
            return session.scalar(newest)

"""What is kept of e-mail: how far a mailbox was read, which conversation a message belongs to; and customers' attachments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from tongshi.storage.database import Database
from tongshi.storage.models import Attachment, Mail, Mailbox


@dataclass(frozen=True)
class File:
    """A file as it came.

    Attributes:
        kind: its media type.
        text: what can be read in a photo.
    """

    name: str
    kind: str
    data: bytes
    text: str = ""


class MailStore:
    """How far mailboxes have been read, and which of our letters are which."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read_until(self, mailbox: str) -> tuple[int, int] | None:
        """Validity and number of the last message that was handled; None where the mailbox was never read."""
        with self._database.session() as session:
            row = session.get(Mailbox, mailbox)
        return (row.validity, row.uid) if row else None

    def set_read_until(self, mailbox: str, validity: int, uid: int) -> None:
        with self._database.session() as session:
            session.merge(Mailbox(name=mailbox, validity=validity, uid=uid))

    def begin_reading(self, mailbox: str, uid: int) -> int:
        """Note that a message is about to be taken apart; says how often that was begun before and never ended."""
        with self._database.session() as session:
            row = session.get(Mailbox, mailbox)
            before = row.reading.get(str(uid), 0)
            row.reading = {**row.reading, str(uid): before + 1}
        return before

    def end_reading(self, mailbox: str, uid: int) -> None:
        """Note that a message was taken apart."""
        with self._database.session() as session:
            row = session.get(Mailbox, mailbox)
            row.reading = {number: times for number, times in row.reading.items() if number != str(uid)}

    def conversation(self, digests: Iterable[str]) -> str | None:
        """The conversation that one of these messages belongs to, the first that is known."""
        wanted = list(digests)
        with self._database.session() as session:
            found = dict(session.execute(select(Mail.digest, Mail.sender).where(Mail.digest.in_(wanted))).all())
        return next((found[digest] for digest in wanted if digest in found), None)

    def add(self, mail: Mail) -> None:
        """Note a message; one that is known stays as it is."""
        try:
            with self._database.session() as session:
                session.add(mail)
        except IntegrityError:
            pass

    def received_since(self, customer: str, since: datetime) -> int:
        """How many messages came from a customer since then."""
        query = select(func.count()).where(Mail.customer == customer, Mail.ours.is_(False), Mail.at >= since)
        with self._database.session() as session:
            return session.scalar(query)


class AttachmentStore:
    """Photos and files that customers sent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, sender: str, client_id: str, files: list[File], at: datetime) -> list[dict[str, int | str]]:
        """Keep a message's files, once however often they come.

        Returns:
            For each what a transcript shows: `id`, `name`, `kind`, `size` in bytes, and `text` where something can be read in it.
        """
        rows = self._of(sender, client_id)
        if not rows and files:
            rows = [
                Attachment(
                    sender=sender, client_id=client_id, number=number, name=file.name, kind=file.kind, data=file.data,
                    text=file.text, at=at,
                )
                for number, file in enumerate(files)
            ]  # fmt: skip
            try:
                with self._database.session() as session:
                    session.add_all(rows)
            except IntegrityError:
                rows = self._of(sender, client_id)
        return [_shown(row) for row in rows]

    def get(self, attachment_id: int) -> Attachment | None:
        with self._database.session() as session:
            return session.get(Attachment, attachment_id)

    def _of(self, sender: str, client_id: str) -> list[Attachment]:
        query = select(Attachment).where(Attachment.sender == sender, Attachment.client_id == client_id)
        with self._database.session() as session:
            return list(session.scalars(query.order_by(Attachment.number)))


def _shown(row: Attachment) -> dict[str, int | str]:
    shown = {"id": row.attachment_id, "name": row.name, "kind": row.kind, "size": len(row.data)}
    return {**shown, "text": row.text} if row.text else shown

"""E-mail: a mailbox is read by IMAP, a thread is a conversation, answers go out by SMTP; what is uncertain waits for a person."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import structlog
from sanic import Blueprint

from tongshi import clock
from tongshi.channels.delivery import Platform
from tongshi.channels.guard import REPLY
from tongshi.channels.letters import Letter, read_head, read_letter
from tongshi.channels.mail_access import make_token_source
from tongshi.channels.mail_sending import EmailPlatform, digest
from tongshi.channels.mailbox import Mailbox, MailboxTrouble
from tongshi.channels.platform import FILE, PlatformChannel
from tongshi.conversations.handover import Handovers, SupportHours
from tongshi.errors import TongshiError, Unavailable
from tongshi.language.identify import is_traditional
from tongshi.language.letters import bare_subject
from tongshi.responses.catalog import get_replies
from tongshi.settings import Settings, get_settings
from tongshi.storage.database import get_database
from tongshi.storage.mail import MailStore
from tongshi.storage.models import Mail, Message

UNCERTAIN = frozenset(
    {
        "utter_answer_unknown", "utter_empty_message", "utter_message_too_long", "utter_not_understood", "utter_only_text",
        "utter_out_of_scope", "utter_timeout", "utter_trouble",
    }
)  # fmt: skip
"""Replies that settle nothing: by e-mail, where asking back costs a day, a person answers in their place."""

_TO_A_PERSON = "utter_handoff_queued"
_AT_ONCE = 4
_WAIT = 60.0
_LONGEST_PAUSE = 300.0
_MOST_AN_HOUR = 20
_MOST_TRIES = 2
"""So often a message may bring the system down."""

_LOOK_BACK = timedelta(days=3)
_GRACE = timedelta(seconds=30)

log = structlog.get_logger()
T = TypeVar("T")


class EmailChannel(PlatformChannel):
    """Reads a mailbox for as long as the server runs; it has no address of its own.

    Mail that was there before the mailbox was first opened is left alone.

    Args:
        ours: the address that we write from.
    """

    def __init__(
        self,
        platform: Platform | None,
        ours: str = "",
        mailbox: Mailbox | None = None,
        mails: MailStore | None = None,
        handovers: Handovers | None = None,
        **stores: Any,
    ) -> None:
        super().__init__(platform, **stores)
        self._ours = ours
        self._mailbox = mailbox
        self._mails = mails
        self._handovers = handovers

    @classmethod
    def name(cls) -> str:
        return "email"

    @classmethod
    def from_settings(cls, settings: Settings, **stores: Any) -> EmailChannel:
        """The channel, closed where its settings are not made.

        Args:
            stores: as for other channels, and `mails`, `handovers`.
        """
        if not settings.email_address:
            return cls(None, **stores)
        mails = stores.pop("mails", None) or MailStore(get_database())
        user = settings.email_user or settings.email_address
        tokens = make_token_source(settings)
        mailbox = Mailbox(settings.email_imap, user, settings.email_password, settings.email_folder, tokens)
        platform = EmailPlatform(settings, mails, settings.secret("email"), tokens)
        return cls(platform, settings.email_address, mailbox, mails, **stores)

    def add_routes(self, webhook: Blueprint) -> None:
        """Nobody calls; the mailbox is asked."""

    async def _start(self, *_: Any) -> None:
        await super()._start()
        self._handovers = self._handovers or Handovers(self._store, SupportHours(get_settings().support_hours), clock.now)
        self._thread = ThreadPoolExecutor(1, "mailbox")
        self._watching = asyncio.create_task(self._watch())

    async def _stop(self, *_: Any) -> None:
        self._mailbox.stop()
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)
        self._thread.submit(self._mailbox.close)
        self._thread.shutdown(wait=False)
        await super()._stop()

    async def _call(self, work: Callable[..., T], *values: Any) -> T:
        """Do something with the mailbox, in the one thread that may."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(work, *values))

    async def _watch(self) -> None:
        """Read what is new, wait for more, and begin again where that fails."""
        tries = 0
        while True:
            try:
                await self._call(self._mailbox.open)
                while True:
                    await self._read_new()
                    tries = 0
                    await self._call(self._mailbox.wait, _WAIT)
            except TongshiError as error:
                log.warning("email.postponed", error=str(error), hint="see TONGSHI_EMAIL_*, the mail server, and the database")
            except Exception:
                # Nobody waits for this task; the log is where it is heard of.
                log.exception("email.reading_failed")
            await self._call(self._mailbox.close)
            await asyncio.sleep(min(2.0**tries, _LONGEST_PAUSE))
            tries = min(tries + 1, 16)

    async def _read_new(self) -> None:
        """Handle what came since last time."""
        box = self._mailbox
        before = await asyncio.to_thread(self._mails.read_until, box.name)
        if before is None:
            newest = await self._call(box.newest)
            return await asyncio.to_thread(self._mails.set_read_until, box.name, box.validity, newest)
        validity, last = before
        if validity == box.validity:
            numbers = await self._call(box.after, last)
        else:
            # The server numbers anew; what was handled before is known by its name.
            log.warning("email.renumbered", mailbox=box.name)
            numbers = await self._call(box.since, (clock.now() - _LOOK_BACK).date())
            if not numbers:
                await asyncio.to_thread(self._mails.set_read_until, box.name, box.validity, await self._call(box.newest))
        for start in range(0, len(numbers), _AT_ONCE):
            few = numbers[start : start + _AT_ONCE]
            await self._handle_few(few)
            await asyncio.to_thread(self._mails.set_read_until, box.name, box.validity, few[-1])

    async def _handle_few(self, numbers: list[int]) -> None:
        """Handle messages, several conversations at once, each conversation's in order; mark those that were answered."""
        conversations: dict[str, list[tuple[int, Letter]]] = {}
        for number in numbers:
            data = await self._call(self._mailbox.fetch, number)
            if data is not None:
                letter = await asyncio.to_thread(self._read, number, data)
                sender = await asyncio.to_thread(self._conversation_of, letter)
                conversations.setdefault(sender, []).append((number, letter))
        answered = await asyncio.gather(*(self._handle_in_order(sender, letters) for sender, letters in conversations.items()))
        for number in sum(answered, []):
            try:
                await self._call(self._mailbox.mark_answered, number)
            except MailboxTrouble as error:
                log.info("email.not_marked", error=str(error))

    def _read(self, number: int, data: bytes) -> Letter:
        """An e-mail, read; a person gets one that cannot be, or with which the system ended again and again, as it came."""
        tries = self._mails.begin_reading(self._mailbox.name, number)
        letter = self._whole_or_head(data) if tries < _MOST_TRIES else read_head(data, self._ours)
        self._mails.end_reading(self._mailbox.name, number)
        if tries >= _MOST_TRIES:
            log.error(
                "email.not_read", bytes=len(data), hint="the system ended while it read it; a person finds it as message.eml"
            )
        return letter

    def _whole_or_head(self, data: bytes) -> Letter:
        try:
            return read_letter(data, self._ours)
        except Exception:
            # The mails behind it are to be read whatever is in this one.
            log.exception("email.unreadable", bytes=len(data), hint="a person finds it at the desk as message.eml")
            return read_head(data, self._ours)

    def _conversation_of(self, letter: Letter) -> str:
        """The conversation of the newest message that this one replies to, else one named after its thread.

        Only what was written by, or to, the same address counts, so that nobody comes into another's conversation.
        """
        names = [letter.message_id, *reversed(letter.references)]
        root = letter.references[0] if letter.references else letter.message_id
        known = self._mails.conversation([digest(letter.address, name) for name in names])
        return known or f"email:{digest(letter.address, root)[:24]}"

    async def _handle_in_order(self, sender: str, letters: list[tuple[int, Letter]]) -> list[int]:
        answered = []
        for number, letter in letters:
            try:
                if await self._handle_letter(sender, letter):
                    answered.append(number)
            except TongshiError:
                raise
            except Exception:
                log.exception(
                    "email.message_failed", sender=sender, mail=letter.message_id, hint="it stays unread in the mailbox"
                )
        return answered

    async def _handle_letter(self, sender: str, letter: Letter) -> bool:
        """Handle a message once; says whether the bot has answered it."""
        if letter.undelivered:
            await asyncio.to_thread(self._report_undelivered, *letter.undelivered)
        if letter.silence:
            log.info("email.not_answered", mail=letter.message_id, reason=letter.silence)
            return False
        name = digest(letter.address, letter.message_id)
        conversation = await asyncio.to_thread(self._guard.conversation, sender)
        before = await asyncio.to_thread(self._store.replies_to, conversation, name)
        if before is None:
            return await self._answer(sender, name, letter)
        if not before:
            await asyncio.to_thread(self._take_up, conversation, name)
            self._postman.wake()
        return any(reply.author == "bot" for reply in before)

    async def _answer(self, sender: str, name: str, letter: Letter) -> bool:
        text, extras, is_one_of_many = await asyncio.to_thread(self._note, sender, name, letter)
        if is_one_of_many:
            log.warning("email.flooded", sender=sender, hint="a person is asked to look")
        replies = await self._guard.turn(
            self._on_new_message,
            sender=sender,
            text=text or FILE,
            channel=self.name(),
            client_id=name,
            extras=extras,
            instead="utter_only_text" if is_one_of_many or not text else None,
            review=partial(self._leave, text) if is_one_of_many else partial(self._review, text),
        )
        if any(reply.message_id is None for reply in replies):
            raise Unavailable("what was answered to an e-mail could not be kept")
        self._postman.wake()
        return bool(replies) and all(reply.extras.get(REPLY) != "utter_email_waits" for reply in replies)

    def _note(self, sender: str, name: str, letter: Letter) -> tuple[str, dict[str, Any], bool]:
        """Keep what belongs to a message; gives what it says, what is kept with it, and whether its author writes too often."""
        customer, moment = digest(letter.address), clock.now()
        is_new = self._mails.conversation([name, *(digest(letter.address, one) for one in letter.references)]) is None
        self._mails.add(Mail(digest=name, sender=sender, customer=customer, ours=False, at=moment))
        address = {
            "to": letter.address, "subject": letter.subject, "message_id": letter.message_id,
            "references": list(letter.references), "conversation": sender,
        }  # fmt: skip
        extras: dict[str, Any] = {"address": address}
        if letter.files:
            extras["attachments"] = self._attachments.keep(self._guard.conversation(sender), name, list(letter.files), moment)
        subject = bare_subject(letter.subject)
        has_said_it = subject.casefold() in letter.text.casefold()
        text = letter.text if has_said_it or not is_new else f"{subject}\n{letter.text}".strip()
        many = self._mails.received_since(customer, moment - timedelta(hours=1)) > _MOST_AN_HOUR
        return (text if letter.text or not letter.files else ""), extras, many

    def _review(self, asked: str, replies: list[Message]) -> list[Message]:
        """One message of all replies; a word that a person will answer in place of those that settle nothing."""
        settled = [reply for reply in replies if reply.extras.get(REPLY) not in {*UNCERTAIN, _TO_A_PERSON}]
        if len(settled) < len(replies):
            settled.append(self._word(replies[-1], asked))
        return [_joined(settled)]

    def _leave(self, asked: str, replies: list[Message]) -> list[Message]:
        """Nothing is said; a person finds the conversation among those that wait."""
        self._handovers.request(replies[-1].sender, replies[-1].language, asked)
        return []

    def _word(self, instead_of: Message, asked: str) -> Message:
        """Says that a person will answer, whom it asks for."""
        handover = self._handovers.request(instead_of.sender, instead_of.language, asked)
        values = {"case_number": handover.case.number if handover.case else ""}
        traditional = instead_of.language == "zh" and bool(is_traditional(asked))
        text = get_replies().render("utter_email_waits", instead_of.language, values, traditional=traditional).text
        return Message(
            sender=instead_of.sender, channel=self.name(), author="bot", text=text, language=instead_of.language, at=clock.now(),
            extras={REPLY: "utter_email_waits"},
        )  # fmt: skip

    def _take_up(self, sender: str, name: str) -> None:
        """Ask for a person where a message was kept and never answered, since the system was stopped in between.

        Raises:
            Unavailable: it may still be on its way through another process.
        """
        asked = self._store.message_of(sender, name)
        if asked is None or self._handovers.is_silent(sender):
            return
        if clock.now() - asked.at < timedelta(seconds=get_settings().turn_deadline) + _GRACE:
            raise Unavailable("a message is still being handled, or was when the system ended")
        if not (self._store.replies_to(sender, name) or self._is_left(sender)):
            self._store.add(self._word(asked, asked.text), asked)

    def _is_left(self, sender: str) -> bool:
        """Whether a person was asked for without a word to the customer."""
        handover = self._store.handover(sender)
        return handover is not None and handover.state != "released"

    def _report_undelivered(self, recipient: str, message_id: str) -> None:
        """Say of what was sent to a customer that it did not arrive."""
        sender = self._mails.conversation([digest(recipient, message_id)])
        outgoing = self._outbox.last_sent(self._guard.conversation(sender)) if sender else None
        if outgoing is None:
            return
        self._outbox.give_up(outgoing.outgoing_id, clock.now(), "the customer's mail system reports that it was not delivered")
        log.error("channel.given_up", channel=self.name(), sender=sender, message=outgoing.message_id, error="it came back")


def _joined(replies: list[Message]) -> Message:
    """All that was said in one turn as one message, with the buttons of the last and the citations of all."""
    last = replies[-1]
    extras = dict(last.extras)
    customs = [reply.extras.get("custom") or {} for reply in replies]
    if any(customs):
        citations = [citation for custom in customs for citation in custom.get("citations") or []]
        merged = {key: value for custom in customs for key, value in custom.items()}
        extras["custom"] = {**merged, "citations": citations}
    text = "\n\n".join(reply.text for reply in replies if reply.text)
    return Message(
        sender=last.sender, channel=last.channel, author=last.author, text=text, language=last.language, at=last.at, extras=extras
    )

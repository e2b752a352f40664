"""What is said in a telephone call, whoever hears and speaks: Twilio (`phone`) or the engines of this machine (`phone_stream`).

Order numbers, case numbers and e-mail addresses are read back, and count once the caller has agreed. While a person has the conversation who
answers at the desk, the caller holds the line and hears what they write.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from tongshi import clock
from tongshi.channels.database import in_database
from tongshi.channels.guard import Guard, Handler
from tongshi.conversations.continuing import CODE
from tongshi.language import formats
from tongshi.responses.catalog import Replies
from tongshi.settings import LANGUAGES
from tongshi.speech.hearing import agrees, corrected, identifiers, readable
from tongshi.speech.speakable import speakable, spell, spell_all
from tongshi.speech.synthesis import shortened
from tongshi.storage.calls import CallStore
from tongshi.storage.models import Message

_MOST_CALLS = 1000
_MOST_SPOKEN = 500
_YES, _NO = "1", "2"
_HOLD = 6
"""After so many silences in a row who waits for a person hears that they are not forgotten."""

_LONGEST_HOLD = 120
_FIXED = ("utter_phone_welcome", "utter_phone_wait", "utter_phone_again", "utter_phone_silence", "utter_phone_goodbye")
_PEOPLE = frozenset({"utter_handoff_queued"})


@dataclass(frozen=True)
class Said:
    """What the caller hears, and what comes after it.

    Attributes:
        text: speakable; it may be empty.
        then: `listen`; `check`, where a yes or no is expected; `wait` for an answer that takes longer; `dial` the person whom callers are
            put through to; `hang_up`.
    """

    text: str
    then: Literal["listen", "check", "wait", "dial", "hang_up"] = "listen"


@dataclass
class Call:
    """What is known of a call while it lasts.

    Attributes:
        sender: its conversation.
        language: that is spoken.
        unsure: what the caller said, with an order number or address that has just been read back.
        misheard: the same after the caller has refused it.
        silences: how often in a row nothing was heard.
        start: drawn when the call is opened, also in the middle of it, after a restart.
        turns: how many messages went to the bot since then; both together name them.
        answer: the turn that is being answered.
        is_streamed: whether its sound goes through a stream.
        left: what is still to be said or done after its stream has ended.
        is_unanswered: whether nobody picked up when the caller was put through.
        conversation: that the caller is in, "" until it was looked up; another than the call's own where they go on with one of another
            channel.
        known: the number of the newest message of it that they have heard.
        number: that rings, to call back; it proves nothing.
    """

    sender: str
    language: str
    unsure: str = ""
    misheard: str = ""
    silences: int = 0
    start: str = field(default_factory=lambda: secrets.token_hex(4))
    turns: int = 0
    answer: asyncio.Task[list[Message]] | None = field(default=None, repr=False)
    is_streamed: bool = False
    left: Said | None = None
    is_unanswered: bool = False
    conversation: str = ""
    known: int = 0
    number: str = ""


class Calls:
    """The calls of a telephone.

    Args:
        store: where it is noted who is on the line, and what they were told.
        handler: Rasa's, for a message.
        language: in which a call begins.
        has_person: whether there is somebody whom callers can be put through to.
        channel: the name under which conversations are kept.
    """

    def __init__(
        self,
        guard: Guard,
        store: CallStore,
        replies: Replies,
        handler: Handler,
        *,
        language: str,
        has_person: bool,
        channel: str = "phone",
    ) -> None:
        self._guard = guard
        self._store = store
        self._replies = replies
        self._handler = handler
        self._language = language
        self._has_person = has_person
        self._channel = channel
        self._calls: OrderedDict[str, Call] = OrderedDict()

    def open(self, number: str) -> Call:
        """A call by its number, as the platform names it; calls that ended long ago are forgotten."""
        call = self._calls.setdefault(number, Call(f"{self._channel}:{number}", self._language))
        self._calls.move_to_end(number)
        while len(self._calls) > _MOST_CALLS:
            self._calls.popitem(last=False)
        return call

    def known(self, number: str) -> Call | None:
        """A call that was opened before."""
        return self._calls.get(number)

    def streamed(self) -> int:
        """How many calls have a stream."""
        return sum(call.is_streamed for call in self._calls.values())

    def text(self, call: Call, name: str, **values: str) -> str:
        """A reply of the catalogue in the call's language."""
        return self._replies.render(name, call.language, values).text

    def fixed_texts(self) -> list[str]:
        """What is said in many calls, in the language in which they begin."""
        return [self._replies.render(name, self._language, {}).text for name in _FIXED]

    async def stirs(self, call: Call) -> None:
        """Note that the caller is on the line."""
        await in_database(self._store.stirs, call.sender, clock.now())

    async def ended(self, number: str, end: str) -> None:
        """Note how a call ended, be it known here or not.

        Args:
            end: `HUNG_UP` or `PUT_THROUGH`.
        """
        await in_database(self._store.ended, f"{self._channel}:{number}", end, clock.now())

    def welcome(self, call: Call) -> Said:
        return Said(self.text(call, "utter_phone_welcome"))

    async def _nothing_heard(self, call: Call) -> Said:
        """Who says nothing is asked once more; who waits for a person hears what that one has written."""
        if told := await self._told_unasked(call):
            call.silences = 0
            await self._were_said(told)
            return Said(self._spoken(call, told))
        call.silences += 1
        if await self._is_with_person(call):
            return self._on_hold(call)
        if call.silences == 1:
            return Said(self.text(call, "utter_phone_silence"), "check" if call.unsure else "listen")
        return Said(self.text(call, "utter_phone_goodbye"), "hang_up")

    def unanswered(self, call: Call) -> Said:
        """What is said where nobody picked up; the caller waits for a person from then on as where there is nobody to be put through to."""
        call.is_unanswered = True
        return Said(self.text(call, "utter_phone_unanswered"))

    def _on_hold(self, call: Call) -> Said:
        if call.silences >= _LONGEST_HOLD:
            return Said(self.text(call, "utter_phone_nobody"), "hang_up")
        return Said(self.text(call, "utter_phone_wait") if call.silences % _HOLD == 0 else "")

    async def _is_with_person(self, call: Call) -> bool:
        return bool(await in_database(self._guard.is_silent, call.sender))

    async def _told_unasked(self, call: Call, replies: Iterable[Message] = ()) -> list[Message]:
        """What was said unasked since the caller was told anything; of a conversation that they have just come into, what an agent
        wrote after an earlier call of theirs.

        Args:
            replies: what is said to them besides.
        """
        found = await in_database(self._guard.unasked, call.sender, call.known)
        if found is None:
            return []
        conversation, unasked = found
        is_new, call.conversation = conversation != call.conversation, conversation
        call.known = max(call.known, *(one.message_id or 0 for one in (*unasked, *replies)), 0)
        return await in_database(self._store.unheard, conversation) or [] if is_new else unasked

    async def _were_said(self, messages: Iterable[Message]) -> None:
        await in_database(self._store.said, [one.message_id for one in messages if one.message_id], clock.now())

    async def hear(self, call: Call, text: str, key: str = "") -> Said | None:
        """What is said to the caller's words or keys at once; None where the bot has been asked, and `answered` waits for it.

        Args:
            text: as a recogniser wrote it.
            key: the telephone's keys that were pressed.
        """
        await self.stirs(call)
        text = readable(text, call.language).strip()
        if not text and not key:
            return await self._nothing_heard(call)
        call.silences = 0
        if call.unsure:
            agreed = {_YES: True, _NO: False}.get(key) if key else agrees(text, call.language)
            unsure, call.unsure = call.unsure, ""
            if agreed:
                return self._pass_on(call, unsure)
            if agreed is False:
                call.misheard = unsure
                if not identifiers(text):
                    return Said(self.text(call, "utter_phone_again"))
        misheard, call.misheard = call.misheard, ""
        if found := identifiers(text):
            call.unsure = corrected(misheard, text) if misheard else text
            return Said(self.text(call, "utter_phone_check", spelled=spell_all(found, call.language)), "check")
        return self._pass_on(call, text or key)

    def _pass_on(self, call: Call, text: str) -> None:
        if call.answer is None:
            call.turns += 1
            turn = self._guard.turn(
                self._handler,
                sender=call.sender,
                text=text,
                channel=self._channel,
                hint=call.language,
                client_id=f"{call.sender}:{call.start}:{call.turns}"[-64:],
                extras={"address": {"to": call.number}} if call.number else None,
            )
            call.answer = asyncio.create_task(turn)

    async def answered(self, call: Call, patience: float) -> Said:
        """The bot's answer, or `wait` where it is not there yet.

        Args:
            patience: seconds.
        """
        if call.answer is None:
            return Said("")
        done, _ = await asyncio.wait([call.answer], timeout=patience)
        if not done:
            return Said("", "wait")
        task, call.answer = call.answer, None
        answers = task.result()
        before = call.conversation
        told = await self._told_unasked(call, answers)
        await self._were_said(told)
        replies = [*told, *answers] if call.conversation == before else [*answers, *told]
        call.language = next((one.language for one in replies if one.language in LANGUAGES), call.language)
        is_for_person = any(one.extras.get("reply") in _PEOPLE for one in replies) or not (answers or call.is_unanswered)
        is_over = self._has_person and is_for_person
        if not replies and not is_over:
            return Said(self.text(call, "utter_phone_wait"))
        return Said(self._spoken(call, replies), "dial" if is_over else "listen")

    def _spoken(self, call: Call, replies: list[Message]) -> str:
        """Replies as they are said, with the choices of their buttons."""
        lines = [one.text for one in replies if one.text]
        titles = [button["title"] for one in replies[-1:] for button in one.extras.get("buttons", [])]
        lines += [formats.listing(titles, call.language)] if titles else []
        text = CODE.sub(lambda code: spell(code[0], call.language), "\n".join(lines))
        return shortened(speakable(text, call.language), _MOST_SPOKEN)

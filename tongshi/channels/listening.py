"""Voice messages: heard, said back in text, answered aloud as well."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import structlog

from tongshi import clock
from tongshi.channels.continuing import Notice
from tongshi.channels.database import in_database
from tongshi.channels.delivery import Platform, Postponed
from tongshi.channels.guard import REPLY
from tongshi.channels.platform import Incoming, WebhookChannel
from tongshi.conversations.scripts import writes_traditional
from tongshi.errors import TongshiError
from tongshi.language.identify import is_traditional
from tongshi.responses.catalog import Replies, get_replies
from tongshi.settings import Settings
from tongshi.speech.audio import Unheard, joined
from tongshi.speech.hearing import agrees, identifiers
from tongshi.speech.synthesis import shortened
from tongshi.speech.voice import Voice, get_voice, make_ready
from tongshi.storage.models import Message
from tongshi.threads import beside

_CHECK = "utter_phone_check"
_MOST_SPOKEN = 500
"""Characters of a reply that are said; who wants more reads it."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Understood:
    """What came of a voice message.

    Attributes:
        text: what is said; empty where nothing was understood.
        language: in which.
        instead: the reply to give where nothing was understood.
    """

    text: str = ""
    language: str | None = None
    instead: str | None = None


class Listener:
    """Between voice messages and the conversation; all that takes the processor runs beside the event loop.

    Args:
        voice: hears and speaks.
        replies: how a customer is told what was understood.
    """

    def __init__(self, voice: Voice, replies: Replies) -> None:
        self._voice = voice
        self._replies = replies

    async def warm_up(self) -> None:
        """Load what the first voice message would wait for."""
        await make_ready(self._voice)

    async def hear(self, fetch: Callable[[], Awaitable[bytes]], likely: str | None) -> Understood:
        """What is said in a recording.

        Args:
            fetch: brings it.
            likely: the language of the customer's profile.
        """
        try:
            heard = await beside("hearing", self._voice.hear, await fetch(), likely=likely)
        except Unheard as error:
            return Understood(instead="utter_voice_too_long" if error.why == "too_long" else "utter_voice_unclear")
        except (Postponed, TongshiError) as error:
            log.error("voice.not_heard", error=str(error))
            return Understood(instead="utter_trouble")
        return Understood(heard.text, heard.language)

    def said_back(self, understood: Understood, sender: str, channel: str, traditional: bool) -> Message:
        """Tells the customer what was understood; `traditional`: whether they write Chinese in traditional characters."""
        values = {"heard": understood.text}
        text = self._replies.render("utter_voice_heard", understood.language, values, traditional=traditional).text
        return Message(
            sender=sender, channel=channel, author="bot", text=text, language=understood.language, at=clock.now(), extras={}
        )

    async def speak(self, replies: list[Message]) -> bytes | None:
        """Replies as one voice message in Ogg Opus; None where there is nothing to be said, or no voice to say it."""
        said = [reply for reply in replies if reply.text]
        if not said:
            return None
        language = said[0].language
        text = shortened("\n".join(reply.text for reply in said if reply.language == language), _MOST_SPOKEN)
        try:
            return await beside("speaking", lambda: joined(list(self._voice.speak(text, language))).opus())
        except TongshiError as error:
            log.error("voice.not_spoken", error=str(error), language=language)
            return None


class VoiceChannel(WebhookChannel):
    """A channel whose customers may also speak.

    Args:
        listener: hears voice messages; None where speech is off.
        others: as for `WebhookChannel`.
    """

    def __init__(self, platform: Platform | None, listener: Listener | None = None, **others: Any) -> None:
        super().__init__(platform, **others)
        self._listener = listener

    @abstractmethod
    async def recording(self, incoming: Incoming) -> bytes:
        """What a voice message holds.

        Raises:
            Unheard: it is too long.
            Postponed: the platform does not give it.
        """

    @abstractmethod
    async def send_recording(self, address: dict[str, Any], sound: bytes) -> None:
        """Send a voice message; nothing depends on it, since the same stands in text."""

    async def _start(self, *_: Any) -> None:
        await super()._start()
        if self._listener:
            self._warming = asyncio.create_task(self._listener.warm_up())

    async def _respond(self, incoming: Incoming, hint: str | None) -> None:
        if incoming.is_spoken:
            await self._respond_to_spoken(incoming, hint)
        else:
            await super()._respond(incoming, hint)

    async def _respond_to_spoken(self, incoming: Incoming, hint: str | None) -> None:
        """Answer a voice message as what is said in it, which the customer is told first; replies are spoken, too.

        A person who has the conversation gets the recording beside the words.
        """
        conversation = await asyncio.to_thread(self._conversation, incoming)
        if await asyncio.to_thread(self._store.replies_to, conversation, incoming.client_id) is not None:
            return
        understood = await self._listener.hear(lambda: self.recording(incoming), hint)
        is_silent = await asyncio.to_thread(self._guard.is_silent, incoming.sender)
        written = replace(
            incoming,
            text=understood.text or incoming.text,
            instead=understood.instead or _check(understood.text),
            is_spoken=False,
            media=incoming.media if is_silent else (),
        )
        if understood.text and not is_silent:
            said_back = await asyncio.to_thread(self._said_back, understood, conversation)
            # Noted as heard before the customer is told so: should the system end now, they are not told again.
            await in_database(self._inbox.change, self.name(), incoming.sender, incoming.client_id, asdict(written))
            await self._postman.send_unkept(incoming.address, said_back)
        replies = await self._answer(written, understood.language or hint)
        if understood.text and (sound := await self._listener.speak(replies)):
            await self.send_recording(incoming.address, sound)

    def _said_back(self, understood: Understood, conversation: str) -> Message:
        traditional = is_traditional(understood.text)
        if traditional is None:
            traditional = writes_traditional(self._store.messages(conversation))
        return self._listener.said_back(understood, conversation, self.name(), traditional)

    async def _answer(self, incoming: Incoming, hint: str | None) -> list[Message]:
        return await super()._answer(await asyncio.to_thread(self._agreed, incoming), hint)

    def _agreed(self, incoming: Incoming) -> Incoming:
        """A yes to what was read back just before is the press of its button; after a no it is to be said again."""
        last = self._store.messages(self._conversation(incoming), most=1)
        if not last or last[0].extras.get(REPLY) != _CHECK or incoming.button or identifiers(incoming.text):
            return incoming
        agreed = agrees(incoming.text, last[0].language)
        if agreed is None:
            return incoming
        return replace(incoming, button=f"{last[0].message_id}.0") if agreed else replace(incoming, instead="utter_phone_again")


def _check(text: str) -> Notice | None:
    """Reads back a number, an address or an amount; what was said counts once the customer agrees."""
    found = identifiers(text)
    return Notice(_CHECK, {"spelled": ", ".join(found)}, (text,)) if found else None


def make_listener(settings: Settings) -> Listener | None:
    """The listener of the settings; None where speech is off."""
    return Listener(get_voice(), get_replies()) if settings.voice == "on" else None

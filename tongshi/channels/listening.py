"""Voice messages: heard, said back in text, answered aloud as well."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from tongshi import clock
from tongshi.channels.delivery import Postponed
from tongshi.errors import TongshiError
from tongshi.responses.catalog import Replies, get_replies
from tongshi.settings import Settings
from tongshi.speech.audio import Unheard, joined
from tongshi.speech.synthesis import shortened
from tongshi.speech.voice import Voice, get_voice
from tongshi.storage.models import Message

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
        try:
            await asyncio.to_thread(self._voice.warm_up)
        except TongshiError as error:
            log.error("voice.not_ready", error=str(error), hint="`tongshi models pull whisper-base kokoro`")

    async def hear(self, fetch: Callable[[], Awaitable[bytes]], likely: str | None) -> Understood:
        """What is said in a recording.

        Args:
            fetch: brings it.
            likely: the language of the customer's profile.
        """
        try:
            heard = await asyncio.to_thread(self._voice.hear, await fetch(), likely=likely)
        except Unheard as error:
            return Understood(instead="utter_voice_too_long" if error.why == "too_long" else "utter_voice_unclear")
        except (Postponed, TongshiError) as error:
            log.error("voice.not_heard", error=str(error))
            return Understood(instead="utter_trouble")
        return Understood(heard.text, heard.language)

    def said_back(self, understood: Understood, sender: str, channel: str) -> Message:
        """Tells the customer what was understood."""
        text = self._replies.render("utter_voice_heard", understood.language, {"heard": understood.text}).text
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
            return await asyncio.to_thread(lambda: joined(list(self._voice.speak(text, language))).opus())
        except TongshiError as error:
            log.error("voice.not_spoken", error=str(error), language=language)
            return None


def make_listener(settings: Settings) -> Listener | None:
    """The listener of the settings; None where speech is off."""
    return Listener(get_voice(), get_replies()) if settings.voice == "on" else None

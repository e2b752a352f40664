"""The chat page's microphone and its spoken replies."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Iterator

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tongshi.conversations.rates import RateLimit
from tongshi.desk.endpoints import Full, Line, is_row_key
from tongshi.desk.sessions import CustomerSessions, address_of
from tongshi.errors import TongshiError
from tongshi.settings import LANGUAGES, Settings
from tongshi.speech.audio import Sound, Unheard
from tongshi.speech.hearing import identifiers
from tongshi.speech.synthesis import shortened
from tongshi.speech.voice import Voice, get_voice, make_ready
from tongshi.storage.conversations import ConversationStore
from tongshi.threads import beside

LARGEST_RECORDING = 5_000_000
"""Bytes of a recording; two minutes as browsers record them are about two million."""

CLAUSES = "application/vnd.tongshi.clauses"
"""What spoken replies come as: for each clause four bytes with its length, the highest first, and a WAV file."""

_MOST_SPOKEN = 500
_MOST_HEARD, _MOST_SAID = 4, 8
"""Recordings, and replies to be said, that may wait at once."""

_STATUS = {"unreadable": 415, "empty": 422, "too_long": 413}

log = structlog.get_logger()


class SpeechApi:
    """What is heard and said on the chat page.

    Args:
        voice: None where speech is off.
        store: replies are said by their number, so that nobody has other texts said.
        sessions: tell which conversation a request belongs to.
        settings: how much may come from one address.
    """

    def __init__(self, voice: Voice | None, store: ConversationStore, sessions: CustomerSessions, settings: Settings) -> None:
        self._voice = voice
        self._store = store
        self._sessions = sessions
        self._limit = RateLimit(20, 60, "speech", settings.redis_url)
        self._address_limit = RateLimit(settings.address_rate, 60, "speech of an address", settings.redis_url)
        self._turn = asyncio.Semaphore(1)
        self._hearing = Line(_MOST_HEARD)
        self._saying = Line(_MOST_SAID)
        self._warming: asyncio.Task | None = None

    def routes(self) -> list[Route]:
        return [
            Route("/api/speech", self.state, methods=["GET"]),
            Route("/api/speech/heard", self.heard, methods=["POST"]),
            Route("/api/speech/said", self.said, methods=["POST"]),
        ]

    async def state(self, request: Request) -> Response:
        """Whether there is speech; who asks will soon use it, so that the engines are loaded."""
        if self._voice and self._warming is None:
            self._warming = asyncio.create_task(make_ready(self._voice))
        return JSONResponse({"on": self._voice is not None})

    async def heard(self, request: Request) -> Response:
        """What is said in a recording, which is the request's body; `?lang=` is the language that the page believes in."""
        if refusal := await self._refusal(request):
            return refusal
        data = await request.body()
        likely = request.query_params.get("lang")
        try:
            with self._hearing.place():
                async with self._turn:
                    heard = await beside("hearing", self._voice.hear, data, likely=likely if likely in LANGUAGES else None)
        except Full:
            return _refused("Too many recordings at once.", 503, {"Retry-After": "5"})
        except Unheard as error:
            return _refused(str(error), _STATUS[error.why])
        except TongshiError as error:
            log.error("voice.not_heard", error=str(error))
            return _refused("Speech is not available now.", 503)
        return JSONResponse({"text": heard.text, "lang": heard.language, "identifiers": identifiers(heard.text)})

    async def said(self, request: Request) -> Response:
        """A reply of the conversation aloud, clause after clause, as `CLAUSES`."""
        if refusal := await self._refusal(request):
            return refusal
        try:
            body = await request.json()
            number = body["message_id"]
        except (ValueError, LookupError, TypeError):
            number = None
        sender = await self._sessions.conversation(request)
        message = await asyncio.to_thread(self._store.message, sender, number) if is_row_key(number) else None
        if message is None or message.author == "customer" or not message.text:
            return _refused("There is no such reply in this conversation.", 404)
        sounds = self._voice.speak(shortened(message.text, _MOST_SPOKEN), message.language)
        try:
            with self._saying.place():
                first = await beside("speaking", next, sounds, None)
        except Full:
            return _refused("Too many replies at once.", 503, {"Retry-After": "5"})
        except TongshiError as error:
            log.error("voice.not_spoken", error=str(error), language=message.language)
            return _refused("This reply cannot be said.", 503)
        return StreamingResponse(_clauses(first, sounds), media_type=CLAUSES) if first else _refused("Nothing to say.", 422)

    async def _refusal(self, request: Request) -> Response | None:
        if self._voice is None:
            return _refused("Speech is off.", 404)
        sender = self._sessions.sender(request)
        if not sender:
            return _refused("Open a session first.", 401)
        if wait := await self._limit.count(sender) or await self._address_limit.count(address_of(request)):
            return _refused("Too much at once.", 429, {"Retry-After": str(int(wait) + 1)})
        return None


async def _clauses(first: Sound, others: Iterator[Sound]) -> AsyncIterator[bytes]:
    sound: Sound | None = first
    while sound:
        data = sound.wav()
        yield struct.pack(">I", len(data)) + data
        sound = await beside("speaking", next, others, None)


def _refused(error: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": error}, status, headers)


def make_speech(settings: Settings, store: ConversationStore, sessions: CustomerSessions) -> SpeechApi:
    """The interface of the settings."""
    return SpeechApi(get_voice() if settings.voice == "on" else None, store, sessions, settings)

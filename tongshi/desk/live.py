"""The stream of a conversation: what the chat page is told without asking (server-sent events)."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tongshi.conversations.live import CHANNEL, PATH, Changed, Event, RedisAnnouncer, Spoken, from_json
from tongshi.desk.sessions import CustomerSessions
from tongshi.errors import Unavailable
from tongshi.settings import Settings

MOST_STREAMS = 8
"""How many pages may watch one conversation."""

_PING = 15
_FORGET = 60.0
_WAITING = 200

log = structlog.get_logger()


@dataclass
class _Watched:
    """What is known of a conversation while it is watched or answered."""

    streams: set[asyncio.Queue[Event]] = field(default_factory=set)
    spoken: list[Spoken] = field(default_factory=list)
    over: str | None = None
    at: float = 0.0


class Hub:
    """Hands events on to the streams of this process, on its event loop.

    The sentences of the turn under way are kept, so that who comes back in its middle sees them all; a sentence that comes after the reply
    is dropped.
    """

    def __init__(self) -> None:
        self._watched: dict[str, _Watched] = defaultdict(_Watched)

    def tell(self, event: Event) -> None:
        watched = self._watched[event.sender]
        watched.at = time.monotonic()
        if isinstance(event, Spoken):
            if event.turn == watched.over:
                return
            if watched.spoken and watched.spoken[-1].turn != event.turn:
                watched.spoken.clear()
            watched.spoken.append(event)
        elif event.turn:
            watched.over = event.turn
            watched.spoken.clear()
        for stream in watched.streams:
            if stream.qsize() < _WAITING:
                stream.put_nowait(event)
        self._forget()

    @asynccontextmanager
    async def watch(self, sender: str) -> AsyncIterator[asyncio.Queue[Event]]:
        """A queue of what happens from here on, beginning with what the turn under way has said."""
        watched = self._watched[sender]
        watched.at = time.monotonic()
        stream: asyncio.Queue[Event] = asyncio.Queue()
        for spoken in watched.spoken:
            stream.put_nowait(spoken)
        watched.streams.add(stream)
        try:
            yield stream
        finally:
            watched.streams.discard(stream)

    def watchers(self, sender: str) -> int:
        return len(self._watched[sender].streams) if sender in self._watched else 0

    def _forget(self) -> None:
        if len(self._watched) > 1000:
            old = time.monotonic() - _FORGET
            for sender in [one for one, watched in self._watched.items() if not watched.streams and watched.at < old]:
                del self._watched[sender]


class Live:
    """The streams, and where events come from: this process, the action server over HTTP, other processes over Redis.

    Args:
        hub: of this process.
        sessions: tell whose stream it is.
    """

    def __init__(self, hub: Hub, sessions: CustomerSessions, settings: Settings) -> None:
        self._hub = hub
        self._sessions = sessions
        self._secret = settings.secret("live")
        self._redis_url = settings.redis_url
        self._elsewhere = RedisAnnouncer(settings.redis_url) if settings.redis_url else None

    def routes(self) -> list[Route]:
        return [Route("/api/stream", self.stream), Route(PATH, self.receive, methods=["POST"])]

    async def announce(self, event: Event) -> None:
        """Tell an event that came about in this process."""
        if self._elsewhere:
            await asyncio.to_thread(self._elsewhere.announce, event)
        else:
            self._hub.tell(event)

    async def stream(self, request: Request) -> Response:
        """`sentence` for each sentence of a reply under way, `changed` when messages are to be fetched."""
        sender = await self._sessions.conversation(request)
        if not sender:
            return JSONResponse({"error": "Open a session first."}, 401)
        if self._hub.watchers(sender) >= MOST_STREAMS:
            return JSONResponse({"error": "Too many streams of this conversation."}, 429, {"Retry-After": "30"})

        async def events() -> AsyncIterator[ServerSentEvent]:
            async with self._hub.watch(sender) as stream:
                # Something may have been said between the page's last look and this moment.
                yield ServerSentEvent(event="changed", data="{}")
                while True:
                    event = await _next(stream)
                    # A token may run out, and who went on with the conversation from elsewhere be put out of it.
                    if not await self._is_still(request, sender):
                        return
                    if event:
                        yield _as_sent(event)

        return EventSourceResponse(events(), ping=_PING, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})

    async def _is_still(self, request: Request, sender: str) -> bool:
        """Whether whoever opened a stream is still in its conversation; a page whose stream ends opens another."""
        try:
            return await self._sessions.conversation(request) == sender
        except Unavailable as error:
            log.error("live.ended", error=str(error))
            return False

    async def receive(self, request: Request) -> Response:
        """An event from the action server of this machine."""
        shown = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(shown.encode(), self._secret.encode()):
            return JSONResponse({"error": "This needs its secret."}, 401)
        try:
            self._hub.tell(from_json(await request.json()))
        except ValueError:
            return JSONResponse({"error": "That is no event."}, 400)
        return Response(status_code=204)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """While the application runs: hear what other processes tell."""
        task = asyncio.create_task(self._listen()) if self._redis_url else None
        try:
            yield
        finally:
            if task:
                task.cancel()

    async def _listen(self) -> None:
        from redis import RedisError
        from redis.asyncio import Redis

        while True:
            try:
                async with Redis.from_url(self._redis_url).pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(CHANNEL)
                    async for message in channel.listen():
                        self._hub.tell(from_json(json.loads(message["data"])))
            except (RedisError, OSError) as error:
                log.error("live.redis_lost", error=str(error), hint="is Redis running? see TONGSHI_REDIS_URL")
                await asyncio.sleep(2)
            except ValueError as error:
                log.warning("live.not_an_event", error=str(error))


async def _next(stream: asyncio.Queue[Event]) -> Event | None:
    """What happens next; None where that is nothing for a while."""
    try:
        return await asyncio.wait_for(stream.get(), _PING)
    except TimeoutError:
        return None


def _as_sent(event: Event) -> ServerSentEvent:
    if isinstance(event, Changed):
        return ServerSentEvent(event="changed", data=json.dumps({"turn": event.turn}))
    sentence = {"turn": event.turn, "number": event.number, "text": event.text, "lang": event.language}
    return ServerSentEvent(event="sentence", data=json.dumps(sentence, ensure_ascii=False))

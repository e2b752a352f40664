"""Socket.IO for one's own clients, in the words of Rasa's own connector; closed unless TONGSHI_SOCKETIO is on."""

from __future__ import annotations

import asyncio
import re
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import structlog
from rasa.core.channels.socketio import SocketBlueprint
from sanic import Blueprint
from socketio import AsyncServer
from socketio.exceptions import ConnectionRefusedError

from tongshi.channels.channel import Channel, add_health
from tongshi.channels.database import log_failure
from tongshi.channels.guard import Guard, Handler, make_guard
from tongshi.channels.websockets import mend
from tongshi.conversations.rates import RateLimit
from tongshi.conversations.tokens import client_sender
from tongshi.errors import TongshiError
from tongshi.settings import Settings
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.database import get_database
from tongshi.storage.models import LONGEST_CLIENT_ID, Message

PATH = "/socket.io"
SAY, SAID = "user_uttered", "bot_uttered"
_LARGEST = 64 * 1024
"""Bytes of what a client sends at once."""

_MOST_SOCKETS = 10
"""Of one customer."""

_LOOK = 0.5
_LATE = 50
"""So many keys back may a message be that becomes visible after one that was written later."""

log = structlog.get_logger()


@dataclass
class _Client:
    """A connection.

    Attributes:
        identity: who it is, by its token.
        sender: the conversation that it hears.
        unheard: numbers of what was said in it before the client went on with it, which may be while its own message is answered.
    """

    token: str
    identity: str
    sender: str
    unheard: set[int] = field(default_factory=set)
    turns: asyncio.Lock = field(default_factory=asyncio.Lock)


class SocketChannel(Channel):
    """Customers of one's own clients, each named by a token (JWT) that one's own server has signed.

    A client connects with `auth={"token"}` and says `user_uttered {"message", "client_id", "payload", "metadata"}`. Whatever is said to
    the customer, by the bot or by a person, in whichever of the conversation's clients they wrote, comes as `bot_uttered`, once a
    client; one that connects with `auth={"token", "after"}` first gets what came after that message. A `session_id`, as Rasa's own
    connector takes it, names nothing: the conversation is the token's.

    Args:
        client_key: signs the tokens; empty: there is no such channel.
        rate: messages a minute of one customer.
        origins: a pattern of the sites whose scripts may connect.
        redis_url: where several processes count messages together.
    """

    def __init__(
        self,
        client_key: str = "",
        rate: int = 20,
        origins: str = "",
        redis_url: str = "",
        guard: Guard | None = None,
        store: ConversationStore | None = None,
    ) -> None:
        self._client_key = client_key
        self._rate = RateLimit(rate, 60, "socket", redis_url)
        self._origins = origins
        self._guard = guard
        self._store = store
        self._clients: dict[str, _Client] = {}
        self._told: dict[int, None] = {}
        self._telling = asyncio.Lock()

    @classmethod
    def name(cls) -> str:
        return "socketio"

    @classmethod
    def from_settings(cls, settings: Settings, **stores: Any) -> SocketChannel:
        """The channel, closed unless it is switched on.

        Args:
            stores: `guard` and `store` in place of the settings' own.
        """
        key = settings.client_key if settings.socketio == "on" else ""
        return cls(key, settings.session_rate, settings.origin_pattern, settings.redis_url, **stores)

    def blueprint(self, on_new_message: Handler) -> Blueprint:
        if not self._client_key:
            return self.empty_blueprint()
        self._guard = self._guard or make_guard()
        self._store = self._store or ConversationStore(get_database())
        self._on_new_message = on_new_message
        mend()
        self._server = AsyncServer(
            async_mode="sanic", cors_allowed_origins=self._is_allowed, max_http_buffer_size=_LARGEST, always_connect=False
        )
        webhook = SocketBlueprint(self._server, PATH, "tongshi_socketio")
        add_health(webhook)

        self._server.on("connect", self._connect)
        self._server.on("disconnect", self._disconnect)
        self._server.on("session_request", self._confirm)
        self._server.on(SAY, self._hear)
        webhook.listener("after_server_start")(self._start)
        webhook.listener("before_server_stop")(self._stop)
        return webhook

    def _is_allowed(self, origin: str | None, environ: dict[str, Any]) -> bool:
        """Whether scripts of a site may connect: of those named, and of the one that we are reached by."""
        site = origin or ""
        return urlsplit(site).netloc == environ.get("HTTP_HOST") or re.fullmatch(self._origins, site) is not None

    async def _start(self, *_: Any) -> None:
        self._watching = asyncio.create_task(self._watch())

    async def _stop(self, *_: Any) -> None:
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)
        await asyncio.gather(*map(self._server.disconnect, list(self._clients)), return_exceptions=True)

    async def _connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        token = auth.get("token") if isinstance(auth, dict) else None
        identity = client_sender(token, self._client_key) if isinstance(token, str) else None
        if identity is None:
            raise ConnectionRefusedError("Send a token, signed with the client key, as auth.token.")
        if sum(client.identity == identity for client in self._clients.values()) >= _MOST_SOCKETS:
            raise ConnectionRefusedError("Too many connections of this customer.")
        after = auth.get("after")
        async with self._telling:
            try:
                sender = await asyncio.to_thread(self._guard.conversation, identity)
                known = await asyncio.to_thread(self._store.messages, sender)
                await self._move()
            except TongshiError as error:
                log_failure(error)
                raise ConnectionRefusedError("The service is in trouble. Try again later.") from error
            await self._tell(self._lately(known))
            self._clients[sid] = _Client(token, identity, sender)
            await self._enter(sid, sender, known)
            missed = [message for message in known if type(after) is int and message.message_id > after]
        for message in missed:
            await self._emit(message, sid)

    async def _enter(self, sid: str, sender: str, known: list[Message]) -> None:
        """Have a client hear what is said in a conversation from here on."""
        await self._server.enter_room(sid, sender)
        self._told.update(dict.fromkeys(message.message_id for message in known))

    async def _move(self) -> None:
        """Have each client hear the conversation that its customer is in by now."""
        identities = {client.identity for client in self._clients.values()}
        conversations = await asyncio.to_thread(self._guard.conversations, identities)
        moved = [(sid, one) for sid, one in self._clients.items() if conversations.get(one.identity, one.sender) != one.sender]
        for sid, client in moved:
            await self._server.leave_room(sid, client.sender)
        for sid, client in moved:
            sender = conversations[client.identity]
            known = await asyncio.to_thread(self._store.messages, sender)
            await self._tell(self._lately(known))
            if sid in self._clients:
                client.sender, client.unheard = sender, {message.message_id for message in known}
                await self._enter(sid, sender, known)

    async def _disconnect(self, sid: str, *_: Any) -> None:
        self._clients.pop(sid, None)

    async def _confirm(self, sid: str, data: Any = None) -> None:
        """What Rasa's clients ask first; the conversation is the token's, whichever they name."""
        if client := self._clients.get(sid):
            await self._server.emit("session_confirm", client.sender, to=sid)

    async def _hear(self, sid: str, data: Any = None) -> None:
        if client := self._clients.get(sid):
            async with client.turns:
                try:
                    await self._answer(sid, client, data)
                except TongshiError as error:
                    log_failure(error)
                    await self._refuse(sid, "The service is in trouble. Try again later.")

    async def _answer(self, sid: str, client: _Client, data: Any) -> None:
        if not await self._may_stay(sid, client):
            return
        if not isinstance(data, dict):
            return await self._refuse(sid, 'Send an object like {"message": "a text"}.')
        if wait := await self._rate.count(client.identity):
            return await self._refuse(sid, "Too many messages.", retry_after=int(wait) + 1)
        metadata, payload, name = data.get("metadata"), data.get("payload"), data.get("client_id")
        replies = await self._guard.turn(
            self._on_new_message,
            sender=client.identity,
            text=data.get("message"),
            channel=self.name(),
            payload=payload if isinstance(payload, str) else None,
            hint=metadata.get("language") if isinstance(metadata, dict) else None,
            client_id=name if isinstance(name, str) and 0 < len(name) <= LONGEST_CLIENT_ID else uuid.uuid4().hex,
        )
        for reply in replies:
            if reply.message_id is None:
                await self._emit(reply, client.sender)
        await self._look()
        unheard, client.unheard = client.unheard, set()
        for reply in replies:
            if reply.message_id in unheard:
                await self._emit(reply, sid)

    async def _refuse(self, sid: str, error: str, **more: Any) -> None:
        await self._server.emit("refused", {"error": error, **more}, to=sid)

    async def _may_stay(self, sid: str, client: _Client) -> bool:
        """Whether a client's token still counts; one whose does not is sent away."""
        if client_sender(client.token, self._client_key) == client.identity:
            return True
        await self._server.disconnect(sid)
        return False

    async def _watch(self) -> None:
        """Tell what is said while nobody asks: by a person, or from another of the customer's clients."""
        while True:
            await asyncio.sleep(_LOOK)
            try:
                for sid, client in list(self._clients.items()):
                    await self._may_stay(sid, client)
                await self._look()
            except TongshiError as error:
                log_failure(error)
            except Exception:
                # Nobody waits for this task; the log is where it is heard of.
                log.exception("channel.watch_failed", channel=self.name())

    async def _look(self) -> None:
        """Tell what no client has been told yet."""
        async with self._telling:
            senders = {client.sender for client in self._clients.values()}
            if not senders:
                return
            floor = max(self._told, default=0) - _LATE
            self._told = {number: None for number in self._told if number > floor}
            said = await asyncio.to_thread(self._store.newer, floor, senders)
            # After reading, so that who has been parted from a conversation hears nothing that was said in it since.
            await self._move()
            await self._tell(said)

    def _lately(self, messages: list[Message]) -> list[Message]:
        """Those that may not have been told yet; of older ones it is forgotten that they were."""
        floor = max(self._told, default=0) - _LATE
        return [message for message in messages if message.message_id > floor]

    async def _tell(self, messages: list[Message]) -> None:
        senders = {client.sender for client in self._clients.values()}
        for message in messages:
            if message.sender in senders and message.message_id not in self._told:
                self._told[message.message_id] = None
                await self._emit(message, message.sender)

    async def _emit(self, message: Message, to: str) -> None:
        """Send what was said to the customer; what they said themselves is passed over."""
        if message.author == "customer":
            return
        shown = {"id": message.message_id, "text": message.text, "lang": message.language, "author": message.author}
        if buttons := message.extras.get("buttons"):
            shown["quick_replies"] = [
                {"content_type": "text", "title": one["title"], "payload": one.get("payload")} for one in buttons
            ]
        custom = message.extras.get("custom") or {}
        shown |= {part: custom[part] for part in ("citations", "cards") if custom.get(part)}
        await self._server.emit(SAID, shown, to=to)

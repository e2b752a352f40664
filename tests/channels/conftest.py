"""Channels on a real server, with a database of their own and a bot that says what the test wants."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from rasa.core.channels.channel import InputChannel, UserMessage
from rasa.core.channels.channel import register as register_channels
from sanic import Sanic, response

from tests.channels.platforms import TelegramServer
from tongshi import clock
from tongshi.channels.guard import Guard
from tongshi.conversations.handover import Handovers, SupportHours
from tongshi.evaluation.running import free_port
from tongshi.responses.catalog import get_replies
from tongshi.storage.calls import CallStore
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.inbox import InboxStore
from tongshi.storage.mail import AttachmentStore
from tongshi.storage.outbox import OutboxStore

_names = itertools.count()
Sanic.test_mode = True  # several servers in one process


class Bot:
    """In Rasa's place: notes what it is told, and says `says`.

    Attributes:
        heard: messages in the order in which it began to handle them.
        seconds: how long it takes.
    """

    def __init__(self) -> None:
        self.heard: list[UserMessage] = []
        self.says: list[dict[str, Any]] = [{"text": "Hello!"}]
        self.seconds = 0.0

    async def handle_message(self, message: UserMessage) -> None:
        self.heard.append(message)
        await asyncio.sleep(self.seconds)
        for one in self.says:
            await message.output_channel.send_response(message.sender_id, dict(one))

    async def hears(self, count: int = 1) -> list[str]:
        """Wait for so many messages; gives their texts."""
        async with asyncio.timeout(8):
            while len(self.heard) < count:
                await asyncio.sleep(0.02)
        return [message.text for message in self.heard]


@pytest.fixture
def bot() -> Bot:
    return Bot()


@pytest.fixture
def store(database) -> ConversationStore:
    return ConversationStore(database)


@pytest.fixture
def outbox(database) -> OutboxStore:
    return OutboxStore(database)


@pytest.fixture
def handovers(store) -> Handovers:
    return Handovers(store, SupportHours("always"), clock.now)


@pytest.fixture
def attachments(database) -> AttachmentStore:
    return AttachmentStore(database)


@pytest.fixture
def inbox(database) -> InboxStore:
    return InboxStore(database)


@pytest.fixture
def call_store(database) -> CallStore:
    return CallStore(database)


@pytest.fixture
def stores(store, outbox, attachments, inbox, handovers, identify) -> dict[str, Any]:
    """What a channel's `from_settings` takes in place of the settings' own."""
    guard = Guard(store, handovers, get_replies(), identify, deadline=5, language="en")
    return {"guard": guard, "store": store, "outbox": outbox, "attachments": attachments, "inbox": inbox}


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    server = TelegramServer()
    await server.start()
    yield server
    await server.stop()


Serve = Callable[[InputChannel], Awaitable[httpx.AsyncClient]]


@asynccontextmanager
async def serving(channel: InputChannel, bot: Bot) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a Sanic server with the channel where Rasa would have it."""
    app = Sanic(f"test_{next(_names)}", configure_logging=False)
    app.ctx.agent = bot

    @app.get("/")
    async def hello(request):
        return response.text("Hello from Rasa")

    register_channels([channel], app, route="/webhooks/")
    server = await app.create_server(host="127.0.0.1", port=free_port(), return_asyncio_server=True)  # Sanic takes 0 for 8000
    await server.startup()
    await server.before_start()
    await server.after_start()
    port = server.server.sockets[0].getsockname()[1]
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/webhooks/{channel.name()}") as client:
            yield client
    finally:
        await server.before_stop()
        server.close()
        await server.after_stop()


@pytest.fixture
async def serve(bot) -> AsyncIterator[Serve]:
    """Serves a channel until the test ends."""
    opened: list[Any] = []

    async def serve(channel: InputChannel) -> httpx.AsyncClient:
        manager = serving(channel, bot)
        opened.append(manager)
        return await manager.__aenter__()

    yield serve
    for manager in opened:
        await manager.__aexit__(None, None, None)

"""Socket.IO, with the client that its users have, over real connections."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import socketio
from socketio.exceptions import ConnectionError as NotConnected

from tongshi import clock
from tongshi.channels import socket
from tongshi.channels.socket import SocketChannel
from tongshi.conversations.tokens import signed
from tongshi.errors import TongshiError
from tongshi.settings import Settings
from tongshi.storage.models import Message

KEY = "k" * 40
OPEN = Settings(client_key=KEY, socketio="on", session_rate=1000, widget_origins="https://*.shop.example")


class Client:
    """One of a customer's clients.

    Attributes:
        said, refused, confirmed: what the server sent, in order.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._socket = socketio.Client(reconnection=False)
        self.said: list[dict] = []
        self.refused: list[dict] = []
        self.confirmed: list[str] = []
        for name, kept in (("bot_uttered", self.said), ("refused", self.refused), ("session_confirm", self.confirmed)):
            self._socket.on(name, kept.append)

    async def connect(self, token: str | None, transport: str = "websocket", headers: dict | None = None, **auth) -> Client:
        auth = {**auth, **({"token": token} if token else {})}
        options = {"headers": headers or {}, "auth": auth, "transports": [transport], "wait_timeout": 5}
        await asyncio.to_thread(self._socket.connect, self._url, **options)
        return self

    async def emit(self, event: str, data) -> None:
        await asyncio.to_thread(self._socket.emit, event, data)

    async def say(self, **values) -> None:
        await self.emit("user_uttered", values)

    async def texts(self, count: int, kept: list | None = None) -> list:
        """Wait for so many messages, and a moment for one too many."""
        kept = self.said if kept is None else kept
        async with asyncio.timeout(8):
            while len(kept) < count:
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.15)
        return [one["text"] if isinstance(one, dict) and "text" in one else one for one in kept]

    @property
    def is_connected(self) -> bool:
        return self._socket.connected

    async def close(self) -> None:
        # The end of a long poll would take half a minute.
        await asyncio.to_thread(self._socket.eio.disconnect, abort=self._socket.transport() == "polling")


@pytest.fixture
async def connect(serve, stores, monkeypatch):
    """Connects clients to a channel of these settings, each by default as Anna's."""
    monkeypatch.setattr(socket, "_LOOK", 0.05)
    opened: list[Client] = []
    served: dict[Settings, str] = {}

    async def connect(token: str | None = "", settings: Settings = OPEN, **options) -> Client:
        if settings not in served:
            channel = SocketChannel.from_settings(settings, guard=stores["guard"], store=stores["store"])
            url = (await serve(channel)).base_url
            served[settings] = f"{url.scheme}://{url.host}:{url.port}"
        client = Client(served[settings])
        opened.append(client)
        return await client.connect(signed("anna", KEY, 60) if token == "" else token, **options)

    yield connect
    for client in opened:
        await client.close()


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_customer_is_answered_in_the_conversation_of_their_token(connect, bot, transport):
    bot.says = [{"text": "Within 30 days.", "buttons": [{"title": "Return it", "payload": "/return_item"}]}]
    client = await connect(transport=transport)
    await client.emit("session_request", {"session_id": "client-ben"})
    assert await client.texts(1, client.confirmed) == ["client-anna"]
    await client.say(message="how long?", session_id="client-ben", metadata={"language": "de"})
    assert await client.texts(1) == ["Within 30 days."]
    (heard,) = bot.heard
    assert (heard.sender_id, heard.input_channel, heard.metadata) == ("client-anna", "socketio", {"language": "de"})
    assert client.said[0]["quick_replies"] == [{"content_type": "text", "title": "Return it", "payload": "/return_item"}]
    await client.say(message="Return it", payload="/return_item")
    await client.say(message="/restart")
    assert (await bot.hears(3))[1:] == ["/return_item", "restart"]


@pytest.mark.parametrize("token", [None, "x", signed("anna", "l" * 40, 60), signed("anna", KEY, -1), 5])
async def test_without_a_token_that_counts_nobody_comes_in(connect, bot, token):
    with pytest.raises(NotConnected):
        await connect(token)
    assert bot.heard == []


async def test_it_is_closed_unless_it_is_switched_on(connect):
    with pytest.raises(NotConnected):
        await connect(settings=Settings(client_key=KEY))
    with pytest.raises(TongshiError, match="TONGSHI_CLIENT_KEY"):
        Settings(socketio="on")


async def test_scripts_connect_from_the_sites_that_are_named(connect):
    assert (await connect(headers={"Origin": "https://a.shop.example"}, transport="polling")).is_connected
    for origin in ("https://evil.example", "https://a.shop.example.evil.example", "null"):
        with pytest.raises(NotConnected):
            await connect(headers={"Origin": origin}, transport="polling")


async def test_all_clients_of_a_customer_hear_the_bot_and_the_agent_once_and_nobody_else_does(connect, bot, handovers):
    phone, laptop, other = await connect(), await connect(), await connect(signed("ben", KEY, 60))
    await phone.say(message="hi", client_id="one")
    await phone.texts(1)
    await laptop.say(message="hi", client_id="one")
    await asyncio.to_thread(handovers.say, "client-anna", "Anna here.", "socketio", "en")
    assert await phone.texts(2) == await laptop.texts(2) == ["Hello!", "Anna here."]
    assert [one["author"] for one in phone.said] == ["bot", "agent"] and other.said == [] and len(bot.heard) == 1
    await phone.say(message="thanks")
    await asyncio.sleep(0.3)
    assert len(bot.heard) == 1


async def test_who_comes_back_gets_what_was_missed(connect, store):
    for number in range(3):
        message = Message(sender="client-anna", channel="socketio", author="bot", text=f"{number}", language="en", at=clock.now())
        store.add(message)
    first = store.messages("client-anna")[0].message_id
    assert await (await connect(after=first)).texts(2) == ["1", "2"]
    assert await (await connect()).texts(0) == []


async def test_a_token_that_ends_ends_the_connection(connect, bot):
    client = await connect(signed("anna", KEY, 2))
    async with asyncio.timeout(5):
        while client.is_connected:
            await asyncio.sleep(0.05)


async def test_too_much_too_often_and_nonsense_are_refused(connect, bot, monkeypatch):
    monkeypatch.setattr(socket, "_MOST_SOCKETS", 2)
    client = await connect(settings=replace(OPEN, session_rate=2))
    await client.emit("user_uttered", "hi")
    await client.say(message=5)
    await client.say(message="x" * 3000)
    await client.say(message="once more")
    await client.texts(2)
    refused = await client.texts(2, client.refused)
    assert "object" in refused[0]["error"] and refused[1]["retry_after"] > 0 and bot.heard == []
    await connect(settings=replace(OPEN, session_rate=2))
    with pytest.raises(NotConnected):
        await connect(settings=replace(OPEN, session_rate=2))

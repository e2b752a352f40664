"""The desk on a real port, with the web channel behind it and a bot that says what the test wants."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import jwt
import pytest
import uvicorn
from rasa.core.channels.channel import UserMessage
from rasa.core.channels.channel import register as register_channels
from sanic import Sanic

from tongshi import clock
from tongshi.channels.continuing import make_switchboard
from tongshi.channels.guard import Guard
from tongshi.channels.web import WebChannel
from tongshi.conversations.continuing import make_continuations
from tongshi.conversations.handover import Handovers, SupportHours
from tongshi.conversations.live import HttpAnnouncer, Spoken
from tongshi.desk import app as desk
from tongshi.desk.sessions import CSRF_HEADER
from tongshi.evaluation.running import free_port
from tongshi.knowledge.articles import Article
from tongshi.knowledge.base import KnowledgeBase
from tongshi.language.identify import get_identifier
from tongshi.language.vectors import get_encoder
from tongshi.responses.catalog import get_replies
from tongshi.settings import Settings
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.database import Database
from tongshi.storage.knowledge import KnowledgeStore

_names = itertools.count()
Sanic.test_mode = True  # several servers in one process

WINDOW = Article("returns-window", "en", "Returning an item", "You have 30 days.\n\nIt must be unused.", ("how long",))
CITED = {"citations": [{"article": "returns-window", "quote": "You have 30 days.", "lang": "en", "title": "Returning an item"}]}

LINES = [
    "• Aurora Wireless Headphones – €129 (black and sand)",
    "• Pico In-Ear Buds – €59 (white)",
    "• Volt 30W Charger – €24.50",
]
CARDS = {
    "cards": [
        {
            "name": name,
            "price": price,
            "colours": colours,
            "line": line,
            "button": {
                "title": "Details",
                "text": f"Tell me more about {name}",
                "payload": f'/product_question{{"product": "{sku}"}}',
            },
        }
        for line, name, price, colours, sku in zip(
            LINES,
            ("Aurora Wireless Headphones", "Pico In-Ear Buds", "Volt 30W Charger"),
            ("€129", "€59", "€24.50"),
            ("black and sand", "white", ""),
            ("MER-HP-200", "MER-HP-110", "MER-CH-030"),
        )
    ]
}
RECOMMENDED = {"text": "This could suit you:\n" + "\n".join(LINES), "custom": CARDS}


@dataclass
class Bot:
    """In Rasa's place: notes what it is told, speaks `sentences` ahead of the reply, then says `says`.

    Attributes:
        pause: seconds before each sentence, and before the reply.
    """

    announcer: HttpAnnouncer
    heard: list[UserMessage] = field(default_factory=list)
    says: list[dict[str, Any]] = field(default_factory=lambda: [{"text": "Hello!"}])
    sentences: list[str] = field(default_factory=list)
    pause: float = 0.0

    async def handle_message(self, message: UserMessage) -> None:
        self.heard.append(message)
        for number, text in enumerate(self.sentences):
            await asyncio.sleep(self.pause)
            spoken = Spoken(message.sender_id, message.message_id, number, text, "en")
            await asyncio.to_thread(self.announcer.announce, spoken)
        await asyncio.sleep(self.pause)
        for one in self.says:
            await message.output_channel.send_response(message.sender_id, dict(one))


@dataclass
class Site:
    """A running desk."""

    url: str
    settings: Settings
    store: ConversationStore
    handovers: Handovers
    bot: Bot
    database: Database
    sign_in: dict[str, str] = field(default_factory=dict)

    def agent(self, **headers: str) -> httpx.Client:
        """A client that is signed in to the desk and shows the token with everything; the sign-in itself may be tried seldom."""
        client = self.client(**headers)
        if not self.sign_in:
            token = client.get("/desk/login").text.split('name="csrf" value="')[1].split('"')[0]
            client.post("/desk/login", data={"password": self.settings.secret("desk-password"), "csrf": token})
            self.sign_in.update(client.cookies)
        client.cookies.update(self.sign_in)
        client.headers[CSRF_HEADER] = client.get("/desk/api/session").json()["csrf"]
        return client

    def client(self, **headers: str) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers=headers, timeout=20)

    def invite(self, token: str) -> str:
        """What a link carries that lets another go on with the conversation of a token."""
        sender = jwt.decode(token, options={"verify_signature": False})["sub"]
        return make_continuations(self.settings, self.database).invite(sender).token

    def begun(self) -> httpx.Client:
        """A client of a new conversation, which carries its token."""
        client = self.client()
        client.headers["Authorization"] = f"Bearer {client.post('/api/session', json={'carry': 'token'}).json()['token']}"
        return client


@pytest.fixture(scope="session")
def started(tmp_path_factory):
    """A desk for all tests that need no other settings."""
    home = tmp_path_factory.mktemp("desk") / "home"
    with running(Settings(home=home, encoder="use", session_rate=1000, address_rate=1000)) as site:
        yield site


@pytest.fixture
def site(started) -> Site:
    """A desk whose bot says hello."""
    started.bot.__dict__.update(Bot(started.bot.announcer).__dict__)
    return started


@contextmanager
def running(settings: Settings) -> Iterator[Site]:
    """Serves a desk, and a web channel behind it, on an event loop of their own."""
    settings = replace(settings, web_port=free_port(), rasa_port=free_port())
    settings.home.mkdir(parents=True, exist_ok=True)
    database = Database(f"sqlite:///{settings.home / 'desk.db'}")
    database.upgrade()
    KnowledgeBase(KnowledgeStore(database), get_encoder(settings.encoder), settings.home / "index").put([WINDOW])
    store = ConversationStore(database)
    handovers = Handovers(store, SupportHours("always"), clock.now)
    url = f"http://127.0.0.1:{settings.web_port}"
    bot = Bot(HttpAnnouncer(url, settings.secret("live")))
    switchboard = make_switchboard(settings, database)
    guard = Guard(store, handovers, get_replies(), get_identifier(), deadline=8, language="en", switchboard=switchboard)
    server = uvicorn.Server(desk.server_config(settings, database, log_level="error"))
    ready = threading.Event()

    async def serve() -> None:
        channel = WebChannel(settings.secret("web-channel"), guard)
        async with _rasa(channel, bot, settings.rasa_port):
            serving = asyncio.create_task(server.serve())
            while not server.started:
                await asyncio.sleep(0.02)
            ready.set()
            await serving

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(20)
    yield Site(url, settings, store, handovers, bot, database)
    server.should_exit = True
    thread.join(20)
    database.engine.dispose()
    assert not thread.is_alive(), "the desk did not stop"


@asynccontextmanager
async def _rasa(channel: WebChannel, bot: Bot, port: int) -> AsyncIterator[None]:
    """A Sanic server with the channel where Rasa would have it."""
    app = Sanic(f"desk_{next(_names)}", configure_logging=False)
    app.ctx.agent = bot
    register_channels([channel], app, route="/webhooks/")
    server = await app.create_server(host="127.0.0.1", port=port, return_asyncio_server=True, access_log=False)
    await server.startup()
    await server.before_start()
    await server.after_start()
    yield
    await server.before_stop()
    server.close()
    await server.after_stop()


@pytest.fixture
def redis_url(tmp_path):
    """A Redis server of the test's own; the test is skipped where Debian's redis-server is not installed."""
    program = shutil.which("redis-server")
    if not program:
        pytest.skip("redis-server is not installed")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path), "--loglevel", "warning"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            break
        time.sleep(0.05)
    yield f"redis://127.0.0.1:{port}/0"
    process.terminate()
    process.wait(10)

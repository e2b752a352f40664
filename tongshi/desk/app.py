"""The web application: the customer's chat page at `/`, the help centre at `/help`, the support desk at `/desk`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache, partial
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tongshi import clock
from tongshi.conversations.continuing import make_continuations
from tongshi.conversations.handover import Handovers, SupportHours
from tongshi.conversations.photos import LARGEST_PHOTO, make_photo_reader
from tongshi.conversations.rates import RateLimit
from tongshi.conversations.review import ReviewQueue
from tongshi.desk.agents import AgentPages
from tongshi.desk.chat import ChatApi, Limits
from tongshi.desk.editors import EditorPages
from tongshi.desk.explanations import ExplanationApi
from tongshi.desk.frame import Frame
from tongshi.desk.graph import GraphApi
from tongshi.desk.graph_pages import GraphPages
from tongshi.desk.help import HelpCentre
from tongshi.desk.knowledge import LARGEST_IMPORT, KnowledgeApi
from tongshi.desk.live import Hub, Live
from tongshi.desk.moods import Moods
from tongshi.desk.reading import Reading
from tongshi.desk.reviewers import ReviewPages
from tongshi.desk.sessions import AGENT_AGE, Cookie, CustomerSessions
from tongshi.desk.speech import LARGEST_RECORDING, make_speech
from tongshi.files import read_yaml
from tongshi.knowledge.articles import Article
from tongshi.knowledge.base import SHOP, make_knowledge_base
from tongshi.knowledge.editing import make_editor
from tongshi.knowledge.graph import make_graph
from tongshi.llm.answering import make_answerer
from tongshi.llm.drafting import make_drafter
from tongshi.llm.mood import make_mood_reader
from tongshi.llm.summary import make_summariser
from tongshi.llm.translation import make_translator
from tongshi.nlu.wordings import known_intents
from tongshi.settings import Settings, get_settings
from tongshi.storage.calls import CallStore
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.database import Database, get_database
from tongshi.storage.knowledge import KnowledgeStore
from tongshi.storage.mail import AttachmentStore
from tongshi.storage.outbox import OutboxStore
from tongshi.storage.review import ReviewStore

STATIC = Path(__file__).with_name("static")
LARGEST_BODY = 64 * 1024
LARGER_BODIES = {
    "/api/photos": LARGEST_PHOTO + 16 * 1024,
    "/api/speech/heard": LARGEST_RECORDING,
    "/desk/api/imports": LARGEST_IMPORT + 16 * 1024,
}
"""Paths that take more than `LARGEST_BODY`, in bytes."""

_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self'; script-src 'self'; "
    "frame-ancestors {}; base-uri 'none'; form-action 'self'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY.format("'none'"),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
_FOR_ALL = {"Cross-Origin-Resource-Policy": "cross-origin"}


class _Safety:
    """Headers on every response, and an end to bodies that are too large."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        app = (
            self._app
            if self._is_small(Headers(scope=scope), LARGER_BODIES.get(scope["path"], LARGEST_BODY))
            else PlainTextResponse("The request is too large.", 413)
        )
        await app(scope, receive, send_safely)

    @staticmethod
    def _is_small(headers: Headers, largest: int) -> bool:
        length = headers.get("content-length", "0")
        return length.isdecimal() and int(length) <= largest and "chunked" not in headers.get("transfer-encoding", "")


class _ChatPage:
    """The chat page, the widget that brings it to other sites, and what tells programs of the application."""

    def __init__(self, settings: Settings) -> None:
        self._framed_by = " ".join(("'self'", *settings.origins))

    def routes(self) -> list[Route]:
        return [
            Route("/", self._page),
            Route("/api/openapi.json", self._description),
            Route("/widget", self._widget),
            Route("/widget.js", self._loader),
            Route("/health", self._health),
        ]

    async def _page(self, request: Request) -> Response:
        return FileResponse(STATIC / "chat.html")

    async def _description(self, request: Request) -> Response:
        return JSONResponse(read_yaml(Path(__file__).with_name("openapi.yml")))

    async def _widget(self, request: Request) -> Response:
        """The chat page for the frame of widget.js, on sites that may show it."""
        return FileResponse(STATIC / "chat.html", headers={"Content-Security-Policy": _POLICY.format(self._framed_by)})

    async def _loader(self, request: Request) -> Response:
        return FileResponse(STATIC / "widget.js", headers={"Cache-Control": "public, max-age=300", **_FOR_ALL})

    async def _health(self, request: Request) -> Response:
        return PlainTextResponse("ok")


def _middleware(settings: Settings) -> list[Middleware]:
    if not settings.origins:
        return [Middleware(_Safety)]
    # One's own pages on those sites may speak the JSON interface themselves; they carry a token, never our cookie.
    allowed = {"allow_origin_regex": settings.origin_pattern, "allow_methods": ["GET", "POST"]}
    cross_origin = Middleware(CORSMiddleware, **allowed, allow_headers=["Authorization", "Content-Type"], max_age=600)
    return [Middleware(_Safety), cross_origin]


class _Shared:
    """What the pages for customers, agents, editors and reviewers have in common.

    Attributes:
        store: the conversations.
        rasa: asks the running bot; it shows the channels' secret.
        sessions: knows customers by their tokens.
        live: tells the pages that are open what happens.
        signed_in: the cookie of who has signed in to the support desk.
        frame: renders pages for them.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self.database = database
        self.store = ConversationStore(database)
        self.attachments = AttachmentStore(database)
        self.knowledge = make_knowledge_base(settings, database)
        self.rasa = _rasa(settings)
        self.sessions = CustomerSessions(settings.secret("sessions"), settings.client_key, make_continuations(settings, database))
        self.live = Live(Hub(), self.sessions, settings)
        self.signed_in = Cookie("tongshi_desk", settings.secret("cookies"), AGENT_AGE)
        self.frame = Frame(self.signed_in, Cookie("tongshi_desk_visit", settings.secret("cookies"), AGENT_AGE), settings)


def _rasa(settings: Settings) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=settings.rasa_address,
        headers={"Authorization": f"Bearer {settings.secret('web-channel')}"},
        timeout=httpx.Timeout(5, read=settings.turn_deadline + 10),
    )


def _for_customers(shared: _Shared) -> list[Route]:
    """The chat page, its interface and stream, speech."""
    settings, store, sessions = shared.settings, shared.store, shared.sessions
    limits, photo_reader = Limits.of(settings), make_photo_reader(settings)
    chat = ChatApi(
        store, shared.attachments, shared.knowledge, shared.rasa, sessions, shared.live, limits, settings, photo_reader
    )
    speech = make_speech(settings, store, sessions)
    return [*_ChatPage(settings).routes(), *chat.routes(), *shared.live.routes(), *speech.routes()]


def _for_readers(shared: _Shared) -> list[Route]:
    """The help centre."""
    searches = RateLimit(30, 60, "help", shared.settings.redis_url)
    return HelpCentre(KnowledgeStore(shared.database), shared.knowledge, shared.settings, searches).routes()


def _for_agents(shared: _Shared) -> list[Route]:
    """Signing in, conversations, writing in them."""
    settings, database, store = shared.settings, shared.database, shared.store
    calls = CallStore(database)
    handovers = Handovers(store, SupportHours(settings.support_hours), clock.now, calls)
    reading = Reading(store, lambda: make_translator(settings, database), lambda: make_summariser(settings))
    return AgentPages(
        store,
        OutboxStore(database),
        calls,
        shared.attachments,
        handovers,
        shared.live,
        shared.signed_in,
        settings,
        reading,
        Moods(store, lambda: make_mood_reader(settings)),
        shared.frame,
    ).routes()


def _for_editors(shared: _Shared) -> list[Route]:
    """Articles: pages, and the interface beneath them."""
    settings, database, knowledge = shared.settings, shared.database, shared.knowledge
    api = KnowledgeApi(
        lambda collection: make_editor(settings, database, collection),
        shared.signed_in,
        knowledge,
        cache(lambda: make_answerer(settings, database, knowledge)),
        cache(lambda: make_drafter(settings, database)),
        settings,
    )
    pages = EditorPages(shared.frame, make_editor(settings, database, SHOP), api)
    return [*pages.routes(), *api.routes(), *_for_keepers_of_the_graph(shared)]


def _for_keepers_of_the_graph(shared: _Shared) -> list[Route]:
    """What is known of products, countries and policies: pages, and the interface beneath them."""
    settings, database = shared.settings, shared.database

    def articles() -> list[Article]:
        return [one.article for one in make_editor(settings, database, SHOP).entries()]

    graph = cache(lambda: make_graph(settings, database))
    approved = partial(KnowledgeStore(database).articles, SHOP)
    api = GraphApi(graph, shared.signed_in, articles, approved, settings)
    return [*GraphPages(shared.frame, graph, articles, api).routes(), *api.routes()]


def _for_reviewers(shared: _Shared) -> list[Route]:
    """Messages in review and why they were understood so: pages, and the interface beneath them."""
    settings, store = shared.settings, shared.store
    reviews = ReviewStore(shared.database)
    queue = ReviewQueue(reviews, clock.now, lambda: known_intents(settings.data))
    api = ExplanationApi(store, reviews, queue, shared.rasa, shared.signed_in)
    pages = ReviewPages(shared.frame, api, store, reviews, queue, settings)
    return [*pages.routes(), *api.routes()]


def create_app(settings: Settings | None = None, database: Database | None = None) -> Starlette:
    """The application, as `tongshi desk` serves it; of the process's own settings and database unless others are given."""
    shared = _Shared(settings or get_settings(), database or get_database())

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with shared.live.listening():
            yield
        await shared.rasa.aclose()

    return Starlette(
        routes=[
            *_for_customers(shared),
            *_for_readers(shared),
            *_for_agents(shared),
            *_for_editors(shared),
            *_for_reviewers(shared),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=_middleware(shared.settings),
        lifespan=lifespan,
    )


def server_config(
    settings: Settings | None = None, database: Database | None = None, log_level: str = "warning"
) -> uvicorn.Config:
    """How the application is served: on loopback; pages that watch a conversation keep it from stopping for two seconds at the most."""
    settings = settings or get_settings()
    return uvicorn.Config(
        create_app(settings, database),
        host="127.0.0.1",
        port=settings.web_port,
        log_level=log_level,
        access_log=False,
        ws="none",
        timeout_graceful_shutdown=2,
    )

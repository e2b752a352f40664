"""The web application: the customer's chat page at `/`, the support desk at `/desk`."""

from __future__ import annotations

from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tongshi import clock
from tongshi.conversations.handover import Handovers, SupportHours
from tongshi.desk.agents import AgentPages
from tongshi.desk.articles import ArticlePages
from tongshi.desk.chat import ChatApi
from tongshi.desk.knowledge import KnowledgeApi
from tongshi.desk.sessions import AGENT_AGE, CUSTOMER_AGE, Cookie
from tongshi.knowledge.base import make_knowledge_base
from tongshi.knowledge.editing import make_editor
from tongshi.settings import Settings, get_settings
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.database import get_database

STATIC = Path(__file__).with_name("static")
LARGEST_BODY = 64 * 1024
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


class _Safety(BaseHTTPMiddleware):
    """Headers on every response, and an end to bodies that are too large."""

    async def dispatch(self, request: Request, call_next) -> Response:
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > LARGEST_BODY or "chunked" in request.headers.get("transfer-encoding", ""):
            return PlainTextResponse("The request is too large.", 413)
        response = await call_next(request)
        response.headers.update(_HEADERS)
        return response


def create_app(settings: Settings | None = None) -> Starlette:
    """The application of the settings, to be run by uvicorn (`tongshi desk`)."""
    settings = settings or get_settings()
    database = get_database()
    store = ConversationStore(database)
    handovers = Handovers(store, SupportHours(settings.support_hours), clock.now)
    rasa = httpx.AsyncClient(
        base_url=settings.rasa_address,
        headers={"Authorization": f"Bearer {settings.secret('web-channel')}"},
        timeout=httpx.Timeout(5, read=settings.turn_deadline + 10),
    )
    knowledge = make_knowledge_base(settings, database)
    chat = ChatApi(
        store,
        handovers,
        knowledge,
        rasa,
        Cookie("tongshi_chat", settings.secret("cookies"), CUSTOMER_AGE),
        settings,
    )
    signed_in = Cookie("tongshi_desk", settings.secret("cookies"), AGENT_AGE)
    agents = AgentPages(store, handovers, signed_in, settings)
    editing = KnowledgeApi(lambda collection: make_editor(settings, database, collection), signed_in)

    async def page(request: Request) -> Response:
        return FileResponse(STATIC / "chat.html")

    async def health(request: Request) -> Response:
        return PlainTextResponse("ok")

    return Starlette(
        routes=[
            Route("/", page),
            Route("/health", health),
            *chat.routes(),
            *ArticlePages(knowledge, settings).routes(),
            *agents.routes(),
            *editing.routes(),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(_Safety)],
    )

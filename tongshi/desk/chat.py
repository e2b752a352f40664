"""The JSON interface of the chat page."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tongshi import clock
from tongshi.conversations.handover import Handovers
from tongshi.desk.sessions import Cookie, RateLimit, new_sender
from tongshi.knowledge.base import KnowledgeBase
from tongshi.language.identify import get_identifier
from tongshi.responses.catalog import get_replies
from tongshi.settings import LANGUAGES, Settings
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.models import Feedback, Message

log = structlog.get_logger()


class ChatApi:
    """Sessions, messages, feedback, articles.

    Args:
        store: where messages are kept; the page reads them from there.
        rasa: passes a message on to Rasa's web channel.
        cookie: holds the name of the conversation.
    """

    def __init__(
        self,
        store: ConversationStore,
        handovers: Handovers,
        knowledge: KnowledgeBase,
        rasa: httpx.AsyncClient,
        cookie: Cookie,
        settings: Settings,
    ) -> None:
        self._store = store
        self._handovers = handovers
        self._knowledge = knowledge
        self._rasa = rasa
        self._cookie = cookie
        self._settings = settings
        self._limit = RateLimit(20, 60)

    def routes(self) -> list[Route]:
        return [
            Route("/api/session", self.session),
            Route("/api/session/new", self.new_session, methods=["POST"]),
            Route("/api/messages", self.messages, methods=["GET"]),
            Route("/api/messages", self.send, methods=["POST"]),
            Route("/api/feedback", self.feedback, methods=["POST"]),
            Route("/api/articles/{language}/{article_id:path}", self.article),
        ]

    async def session(self, request: Request) -> Response:
        """The conversation so far; a new one for who comes without a cookie."""
        sender = self._cookie.read(request)
        messages = await asyncio.to_thread(self._store.messages, sender) if sender else []
        response = JSONResponse({"shop": self._settings.shop, "messages": await self._as_json(messages)})
        self._cookie.write(request, response, sender or new_sender())
        return response

    async def new_session(self, request: Request) -> Response:
        response = JSONResponse({"shop": self._settings.shop, "messages": []})
        self._cookie.write(request, response, new_sender())
        return response

    async def messages(self, request: Request) -> Response:
        sender = self._cookie.read(request)
        after = request.query_params.get("after", "0")
        if not sender or not after.isdecimal():
            return JSONResponse({"messages": []})
        found = await asyncio.to_thread(self._store.messages, sender, int(after))
        return JSONResponse({"messages": await self._as_json(found)})

    async def send(self, request: Request) -> Response:
        """Pass a message on to Rasa and answer with the replies."""
        sender = self._cookie.read(request)
        body = await _json(request)
        if not sender or body is None:
            return JSONResponse({"error": "Open a session first, and send JSON."}, 400)
        if wait := self._limit.wait(sender):
            return JSONResponse({"error": "Too many messages."}, 429, {"Retry-After": str(int(wait) + 1)})
        message = {key: body.get(key) for key in ("text", "payload", "hint", "client_id") if isinstance(body.get(key), str)}
        try:
            answer = await self._rasa.post("/webhooks/web/webhook", json={"sender": sender, **message})
            answer.raise_for_status()
            replies = answer.json()["replies"]
        except (httpx.HTTPError, ValueError, KeyError) as error:
            log.error("chat.rasa_unavailable", error=str(error) or type(error).__name__, hint="is Rasa running?")
            return JSONResponse({"messages": [self._trouble(message)]})
        kept = {one.message_id: one for one in await asyncio.to_thread(self._store.messages, sender)}
        known = [kept[reply["id"]] for reply in replies if reply["id"] in kept]
        unkept = [self._unkept(reply["text"], reply["language"]) for reply in replies if reply["id"] not in kept]
        return JSONResponse({"messages": [*await self._as_json(known), *unkept]})

    def _trouble(self, message: dict[str, Any]) -> dict[str, Any]:
        hint = message.get("hint")
        language = get_identifier()(message.get("text", "")).language or (hint if hint in LANGUAGES else self._settings.language)
        return self._unkept(get_replies().render("utter_trouble", language).text, language)

    @staticmethod
    def _unkept(text: str, language: str) -> dict[str, Any]:
        """A reply that is in no database; its id is one that none of the kept can have."""
        moment = clock.now()
        return {
            "id": -int(moment.timestamp() * 1000),
            "sender": "bot",
            "text": text,
            "time": moment.isoformat(),
            "lang": language,
            "buttons": [],
            "citations": [],
            "rateable": False,
        }

    async def feedback(self, request: Request) -> Response:
        sender, body = self._cookie.read(request), await _json(request)
        if not sender or not body or not isinstance(body.get("helpful"), bool) or not isinstance(body.get("message_id"), int):
            return JSONResponse({"error": "A message_id and helpful are needed."}, 400)
        if wait := self._limit.wait(f"feedback {sender}"):
            return JSONResponse({"error": "Too much feedback."}, 429, {"Retry-After": str(int(wait) + 1)})
        if await asyncio.to_thread(self._store.message, sender, body["message_id"]) is None:
            return JSONResponse({"error": "There is no such message in this conversation."}, 404)
        reason = str(body.get("reason") or "")[:2000] or None
        row = Feedback(sender=sender, message_id=body["message_id"], helpful=body["helpful"], reason=reason, at=clock.now())
        await asyncio.to_thread(self._store.rate, row)
        return Response(status_code=204)

    async def article(self, request: Request) -> Response:
        language = request.path_params["language"]
        if language not in LANGUAGES:
            return JSONResponse({"error": "No such language."}, 404)
        found = await asyncio.to_thread(self._knowledge.article, request.path_params["article_id"], language)
        if not found:
            return JSONResponse({"error": "No such article."}, 404)
        return JSONResponse({"id": found.article, "lang": found.language, "title": found.title, "text": found.text})

    async def _as_json(self, messages: list[Message]) -> list[dict[str, Any]]:
        ratings = await asyncio.to_thread(self._store.ratings, [message.message_id for message in messages])
        return [_message(message, ratings.get(message.message_id)) for message in messages]


def _message(message: Message, helpful: bool | None) -> dict[str, Any]:
    custom = message.extras.get("custom") or {}
    citations = custom.get("citations") or []
    value = {
        "id": message.message_id,
        "sender": message.author,
        "text": message.text,
        "time": message.at.isoformat(),
        "lang": message.language,
        "buttons": message.extras.get("buttons", []),
        "citations": citations,
        "rateable": message.author == "bot" and bool(citations),
    }
    if message.client_id:
        value["client_id"] = message.client_id
    if helpful is not None:
        value["helpful"] = helpful
    return value


async def _json(request: Request) -> dict[str, Any] | None:
    try:
        body = await request.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None

"""The JSON interface of the chat: what the chat page, the widget and one's own programs speak. See openapi.yml."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from typing import Any

import httpx
import structlog
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tongshi import clock
from tongshi.conversations.live import Changed
from tongshi.conversations.photos import KIND, LARGEST_PHOTO, NotAPhoto, PhotoReader, photo_file
from tongshi.conversations.rates import RateLimit
from tongshi.desk.endpoints import Full, Line, is_row_key, row_key
from tongshi.desk.live import Live
from tongshi.desk.sessions import CustomerSessions, address_of, new_sender
from tongshi.knowledge.base import KnowledgeBase
from tongshi.language.identify import get_identifier
from tongshi.responses.catalog import get_replies
from tongshi.settings import LANGUAGES, Settings
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.mail import AttachmentStore
from tongshi.storage.models import LONGEST_CLIENT_ID, Feedback, Message, Score
from tongshi.threads import beside

_LONGEST_REASON = 2000
_MOST_PHOTOS = 8
"""Photos that may wait at once to be read."""

log = structlog.get_logger()


@dataclass
class Limits:
    """How often a conversation, and an address with all its conversations, may do something."""

    messages: RateLimit
    ratings: RateLimit
    photos: RateLimit
    photos_of_address: RateLimit
    address: RateLimit
    beginnings: RateLimit

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        redis = settings.redis_url
        return cls(
            messages=RateLimit(settings.session_rate, 60, "messages", redis),
            ratings=RateLimit(settings.session_rate, 60, "ratings", redis),
            photos=RateLimit(20, 3600, "photos", redis),
            photos_of_address=RateLimit(settings.address_rate, 3600, "photos of an address", redis),
            address=RateLimit(settings.address_rate, 60, "address", redis),
            beginnings=RateLimit(settings.address_rate, 60, "beginnings", redis),
        )


class ChatApi:
    """Sessions, messages, photos, feedback, articles.

    Args:
        store: where messages are kept; the page reads them from there.
        attachments: where photos are kept.
        rasa: passes a message on to Rasa's web channel.
        sessions: tell which conversation a request belongs to.
        live: tells a conversation's other pages that there is something new.
        photo_reader: reads text in photos; None where that is off.
    """

    def __init__(
        self,
        store: ConversationStore,
        attachments: AttachmentStore,
        knowledge: KnowledgeBase,
        rasa: httpx.AsyncClient,
        sessions: CustomerSessions,
        live: Live,
        limits: Limits,
        settings: Settings,
        photo_reader: PhotoReader | None,
    ) -> None:
        self._store = store
        self._attachments = attachments
        self._knowledge = knowledge
        self._rasa = rasa
        self._sessions = sessions
        self._live = live
        self._limits = limits
        self._settings = settings
        self._photo_reader = photo_reader
        self._reading = Line(_MOST_PHOTOS)

    def routes(self) -> list[Route]:
        return [
            Route("/api/session", self.session, methods=["GET"]),
            Route("/api/session", self.begin, methods=["POST"]),
            Route("/api/messages", self.messages, methods=["GET"]),
            Route("/api/messages", self.send, methods=["POST"]),
            Route("/api/photos", self.send_photo, methods=["POST"]),
            Route("/api/photos/{attachment_id}", self.photo, methods=["GET"]),
            Route("/api/feedback", self.feedback, methods=["POST"]),
            Route("/api/score", self.score, methods=["POST"]),
            Route("/api/articles/{language}/{article_id:path}", self.article, methods=["GET"]),
        ]

    async def session(self, request: Request) -> Response:
        """The conversation so far. A browser that comes without one gets a cookie of a new one."""
        sender = self._sessions.sender(request)
        carries_token = self._sessions.bearer(request) is not None
        if carries_token and not sender:
            return _refused("The token is forged or too old. Begin a new session.", 401)
        if not sender and (wait := await self._limits.beginnings.count(address_of(request))):
            return _too_many("conversations", wait)
        conversation = await self._sessions.conversation(request)
        messages = await asyncio.to_thread(self._store.messages, conversation) if conversation else []
        sender = sender or new_sender()
        shown = {**self._beginning(conversation or sender), "messages": await self._as_json(messages)}
        if carries_token:
            token = self._sessions.renewed(request)
            return JSONResponse({**shown, "token": token} if token else shown)
        response = JSONResponse(shown)
        self._sessions.write(request, response, sender)
        return response

    async def begin(self, request: Request) -> Response:
        """A new conversation: as a cookie, or as a token for who asks with `{"carry": "token"}`."""
        body = await _json(request)
        if body is None:
            return _refused("Send JSON.", 400)
        if wait := await self._limits.beginnings.count(address_of(request)):
            return _too_many("conversations", wait)
        sender = new_sender()
        shown = self._beginning(sender)
        if body.get("carry") == "token":
            return JSONResponse({**shown, "token": self._sessions.token(sender)})
        response = JSONResponse(shown)
        self._sessions.write(request, response, sender)
        return response

    def _beginning(self, conversation: str) -> dict[str, Any]:
        """What a page is told of a conversation in which nothing has been said."""
        return {"shop": self._settings.shop, "conversation": self._sessions.mark(conversation), "messages": []}

    async def messages(self, request: Request) -> Response:
        sender = await self._sessions.conversation(request)
        after = row_key(request.query_params.get("after", "0"))
        if not sender:
            return _no_session()
        if after is None:
            return _refused("`after` must be a message's id.", 400)
        found = await asyncio.to_thread(self._store.messages, sender, after)
        return JSONResponse({"conversation": self._sessions.mark(sender), "messages": await self._as_json(found)})

    async def send(self, request: Request) -> Response:
        """Pass a message on to Rasa and answer with the replies."""
        sender, body = self._sessions.sender(request), await _json(request)
        if not sender:
            return _no_session()
        if body is None:
            return _refused('Send JSON like {"text": "Hello", "client_id": "one of your own"}.', 400)
        if wait := await self._wait_to_write(request, sender):
            return _too_many("messages", wait)
        message = {key: body[key] for key in ("text", "payload", "hint", "client_id") if isinstance(body.get(key), str)}
        if len(message.setdefault("client_id", uuid.uuid4().hex)) > LONGEST_CLIENT_ID:
            return _refused(f"A client_id has {LONGEST_CLIENT_ID} characters at the most.", 400)
        return await self._pass_on(request, sender, message)

    async def send_photo(self, request: Request) -> Response:
        """Keep a photo, and pass it on with what is said to it: a form with `photo`, and `text`, `hint`, `client_id` where wanted."""
        sender = self._sessions.sender(request)
        if not sender:
            return _no_session()
        if wait := await self._wait_to_send_photos(request, sender):
            return _too_many("photos", wait)
        try:
            async with request.form(max_files=1, max_fields=4) as form:
                message = {key: str(form[key]) for key in ("text", "hint", "client_id") if form.get(key)}
                client_id = message.setdefault("client_id", uuid.uuid4().hex)
                photo = form.get("photo")
                size = photo.size or 0 if isinstance(photo, UploadFile) else 0
                if not 0 < size <= LARGEST_PHOTO or len(client_id) > LONGEST_CLIENT_ID:
                    return _refused("Send a form with the file `photo`, of at most 10 MB.", 400)
                # The form lies on the disk; only who has a place takes memory.
                with self._reading.place():
                    language = message.get("hint", self._settings.language)
                    kept = await beside("reading", photo_file, await photo.read(), language, self._photo_reader)
        except MultiPartException as error:
            return _refused(f"The form cannot be read: {error}", 400)
        except Full:
            return JSONResponse({"error": "Too many photos at once."}, 503, {"Retry-After": "5"})
        except NotAPhoto as error:
            return _refused(str(error), 415)
        conversation = await self._sessions.conversation(request)
        message["attachments"] = await asyncio.to_thread(self._attachments.keep, conversation, client_id, [kept], clock.now())
        return await self._pass_on(request, sender, message)

    async def photo(self, request: Request) -> Response:
        """A photo of one's own conversation."""
        sender, number = await self._sessions.conversation(request), row_key(request.path_params["attachment_id"])
        kept = await asyncio.to_thread(self._attachments.get, number) if sender and number is not None else None
        if kept is None or kept.sender != sender or kept.kind != KIND:
            return _refused("There is no such photo in this conversation.", 404)
        return Response(kept.data, media_type=KIND, headers={"Cache-Control": "private, max-age=86400"})

    async def _wait_to_write(self, request: Request, sender: str) -> float:
        return await self._limits.messages.count(sender) or await self._limits.address.count(address_of(request))

    async def _wait_to_send_photos(self, request: Request, sender: str) -> float:
        limits = self._limits
        return (
            await limits.photos.count(sender)
            or await limits.photos_of_address.count(address_of(request))
            or await self._wait_to_write(request, sender)
        )

    async def _pass_on(self, request: Request, sender: str, message: dict[str, Any]) -> Response:
        try:
            answer = await self._rasa.post("/webhooks/web/webhook", json={"sender": sender, **message})
            answer.raise_for_status()
            replies = answer.json()["replies"]
        except (httpx.HTTPError, ValueError, KeyError) as error:
            log.error("chat.rasa_unavailable", error=str(error) or type(error).__name__, hint="is Rasa running?")
            conversation = await self._sessions.conversation(request)
            return JSONResponse({"conversation": self._sessions.mark(conversation), "messages": [self._trouble(message)]})
        conversation = await self._sessions.conversation(request)
        kept = {one.message_id: one for one in await asyncio.to_thread(self._store.messages, conversation)}
        await self._live.announce(Changed(conversation, message["client_id"]))
        known = [kept[reply["id"]] for reply in replies if reply["id"] in kept]
        unkept = [self._unkept(reply["text"], reply["language"]) for reply in replies if reply["id"] not in kept]
        return JSONResponse(
            {"conversation": self._sessions.mark(conversation), "messages": [*await self._as_json(known), *unkept]}
        )

    def _trouble(self, message: dict[str, Any]) -> dict[str, Any]:
        hint = message.get("hint")
        found = get_identifier()(message.get("text", ""))
        language = found.language or (hint if hint in LANGUAGES else self._settings.language)
        return self._unkept(get_replies().render("utter_trouble", language, traditional=bool(found.traditional)).text, language)

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
            "cards": [],
            "photos": [],
            "rateable": False,
        }

    async def feedback(self, request: Request) -> Response:
        """A thumb up or down for a message of the bot, with a reason where one is given."""
        sender, body = await self._sessions.conversation(request), await _json(request)
        if not sender:
            return _no_session()
        if not body or not isinstance(body.get("helpful"), bool) or not is_row_key(body.get("message_id")):
            return _refused("A message_id and helpful are needed.", 400)
        if wait := await self._limits.ratings.count(sender):
            return _too_many("ratings", wait)
        if await asyncio.to_thread(self._store.message, sender, body["message_id"]) is None:
            return _refused("There is no such message in this conversation.", 404)
        reason = str(body.get("reason") or "")[:_LONGEST_REASON] or None
        row = Feedback(sender=sender, message_id=body["message_id"], helpful=body["helpful"], reason=reason, at=clock.now())
        await asyncio.to_thread(self._store.rate, row)
        return Response(status_code=204)

    async def score(self, request: Request) -> Response:
        """What the customer thinks of the conversation, 1 to 5, with a word where they like."""
        sender, body = await self._sessions.conversation(request), await _json(request)
        if not sender:
            return _no_session()
        score = body.get("score") if body else None
        if type(score) is not int or not 1 <= score <= 5:
            return _refused("A score is a number from 1 to 5.", 400)
        if wait := await self._limits.ratings.count(sender):
            return _too_many("ratings", wait)
        comment = str(body.get("comment") or "")[:_LONGEST_REASON] or None
        await asyncio.to_thread(self._store.set_score, Score(sender=sender, score=score, comment=comment, at=clock.now()))
        return Response(status_code=204)

    async def article(self, request: Request) -> Response:
        """An article that an answer cites."""
        language = request.path_params["language"]
        if language not in LANGUAGES:
            return _refused("No such language.", 404)
        found = await asyncio.to_thread(self._knowledge.article, request.path_params["article_id"], language)
        if not found:
            return _refused("No such article.", 404)
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
        "cards": custom.get("cards") or [],
        "photos": [f"/api/photos/{one['id']}" for one in message.extras.get("attachments", []) if one["kind"] == KIND],
        "rateable": message.author == "bot" and bool(citations),
    }
    if message.client_id:
        value["client_id"] = message.client_id
    if helpful is not None:
        value["helpful"] = helpful
    return value


def _refused(error: str, status: int) -> Response:
    return JSONResponse({"error": error}, status)


def _no_session() -> Response:
    return _refused("Open a session first.", 401)


def _too_many(what: str, wait: float) -> Response:
    return JSONResponse({"error": f"Too many {what}."}, 429, {"Retry-After": str(int(wait) + 1)})


async def _json(request: Request) -> dict[str, Any] | None:
    try:
        body = await request.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None

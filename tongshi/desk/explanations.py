"""Why the bot did what it did, and what people decide about messages that went wrong, over HTTP for the desk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tongshi.conversations.review import ReviewQueue
from tongshi.desk.endpoints import author, error_of
from tongshi.desk.sessions import Cookie, refusal
from tongshi.errors import TongshiError
from tongshi.explanation.answer import explain_trace
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.models import Review
from tongshi.storage.review import ReviewStore

_SECONDS = 60.0


class ExplanationApi:
    """JSON routes under `/desk/api`; who is not signed in to the desk gets 401.

    | route | what it gives |
    | --- | --- |
    | `GET explain?text=…` | the `Explanation` of a message, by the bot that serves the customers |
    | `GET traces/{number}` | how an answer came about |
    | `GET reviews?status=&reason=&lang=` | messages in review |
    | `POST reviews/{number}` with `{"decision": "accept", "correct" or "drop", "intent", "wording", "seen"}` | the message as decided |

    Args:
        rasa: asks the running bot; it shows the channels' secret.
        queue: keeps decisions.
        cookie: holds the sign-in.
    """

    def __init__(
        self, conversations: ConversationStore, reviews: ReviewStore, queue: ReviewQueue, rasa: httpx.AsyncClient, cookie: Cookie
    ) -> None:
        self._conversations = conversations
        self._reviews = reviews
        self._queue = queue
        self._rasa = rasa
        self._cookie = cookie

    def routes(self) -> list[Route]:
        return [
            Route("/desk/api/explain", self.explain),
            Route("/desk/api/traces/{number:key}", self.trace),
            Route("/desk/api/reviews", self.reviews),
            Route("/desk/api/reviews/{number:key}", self.decide, methods=["POST"]),
        ]

    async def explain(self, request: Request) -> Response:
        if refused := refusal(request, self._cookie):
            return refused
        told, status = await self.explained(request.query_params.get("text", ""))
        return JSONResponse(told, status)

    async def explained(self, text: str) -> tuple[dict[str, Any], int]:
        """What the running bot makes of a message, as `Explanation.as_dict` tells it, and 200; else `{"error"}` and 400 or 503."""
        try:
            answer = await self._rasa.post("/webhooks/explain/message", json={"text": text}, timeout=_SECONDS)
            if answer.is_success or answer.status_code == 400:
                return answer.json(), answer.status_code
            raise ValueError(f"status {answer.status_code}")
        except (httpx.HTTPError, ValueError) as error:
            return {"error": f"The bot did not answer: {error or type(error).__name__}."}, 503

    async def trace(self, request: Request) -> Response:
        if refused := refusal(request, self._cookie):
            return refused
        found = await asyncio.to_thread(self._conversations.trace, request.path_params["number"])
        return JSONResponse(explain_trace(found)) if found else JSONResponse({"error": "There is no such answer."}, 404)

    async def reviews(self, request: Request) -> Response:
        if refused := refusal(request, self._cookie):
            return refused
        status, reason, language = (request.query_params.get(name) or None for name in ("status", "reason", "lang"))

        def found() -> list[Review]:
            self._queue.gather()
            return self._reviews.reviews(None if status == "all" else status or "open", reason, language)

        return await self._answer(lambda: {"reviews": [one.as_dict() for one in found()]})

    async def decide(self, request: Request) -> Response:
        if refused := refusal(request, self._cookie, changes=True):
            return refused
        try:
            body = await request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return JSONResponse({"error": "The body must be a JSON object."}, 400)
        return await self._answer(lambda: self._decided(request.path_params["number"], body).as_dict())

    def _decided(self, number: int, body: dict[str, Any]) -> Review:
        """Keep a decision; `seen` is the `decided_at` that whoever decides has read, another one is 409."""
        decision, by, seen = body.get("decision"), author(body), body.get("seen")
        if seen is None or isinstance(seen, str):
            if decision == "accept":
                return self._queue.accept(number, by, seen)
            if decision == "drop":
                return self._queue.drop(number, by, seen)
            intent, wording = body.get("intent"), body.get("wording", "")
            if decision == "correct" and isinstance(intent, str) and isinstance(wording, str):
                return self._queue.correct(number, intent, by, wording[:2000], seen)
        raise TongshiError('Send {"decision": "accept"}, {"decision": "drop"}, or {"decision": "correct", "intent": "..."}.')

    async def _answer(self, work: Callable[[], dict[str, Any]]) -> Response:
        try:
            return JSONResponse(await asyncio.to_thread(work))
        except TongshiError as error:
            return error_of(error)

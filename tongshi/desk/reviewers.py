"""The desk's pages for who reviews messages: the queue, one message, and why the bot did what it did."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tongshi.conversations.review import LastTraining, ReviewQueue
from tongshi.desk.explanations import ExplanationApi
from tongshi.desk.frame import Frame
from tongshi.errors import TongshiError
from tongshi.explanation.answer import LOOKED_UP, explain_trace
from tongshi.explanation.message import Explanation, wish
from tongshi.explanation.page import heat
from tongshi.nlu.wordings import known_intents
from tongshi.settings import Settings
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.models import ACCEPTED, CORRECTED
from tongshi.storage.review import ReviewStore

_FILTERS = ("status", "reason", "lang")
_ALL = "all"


class ReviewPages:
    """`/desk/reviews`, `/desk/explain` and `/desk/traces`; decisions go over the JSON interface.

    Args:
        frame: renders pages for who is signed in.
        explanations: asks the running bot.
        queue: gathers what is to be reviewed.
    """

    def __init__(
        self,
        frame: Frame,
        explanations: ExplanationApi,
        conversations: ConversationStore,
        reviews: ReviewStore,
        queue: ReviewQueue,
        settings: Settings,
    ) -> None:
        self._frame = frame
        self._explanations = explanations
        self._conversations = conversations
        self._reviews = reviews
        self._queue = queue
        self._settings = settings

    def routes(self) -> list[Route]:
        signed_in = self._frame.signed_in
        return [
            Route("/desk/reviews", signed_in(self.index)),
            Route("/desk/reviews/{number:key}", signed_in(self.review)),
            Route("/desk/explain", signed_in(self.explain)),
            Route("/desk/traces/{number:key}", signed_in(self.trace)),
        ]

    async def index(self, request: Request) -> Response:
        wanted = {name: request.query_params.get(name, "") for name in _FILTERS}

        def found() -> dict[str, object]:
            self._queue.gather()
            status = None if wanted["status"] == _ALL else wanted["status"] or "open"
            rows = self._reviews.reviews(status, wanted["reason"] or None, wanted["lang"] or None)
            return {"reviews": [one.as_dict() for one in rows], "accepted": self._reviews.count(ACCEPTED, CORRECTED)}

        shown = await asyncio.to_thread(found)
        training = LastTraining(self._settings.home).read()
        intents = self._intents(request)
        return self._frame.render(request, "reviews.html", wanted=wanted, training=training, intents=intents, **shown)

    async def review(self, request: Request) -> Response:
        number = request.path_params["number"]
        try:
            review = await asyncio.to_thread(self._reviews.review, number)
        except TongshiError as error:
            return self._frame.render(request, "sorry.html", 404, section="reviews", error=str(error))
        trace = await asyncio.to_thread(self._conversations.trace, review.trace_id) if review.trace_id else None
        waiting = [one.review_id for one in await asyncio.to_thread(self._reviews.reviews) if one.review_id != number]
        shown = {
            "review": review.as_dict(),
            "trace": trace and explain_trace(trace),
            "following": next((one for one in waiting if one < number), waiting[0] if waiting else None),
            "intents": self._intents(request),
        }
        return self._frame.render(request, "review.html", **shown)

    async def explain(self, request: Request) -> Response:
        """Why a message was understood as it was: a heat map, the runners-up, the nearest training wordings."""
        text = request.query_params.get("text", "").strip()
        shown = {"text": text, "intents": self._intents(request)}
        if not text:
            return self._frame.render(request, "explain.html", **shown)
        told, status = await self._explanations.explained(text)
        if status != 200:
            return self._frame.render(request, "explain.html", status, error=told.get("error"), **shown)
        explanation = Explanation.from_dict(told)
        looked_up = explanation.intent in LOOKED_UP
        shown |= {"explanation": explanation, "pieces": heat(explanation), "looked_up": looked_up}
        return self._frame.render(request, "explain.html", **shown)

    async def trace(self, request: Request) -> Response:
        found = await asyncio.to_thread(self._conversations.trace, request.path_params["number"])
        if found is None:
            error = self._frame.texts(request)("trace.missing")
            return self._frame.render(request, "sorry.html", 404, section="explain", error=error)
        return self._frame.render(request, "trace.html", trace=explain_trace(found), sender=found.sender)

    def _intents(self, request: Request) -> dict[str, str]:
        """What a customer wants who is understood so, by intent."""
        own = self._frame.texts(request).group("intent")
        names = {name: own.get(name) or wish(name) for name in known_intents(self._settings.data)}
        return dict(sorted(names.items(), key=lambda one: one[1]))

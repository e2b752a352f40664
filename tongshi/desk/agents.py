"""The pages of the support desk."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from tongshi import clock
from tongshi.conversations.handover import Handovers
from tongshi.conversations.live import Changed
from tongshi.conversations.photos import KIND
from tongshi.conversations.rates import RateLimit
from tongshi.conversations.urgency import in_order
from tongshi.desk.frame import Frame, segment
from tongshi.desk.live import Live
from tongshi.desk.moods import Moods
from tongshi.desk.reading import Reading, agent_language, keep_agent_language
from tongshi.desk.sessions import Cookie, address_of, new_session
from tongshi.errors import TongshiError
from tongshi.responses.catalog import get_replies
from tongshi.settings import LANGUAGES, Settings
from tongshi.storage.calls import CallStore
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.mail import AttachmentStore
from tongshi.storage.models import Message, Trace
from tongshi.storage.outbox import OutboxStore

_LONGEST_REPLY = 10_000


class AgentPages:
    """Conversations, hand-overs and feedback, behind a password.

    Args:
        outbox: how messages fare on their way.
        calls: who is on the line.
        attachments: what customers sent.
        live: tells the customer's page that something was said.
        cookie: names the session of who is signed in.
        reading: translates and sums up for the agent.
        moods: tells how a customer feels.
        frame: renders pages for who is signed in.
    """

    def __init__(
        self,
        store: ConversationStore,
        outbox: OutboxStore,
        calls: CallStore,
        attachments: AttachmentStore,
        handovers: Handovers,
        live: Live,
        cookie: Cookie,
        settings: Settings,
        reading: Reading,
        moods: Moods,
        frame: Frame,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._calls = calls
        self._reading = reading
        self._moods = moods
        self._attachments = attachments
        self._handovers = handovers
        self._live = live
        self._cookie = cookie
        self._settings = settings
        self._frame = frame
        self._render = frame.render
        self._signed_in = frame.signed_in
        self._texts = frame.texts
        self._tries = RateLimit(5, 60, "sign-in", settings.redis_url)

    def routes(self) -> list[Route]:
        signed_in = self._signed_in
        return [
            Route("/desk", signed_in(self.index)),
            Route("/desk/login", self.login, methods=["GET", "POST"]),
            Route("/desk/conversations/{sender:path}/files/{attachment_id:key}", signed_in(self.file)),
            Route("/desk/conversations/{sender:path}/take", signed_in(self.take), methods=["POST"]),
            Route("/desk/conversations/{sender:path}/reply", signed_in(self.reply), methods=["POST"]),
            Route("/desk/conversations/{sender:path}/translate", signed_in(self.translate), methods=["POST"]),
            Route("/desk/conversations/{sender:path}/mood", signed_in(self.mood), methods=["POST"]),
            Route("/desk/conversations/{sender:path}/release", signed_in(self.release), methods=["POST"]),
            # Below the others, since a sender's name may hold anything, a slash as well.
            Route("/desk/conversations/{sender:path}", signed_in(self.conversation)),
            Route("/desk/language", signed_in(self.language), methods=["POST"]),
        ]

    async def login(self, request: Request) -> Response:
        if request.method == "GET":
            return self._frame.sign_in(request)
        form = await request.form()
        if await self._tries.count(address_of(request)):
            return self._frame.sign_in(request, 429, error=self._texts(request)("login.too_many"))
        right = hmac.compare_digest(str(form.get("password", "")).encode(), self._settings.secret("desk-password").encode())
        if not right or not self._frame.is_sign_in(request, str(form.get("csrf", ""))):
            return self._frame.sign_in(request, 403, error=self._texts(request)("login.wrong"))
        response = RedirectResponse("/desk", 303)
        self._cookie.write(request, response, self._cookie.read(request) or new_session())
        return response

    async def index(self, request: Request) -> Response:
        handovers, recent, feedback, scores = await asyncio.gather(
            *map(asyncio.to_thread, (self._handovers_shown, self._recent, self._feedback, self._store.scores))
        )
        shown = {"handovers": handovers, "conversations": recent, "feedback": feedback, "scores": scores}
        return self._render(request, "index.html", **shown)

    async def conversation(self, request: Request) -> Response:
        return await self._conversation(request)

    async def _conversation(self, request: Request, **draft: Any) -> Response:
        sender = request.path_params["sender"]
        messages = await asyncio.to_thread(self._store.messages, sender)
        handover = await asyncio.to_thread(self._store.handover, sender)
        last = messages[-1] if messages else None
        language = agent_language(request, self._settings)
        helped = await asyncio.to_thread(self._reading.open, sender, messages, language)
        mood = await asyncio.to_thread(self._moods.known, messages, language) if language else None
        on_their_way = await asyncio.to_thread(self._outbox.of_messages, [one.message_id for one in messages])
        written_from = [message.extras["address"] for message in messages if message.extras.get("address")]
        shown = {
            "sender": sender,
            "address": written_from[-1] if written_from else {},
            "channel": last.channel if last else "",
            "lang": (handover and handover.language) or (last.language if last else ""),
            "state": _state(handover),
            "line": await asyncio.to_thread(self._calls.line, sender, clock.now()),
            "case_number": handover.case.number if handover and handover.case else None,
        }
        lines = [
            {
                "sender": one.author,
                "text": one.text,
                "time": one.at.isoformat(),
                "lang": one.language,
                "files": one.extras.get("attachments", []),
                "id": one.message_id,
                "on_its_way": on_their_way.get(one.message_id),
            }
            for one in messages
        ]
        traces = _answered(messages, await asyncio.to_thread(self._store.traces, sender))
        values = {
            "conversation": shown,
            "messages": lines,
            "helped": helped,
            "mood": mood,
            "agent_language": language,
            "traces": traces,
        }
        return self._render(request, "conversation.html", **values, **draft)

    async def language(self, request: Request) -> Response:
        """The language that the agent reads in, from here on."""
        form = await request.form()
        back = str(form.get("back", ""))
        response = RedirectResponse(back if back.startswith("/desk/") else "/desk", 303)
        keep_agent_language(response, str(form.get("language", "")))
        return response

    async def translate(self, request: Request) -> Response:
        """What the agent has written in the customer's language, to be looked at before it is sent."""
        text, sender = str((await request.form()).get("text", "")).strip()[:_LONGEST_REPLY], request.path_params["sender"]
        messages = await asyncio.to_thread(self._store.messages, sender)
        spoken = next((one.language for one in reversed(messages) if one.author == "customer" and one.language), None)
        language = agent_language(request, self._settings)
        if not (text and spoken in LANGUAGES and language and spoken != language):
            return await self._conversation(request, draft=text)
        try:
            found = await asyncio.to_thread(self._reading.reply, text, messages, spoken, language)
        except TongshiError as error:
            return await self._conversation(request, draft=text, error=self._texts(request)("reply.not_translated", why=error))
        if not found.translated:
            error = self._texts(request)("reply.not_translated", why="; ".join(found.problems))
            return await self._conversation(request, draft=text, error=error)
        return await self._conversation(request, draft=found.text, original=text, doubts=found.doubts)

    async def mood(self, request: Request) -> Response:
        """How the customer feels and why, by the language model; shown beneath the summary from here on."""
        sender, language = request.path_params["sender"], agent_language(request, self._settings) or self._settings.language
        messages = await asyncio.to_thread(self._store.messages, sender)
        try:
            found = await asyncio.to_thread(self._moods.read, messages, language)
        except TongshiError as error:
            return await self._conversation(request, error=self._texts(request)("mood.away", why=error))
        if found is None:
            return await self._conversation(request, error=self._texts(request)("mood.unknown"))
        return _to_conversation(sender)

    async def file(self, request: Request) -> Response:
        """What a customer sent: a photo to be looked at, anything else to be saved."""
        kept = await asyncio.to_thread(self._attachments.get, request.path_params["attachment_id"])
        if kept is None or kept.sender != request.path_params["sender"]:
            return PlainTextResponse("There is no such file in this conversation.", 404)
        if kept.kind == KIND:
            return Response(kept.data, media_type=KIND, headers={"Cache-Control": "private, max-age=3600"})
        disposition = f"attachment; filename*=UTF-8''{quote(kept.name)}"
        return Response(kept.data, media_type="application/octet-stream", headers={"Content-Disposition": disposition})

    async def take(self, request: Request) -> Response:
        return await self._do(request, self._handovers.take)

    async def release(self, request: Request) -> Response:
        return await self._do(request, lambda sender: self._handovers.release(sender, get_replies()))

    async def reply(self, request: Request) -> Response:
        form, sender = await request.form(), request.path_params["sender"]
        text, original = (str(form.get(name, "")).strip()[:_LONGEST_REPLY] for name in ("text", "original"))
        if text:
            before = await asyncio.to_thread(self._store.messages, sender, 0, 1)
            channel = before[-1].channel if before else "web"
            said = await asyncio.to_thread(self._handovers.say, sender, text, channel, None)
            if original:
                language = agent_language(request, self._settings) or self._settings.language
                await asyncio.to_thread(self._reading.keep_original, said.message_id, original, language)
            await self._live.announce(Changed(sender))
        return _to_conversation(sender)

    async def _do(self, request: Request, work: Callable[[str], Any]) -> Response:
        sender = request.path_params["sender"]
        try:
            await asyncio.to_thread(work, sender)
        except TongshiError:
            pass  # somebody else was faster; the page shows how it is now
        await self._live.announce(Changed(sender))
        return _to_conversation(sender)

    def _handovers_shown(self) -> list[dict[str, Any]]:
        return [
            {
                "sender": case.handover.sender,
                "case_number": case.handover.case.number if case.handover.case else None,
                "state": case.handover.state,
                "lang": case.handover.language,
                "since": case.handover.since.isoformat(),
                "reason": case.handover.reason,
                "urgent": case.urgent,
                "upset": case.upset,
            }
            for case in in_order(self._store.handovers(), self._store.mood)
        ]

    def _recent(self) -> list[dict[str, Any]]:
        states = {one.sender: one.state for one in self._store.handovers()}
        return [
            {
                "sender": message.sender,
                "channel": message.channel,
                "lang": message.language,
                "last_text": message.text[:200],
                "last_time": message.at.isoformat(),
                "state": states.get(message.sender),
            }
            for message, _ in self._store.recent()
        ]

    def _feedback(self) -> list[dict[str, Any]]:
        return [
            {
                "time": one.at.isoformat(),
                "helpful": one.helpful,
                "reason": one.reason,
                "sender": one.sender,
                "text": one.message.text if one.message else "",
            }
            for one in self._store.feedback()
        ]


def _to_conversation(sender: str) -> Response:
    return RedirectResponse(f"/desk/conversations/{segment(sender)}", 303)


def _state(handover) -> str | None:
    return handover.state if handover and handover.state != "released" else None


def _answered(messages: Sequence[Message], traces: Sequence[Trace]) -> dict[int, int]:
    """Numbers of traces by the id of the bot's message that gave the answer: the first after it was found."""
    found: dict[int, int] = {}
    for trace in traces:
        reply = next((one for one in messages if one.author == "bot" and one.at >= trace.at), None)
        if reply:
            found[reply.message_id] = trace.trace_id
    return found

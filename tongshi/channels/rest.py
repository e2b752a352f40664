"""REST for one's own programs: `POST /webhooks/rest/webhook {"sender", "message"}`; open on loopback unless TONGSHI_CLIENT_KEY is set."""

from __future__ import annotations

import asyncio
from typing import Any

from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from tongshi.channels.channel import Channel, add_health, json_body
from tongshi.channels.guard import REPLY, Guard, Handler, make_guard
from tongshi.conversations.handover import UNPROMPTED
from tongshi.conversations.rates import RateLimit
from tongshi.conversations.tokens import client_sender
from tongshi.errors import TongshiError
from tongshi.settings import Settings
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.database import get_database
from tongshi.storage.models import LONGEST_CLIENT_ID, Message

_LOOK_BACK = 20
_NO_NAMES = (".", "..")
"""Senders whose page at the desk no browser opens: in an address they mean the page itself, and the one above."""


class RestChannel(Channel):
    """Answers with a list of `{"recipient_id", "text", "buttons", "custom"}`, as Rasa's own REST channel does.

    Who asks over REST cannot be told anything unasked, so that what a person said meanwhile, or that the bot is back, comes before
    the replies to the next message.

    Args:
        client_key: signs the tokens (JWT) that requests must carry, each naming its sender; empty: whoever reaches the port may ask.
        rate: messages a minute of one sender; without a key there is no limit.
        redis_url: where several processes count messages together.
    """

    def __init__(
        self,
        guard: Guard | None = None,
        store: ConversationStore | None = None,
        client_key: str = "",
        rate: int = 20,
        redis_url: str = "",
    ) -> None:
        self._guard = guard
        self._store = store
        self._client_key = client_key
        self._rate = RateLimit(rate, 60, "rest", redis_url)

    @classmethod
    def name(cls) -> str:
        return "rest"

    @classmethod
    def from_settings(cls, settings: Settings, **parts: Any) -> RestChannel:
        return cls(client_key=settings.client_key, rate=settings.session_rate, redis_url=settings.redis_url, **parts)

    def blueprint(self, on_new_message: Handler) -> Blueprint:
        webhook = self.empty_blueprint()
        add_health(webhook)
        self._guard = self._guard or make_guard()
        self._store = self._store or ConversationStore(get_database())
        self._on_new_message = on_new_message

        @webhook.route("/webhook", methods=["POST"])
        async def receive(request: Request) -> HTTPResponse:
            body = json_body(request)
            sender = body.get("sender") if body else None
            if self._client_key and body is not None:
                sender = client_sender(request.token or "", self._client_key)
                if sender is None:
                    return response.json({"error": "Send a token, signed with the client key: Authorization: Bearer …"}, 401)
            if not isinstance(sender, str) or not sender or len(sender) > 200:
                return response.json({"error": 'Send JSON like {"sender": "an-id", "message": "a text"}.'}, 400)
            if sender in _NO_NAMES:
                return response.json({"error": f'{sender!r} names nobody: choose another "sender".'}, 400)
            if len(_name(body) or "") > LONGEST_CLIENT_ID:
                return response.json({"error": f"A client_id has {LONGEST_CLIENT_ID} characters at the most."}, 400)
            if self._client_key and (wait := await self._rate.count(sender)):
                return response.json({"error": "Too many messages."}, 429, headers={"Retry-After": str(int(wait) + 1)})
            said = await self._answer(sender, body)
            return response.json([_as_json(message) for message in said], ensure_ascii=False)

        return webhook

    async def _answer(self, sender: str, body: dict[str, Any]) -> list[Message]:
        """What was said meanwhile, and the replies to a message."""
        metadata, name = body.get("metadata"), _name(body)
        hint = metadata.get("language") if isinstance(metadata, dict) else None
        meanwhile = await asyncio.to_thread(_said_meanwhile, self._guard, self._store, sender, name)
        replies = await self._guard.turn(
            self._on_new_message, sender=sender, text=body.get("message"), channel=self.name(), hint=hint, client_id=name
        )
        known = {reply.message_id for reply in replies}
        return [*(message for message in meanwhile if message.message_id not in known), *replies]


def _name(body: dict[str, Any]) -> str | None:
    """The client's own name for its message; None where it gives none."""
    name = body.get("client_id")
    return name if isinstance(name, str) and name else None


def _as_json(reply: Message) -> dict[str, Any]:
    extras = {key: value for key, value in reply.extras.items() if key not in (UNPROMPTED, REPLY)}
    return {"recipient_id": reply.sender, "text": reply.text, **extras}


def _said_meanwhile(guard: Guard, store: ConversationStore, sender: str, name: str | None) -> list[Message]:
    """What was said unasked since the customer's last message; nothing where the database is down, which the turn reports.

    Args:
        name: of the message that is being handled, which may have come before.
    """
    try:
        said = store.messages(guard.conversation(sender), most=_LOOK_BACK)
    except TongshiError:
        return []
    theirs = (
        number for number, one in enumerate(said, 1) if one.author == "customer" and (name is None or one.client_id != name)
    )
    since = max(theirs, default=0)
    return [message for message in said[since:] if message.extras.get(UNPROMPTED)]

"""The open REST channel of a local run: `POST /webhooks/rest/webhook {"sender", "message"}`."""

from __future__ import annotations

from typing import Any

from rasa.core.channels.channel import InputChannel
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from tongshi.channels.guard import Guard, Handler, make_guard


class RestChannel(InputChannel):
    """Answers with a list of `{"recipient_id", "text", "buttons", "custom"}`, as Rasa's own REST channel does."""

    def __init__(self, guard: Guard | None = None) -> None:
        self._guard = guard

    @classmethod
    def name(cls) -> str:
        return "rest"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> RestChannel:
        return cls()

    def blueprint(self, on_new_message: Handler) -> Blueprint:
        webhook = Blueprint("tongshi_rest", __name__)
        guard = self._guard or make_guard()

        @webhook.route("/", methods=["GET"])
        async def health(request: Request) -> HTTPResponse:
            return response.json({"status": "ok"})

        @webhook.route("/webhook", methods=["POST"])
        async def receive(request: Request) -> HTTPResponse:
            body = json_body(request)
            sender = body.get("sender") if body else None
            if not isinstance(sender, str) or not sender or len(sender) > 200:
                return response.json({"error": 'Send JSON like {"sender": "an-id", "message": "a text"}.'}, 400)
            metadata = body.get("metadata")
            hint = metadata.get("language") if isinstance(metadata, dict) else None
            replies = await guard.turn(on_new_message, sender=sender, text=body.get("message"), channel=self.name(), hint=hint)
            return response.json(
                [{"recipient_id": sender, "text": reply.text, **reply.extras} for reply in replies], ensure_ascii=False
            )

        return webhook


def json_body(request: Request) -> dict[str, Any] | None:
    """The JSON object that a request carries, or None where it carries none."""
    try:
        body = request.json
    except Exception:  # sanic raises its own kinds for what is no JSON, and others for what is no UTF-8
        return None
    return body if isinstance(body, dict) else None

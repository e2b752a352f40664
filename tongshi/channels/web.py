"""What the chat page speaks; the desk stands between, keeps the session and passes messages on with a shared secret."""

from __future__ import annotations

from typing import Any

from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from tongshi.channels.channel import Channel, json_body, shows
from tongshi.channels.guard import Guard, Handler, make_guard
from tongshi.channels.platform import PICTURE, about_photos
from tongshi.settings import Settings


class WebChannel(Channel):
    """`POST /webhooks/web/webhook {"sender", "text", "payload", "hint", "client_id", "attachments"}` answers `{"replies": [{"id", …}, …]}`.

    `attachments` are photos that the desk has kept, as a transcript shows them; one without a word is answered without Rasa.
    """

    def __init__(self, secret: str, guard: Guard | None = None) -> None:
        self._secret = secret
        self._guard = guard

    @classmethod
    def name(cls) -> str:
        return "web"

    @classmethod
    def from_settings(cls, settings: Settings, **parts: Any) -> WebChannel:
        return cls(settings.secret("web-channel"), **parts)

    def blueprint(self, on_new_message: Handler) -> Blueprint:
        webhook = self.empty_blueprint()
        guard = self._guard or make_guard()

        @webhook.route("/webhook", methods=["POST"])
        async def receive(request: Request) -> HTTPResponse:
            if not shows(request, self._secret):
                return response.json({"error": "This channel needs its secret."}, 401)
            body = json_body(request) or {}
            if not body.get("sender"):
                return response.json({"error": "The sender is missing."}, 400)
            attachments = body.get("attachments") or []
            text = body.get("text")
            photo_alone = attachments and not text
            replies = await guard.turn(
                on_new_message,
                sender=body["sender"],
                text=PICTURE if photo_alone else text,
                channel=self.name(),
                payload=body.get("payload"),
                hint=body.get("hint"),
                client_id=body.get("client_id"),
                extras={"attachments": attachments} if attachments else None,
                instead=about_photos([one.get("text", "") for one in attachments]) if photo_alone else None,
            )
            # A reply that could not be kept, since the database is down, has no id; it goes along as it is.
            return response.json(
                {"replies": [{"id": reply.message_id, "text": reply.text, "language": reply.language} for reply in replies]}
            )

        return webhook

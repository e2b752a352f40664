"""WhatsApp, through Twilio."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import httpx
import structlog
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from tongshi import clock
from tongshi.channels.delivery import CALL_TIMEOUT, Postponed, Refused, body_of, post
from tongshi.channels.markup import WHATSAPP, split
from tongshi.channels.media import MOST, Media, Places, download
from tongshi.channels.platform import CARD, FILE, FILM, PICTURE, SOUND, Incoming, WebhookChannel, place
from tongshi.channels.twilio import TwilioCalls
from tongshi.channels.written import with_numbers
from tongshi.settings import Settings
from tongshi.storage.models import Message

_LONGEST = 1600
"""Characters of a message."""

_GLYPHS = {"image": PICTURE, "audio": SOUND, "video": FILM}
_FAILED = {"failed", "undelivered"}

log = structlog.get_logger()


class WhatsAppPlatform:
    """Sends by Twilio's Messages resource.

    Twilio takes a message before it knows whether WhatsApp does; what becomes of it, it tells at `status`.

    Args:
        client: with the account's own address as its base, and its credentials.
        number: that we write from, with `+`.
        status: our address that Twilio calls with what became of a message.
    """

    def __init__(self, client: httpx.AsyncClient, number: str, status: str) -> None:
        self._client = client
        self._number = number
        self._status = status
        self._files = httpx.AsyncClient()
        self._places = Places([str(client.base_url)], ["twiliocdn.com"])

    async def file(self, address: str) -> bytes:
        """A file that a customer sent: Twilio asks for the account's credentials and leads on to where it lies; see `download`."""
        return await download(self._files, address, self._places, auth=self._client.auth)

    def parts(self, message: Message) -> list[str]:
        return [WHATSAPP(piece) for piece in split(with_numbers(message), lambda piece: len(WHATSAPP(piece)) <= _LONGEST)]

    async def send(self, address: dict[str, Any], part: str, name: str, *, uncertain: bool) -> None:
        data = {
            "From": f"whatsapp:{self._number}", "To": address["to"], "Body": part, "StatusCallback": f"{self._status}?message={name}",
        }  # fmt: skip
        answer = await post(self._client, "Messages.json", data=data)
        if answer.is_success:
            return
        reason = f"{body_of(answer).get('code') or answer.status_code} {body_of(answer).get('message') or ''}".strip()
        raise Refused(reason) if answer.status_code == 400 else Postponed(reason)

    async def close(self) -> None:
        await self._client.aclose()
        await self._files.aclose()


class WhatsAppChannel(WebhookChannel):
    """`POST /webhooks/whatsapp/webhook` and `/status`, signed by Twilio together with the public address that it called.

    Args:
        address: that public address, up to `/webhooks/whatsapp`.
    """

    numbers_buttons = True

    def __init__(
        self, platform: WhatsAppPlatform | None, token: str = "", number: str = "", address: str = "", **stores: Any
    ) -> None:
        super().__init__(platform, **stores)
        self._twilio = TwilioCalls(token, address)
        self._number = number

    @classmethod
    def name(cls) -> str:
        return "whatsapp"

    @classmethod
    def from_settings(cls, settings: Settings, **stores: Any) -> WhatsAppChannel:
        if not settings.whatsapp_account:
            return cls(None, **stores)
        address = f"{settings.public_url.rstrip('/')}/webhooks/whatsapp"
        client = httpx.AsyncClient(
            base_url=f"{settings.whatsapp_url.rstrip('/')}/2010-04-01/Accounts/{settings.whatsapp_account}/",
            auth=(settings.whatsapp_account, settings.whatsapp_token),
            timeout=CALL_TIMEOUT,
        )
        platform = WhatsAppPlatform(client, settings.whatsapp_number, f"{address}/status")
        return cls(platform, settings.whatsapp_token, settings.whatsapp_number, address, **stores)

    def add_routes(self, webhook: Blueprint) -> None:
        super().add_routes(webhook)

        @webhook.route("/status", methods=["POST"])
        async def status(request: Request) -> HTTPResponse:
            values = self._twilio.values(request, f"status?{request.query_string}")
            if values is None:
                return _refusal()
            if values.get("MessageStatus") in _FAILED:
                await asyncio.to_thread(self._not_delivered, request.args.get("message") or "", values.get("ErrorCode") or "")
            return response.empty(204)

    async def receive(self, request: Request) -> HTTPResponse:
        values = self._twilio.values(request, "webhook")
        if values is None:
            return _refusal()
        if incoming := _incoming(values, self._number):
            await self.take(incoming)
        return response.text("<Response/>", content_type="text/xml")

    async def fetch(self, media: Media) -> bytes:
        return await self._platform.file(media.source)

    def _not_delivered(self, name: str, code: str) -> None:
        number = name.partition("-")[0]
        outgoing = self._outbox.of_message(int(number)) if number.isdecimal() else None
        if outgoing is None or outgoing.channel != self.name():
            return
        error = f"WhatsApp did not deliver it: {code}"
        self._outbox.give_up(outgoing.outgoing_id, clock.now(), error)
        log.error("channel.given_up", channel=self.name(), sender=outgoing.sender, message=outgoing.message_id, error=error)


def _refusal() -> HTTPResponse:
    return response.json({"error": "The signature is missing or wrong."}, 401)


def _incoming(values: dict[str, str], ours: str) -> Incoming | None:
    """What a customer wrote, if it is that."""
    customer, name = values.get("From", ""), values.get("MessageSid", "")
    if not customer.startswith("whatsapp:") or values.get("To") != f"whatsapp:{ours}" or not name:
        return None
    text = values.get("Body", "")
    glyphs = "" if text else _glyphs(values)
    return Incoming(
        # A telephone number says who somebody is; it stands where replies need it, and in no log.
        sender=f"whatsapp:{hashlib.sha256(f'{ours} {customer}'.encode()).hexdigest()[:24]}",
        address={"to": customer},
        text=text or glyphs,
        client_id=name[:64],
        instead="utter_only_text" if glyphs else None,
        media=tuple(
            Media(values.get(f"MediaUrl{number}", ""), kind=values.get(f"MediaContentType{number}", ""))
            for number in range(_count(values))
        ),
    )


def _glyphs(values: dict[str, str]) -> str:
    if "Latitude" in values:
        return place(values["Latitude"], values.get("Longitude", ""))
    kinds = [values.get(f"MediaContentType{number}", "") for number in range(_count(values))]
    return "".join(CARD if "vcard" in kind else _GLYPHS.get(kind.partition("/")[0], FILE) for kind in kinds)


def _count(values: dict[str, str]) -> int:
    """How many files came with a message."""
    count = values.get("NumMedia", "0")
    return min(int(count), MOST) if count.isdecimal() else 0

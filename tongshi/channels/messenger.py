"""Facebook Messenger: what people write to a page."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import httpx
import structlog
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from tongshi.channels.channel import is_secret, json_body
from tongshi.channels.delivery import CALL_TIMEOUT, Postponed, Refused, body_of, post
from tongshi.channels.markup import PLAIN, split
from tongshi.channels.media import Media, Places, download
from tongshi.channels.platform import (
    FILE,
    FILM,
    PICTURE,
    PLACE,
    SOUND,
    Incoming,
    Profiles,
    WebhookChannel,
    language_code,
    place,
)
from tongshi.channels.written import buttons_of, with_sources
from tongshi.settings import Settings
from tongshi.storage.models import Message

_LONGEST = 2000
"""Characters of a message."""

_LONGEST_TITLE = 20
_MOST_BUTTONS = 13
_LOOK_UP = 2.0
_GLYPHS = {"image": PICTURE, "audio": SOUND, "video": FILM, "reel": FILM, "location": PLACE, "file": FILE}

_FILES = {"image", "video", "audio", "file"}

_TOO_MANY = {4, 17, 32, 613, 80006}
_UNREACHABLE = {100, 551}
_NOT_NOW_ALLOWED = {1545041, 2018001, 2018065, 2018108, 2018109, 2018278}
"""Codes and subcodes of the Send API: an app or a page has made too many calls; a customer cannot, or must no longer, be written to."""

log = structlog.get_logger()


class MessengerPlatform:
    """Sends by the Send API.

    Args:
        client: with the Graph API's address as its base, and the page's token.
        proof: of that token and the app's secret: each call shows that it knows more than the token.
    """

    def __init__(self, client: httpx.AsyncClient, proof: str) -> None:
        self._client = client
        self._params = {"appsecret_proof": proof}
        self._files = httpx.AsyncClient()
        self._places = Places([str(client.base_url)], ["fbcdn.net", "fbsbx.com"])

    async def file(self, address: str) -> bytes:
        """A file that a customer sent, which needs no token; see `download`."""
        return await download(self._files, address, self._places)

    def parts(self, message: Message) -> list[dict[str, Any]]:
        pieces = split(with_sources(message), lambda piece: len(PLAIN(piece)) <= _LONGEST)
        parts: list[dict[str, Any]] = [{"text": PLAIN(piece)} for piece in pieces]
        if parts and (buttons := buttons_of(message)[:_MOST_BUTTONS]):
            parts[-1]["quick_replies"] = [
                {"content_type": "text", "title": _short(title), "payload": reference} for title, reference in buttons
            ]
        return parts

    async def send(self, address: dict[str, Any], part: dict[str, Any], name: str, *, uncertain: bool) -> None:
        body = {"recipient": {"id": address["user"]}, "messaging_type": "RESPONSE", "message": part}
        answer = await self._call(body)
        if answer.is_success:
            return
        error = _error(answer)
        reason, code = str(error.get("message") or f"Messenger answered {answer.status_code}"), error.get("code")
        if code in _TOO_MANY:
            raise Postponed(reason, after=60, everything=True)
        if code in _UNREACHABLE or error.get("error_subcode") in _NOT_NOW_ALLOWED:
            raise Refused(reason)
        raise Postponed(reason)

    async def _call(self, body: dict[str, Any], **options: Any) -> httpx.Response:
        return await post(self._client, "me/messages", params=self._params, json=body, **options)

    async def notice(self, user: str, action: str) -> None:
        """Show that a message was seen, or that an answer is being written; nothing depends on it."""
        try:
            await self._call({"recipient": {"id": user}, "sender_action": action}, timeout=_LOOK_UP)
        except Postponed:
            pass

    async def language(self, user: str) -> str | None:
        """The language of a user's profile; None where the page may not read it or Facebook takes its time."""
        try:
            answer = await self._client.get(user, params={"fields": "locale", **self._params}, timeout=_LOOK_UP)
            return language_code(answer.json().get("locale"))
        except (httpx.HTTPError, ValueError, AttributeError):
            return None

    async def close(self) -> None:
        await self._client.aclose()
        await self._files.aclose()


def _digest(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def _short(title: str) -> str:
    return title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 1]}…"


def _error(answer: httpx.Response) -> dict[str, Any]:
    error = body_of(answer).get("error")
    return error if isinstance(error, dict) else {}


class MessengerChannel(WebhookChannel):
    """`/webhooks/messenger/webhook`: GET once, with the word agreed upon; POST for events, signed with the app's secret."""

    def __init__(self, platform: MessengerPlatform | None, secret: str = "", verify: str = "", **stores: Any) -> None:
        super().__init__(platform, **stores)
        self._secret = secret
        self._verify = verify
        self._profiles = Profiles(platform.language) if platform else None

    @classmethod
    def name(cls) -> str:
        return "messenger"

    @classmethod
    def from_settings(cls, settings: Settings, **stores: Any) -> MessengerChannel:
        if not settings.messenger_token:
            return cls(None, **stores)
        token, secret = settings.messenger_token, settings.messenger_secret
        client = httpx.AsyncClient(
            base_url=settings.messenger_url.rstrip("/") + "/", headers={"Authorization": f"Bearer {token}"}, timeout=CALL_TIMEOUT
        )
        return cls(MessengerPlatform(client, _digest(secret, token.encode())), secret, settings.messenger_verify, **stores)

    def add_routes(self, webhook: Blueprint) -> None:
        super().add_routes(webhook)

        @webhook.route("/webhook", methods=["GET"])
        async def verify(request: Request) -> HTTPResponse:
            given = request.args.get("hub.verify_token") or ""
            if request.args.get("hub.mode") != "subscribe" or not is_secret(given, self._verify):
                return response.json({"error": "The verify token is missing or wrong."}, 403)
            return response.text(request.args.get("hub.challenge") or "")

    async def receive(self, request: Request) -> HTTPResponse:
        expected = "sha256=" + _digest(self._secret, request.body)
        given = request.headers.get("x-hub-signature-256", "")
        if not is_secret(given, expected):
            return response.json({"error": "The signature is missing or wrong."}, 401)
        for incoming in _said(json_body(request) or {}):
            await self.take(incoming)
        return response.text("EVENT_RECEIVED")

    async def fetch(self, media: Media) -> bytes:
        return await self._platform.file(media.source)

    async def before_turn(self, incoming: Incoming) -> str | None:
        user = incoming.address["user"]
        await self._platform.notice(user, "mark_seen")
        await self._platform.notice(user, "typing_on")
        return await self._profiles.language(user)


def _said(body: dict[str, Any]) -> list[Incoming]:
    """What people wrote or pressed; a call may bring several messages, of several people."""
    if body.get("object") != "page":
        return []
    found = [_incoming(event) for event in _events(body)]
    return [one for one in found if one]


def _events(body: dict[str, Any]) -> list[Any]:
    try:
        return [event for entry in body["entry"] for event in entry.get("messaging") or []]
    except (LookupError, TypeError, AttributeError):
        return []


def _incoming(event: Any) -> Incoming | None:
    """What an event brings; None where that is nothing, or cannot be read."""
    try:
        return _read(event)
    except (LookupError, TypeError, AttributeError) as error:
        log.warning("messenger.strange_event", error=repr(error))
        return None


def _read(event: dict[str, Any]) -> Incoming | None:
    user, page = str(event["sender"]["id"]), str(event["recipient"]["id"])
    common = {"sender": f"messenger:{page}:{user}", "address": {"user": user, "page": page}}
    if (postback := event.get("postback")) and not (postback.get("referral") or {}).get("ref"):
        name = postback.get("mid") or f"press:{event.get('timestamp')}"
        button, title = str(postback.get("payload", "")), str(postback.get("title", ""))
        return Incoming(
            text=title, client_id=_name(name), button=button, instead=None if title else "utter_capabilities", **common
        )
    if invited := (event.get("referral") or (postback or {}).get("referral") or {}).get("ref"):
        name = f"ref:{event.get('timestamp')}:{invited}"
        return Incoming(text=f"/start {invited}", client_id=_name(name), instead="utter_capabilities", **common)
    if edit := event.get("message_edit"):
        # Nothing is done again: the bot goes by what was said first.
        name = f"edit:{edit['mid']}:{edit.get('num_edit')}"
        return Incoming(text=str(edit.get("text") or ""), client_id=_name(name), instead="utter_edited_message", **common)
    message = event.get("message")
    if not message or message.get("is_echo") or message.get("is_deleted"):
        return None
    button = (message.get("quick_reply") or {}).get("payload")
    glyphs = "".join(_glyph(one) for one in message.get("attachments") or []) or (FILE if message.get("is_unsupported") else "")
    text = str(message.get("text") or "")
    if not (text or glyphs):
        return None
    instead = None if text else "utter_only_text"
    return Incoming(
        text=text or glyphs, client_id=_name(message["mid"]), button=button, instead=instead, media=_media(message), **common
    )


def _media(message: dict[str, Any]) -> tuple[Media, ...]:
    payloads = [one.get("payload") or {} for one in message.get("attachments") or [] if one.get("type") in _FILES]
    return tuple(Media(str(one["url"])) for one in payloads if one.get("url") and not one.get("sticker_id"))


def _glyph(attachment: dict[str, Any]) -> str:
    if (attachment.get("payload") or {}).get("sticker_id"):
        return "👍"
    if where := (attachment.get("payload") or {}).get("coordinates"):
        return place(where["lat"], where["long"])
    return _GLYPHS.get(attachment.get("type", ""), FILE)


def _name(message_id: str) -> str:
    """Facebook's names of messages are longer than ours may be."""
    return hashlib.sha256(str(message_id).encode()).hexdigest()

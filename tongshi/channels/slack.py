"""Slack: direct messages to the app, and mentions of it, which are answered in a direct message."""

from __future__ import annotations

import asyncio
import html
import json
import re
from typing import Any

import aiohttp
import httpx
import structlog
from sanic import response
from sanic.request import Request
from sanic.response import HTTPResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from tongshi.channels.channel import json_body
from tongshi.channels.delivery import CALL_TIMEOUT, Postponed, Refused, wait_of
from tongshi.channels.markup import SLACK, split
from tongshi.channels.media import Media, Places, download
from tongshi.channels.platform import (
    FILE,
    FILM,
    PICTURE,
    SOUND,
    Incoming,
    Profiles,
    WebhookChannel,
    language_code,
)
from tongshi.channels.written import buttons_of, with_sources
from tongshi.settings import Settings
from tongshi.storage.models import Message

_LONGEST = 3000
"""Characters of a section of a message."""

_LONGEST_TITLE = 75
_EVENT = "tongshi_reply"
_SAID = {None, "file_share", "me_message", "message_share", "thread_broadcast"}
_GONE = {
    "cannot_dm_bot", "channel_not_found", "is_archived", "is_inactive", "messages_tab_disabled",
    "msg_too_long", "no_text", "restricted_action", "user_disabled", "user_not_found",
}  # fmt: skip
_LOOK_UP = 2.0
_GLYPHS = {"image": PICTURE, "audio": SOUND, "video": FILM}

log = structlog.get_logger()


class SlackPlatform:
    """Sends by `chat.postMessage`.

    A message carries its own name as metadata, so that after a call without an answer the conversation tells whether it arrived.
    """

    def __init__(self, client: AsyncWebClient) -> None:
        self.client = client
        self._files = httpx.AsyncClient()
        self._places = Places([client.base_url, "https://files.slack.com"])

    async def file(self, address: str) -> bytes:
        """A file that a customer sent; see `download`."""
        return await download(self._files, address, self._places, headers={"Authorization": f"Bearer {self.client.token}"})

    def parts(self, message: Message) -> list[dict[str, Any]]:
        pieces = split(with_sources(message), lambda piece: len(SLACK(piece)) <= _LONGEST)
        parts: list[dict[str, Any]] = [{"text": SLACK(piece)} for piece in pieces]
        buttons = buttons_of(message)
        if not parts or not buttons:
            return parts
        elements = [
            {
                "type": "button",
                "action_id": reference,
                "value": reference,
                "text": {"type": "plain_text", "text": title[:_LONGEST_TITLE], "emoji": False},
            }
            for title, reference in buttons
        ]
        section = {"type": "section", "text": {"type": "mrkdwn", "text": parts[-1]["text"]}}
        parts[-1]["blocks"] = [section, {"type": "actions", "elements": elements}]
        return parts

    async def send(self, address: dict[str, Any], part: dict[str, Any], name: str, *, uncertain: bool) -> None:
        if uncertain and await self._is_there(address, name):
            return
        metadata = {"event_type": _EVENT, "event_payload": {"name": name}}
        try:
            await self.client.chat_postMessage(**address, **part, metadata=metadata, unfurl_links=False, unfurl_media=False)
        except SlackApiError as error:
            raise _explained(error) from error
        except aiohttp.ClientConnectorError as error:
            raise Postponed(f"no connection: {error}") from error
        except (TimeoutError, aiohttp.ClientError) as error:
            raise Postponed(f"no answer: {error or type(error).__name__}", uncertain=True) from error

    async def _is_there(self, address: dict[str, Any], name: str) -> bool:
        """Whether the conversation shows the message; no where the app may not read it."""
        try:
            if thread := address.get("thread_ts"):
                found = await self.client.conversations_replies(
                    channel=address["channel"], ts=thread, include_all_metadata=True, limit=200
                )
            else:
                found = await self.client.conversations_history(channel=address["channel"], include_all_metadata=True, limit=100)
        except SlackApiError as error:
            if isinstance(problem := _explained(error), Postponed) and problem.everything:
                raise problem from error
            return False
        except (TimeoutError, aiohttp.ClientError) as error:
            raise Postponed(f"no answer: {error or type(error).__name__}", uncertain=True) from error
        payloads = (one.get("metadata", {}).get("event_payload", {}) for one in found.get("messages") or [])
        return any(payload.get("name") == name for payload in payloads)

    async def language(self, user: str) -> str | None:
        """The language of a user's profile; None where the app may not read it or Slack takes its time."""
        try:
            async with asyncio.timeout(_LOOK_UP):
                profile = await self.client.users_info(user=user, include_locale=True)
        except (TimeoutError, SlackApiError, aiohttp.ClientError):
            return None
        return language_code((profile.get("user") or {}).get("locale"))

    async def close(self) -> None:
        """Slack's own client keeps no connections."""
        await self._files.aclose()


def _explained(error: SlackApiError) -> Postponed | Refused:
    answer = error.response
    data = answer.data if isinstance(getattr(answer, "data", None), dict) else {}
    status = getattr(answer, "status_code", None) or getattr(answer, "status", None) or 0
    reason = data.get("error") or f"Slack answered {status}"
    if status == 429 or reason in ("ratelimited", "rate_limited"):
        return Postponed(reason, after=wait_of(answer.headers), everything=True)
    if reason in _GONE:
        return Refused(reason)
    return Postponed(reason, uncertain=status >= 500)


class SlackChannel(WebhookChannel):
    """`POST /webhooks/slack/webhook` for events and interactivity, signed by Slack."""

    def __init__(self, platform: SlackPlatform | None, signing_secret: str = "", **stores: Any) -> None:
        super().__init__(platform, **stores)
        self._verifier = SignatureVerifier(signing_secret) if platform else None
        self._profiles = Profiles(platform.language) if platform else None

    @classmethod
    def name(cls) -> str:
        return "slack"

    @classmethod
    def from_settings(cls, settings: Settings, **stores: Any) -> SlackChannel:
        """The channel, closed where its secrets are not set."""
        if not settings.slack_token:
            return cls(None, **stores)
        # Tries are the outbox's matter: a retry inside the client could say a thing twice.
        client = AsyncWebClient(settings.slack_token, base_url=settings.slack_url, timeout=int(CALL_TIMEOUT), retry_handlers=[])
        return cls(SlackPlatform(client), settings.slack_signing_secret, **stores)

    async def receive(self, request: Request) -> HTTPResponse:
        if not self._is_signed(request):
            return response.json({"error": "The signature is missing, wrong or too old."}, 401)
        if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            incoming = _pressed_button(request)
        else:
            body = json_body(request) or {}
            if body.get("type") == "url_verification":
                return response.json({"challenge": body.get("challenge")})
            incoming = _said(body)
        if incoming:
            await self.take(incoming)
        return response.empty(200)

    def _is_signed(self, request: Request) -> bool:
        """Whether Slack signed the body within the last five minutes."""
        try:
            return self._verifier.is_valid_request(request.body, dict(request.headers))
        except (ValueError, TypeError):  # a timestamp that is no number, a body that is no UTF-8, a signature that is no ASCII
            return False

    async def fetch(self, media: Media) -> bytes:
        return await self._platform.file(media.source)

    async def before_turn(self, incoming: Incoming) -> str | None:
        return await self._profiles.language(incoming.about["user"])


def _said(body: dict[str, Any]) -> Incoming | None:
    """What a customer wrote, if the event is that; never what a bot wrote, our own included."""
    event = body.get("event")
    if not isinstance(event, dict) or event.get("type") not in ("message", "app_mention"):
        return None
    if event.get("subtype") == "message_changed":
        return _edited(body, event)
    is_ours = event["type"] == "app_mention" or event.get("channel_type") == "im"
    if not is_ours or event.get("subtype") not in _SAID or not _is_person(event):
        return None
    forwarded = _forwarded(event)
    text = "\n\n".join(filter(None, (_words(str(one.get("text") or "")) for one in (event, *forwarded))))
    files = [file for one in (event, *forwarded) for file in one.get("files") or []]
    glyph = "".join(_GLYPHS.get(str(file.get("mimetype", "")).partition("/")[0], FILE) for file in files)
    instead = "utter_only_text" if files and not text else None
    return _incoming(body, event, event.get("channel_type") == "im", text or glyph, instead=instead, media=_media(files))


def _forwarded(event: dict[str, Any]) -> list[dict[str, Any]]:
    """Messages that a customer has passed on with theirs; what Slack tells of a link is nobody's words."""
    return [one for one in event.get("attachments") or [] if one.get("is_share")]


def _media(files: list[dict[str, Any]]) -> tuple[Media, ...]:
    """Files that lie at Slack; those that lie elsewhere have other addresses, and are not fetched."""
    return tuple(
        Media(
            str(file.get("url_private_download") or file.get("url_private") or ""), str(file.get("name") or ""),
            str(file.get("mimetype") or ""), int(file.get("size") or 0),
        )
        for file in files
    )  # fmt: skip


def _edited(body: dict[str, Any], event: dict[str, Any]) -> Incoming | None:
    """A customer's change of what they had written; a preview that Slack adds to a message is none."""
    after, before = event.get("message") or {}, event.get("previous_message") or {}
    if event.get("channel_type") != "im" or not _is_person(after) or after.get("text") == before.get("text"):
        return None
    message = {**after, "channel": event.get("channel"), "ts": f"{after.get('ts')} {(after.get('edited') or {}).get('ts')}"}
    return _incoming(body, message, True, _words(after.get("text") or ""), instead="utter_edited_message")


def _is_person(message: dict[str, Any]) -> bool:
    user = message.get("user")
    return isinstance(user, str) and user != "USLACKBOT" and not message.get("bot_id")


def _incoming(body: dict[str, Any], message: dict[str, Any], direct: bool, text: str, **values: Any) -> Incoming:
    user = message["user"]
    address = {"channel": message.get("channel") if direct else user}
    if direct and message.get("thread_ts"):
        address["thread_ts"] = message["thread_ts"]
    # Slack brings a mention twice where both events are subscribed, under one time stamp.
    return Incoming(
        sender=f"slack:{body.get('team_id')}:{user}",
        address=address,
        text=text,
        client_id=f"{message.get('channel')}:{message.get('ts')}"[:64],
        about={"user": user},
        **values,
    )


def _pressed_button(request: Request) -> Incoming | None:
    try:
        payload = json.loads(request.form.get("payload") or "")
        action, user = payload["actions"][0], payload["user"]["id"]
        channel = payload["channel"]["id"]
        if payload["type"] != "block_actions" or action["type"] != "button":
            return None
        address = {"channel": channel}
        if thread := (payload.get("message") or {}).get("thread_ts"):
            address["thread_ts"] = thread
        return Incoming(
            sender=f"slack:{payload['team']['id']}:{user}",
            address=address,
            text=str(action["text"]["text"]),
            client_id=f"press:{channel}:{action['action_ts']}"[:64],
            button=str(action.get("value", "")),
            about={"user": user},
        )
    except (ValueError, LookupError, TypeError):
        return None


_MARKED = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")


def _words(text: str) -> str:
    """What a customer typed: addresses without Slack's brackets, mentions left out, characters unescaped."""

    def plain(match: re.Match) -> str:
        target, label = match[1], match[2]
        if target.startswith("@") or target.startswith("!"):
            return ""
        if target.startswith("#"):
            return f"#{label}" if label else ""
        return label if label and target.startswith(("mailto:", "tel:")) else target.removeprefix("mailto:").removeprefix("tel:")

    return html.unescape(_MARKED.sub(plain, text)).strip()

"""Telegram: private chats with a bot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx
import structlog
from sanic import response
from sanic.request import Request
from sanic.response import HTTPResponse

from tongshi.channels.channel import is_secret, json_body
from tongshi.channels.delivery import CALL_TIMEOUT, Postponed, Undeliverable, body_of, post, seconds_of
from tongshi.channels.listening import VoiceChannel, make_listener
from tongshi.channels.markup import PLAIN, TELEGRAM, split
from tongshi.channels.media import LARGEST as LARGEST_FILE
from tongshi.channels.media import Media, NotFetched, Places, TooLarge, download
from tongshi.channels.platform import (
    CARD,
    FILE,
    FILM,
    PICTURE,
    PLACE,
    SOUND,
    Incoming,
    language_code,
    place,
)
from tongshi.channels.written import buttons_of, with_sources
from tongshi.settings import Settings
from tongshi.speech.audio import LONGEST, Unheard
from tongshi.storage.models import Message

_LONGEST = 4096
"""Of a message, in units of UTF-16, its markup not counted."""

LARGEST_VOICE = 5_000_000
"""Bytes of a voice message; two minutes of Telegram's are less than one million."""

_LOOK_UP = 2.0
_GLYPHS = {
    "photo": PICTURE, "voice": SOUND, "audio": SOUND, "video": FILM, "video_note": FILM, "animation": FILM, "document": FILE,
    "location": PLACE, "venue": PLACE, "contact": CARD, "paid_media": PICTURE, "story": FILE, "poll": FILE, "checklist": FILE,
    "dice": FILE, "game": FILE,
}  # fmt: skip

_FILES = ("document", "video", "audio", "voice", "video_note")

log = structlog.get_logger()


class TelegramPlatform:
    """Sends by the Bot API's `sendMessage`.

    Args:
        client: with the bot's own address, `https://api.telegram.org/bot<token>/`, as its base.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    def parts(self, message: Message) -> list[dict[str, Any]]:
        pieces = split(with_sources(message), lambda piece: len(PLAIN(piece).encode("utf-16-le")) // 2 <= _LONGEST)
        parts: list[dict[str, Any]] = [{"markdown": piece} for piece in pieces]
        if parts and (buttons := buttons_of(message)):
            keyboard = [[{"text": title, "callback_data": reference}] for title, reference in buttons]
            parts[-1]["reply_markup"] = {"inline_keyboard": keyboard}
        return parts

    async def send(self, address: dict[str, Any], part: dict[str, Any], name: str, *, uncertain: bool) -> None:
        part = dict(part)
        markdown = part.pop("markdown")
        values = {"chat_id": address["chat_id"], "link_preview_options": {"is_disabled": True}, **part}
        refusal = await self._call("sendMessage", text=TELEGRAM(markdown), parse_mode="HTML", **values)
        if refusal and "parse entities" in refusal:
            refusal = await self._call("sendMessage", text=PLAIN(markdown), **values)
        if refusal:
            raise Undeliverable(refusal)

    async def _call(self, method: str, **values: Any) -> str | None:
        """Call a method of the Bot API; gives what Telegram says where it refuses the message.

        Raises:
            Postponed: Telegram is not there, asks to wait, or knows no such bot, which its operator can mend.
        """
        answer = await post(self._client, method, wait=_wait, json=values)
        body = body_of(answer)
        if answer.is_success and body.get("ok"):
            return None
        reason = str(body.get("description") or f"Telegram answered {answer.status_code}")
        if answer.status_code in (400, 403):
            return reason
        raise Postponed(reason)

    async def file(self, file_id: str, largest: int = LARGEST_FILE) -> bytes:
        """A file that a customer sent.

        Raises:
            TooLarge: it is larger than the Bot API gives, or than is taken.
            NotFetched: Telegram does not give it.
        """
        try:
            answer = await post(self._client, "getFile", json={"file_id": file_id})
        except Postponed as error:
            raise NotFetched(str(error)) from error
        path = (body_of(answer).get("result") or {}).get("file_path")
        if "too big" in str(body_of(answer).get("description")):
            raise TooLarge("Telegram does not give files of more than 20 MB.")
        if not isinstance(path, str) or ".." in path:
            raise NotFetched(str(body_of(answer).get("description") or f"Telegram answered {answer.status_code}"))
        bot = self._client.base_url
        root, token = bot.path.rsplit("/bot", 1)
        address = bot.copy_with(path=f"{root}/file/bot{token}{quote(path)}")
        return await download(self._client, str(address), Places([str(bot)]), largest)

    async def voice(self, chat: int, sound: bytes) -> None:
        """Send a voice message that nothing depends on."""
        try:
            files = {"voice": ("reply.ogg", sound, "audio/ogg")}
            await post(self._client, "sendVoice", data={"chat_id": chat}, files=files)
        except Postponed as error:
            log.warning("channel.no_voice", channel="telegram", error=str(error))

    async def notice(self, method: str, **values: Any) -> None:
        """Call a method that nothing depends on."""
        try:
            await post(self._client, method, json=values, timeout=_LOOK_UP)
        except Postponed:
            pass

    async def close(self) -> None:
        await self._client.aclose()


def _wait(answer: httpx.Response) -> float | None:
    parameters = body_of(answer).get("parameters")
    return seconds_of(parameters.get("retry_after")) if isinstance(parameters, dict) else None


class TelegramChannel(VoiceChannel):
    """`POST /webhooks/telegram/webhook`, which Telegram calls with the secret that `setWebhook` was given."""

    def __init__(self, platform: TelegramPlatform | None, secret: str = "", **stores: Any) -> None:
        super().__init__(platform, **stores)
        self._secret = secret

    @classmethod
    def name(cls) -> str:
        return "telegram"

    @classmethod
    def from_settings(cls, settings: Settings, **stores: Any) -> TelegramChannel:
        """The channel, closed where its secrets are not set."""
        if not settings.telegram_token:
            return cls(None, **stores)
        base = f"{settings.telegram_url.rstrip('/')}/bot{settings.telegram_token}/"
        platform = TelegramPlatform(httpx.AsyncClient(base_url=base, timeout=CALL_TIMEOUT))
        return cls(platform, settings.telegram_secret, **{"listener": make_listener(settings), **stores})

    async def receive(self, request: Request) -> HTTPResponse:
        given = request.headers.get("x-telegram-bot-api-secret-token", "")
        if not is_secret(given, self._secret):
            return response.json({"error": "The secret token is missing or wrong."}, 401)
        if incoming := _incoming(json_body(request) or {}):
            if self._listener and "voice" in incoming.about:
                incoming = replace(incoming, is_spoken=True, instead=None)
            await self.take(incoming)
        return response.empty(200)

    async def recording(self, incoming: Incoming) -> bytes:
        voice = incoming.about["voice"]
        if voice["seconds"] > LONGEST or voice["bytes"] > LARGEST_VOICE:
            raise Unheard("The voice message is too long.", "too_long")
        try:
            return await self._platform.file(voice["file"], LARGEST_VOICE)
        except TooLarge as error:
            raise Unheard("The voice message is too large.", "too_long") from error
        except NotFetched as error:
            raise Postponed(str(error)) from error

    async def send_recording(self, address: dict[str, Any], sound: bytes) -> None:
        await self._platform.voice(address["chat_id"], sound)

    async def before_turn(self, incoming: Incoming) -> str | None:
        if query := incoming.about.get("callback_query"):
            await self._platform.notice("answerCallbackQuery", callback_query_id=query)
        await self._platform.notice("sendChatAction", chat_id=incoming.address["chat_id"], action="typing")
        return language_code(incoming.about.get("language"))


def _incoming(update: dict[str, Any]) -> Incoming | None:
    """What a person said or pressed in a private chat; in a group everybody would read their order."""
    try:
        if "callback_query" in update:
            query = update["callback_query"]
            return _from_chat(
                update, query["message"], query["from"], text="", button=str(query.get("data", "")), callback_query=query["id"]
            )
        if "edited_message" in update:
            message = update["edited_message"]
            # A place that is shared while its sender moves changes all the time.
            text = message.get("text") or message.get("caption")
            return _from_chat(update, message, message["from"], text=text, instead="utter_edited_message") if text else None
        message = update["message"]
        text, instead = _words(message)
        return _from_chat(update, message, message["from"], text=text, instead=instead) if text else None
    except (LookupError, TypeError, AttributeError):
        return None


def _from_chat(
    update: dict[str, Any], message: dict[str, Any], person: dict[str, Any], *, text: str, button: str | None = None,
    instead: str | None = None, callback_query: str | None = None,
) -> Incoming | None:  # fmt: skip
    chat = message["chat"]
    if chat["type"] != "private" or person.get("is_bot"):
        return None
    return Incoming(
        sender=f"telegram:{int(chat['id'])}",
        address={"chat_id": int(chat["id"])},
        text=text,
        client_id=f"update:{int(update['update_id'])}",
        button=button,
        instead=instead,
        media=_media(message) if instead != "utter_edited_message" and button is None else (),
        album=message.get("media_group_id"),
        about={"language": person.get("language_code"), "callback_query": callback_query, **_voice(message)},
    )


def _voice(message: dict[str, Any]) -> dict[str, Any]:
    """Where a voice message lies, its seconds and bytes."""
    voice = message.get("voice")
    if not voice or message.get("caption"):
        return {}
    seconds, size = int(voice.get("duration") or 0), int(voice.get("file_size") or 0)
    return {"voice": {"file": str(voice["file_id"]), "seconds": seconds, "bytes": size}}


def _media(message: dict[str, Any]) -> tuple[Media, ...]:
    """The file of a message; of a photo, which comes in several sizes, the largest."""
    sizes = message.get("photo")
    found = sizes[-1] if sizes else next((message[kind] for kind in _FILES if kind in message), None)
    if not found:
        return ()
    size = int(found.get("file_size") or 0)
    return (Media(str(found["file_id"]), str(found.get("file_name") or ""), str(found.get("mime_type") or ""), size),)


def _words(message: dict[str, Any]) -> tuple[str, str | None]:
    """The text of a message, with the reply to give where it has none; ("", None) for what is no message of a person."""
    text = message.get("text") or message.get("caption")
    if text:
        command = text.split()[0].partition("@")[0] if text.startswith("/") else ""
        return text, "utter_capabilities" if command in ("/start", "/help") else None
    if sticker := message.get("sticker"):
        return sticker.get("emoji") or PICTURE, "utter_only_text"
    glyph = next((glyph for kind, glyph in _GLYPHS.items() if kind in message), "")
    if glyph == PLACE:
        where = message.get("location") or message["venue"]["location"]
        return place(where["latitude"], where["longitude"]), "utter_only_text"
    if glyph == CARD:
        return f"{CARD} {message['contact'].get('phone_number') or ''}".strip(), "utter_only_text"
    return glyph, "utter_only_text" if glyph else None

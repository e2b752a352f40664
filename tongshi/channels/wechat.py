"""WeChat official accounts: what followers write; answered by customer-service messages, since WeChat waits five seconds only."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import struct
import time
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import ParseError

import httpx
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from tongshi.channels.channel import is_secret
from tongshi.channels.delivery import CALL_TIMEOUT, Postponed, Refused, post
from tongshi.channels.markup import PLAIN, split
from tongshi.channels.media import Media, NotFetched, Places, download
from tongshi.channels.platform import (
    FILE,
    FILM,
    PICTURE,
    SOUND,
    Incoming,
    Profiles,
    WebhookChannel,
    language_code,
    place,
)
from tongshi.channels.written import buttons_of, with_sources
from tongshi.errors import TongshiError
from tongshi.settings import Settings
from tongshi.storage.models import Message

_LONGEST = 2048
"""Bytes of a message in UTF-8."""

_LARGEST_CALL = 64 * 1024
_WINDOW = 300
"""Seconds for which a signed call counts."""

_EARLY = 300
"""Seconds before its end at which a token is no longer used."""

_LOOK_UP = 2.0
_GLYPHS = {
    "image": PICTURE, "voice": SOUND, "video": FILM, "shortvideo": FILM,
}  # fmt: skip

_FILES = {"image", "voice", "video", "shortvideo"}
_UNSUPPORTED = {"【收到不支持的消息类型，暂无法显示】", "[收到不支持的消息类型，暂无法显示]", "[Unsupported Message]"}
"""What WeChat writes as text in place of what it does not pass on: animated stickers, cards, red envelopes."""

_TOKEN_ENDED = {40001, 40014, 42001}
_TOO_MANY = {45009, 45011}
_UNREACHABLE = {40003, 43004, 45015, 45047, 45002, 44004}
"""Codes of WeChat's interface. The last: no such follower, no longer one, silent for too long, too much said to them, text too long, none."""


class WeChatPlatform:
    """Sends by `message/custom/send`.

    Args:
        client: with the interface's address as its base.
        app_id, secret: of the account; for them there is a token, which lasts for two hours.
    """

    def __init__(self, client: httpx.AsyncClient, app_id: str, secret: str) -> None:
        self._client = client
        self._app_id = app_id
        self._secret = secret
        self._token = ""
        self._until = 0.0
        self._fetching = asyncio.Lock()

    def parts(self, message: Message) -> list[dict[str, Any]]:
        pieces = [PLAIN(piece) for piece in split(with_sources(message), lambda piece: len(PLAIN(piece).encode()) <= _LONGEST)]
        parts: list[dict[str, Any]] = [{"msgtype": "text", "text": {"content": piece}} for piece in pieces]
        if parts and (buttons := buttons_of(message)):
            choices = [{"id": reference, "content": title} for title, reference in buttons]
            parts[-1] = {"msgtype": "msgmenu", "msgmenu": {"head_content": pieces[-1], "list": choices, "tail_content": ""}}
        return parts

    async def send(self, address: dict[str, Any], part: dict[str, Any], name: str, *, uncertain: bool) -> None:
        body = await self._call("message/custom/send", {"touser": address["openid"], **part})
        if body.get("errcode") in _TOKEN_ENDED:
            self._token = ""
            body = await self._call("message/custom/send", {"touser": address["openid"], **part})
        code = body.get("errcode", 0)
        reason = f"{code} {body.get('errmsg') or ''}".strip()
        if code in _UNREACHABLE:
            raise Refused(reason)
        if code:
            raise Postponed(reason, after=60 if code in _TOO_MANY else None, everything=code in _TOO_MANY)

    async def _call(self, path: str, values: dict[str, Any], **options: Any) -> dict[str, Any]:
        # WeChat shows escaped characters as they are written.
        content = json.dumps(values, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"}
        answer = await post(
            self._client, path, params={"access_token": await self._access()}, content=content, headers=headers, **options
        )
        return _body(answer)

    async def _access(self) -> str:
        """The token, asked for where there is none or it ends soon; the stable one, which other users of the account do not end."""
        async with self._fetching:
            if not self._token or time.monotonic() > self._until:
                values = {"grant_type": "client_credential", "appid": self._app_id, "secret": self._secret}
                body = _body(await post(self._client, "stable_token", json=values))
                if not isinstance(body.get("access_token"), str):
                    raise Postponed(f"no token: {body.get('errcode', '')} {body.get('errmsg') or ''}".strip())
                self._token = body["access_token"]
                self._until = time.monotonic() + max(0, int(body.get("expires_in", 0)) - _EARLY)
            return self._token

    async def file(self, media_id: str) -> bytes:
        """A file that a follower sent, which WeChat keeps for three days; see `download`."""
        try:
            address = self._client.base_url.join("media/get").copy_merge_params(
                {"access_token": await self._access(), "media_id": media_id}
            )
        except Postponed as error:
            raise NotFetched(str(error)) from error
        data = await download(self._client, str(address), Places([str(self._client.base_url)]))
        if data.startswith(b"{") and b'"errcode"' in data[:200]:
            raise NotFetched(data[:200].decode("utf-8", "replace"))
        return data

    async def notice(self, openid: str) -> None:
        """Show that an answer is being written; nothing depends on it."""
        try:
            await self._call("message/custom/typing", {"touser": openid, "command": "Typing"}, timeout=_LOOK_UP)
        except Postponed:
            pass

    async def language(self, openid: str) -> str | None:
        """The language of a follower's profile; None where the account may not read it or WeChat takes its time."""
        try:
            params = {"access_token": await self._access(), "openid": openid}
            answer = await self._client.get("user/info", params=params, timeout=_LOOK_UP)
            return language_code(str(_body(answer).get("language") or ""))
        except (Postponed, httpx.HTTPError):
            return None

    async def close(self) -> None:
        await self._client.aclose()


def _body(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError as error:
        raise Postponed(f"WeChat answered {answer.status_code} without JSON", uncertain=True) from error
    return body if isinstance(body, dict) else {}


class WeChatChannel(WebhookChannel):
    """`/webhooks/wechat/webhook`: GET once, POST for messages, both signed with the token agreed upon.

    In plain mode the signature covers the moment and not the message; in safe mode, where a key is set, it covers the message, which
    is encrypted besides, and nothing else is taken.

    Args:
        token: as set at WeChat's.
        key: EncodingAESKey, "" for plain mode.
        app_id: whose messages are taken in safe mode.
    """

    def __init__(self, platform: WeChatPlatform | None, token: str = "", key: str = "", app_id: str = "", **stores: Any) -> None:
        super().__init__(platform, **stores)
        self._token = token
        self._envelope = Envelope(key, app_id) if key else None
        self._profiles = Profiles(platform.language) if platform else None

    @classmethod
    def name(cls) -> str:
        return "wechat"

    @classmethod
    def from_settings(cls, settings: Settings, **stores: Any) -> WeChatChannel:
        if not settings.wechat_id:
            return cls(None, **stores)
        client = httpx.AsyncClient(base_url=f"{settings.wechat_url.rstrip('/')}/cgi-bin/", timeout=CALL_TIMEOUT)
        platform = WeChatPlatform(client, settings.wechat_id, settings.wechat_secret)
        return cls(platform, settings.wechat_token, settings.wechat_key, settings.wechat_id, **stores)

    def add_routes(self, webhook: Blueprint) -> None:
        super().add_routes(webhook)

        @webhook.route("/webhook", methods=["GET"])
        async def verify(request: Request) -> HTTPResponse:
            if not self._is_signed(request.args):
                return _refusal()
            return response.text(request.args.get("echostr") or "")

    async def receive(self, request: Request) -> HTTPResponse:
        if len(request.body) > _LARGEST_CALL or not self._is_signed(request.args):
            return _refusal()
        try:
            values = _fields(request.body)
            if self._envelope:
                values = _fields(self._opened(values.get("Encrypt", ""), request.args))
        except ValueError:
            return _refusal()
        if incoming := _incoming(values):
            await self.take(incoming)
        return response.text("success")

    def _is_signed(self, args: Mapping[str, Any]) -> bool:
        """Whether who calls knows the token, and called within the last five minutes."""
        stamp = str(args.get("timestamp") or "")
        expected = _signature(self._token, stamp, str(args.get("nonce") or ""))
        given = str(args.get("signature") or "")
        is_right = is_secret(given, expected)
        return is_right and stamp.isdecimal() and abs(time.time() - int(stamp)) <= _WINDOW

    def _opened(self, encrypted: str, args: Mapping[str, Any]) -> bytes:
        """What an encrypted message says.

        Raises:
            ValueError: it is not WeChat's, or not for this account.
        """
        expected = _signature(self._token, str(args.get("timestamp")), str(args.get("nonce") or ""), encrypted)
        if not is_secret(str(args.get("msg_signature") or ""), expected):
            raise ValueError("the message is not signed")
        return self._envelope.opened(encrypted)

    async def fetch(self, media: Media) -> bytes:
        return await self._platform.file(media.source)

    async def before_turn(self, incoming: Incoming) -> str | None:
        openid = incoming.address["openid"]
        await self._platform.notice(openid)
        return await self._profiles.language(openid)


class Envelope:
    """How WeChat encrypts messages in safe mode: AES-256-CBC, the account's id after the message.

    Args:
        key: EncodingAESKey, 43 letters and digits.
        app_id: of the account.

    Raises:
        TongshiError: that is no such key.
    """

    def __init__(self, key: str, app_id: str) -> None:
        try:
            self._key = base64.b64decode(f"{key}=", validate=True)
        except ValueError:
            self._key = b""
        if len(self._key) != 32:
            raise TongshiError("TONGSHI_WECHAT_KEY must be the 43 letters and digits of EncodingAESKey.")
        self._app_id = app_id

    def opened(self, encrypted: str) -> bytes:
        """The message within.

        Raises:
            ValueError: it is damaged, or for another account.
        """
        decryptor = Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16])).decryptor()
        plain = decryptor.update(base64.b64decode(encrypted, validate=True)) + decryptor.finalize()
        plain = plain[: -plain[-1]] if plain and 1 <= plain[-1] <= 32 else b""
        if len(plain) < 20:
            raise ValueError("the message is damaged")
        # Sixteen random bytes, the message's length, the message, the account.
        (length,) = struct.unpack("!I", plain[16:20])
        message, account = plain[20 : 20 + length], plain[20 + length :]
        if account.decode("utf-8", "replace") != self._app_id:
            raise ValueError("the message is for another account")
        return message


def _signature(*values: str) -> str:
    return hashlib.sha1("".join(sorted(values)).encode()).hexdigest()


def _refusal() -> HTTPResponse:
    return response.json({"error": "The signature is missing, wrong or too old."}, 401)


def _fields(document: bytes) -> dict[str, str]:
    """Names and texts of what a flat XML document holds.

    Raises:
        ValueError: it is no XML, or XML that does more than hold values.
    """
    try:
        root = fromstring(document, forbid_dtd=True)
    except (ParseError, DefusedXmlException) as error:
        raise ValueError("no XML that can be read") from error
    return {child.tag: (child.text or "").strip() for child in root}


def _incoming(values: dict[str, str]) -> Incoming | None:
    """What a follower wrote or pressed, or that they are one now."""
    openid, kind = values.get("FromUserName", ""), values.get("MsgType", "")
    if not openid:
        return None
    common: dict[str, Any] = {"sender": f"wechat:{values.get('ToUserName', '')}:{openid}", "address": {"openid": openid}}
    if kind == "event":
        name = f"event:{values.get('CreateTime', '')}:{values.get('Event', '')}"[:64]
        is_new = values.get("Event", "").lower() == "subscribe"
        return Incoming(text="👋", client_id=name, instead="utter_capabilities", **common) if is_new else None
    # Of a voice message WeChat may send the words, where the account has that switched on.
    text = values.get("Content") or values.get("Recognition") or ""
    text = "" if text in _UNSUPPORTED else text
    glyph = "" if text else _glyph(kind, values)
    if not kind or not values.get("MsgId"):
        return None
    return Incoming(
        text=text or glyph,
        client_id=f"msg:{values['MsgId']}"[:64],
        button=values.get("bizmsgmenuid") or None,
        instead="utter_only_text" if glyph else None,
        media=(Media(values["MediaId"]),) if kind in _FILES and glyph and values.get("MediaId") else (),
        **common,
    )


def _glyph(kind: str, values: dict[str, str]) -> str:
    """What stands in the transcript for what is no text; of a link the address, of a place where it is."""
    if kind == "location":
        return place(values.get("Location_X", ""), values.get("Location_Y", ""))
    return f"{_GLYPHS.get(kind, FILE)} {values.get('Url', '') if kind == 'link' else ''}".strip()

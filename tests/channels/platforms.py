"""Servers on loopback that speak what the platforms' own servers speak, and tell what they were asked."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web


@dataclass
class Call:
    """What a platform was asked.

    Attributes:
        method: the last part of the path.
        values: from body and query.
    """

    method: str
    values: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


Answer = Callable[[Call], Any]


class PlatformServer:
    """One platform.

    Attributes:
        calls: all of them, in order.
        troubles: answers for the next calls of `troubled`, in place of the right ones: a response, or "hang", or "drop" (the work is
            done and the connection closed without an answer).
    """

    troubled = ""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.troubles: list[Any] = []
        self.messages: list[dict[str, Any]] = []
        self.address = ""

    def of(self, method: str) -> list[dict[str, Any]]:
        return [call.values for call in self.calls if call.method == method]

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.address = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def until(self, method: str, count: int = 1, seconds: float = 30.0) -> list[dict[str, Any]]:
        """Wait until a method was called so often; gives its calls."""
        async with asyncio.timeout(seconds):
            while len(self.of(method)) < count:
                await asyncio.sleep(0.02)
        return self.of(method)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        call = Call(request.path.rsplit("/", 1)[1], await _values(request), dict(request.headers))
        self.calls.append(call)
        trouble = self.troubles.pop(0) if self.troubles and self.is_troubled(call) else None
        if trouble == "hang":
            await asyncio.sleep(30)
        if isinstance(trouble, web.Response):
            return trouble
        answer = self.answer(request, call)
        if trouble == "drop":
            request.transport.close()
        return answer

    def is_troubled(self, call: Call) -> bool:
        return call.method == self.troubled

    def answer(self, request: web.Request, call: Call) -> web.Response:
        raise NotImplementedError


async def _values(request: web.Request) -> dict[str, Any]:
    values: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json" and request.can_read_body:
        return {**values, **await request.json()}
    return {**values, **await request.post()}


class SlackServer(PlatformServer):
    """Slack's Web API: the token is checked, what was posted can be read back with its metadata, a thread's messages only in the thread."""

    troubled = "chat.postMessage"
    token = "xoxb-test"

    def __init__(self) -> None:
        super().__init__()
        self.locales: dict[str, str] = {}

    def answer(self, request: web.Request, call: Call) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        if call.method == "users.info":
            locale = self.locales.get(call.values["user"])
            return web.json_response({"ok": True, "user": {"id": call.values["user"], "locale": locale}})
        if call.method in ("conversations.history", "conversations.replies"):
            found = [one for one in self.messages if one.get("thread_ts") == call.values.get("ts")]
            return web.json_response({"ok": True, "messages": found})
        self.messages.append(call.values)
        return web.json_response({"ok": True, "ts": f"1700000000.{len(self.messages):06}"})


class TelegramServer(PlatformServer):
    """The Bot API: a wrong token is not found, what is no right HTML is refused."""

    troubled = "sendMessage"
    token = "12345:test"

    def answer(self, request: web.Request, call: Call) -> web.Response:
        if not request.path.startswith(f"/bot{self.token}/"):
            return web.json_response({"ok": False, "error_code": 404, "description": "Not Found"}, status=404)
        if call.method == "sendMessage":
            self.messages.append(call.values)
        return web.json_response({"ok": True, "result": {}})


class MessengerServer(PlatformServer):
    """Facebook's Graph API: token and proof are checked; what is no message of a page is refused."""

    troubled = "messages"
    token, secret = "page-token", "app-secret"

    def __init__(self) -> None:
        super().__init__()
        self.locales: dict[str, str] = {}

    def answer(self, request: web.Request, call: Call) -> web.Response:
        proof = hmac.new(self.secret.encode(), self.token.encode(), hashlib.sha256).hexdigest()
        if request.headers.get("Authorization") != f"Bearer {self.token}" or call.values["appsecret_proof"] != proof:
            return self.error(190, "Invalid OAuth access token.", status=401)
        if request.method == "GET":
            return web.json_response({"id": call.method, "locale": self.locales.get(call.method)})
        if "sender_action" not in call.values:
            self.messages.append(call.values)
        return web.json_response({"recipient_id": call.values["recipient"]["id"], "message_id": f"m_{len(self.messages)}"})

    def is_troubled(self, call: Call) -> bool:
        return super().is_troubled(call) and "sender_action" not in call.values

    @staticmethod
    def error(code: int, message: str = "no", status: int = 400, **values: Any) -> web.Response:
        return web.json_response({"error": {"message": message, "type": "OAuthException", "code": code, **values}}, status=status)

    async def until_sent(self, count: int = 1) -> list[dict[str, Any]]:
        """Wait until so many messages were taken; gives them."""
        async with asyncio.timeout(30):
            while len(self.messages) < count:
                await asyncio.sleep(0.02)
        return self.messages


class TwilioServer(PlatformServer):
    """Twilio's Messages resource of one account."""

    troubled = "Messages.json"
    account, token = "AC1", "twilio-token"

    def answer(self, request: web.Request, call: Call) -> web.Response:
        right = aiohttp.BasicAuth(self.account, self.token).encode()
        if request.headers.get("Authorization") != right or request.path != f"/2010-04-01/Accounts/{self.account}/Messages.json":
            return web.json_response({"code": 20003, "message": "Authenticate", "status": 401}, status=401)
        self.messages.append(call.values)
        return web.json_response({"sid": f"SM{len(self.messages)}", "status": "queued"}, status=201)


class WeChatServer(PlatformServer):
    """WeChat's interface of an official account: tokens are given out, and end when a test says so."""

    troubled = "send"
    app_id, secret = "wx1", "wechat-secret"

    def __init__(self) -> None:
        super().__init__()
        self.languages: dict[str, str] = {}
        self.tokens = 0

    def answer(self, request: web.Request, call: Call) -> web.Response:
        if call.method == "stable_token":
            if (call.values["appid"], call.values["secret"]) != (self.app_id, self.secret):
                return web.json_response({"errcode": 40125, "errmsg": "invalid appsecret"})
            self.tokens += 1
            return web.json_response({"access_token": f"token-{self.tokens}", "expires_in": 7200})
        if call.values.get("access_token") != f"token-{self.tokens}":
            return web.json_response({"errcode": 40001, "errmsg": "invalid credential"})
        if call.method == "info":
            return web.json_response({"subscribe": 1, "language": self.languages.get(call.values["openid"], "")})
        if call.method == "send":
            self.messages.append(call.values)
        return web.json_response({"errcode": 0, "errmsg": "ok"})

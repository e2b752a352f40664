"""Every platform on loopback at once, for a system that really runs; the servers live in a thread of their own."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import httpx

from tests.channels.mailservers import PASSWORD, USER, Dovecot, SmtpServer
from tests.channels.platforms import MessengerServer, PlatformServer, SlackServer, TelegramServer, TwilioServer, WeChatServer

PUBLIC = "https://help.example"
NUMBER = "+14155238886"
SECRET = "a-secret-of-the-tests"
T = TypeVar("T")


class Platforms:
    """All servers, and the settings that open the channels to them; no mail where Debian's dovecot-imapd is not installed."""

    def __init__(self) -> None:
        self.slack, self.telegram, self.messenger = SlackServer(), TelegramServer(), MessengerServer()
        self.twilio, self.wechat = TwilioServer(), WeChatServer()
        self.smtp, self.dovecot = SmtpServer(), Dovecot() if Dovecot.is_there() else None
        self._loop = asyncio.new_event_loop()

    @property
    def _servers(self) -> list[PlatformServer]:
        return [self.slack, self.telegram, self.messenger, self.twilio, self.wechat]

    def start(self) -> None:
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        for server in self._servers:
            self._do(server.start())
        if self.dovecot:
            self.smtp.start()
            self.dovecot.start()

    def stop(self) -> None:
        for server in self._servers:
            self._do(server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self.dovecot:
            self.smtp.stop()
            self.dovecot.remove()

    def _do(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def settings(self) -> dict[str, str]:
        """As `running` takes them."""
        mail = {"email_address": USER, "email_password": PASSWORD, "email_smtp": self.smtp.url}
        return {
            "public_url": PUBLIC,
            "slack_token": self.slack.token,
            "slack_signing_secret": SECRET,
            "slack_url": f"{self.slack.address}/api/",
            "telegram_token": self.telegram.token,
            "telegram_secret": SECRET,
            "telegram_url": self.telegram.address,
            "messenger_token": self.messenger.token,
            "messenger_secret": self.messenger.secret,
            "messenger_verify": SECRET,
            "messenger_url": self.messenger.address,
            "whatsapp_account": self.twilio.account,
            "whatsapp_token": self.twilio.token,
            "whatsapp_number": NUMBER,
            "whatsapp_url": self.twilio.address,
            "phone_token": self.twilio.token,
            "wechat_id": self.wechat.app_id,
            "wechat_secret": self.wechat.secret,
            "wechat_token": SECRET,
            "wechat_url": self.wechat.address,
            **({**mail, "email_imap": self.dovecot.url} if self.dovecot else {}),
        }


def until(true: Callable[[], T], seconds: float = 60) -> T:
    """Wait until something is so; gives what it is."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found


def post_json(url: str, body: dict[str, Any], sign: Callable[[str], dict[str, str]]) -> httpx.Response:
    """Post a body as it is signed."""
    text = json.dumps(body)
    return httpx.post(url, content=text, headers={"Content-Type": "application/json", **sign(text)}, timeout=20)

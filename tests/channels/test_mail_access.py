"""Signing in to mail servers with OAuth 2: against a token server, Dovecot and an SMTP server on loopback."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage

import pytest
from aiohttp import web

from tests.channels.mailservers import PASSWORD, USER, Dovecot, SmtpServer
from tests.channels.platforms import Call, PlatformServer
from tongshi.channels.delivery import Postponed
from tongshi.channels.mail import EmailChannel
from tongshi.channels.mail_access import TokenSource
from tongshi.channels.mail_sending import EmailPlatform
from tongshi.channels.mailbox import Mailbox, MailboxTrouble
from tongshi.errors import TongshiError, Unavailable
from tongshi.settings import Settings
from tongshi.storage.mail import MailStore

REFRESH = {"grant_type": "refresh_token", "refresh_token": "r0", "client_id": "id", "client_secret": "secret"}


class TokenServer(PlatformServer):
    """Gives an access token for a refresh token, a new one each time, and tells whose it is.

    Attributes:
        given: access tokens, in order; only the last counts.
        lasts: seconds.
        more: what it says besides.
    """

    troubled = "token"

    def __init__(self) -> None:
        super().__init__()
        self.given: list[str] = []
        self.lasts = 3600
        self.more: dict[str, str] = {}

    def answer(self, request: web.Request, call: Call) -> web.Response:
        if call.method == "info":
            counts = self.given and call.values.get("access_token") == self.given[-1]
            return web.json_response({"email": USER}) if counts else web.json_response({"error": "invalid_token"}, status=401)
        if (call.values.get("client_id"), call.values.get("client_secret")) != ("id", "secret"):
            return web.json_response({"error": "invalid_client"}, status=401)
        self.given.append(f"access-{len(self.given)}")
        return web.json_response({"access_token": self.given[-1], "expires_in": self.lasts, **self.more})


@pytest.fixture
async def tokens():
    server = TokenServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def settings(tokens, tmp_path):
    return Settings(
        home=tmp_path / "home", email_address=USER, email_imap="imap://127.0.0.1:1", email_smtp="smtp://127.0.0.1:1",
        email_oauth_url=f"{tokens.address}/token", email_oauth_id="id", email_oauth_secret="secret", email_oauth_refresh="r0",
    )  # fmt: skip


def source(tokens, secret: str = "secret") -> TokenSource:
    return TokenSource(f"{tokens.address}/token", "id", secret, "r0")


async def test_a_token_is_used_until_it_ends_and_the_newest_refresh_token_gets_the_next(tokens):
    ours = source(tokens)
    tokens.more = {"refresh_token": "r1"}
    assert [await asyncio.to_thread(ours.token) for _ in range(2)] == ["access-0"] * 2
    ours.forget()
    tokens.lasts = 30
    assert [await asyncio.to_thread(ours.token) for _ in range(2)] == ["access-1", "access-2"]
    asked = tokens.of("token")
    assert asked[0] == REFRESH and [one["refresh_token"] for one in asked] == ["r0", "r1", "r1"]


async def test_an_endpoint_that_gives_none_is_told_of_without_secrets(tokens):
    with pytest.raises(Unavailable, match="401 invalid_client"):
        await asyncio.to_thread(source(tokens, "wrong").token)
    for answer in (web.Response(text="<html>"), web.json_response([]), web.json_response({"access_token": 5})):
        tokens.troubles = [answer]
        with pytest.raises(Unavailable, match="no access token") as raised:
            await asyncio.to_thread(source(tokens).token)
        assert "r0" not in str(raised.value) and "secret" not in str(raised.value)
    await tokens.stop()
    with pytest.raises(Unavailable, match="ConnectError"):
        await asyncio.to_thread(source(tokens).token)


async def test_mail_goes_out_signed_in_with_a_token_and_a_refused_one_is_got_anew(tokens, settings, database):
    smtp = SmtpServer()
    smtp.start()
    tokens_of_ours = source(tokens)
    platform = EmailPlatform(Settings(**{**settings.__dict__, "email_smtp": smtp.url}), MailStore(database), "s", tokens_of_ours)
    address = {"to": "anna@x.example", "subject": "Hi", "message_id": "<a@x>", "references": [], "conversation": "email:a"}
    part = {"text": "Hello", "automatic": False, "language": "en"}
    with pytest.raises(Postponed):
        await platform.send(address, part, "1-0", uncertain=False)
    smtp.access_token = "access-1"
    await platform.send(address, part, "1-0", uncertain=False)
    assert len(smtp.messages) == 1 and len(tokens.given) == 2
    smtp.stop()


@pytest.mark.skipif(not Dovecot.is_there(), reason="needs Debian's dovecot-imapd")
async def test_the_mailbox_is_opened_with_a_token(tokens):
    dovecot = Dovecot(tokens=tokens.address)
    await asyncio.to_thread(dovecot.start)
    message = EmailMessage()
    message["Subject"] = "Hi"
    await asyncio.to_thread(dovecot.deliver, message)
    box = Mailbox(dovecot.url, USER, "", "INBOX", source(tokens))
    await asyncio.to_thread(box.open)
    assert await asyncio.to_thread(box.newest) == 1
    await asyncio.to_thread(box.close)
    tokens.given.append("another")
    with pytest.raises(MailboxTrouble):
        await asyncio.to_thread(box.open)
    await asyncio.to_thread(box.open)
    assert box.validity
    await asyncio.to_thread(box.close)
    await asyncio.to_thread(dovecot.remove)


def test_settings_ask_for_a_password_or_for_oauth_and_keep_secrets_off_the_open_network(settings):
    assert EmailChannel.from_settings(settings, mails=object())._platform is not None
    given = {name: value for name, value in settings.__dict__.items() if name.startswith("email")}
    for change, named in (
        ({"email_password": PASSWORD}, "EMAIL_PASSWORD"),
        ({"email_oauth_url": "", "email_oauth_id": "", "email_oauth_refresh": ""}, "EMAIL_PASSWORD"),
        ({"email_oauth_refresh": ""}, "EMAIL_OAUTH_REFRESH"),
        ({"email_oauth_url": "http://login.example/token"}, "https"),
    ):
        with pytest.raises(TongshiError, match=named):
            Settings(**{**given, **change})

"""E-mail as it goes out: an answer in its thread, as text and HTML, marked as automatic where no person wrote it, by SMTP."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

import aiosmtplib
from markdown_it import MarkdownIt

from tongshi import clock
from tongshi.channels.delivery import CALL_TIMEOUT, Postponed, Undeliverable
from tongshi.channels.mail_access import TokenSource
from tongshi.channels.mailbox import is_local, server
from tongshi.channels.markup import PLAIN
from tongshi.channels.written import with_sources
from tongshi.errors import Unavailable
from tongshi.language.identify import is_traditional
from tongshi.language.letters import bare_subject
from tongshi.responses.catalog import get_replies
from tongshi.settings import Settings
from tongshi.storage.mail import MailStore
from tongshi.storage.models import Mail, Message

_MOST_REFERENCES = 20
_LONGEST_SUBJECT = 200


class EmailPlatform:
    """Sends by SMTP.

    The name of each message is made from what it answers, so that one that is sent twice is known as the same.

    Args:
        mails: where the names of what is sent are noted, so that answers find their conversation.
        secret: from which names are made that nobody can guess.
        tokens: signs in in place of the password, where there is one.
    """

    def __init__(self, settings: Settings, mails: MailStore, secret: str, tokens: TokenSource | None = None) -> None:
        self._host, self._port, self._tls = server(settings.email_smtp, "smtps", "smtp")
        self._settings = settings
        self._mails = mails
        self._secret = secret
        self._tokens = tokens

    def parts(self, message: Message) -> list[dict[str, Any]]:
        options = "\n".join(f"- {button['title']}" for button in message.extras.get("buttons", []))
        text = "\n\n".join(filter(None, (with_sources(message), options)))
        if not text:
            return []
        automatic = message.author == "bot"
        language = message.language or self._settings.language
        if automatic:
            traditional = language == "zh" and bool(is_traditional(message.text))
            text += "\n\n---\n\n" + get_replies().render("utter_email_footer", language, traditional=traditional).text
        return [{"text": text, "automatic": automatic, "language": language}]

    async def send(self, address: dict[str, Any], part: dict[str, Any], name: str, *, uncertain: bool) -> None:
        message = self._written(address, part, name)
        ours = Mail(
            digest=digest(address["to"], message["Message-ID"]), sender=address["conversation"],
            customer=digest(address["to"]), ours=True, at=clock.now(),
        )  # fmt: skip
        await asyncio.to_thread(self._mails.add, ours)
        client = aiosmtplib.SMTP(
            hostname=self._host, port=self._port, use_tls=self._tls, start_tls=self._starts_tls, timeout=CALL_TIMEOUT
        )
        try:
            await client.connect()
            await client.ehlo()
            if client.supports_extension("auth") or not is_local(self._host):
                await self._sign_in(client)
        except (aiosmtplib.SMTPException, OSError, Unavailable) as error:
            client.close()
            raise Postponed(f"no connection: {error or type(error).__name__}") from error
        try:
            await client.send_message(message, sender=self._settings.email_address, recipients=[address["to"]])
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _explained(error) from error
        finally:
            client.close()

    async def _sign_in(self, client: aiosmtplib.SMTP) -> None:
        user = self._settings.email_user or self._settings.email_address
        if self._tokens is None:
            await client.login(user, self._settings.email_password)
            return
        try:
            await client.auth_xoauth2(user, await asyncio.to_thread(self._tokens.token))
        except aiosmtplib.SMTPAuthenticationError:
            self._tokens.forget()
            raise

    @property
    def _starts_tls(self) -> bool:
        return not self._tls and not is_local(self._host)

    def _written(self, address: dict[str, Any], part: dict[str, Any], name: str) -> EmailMessage:
        """The message as it goes over the wire."""
        ours = self._settings.email_address
        domain = ours.rpartition("@")[2]
        answered = address["message_id"]
        key = hmac.new(self._secret.encode(), f"{name} {answered}".encode(), hashlib.sha256).hexdigest()[:32]
        message = EmailMessage(policy=WIRE)
        message["From"] = Address(self._settings.shop, addr_spec=ours)
        message["To"] = address["to"]
        message["Subject"] = f"Re: {bare_subject(address['subject']) or self._settings.shop}"[:_LONGEST_SUBJECT]
        message["Date"] = format_datetime(clock.now())
        message["Message-ID"] = f"<tongshi.{key}@{domain}>"
        message["In-Reply-To"] = answered
        earlier = [one for one in address["references"] if one != answered]
        message["References"] = " ".join([*earlier[:1], *earlier[1:][-_MOST_REFERENCES:], answered])
        if part["automatic"]:
            message["Auto-Submitted"] = "auto-replied"
            message["X-Auto-Response-Suppress"] = "All"
        message.set_content(PLAIN(part["text"]))
        message.add_alternative(_html(part["text"], part["language"]), subtype="html")
        message["Content-Language"] = part["language"]
        return message

    async def close(self) -> None:
        """A connection lasts no longer than a message."""


def _explained(error: Exception) -> Postponed | Undeliverable:
    """What a mail server's refusal, or its silence, comes to."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused) and error.recipients:
        error = error.recipients[0]
    code = getattr(error, "code", None)
    if isinstance(error, aiosmtplib.SMTPSenderRefused):
        return Postponed(f"our address is refused: {error.message}")
    if isinstance(error, aiosmtplib.SMTPResponseException) and isinstance(code, int) and code > 0:
        return Undeliverable(f"{code} {error.message}") if code >= 500 else Postponed(f"{code} {error.message}")
    return Postponed(f"no answer: {error or type(error).__name__}", uncertain=True)


def _html(text: str, language: str) -> str:
    direction = "rtl" if language == "ar" else "ltr"
    return f'<!DOCTYPE html><html lang="{language}"><body dir="{direction}">{_renderer().render(text)}</body></html>'


@lru_cache(maxsize=1)
def _renderer() -> MarkdownIt:
    # Pictures would be fetched from wherever a text says, by who reads it.
    return (
        MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("strikethrough").disable(["image", "code", "lheading"])
    )


def digest(address: str, message_id: str = "") -> str:
    """Under which a message of, or to, a customer is known; without `message_id`, the customer."""
    return hashlib.sha256(f"{address.lower()}\n{message_id}".encode()).hexdigest()

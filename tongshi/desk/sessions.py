"""Who a request comes from: the customer's conversation, the agent's sign-in."""

from __future__ import annotations

import asyncio
import hmac
import secrets

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tongshi.conversations.continuing import Continuations
from tongshi.conversations.tokens import client_sender, signed, subject

CUSTOMER_AGE = 30 * 86_400
AGENT_AGE = 12 * 3_600
_CHAT_COOKIE = "tongshi_chat"
_AUDIENCE = "tongshi chat"

AGENT = "agent"
"""What the cookie of whoever is signed in to the desk holds."""

CSRF_HEADER = "X-CSRF-Token"
"""Header in which whoever changes something shows the token of `/desk/api/session`."""


class Cookie:
    """A value that only this server can have written.

    Args:
        name: of the cookie.
        secret: what it is signed with.
        age: seconds until it is worthless.
    """

    def __init__(self, name: str, secret: str, age: int) -> None:
        self._name = name
        self._age = age
        self._serializer = URLSafeTimedSerializer(secret, salt=name)

    def read(self, request: Request) -> str | None:
        """The value of a request's cookie, or None where it has none that counts."""
        try:
            return self._serializer.loads(request.cookies.get(self._name, ""), max_age=self._age)
        except BadSignature:
            return None

    def write(self, request: Request, response: Response, value: str) -> None:
        response.set_cookie(
            self._name,
            self._serializer.dumps(value),
            max_age=self._age,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )

    def token(self, value: str) -> str:
        """What a form carries to show that it was made for this cookie's holder."""
        return self._serializer.dumps(["form", value])

    def is_token(self, token: str, value: str) -> bool:
        try:
            found = self._serializer.loads(token, max_age=self._age)
        except BadSignature:
            return False
        return isinstance(found, list) and hmac.compare_digest(str(found[-1]), value)


def refusal(request: Request, cookie: Cookie, *, changes: bool = False) -> Response | None:
    """The answer to who asks for JSON without being signed in to the desk, or changes something without showing its token; else None."""
    if cookie.read(request) != AGENT:
        return JSONResponse({"error": "Sign in at /desk/login."}, 401)
    if changes and not cookie.is_token(request.headers.get(CSRF_HEADER, ""), AGENT):
        return JSONResponse({"error": f"The header {CSRF_HEADER} lacks the token of /desk/api/session, or it is too old."}, 403)
    return None


class CustomerSessions:
    """Which conversation a request belongs to, by a signed token (JWT).

    The chat page carries it in a cookie that scripts cannot read; the widget, which other sites show and where browsers keep no cookies,
    and one's own programs carry it as `Authorization: Bearer …`. One's own server may sign tokens with the client key: `sub` names its
    customer, `exp` is needed.

    Args:
        secret: what our own tokens are signed with.
        client_key: what other servers sign with; empty: none may.
        continuations: lead who goes on with a conversation of another channel to it.
    """

    def __init__(self, secret: str, client_key: str = "", continuations: Continuations | None = None) -> None:
        self._secret = secret
        self._client_key = client_key
        self._continuations = continuations

    async def conversation(self, request: Request) -> str | None:
        """The conversation that a request's customer is in; None where nothing that counts names one."""
        sender = self.sender(request)
        if sender is None or self._continuations is None:
            return sender
        return await asyncio.to_thread(self._continuations.conversation, sender)

    def sender(self, request: Request) -> str | None:
        """Who sends a request, by the name of the conversation of their own; None where nothing that counts names one."""
        token = self.bearer(request)
        if token is None:
            return self._own(request.cookies.get(_CHAT_COOKIE, ""))
        return self._own(token) or client_sender(token, self._client_key)

    @staticmethod
    def bearer(request: Request) -> str | None:
        """The token of the header; None where there is no such header."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None

    def renewed(self, request: Request) -> str | None:
        """A fresh token for who carries one of ours; None for others: what another server signed lasts as long as it said."""
        sender = self._own(self.bearer(request) or "")
        return self.token(sender) if sender else None

    def token(self, sender: str) -> str:
        return signed(sender, self._secret, CUSTOMER_AGE, aud=_AUDIENCE)

    def mark(self, conversation: str) -> str:
        """What tells a page one conversation from another and gives its name away to nobody."""
        return hmac.digest(self._secret.encode(), f"mark {conversation}".encode(), "sha256")[:12].hex()

    def write(self, request: Request, response: Response, sender: str) -> None:
        """Have the browser carry the conversation's token as a cookie."""
        response.set_cookie(
            _CHAT_COOKIE,
            self.token(sender),
            max_age=CUSTOMER_AGE,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )

    def _own(self, token: str) -> str | None:
        return subject(token, self._secret, audience=_AUDIENCE)


def new_sender() -> str:
    """A name for a new conversation that nobody can guess."""
    return f"web-{secrets.token_urlsafe(16)}"


def address_of(request: Request) -> str:
    """Where a request comes from; behind a web server on this machine, what it says in X-Forwarded-For (uvicorn reads it)."""
    return request.client.host if request.client else ""

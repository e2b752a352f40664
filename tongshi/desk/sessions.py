"""Who a request comes from: the customer's conversation, the agent's session."""

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

CSRF_HEADER = "X-CSRF-Token"
"""Header in which whoever changes something shows the token of `/desk/api/session`."""


class Cookie:
    """Names a browser's session; only this server can have written it.

    Args:
        name: of the cookie.
        secret: what it is signed with.
        age: seconds until it is worthless.
    """

    def __init__(self, name: str, secret: str, age: int) -> None:
        self._name = name
        self._age = age
        self._sessions = URLSafeTimedSerializer(secret, salt=f"{name} session")
        self._tokens = URLSafeTimedSerializer(secret, salt=f"{name} form")

    def read(self, request: Request) -> str | None:
        """The session that a request belongs to, or None where its cookie names none that counts."""
        return self._loaded(self._sessions, request.cookies.get(self._name, ""))

    def write(self, request: Request, response: Response, session: str) -> None:
        response.set_cookie(
            self._name,
            self._sessions.dumps(session),
            max_age=self._age,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )

    def token(self, session: str) -> str:
        """What a form carries to show that it was made for this session."""
        return self._tokens.dumps(session)

    def is_token(self, token: str, session: str | None) -> bool:
        """Whether a form was made for a session; for none, no form was."""
        made_for = self._loaded(self._tokens, token)
        return made_for is not None and session is not None and hmac.compare_digest(made_for, session)

    def _loaded(self, serializer: URLSafeTimedSerializer, text: str) -> str | None:
        try:
            return serializer.loads(text, max_age=self._age)
        except BadSignature:
            return None


def refusal(request: Request, cookie: Cookie, *, changes: bool = False) -> Response | None:
    """The answer to who asks for JSON without being signed in to the desk, or changes something without showing its token; else None."""
    session = cookie.read(request)
    if session is None:
        return JSONResponse({"error": "Sign in at /desk/login."}, 401)
    if changes and not cookie.is_token(request.headers.get(CSRF_HEADER, ""), session):
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


def new_session() -> str:
    """A name for a browser's session that nobody can guess."""
    return secrets.token_urlsafe(16)


def new_sender() -> str:
    """A name for a new conversation that nobody can guess."""
    return f"web-{secrets.token_urlsafe(16)}"


def address_of(request: Request) -> str:
    """Where a request comes from; behind a web server on this machine, what it says in X-Forwarded-For (uvicorn reads it)."""
    return request.client.host if request.client else ""

"""Signed cookies: the customer's conversation, and the agent's sign-in."""

from __future__ import annotations

import hmac
import secrets
import time
from collections import defaultdict, deque

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

CUSTOMER_AGE = 30 * 86_400
AGENT_AGE = 12 * 3_600
AGENT = "agent"
"""What the cookie of whoever is signed in to the desk holds."""


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


def new_sender() -> str:
    """A name for a new conversation that nobody can guess."""
    return f"web-{secrets.token_urlsafe(16)}"


class RateLimit:
    """At most `most` events a key in `seconds`.

    Kept in memory: each process of the desk counts for itself.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._events: dict[str, deque[float]] = defaultdict(deque)

    def wait(self, key: str) -> float:
        """Count an event; seconds until the next is allowed, 0 where this one is."""
        now = time.monotonic()
        if len(self._events) > 10_000:
            self._events = defaultdict(deque, {k: v for k, v in self._events.items() if v and v[-1] > now - self._seconds})
        events = self._events[key]
        while events and events[0] <= now - self._seconds:
            events.popleft()
        if len(events) >= self._most:
            return events[0] + self._seconds - now
        events.append(now)
        return 0.0

"""Signed tokens (JWT) that name a conversation."""

from __future__ import annotations

import time
from typing import Any

import jwt

ALGORITHM = "HS256"
_LONGEST_CUSTOMER = 100


def signed(subject: str, key: str, seconds: int, **claims: str) -> str:
    """A token that names `subject` and is worthless after that many seconds."""
    now = int(time.time())
    return jwt.encode({"sub": subject, "iat": now, "exp": now + seconds, **claims}, key, ALGORITHM)


def subject(token: str, key: str, **checks: Any) -> str | None:
    """Whom a token names; None where it is forged, expired, or names nobody.

    Args:
        checks: what else is asked of it, as `jwt.decode` takes it.
    """
    try:
        return jwt.decode(token, key, algorithms=[ALGORITHM], **{"options": {"require": ["exp", "sub"]}, **checks})["sub"] or None
    except jwt.InvalidTokenError:
        return None


def client_sender(token: str, key: str) -> str | None:
    """The conversation of one's own customer, by a token that one's own server signed with TONGSHI_CLIENT_KEY.

    Returns:
        None where the token does not count, or no key is set.
    """
    customer = subject(token, key, options={"require": ["exp", "sub"], "verify_aud": False}) if key else None
    return f"client-{customer}" if customer and len(customer) <= _LONGEST_CUSTOMER else None

"""How we sign in to mail servers: with a password, or with OAuth 2, as Microsoft 365 and Google ask of ordinary accounts."""

from __future__ import annotations

import threading
import time
from typing import Any

import httpx

from tongshi.channels.delivery import CALL_TIMEOUT
from tongshi.errors import Unavailable
from tongshi.settings import Settings

_EARLY = 60.0
"""Seconds before its end at which a token is no longer used."""

_USUAL = 3600.0


class TokenSource:
    """Access tokens for one account, each got for the refresh token and kept until shortly before it ends. Threads may share it.

    Args:
        url: the token endpoint.
        client_id, client_secret: of the application that the account's owner has admitted; some have no secret.
        refresh_token: what the endpoint gave when they did. Where it gives a new one, that is used from then on.
    """

    def __init__(self, url: str, client_id: str, client_secret: str, refresh_token: str) -> None:
        self._url = url
        self._client = {"client_id": client_id, **({"client_secret": client_secret} if client_secret else {})}
        self._refresh_token = refresh_token
        self._token = ""
        self._until = 0.0
        self._fetching = threading.Lock()

    def token(self) -> str:
        """A token that counts for a minute at least.

        Raises:
            Unavailable: the endpoint is not there, or gives none.
        """
        with self._fetching:
            if not self._token or time.monotonic() > self._until:
                found = self._ask()
                self._token = found["access_token"]
                self._refresh_token = str(found.get("refresh_token") or self._refresh_token)
                self._until = time.monotonic() + max(0.0, _seconds(found.get("expires_in")) - _EARLY)
            return self._token

    def forget(self) -> None:
        """Ask anew next time: a server has refused the token."""
        with self._fetching:
            self._token = ""

    def _ask(self) -> dict[str, Any]:
        values = {"grant_type": "refresh_token", "refresh_token": self._refresh_token, **self._client}
        try:
            answer = httpx.post(self._url, data=values, headers={"Accept": "application/json"}, timeout=CALL_TIMEOUT)
            found = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise Unavailable(f"no access token: {type(error).__name__}") from None
        if not isinstance(found, dict) or not isinstance(found.get("access_token"), str):
            reason = found.get("error") if isinstance(found, dict) else ""
            raise Unavailable(f"no access token: the endpoint answered {answer.status_code} {reason or ''}".rstrip())
        return found


def _seconds(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return _USUAL


def make_token_source(settings: Settings) -> TokenSource | None:
    """Of the settings; None where a password is used."""
    if not settings.email_oauth_url:
        return None
    return TokenSource(
        settings.email_oauth_url, settings.email_oauth_id, settings.email_oauth_secret, settings.email_oauth_refresh
    )

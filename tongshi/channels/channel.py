"""What all channels share: they are made from the settings, and their addresses are found where they are open."""

from __future__ import annotations

import hmac
from abc import ABC, abstractmethod
from typing import Any, Self

from rasa.core.channels.channel import InputChannel
from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse

from tongshi.settings import Settings, get_settings

_LARGEST = 1024 * 1024
"""Bytes of a request, which is read whole before it is known who sent it; a file comes by its address, or through the desk."""


class Channel(InputChannel, ABC):
    """A channel of Rasa's whose secrets are in the settings; credentials.yml only names it."""

    @classmethod
    @abstractmethod
    def name(cls) -> str:
        """What follows `/webhooks/` in its addresses."""

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> Self:
        return cls.from_settings(get_settings())

    @classmethod
    @abstractmethod
    def from_settings(cls, settings: Settings, **parts: Any) -> Self:
        """The channel, closed where the settings do not open it.

        Args:
            parts: what it is made with in place of the settings' own, by the names of its arguments.
        """

    def empty_blueprint(self) -> Blueprint:
        """Where its addresses go; with none added, the channel is closed."""
        webhook = Blueprint(f"tongshi_{self.name()}")
        webhook.listener("before_server_start")(_bound)
        return webhook


async def _bound(app: Sanic, *_: Any) -> None:
    """Have a server refuse what is too large."""
    app.config.REQUEST_MAX_SIZE = _LARGEST


def add_health(webhook: Blueprint) -> None:
    """Have `GET /` tell that the channel is open."""

    @webhook.route("/", methods=["GET"])
    async def health(request: Request) -> HTTPResponse:
        return response.json({"status": "ok"})


def shows(request: Request, secret: str) -> bool:
    """Whether a request carries a secret, as `Authorization: Bearer SECRET`."""
    return is_secret(request.token or "", secret)


def is_secret(given: str, secret: str) -> bool:
    """Whether what was given is the secret; it may hold any bytes, as Sanic reads them from a header."""
    return hmac.compare_digest(given.encode(errors="surrogateescape"), secret.encode())


def json_body(request: Request) -> dict[str, Any] | None:
    """The JSON object that a request carries, or None where it carries none."""
    try:
        body = request.json
    except Exception:  # sanic raises its own kinds for what is no JSON, and others for what is no UTF-8
        return None
    return body if isinstance(body, dict) else None

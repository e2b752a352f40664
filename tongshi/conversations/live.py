"""What is being said at this moment, told ahead of the whole reply.

Rasa's channels deliver a reply once the action has returned. The sentences of an answer travel beside it: from the action server to the
desk, whose chat page shows them as they come. Nothing depends on them: whoever misses one sees it in the reply, which replaces them.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Protocol

import httpx
import structlog

from tongshi.settings import Settings, get_settings

CHANNEL = "tongshi:live"
"""The Redis channel on which processes tell each other."""

PATH = "/internal/live"
"""Where the desk takes events over HTTP."""

_PATIENCE = 0.5
_PAUSE = 10.0

log = structlog.get_logger()


@dataclass(frozen=True)
class Spoken:
    """A sentence of a reply that is on its way.

    Attributes:
        sender: the conversation.
        turn: the `client_id` of the customer's message that it answers.
        number: its place in the reply, from 0.
    """

    sender: str
    turn: str
    number: int
    text: str
    language: str


@dataclass(frozen=True)
class Changed:
    """A conversation has new messages in the database, among them the reply to `turn`, where one is named."""

    sender: str
    turn: str | None = None


Event = Spoken | Changed
_KINDS = {"spoken": Spoken, "changed": Changed}


class Announcer(Protocol):
    """Tells an event to those who watch its conversation. Never raises, and never takes long."""

    def announce(self, event: Event) -> None: ...


class HttpAnnouncer:
    """Tells the desk of this machine.

    A desk that does not answer is left alone for a while, so that no answer waits for it.

    Args:
        address: the desk's.
        secret: shown to it.
    """

    def __init__(self, address: str, secret: str) -> None:
        self._client = httpx.Client(base_url=address, headers={"Authorization": f"Bearer {secret}"}, timeout=_PATIENCE)
        self._quiet_until = 0.0

    def announce(self, event: Event) -> None:
        if time.monotonic() < self._quiet_until:
            return
        try:
            self._client.post(PATH, json=as_json(event)).raise_for_status()
        except httpx.HTTPError as error:
            self._quiet_until = time.monotonic() + _PAUSE
            log.warning("live.untold", error=str(error) or type(error).__name__, hint="is the desk running?")


class RedisAnnouncer:
    """Tells every desk that listens to the same Redis."""

    def __init__(self, url: str) -> None:
        from redis import Redis

        self._redis = Redis.from_url(url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE)
        self._quiet_until = 0.0

    def announce(self, event: Event) -> None:
        from redis import RedisError

        if time.monotonic() < self._quiet_until:
            return
        try:
            self._redis.publish(CHANNEL, json.dumps(as_json(event)))
        except RedisError as error:
            self._quiet_until = time.monotonic() + _PAUSE
            log.warning("live.untold", error=str(error), hint="is Redis running? see TONGSHI_REDIS_URL")


def as_json(event: Event) -> dict[str, Any]:
    return {"kind": type(event).__name__.lower(), **asdict(event)}


def from_json(value: Any) -> Event:
    """The event that `as_json` wrote.

    Raises:
        ValueError: it is none.
    """
    try:
        fields = dict(value)
        return _KINDS[fields.pop("kind")](**fields)
    except (TypeError, KeyError) as error:
        raise ValueError(f"{value!r} is no event.") from error


@lru_cache(maxsize=1)
def get_announcer(settings: Settings | None = None) -> Announcer:
    """Redis where TONGSHI_REDIS_URL is set, else the desk of this machine."""
    settings = settings or get_settings()
    if settings.redis_url:
        return RedisAnnouncer(settings.redis_url)
    return HttpAnnouncer(f"http://127.0.0.1:{settings.web_port}", settings.secret("live"))

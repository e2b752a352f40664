"""What is said to customers is brought to the platform they write from: kept until it has arrived, in order, tried again, reported."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import httpx
import structlog

from tongshi import clock
from tongshi.channels.database import log_failure
from tongshi.errors import TongshiError
from tongshi.storage.models import Message
from tongshi.storage.outbox import Claim, OutboxStore

GIVE_UP_AFTER = timedelta(days=1)
LEASE = timedelta(seconds=60)
"""For how long a message belongs to who sends it; several calls' time, since a call ends within `CALL_TIMEOUT`."""

CALL_TIMEOUT = 15.0
_LOOK = 1.0
_AT_ONCE = 8
_LONGEST_PAUSE = 600.0
_LONGEST_WAIT = 3600.0
"""Seconds that a platform is left alone, whatever it asks for; it may ask again."""

# Its lines name the address of each call, and addresses of platforms hold tokens.
logging.getLogger("httpx").setLevel(logging.WARNING)

log = structlog.get_logger()


class Postponed(Exception):
    """The platform did not take a message now and may take it later.

    Attributes:
        after: seconds that the platform asks to wait, where it does.
        uncertain: whether the message may have arrived all the same.
        everything: whether all calls of the channel must wait.
    """

    def __init__(self, reason: str, *, after: float | None = None, uncertain: bool = False, everything: bool = False) -> None:
        super().__init__(reason)
        self.after = after
        self.uncertain = uncertain
        self.everything = everything


class Undeliverable(Exception):
    """The platform will never take this message: the customer has blocked us, or is gone."""


class Platform(Protocol):
    """How messages are sent on a platform."""

    def parts(self, message: Message) -> list[Any]:
        """A message as the calls that bring it, in order; the same for the same message."""

    async def send(self, address: dict[str, Any], part: Any, name: str, *, uncertain: bool) -> None:
        """Make one call.

        Args:
            address: as the channel noted it with the customer's message.
            part: one of `parts`.
            name: of the part, the same in every try.
            uncertain: whether an earlier try may have arrived; where the platform can tell, it is asked first.

        Raises:
            Postponed: not now.
            Undeliverable: never.
        """

    async def close(self) -> None:
        """Give back connections."""


class FilesPlatform(Platform, Protocol):
    """A platform on which customers send files."""

    async def file(self, source: str) -> bytes:
        """A file that a customer sent.

        Args:
            source: as `Media` has it.

        Raises:
            NotFetched: it is too large, or the platform does not give it.
        """


class Postman:
    """Empties one channel's outbox.

    Args:
        channel: its name.
        platform: how to send.
        outbox: what waits.
        now: the clock.
    """

    def __init__(self, channel: str, platform: Platform, outbox: OutboxStore, now: Callable[[], datetime] = clock.now) -> None:
        self._channel = channel
        self._platform = platform
        self._outbox = outbox
        self._now = now
        self._wakened = asyncio.Event()
        self._paused_until = datetime.min.replace(tzinfo=UTC)

    def wake(self) -> None:
        """Look into the outbox at once."""
        self._wakened.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            self._wakened.clear()
            try:
                busy = await self.round()
            except TongshiError as error:
                log_failure(error)
                busy = False
            except Exception:
                # Nobody waits for this task; the log is where it is heard of, and what waits is tried again.
                log.exception("channel.delivery_failed", channel=self._channel)
                busy = False
            if not busy:
                await self._rest()

    async def _rest(self) -> None:
        # Not `wait_for`, which in Python 3.11 may lose a cancellation that comes together with the event.
        try:
            async with asyncio.timeout(_LOOK):
                await self._wakened.wait()
        except TimeoutError:
            pass

    async def round(self) -> bool:
        """Send what is due, one message of each conversation; says whether there was any."""
        now = self._now()
        if now < self._paused_until:
            return False
        claims = await asyncio.to_thread(self._outbox.claim, self._channel, now, LEASE, _AT_ONCE)
        await asyncio.gather(*map(self._deliver, claims))
        return bool(claims)

    async def send_unkept(self, address: dict[str, Any], message: Message) -> None:
        """Send what no database holds, once."""
        try:
            for number, part in enumerate(self._platform.parts(message)):
                await self._platform.send(address, part, f"unkept-{number}", uncertain=False)
        except (Postponed, Undeliverable) as error:
            log.error("channel.not_delivered", channel=self._channel, sender=message.sender, error=str(error))
        except Exception:
            log.exception("channel.not_delivered", channel=self._channel, sender=message.sender)

    async def _deliver(self, claim: Claim) -> None:
        outgoing = claim.outgoing
        if self._now() - outgoing.created_at > GIVE_UP_AFTER:
            return await self._give_up(claim, outgoing.error or "nobody sent it for a day")
        try:
            await self._send(claim)
        except Postponed as error:
            await self._postpone(claim, error)
        except Undeliverable as error:
            await self._give_up(claim, str(error))
        except TongshiError:
            raise
        except Exception as error:
            log.exception("channel.delivery_failed", channel=self._channel, sender=outgoing.sender)
            await self._postpone(claim, Postponed(repr(error), uncertain=True))

    async def _send(self, claim: Claim) -> None:
        outgoing, uncertain = claim.outgoing, claim.uncertain
        if outgoing.address is None:
            raise Undeliverable("the customer never wrote from anywhere")
        parts = self._platform.parts(outgoing.message)
        for number in range(outgoing.parts_sent, len(parts)):
            await self._platform.send(outgoing.address, parts[number], f"{outgoing.message_id}-{number}", uncertain=uncertain)
            uncertain = False
            await asyncio.to_thread(self._outbox.part_sent, outgoing.outgoing_id, number + 1, self._now() + LEASE)
        await asyncio.to_thread(self._outbox.sent, outgoing.outgoing_id, self._now())

    async def _postpone(self, claim: Claim, error: Postponed) -> None:
        outgoing = claim.outgoing
        pause = error.after if error.after is not None else _pause(outgoing.attempts)
        due = self._now() + timedelta(seconds=pause)
        if error.everything:
            self._paused_until = due
        uncertain = error.uncertain
        await asyncio.to_thread(self._outbox.postpone, outgoing.outgoing_id, due, str(error), uncertain=uncertain)
        log.warning(
            "channel.postponed", channel=self._channel, sender=outgoing.sender, error=str(error), seconds=round(pause, 1),
            tries=outgoing.attempts + 1,
        )  # fmt: skip

    async def _give_up(self, claim: Claim, reason: str) -> None:
        outgoing = claim.outgoing
        await asyncio.to_thread(self._outbox.give_up, outgoing.outgoing_id, self._now(), reason)
        log.error(
            "channel.given_up", channel=self._channel, sender=outgoing.sender, message=outgoing.message_id, error=reason,
            hint="the customer has not read it; see `tongshi status`",
        )  # fmt: skip


def _pause(attempts: int) -> float:
    """Seconds until the next try: 1, 2, 4 … up to ten minutes, each a little off, so that not all come at once."""
    return min(2.0 ** min(attempts, 16), _LONGEST_PAUSE) * random.uniform(0.75, 1.25)


def wait_of(headers: Any) -> float | None:
    """Seconds that a `Retry-After` header asks for, given in seconds or as a date."""
    value = headers.get("Retry-After", "").strip()
    if (wait := seconds_of(value)) is not None:
        return wait
    try:
        return seconds_of(max(0.0, (parsedate_to_datetime(value) - clock.now()).total_seconds()))
    except (TypeError, ValueError, OverflowError):
        return None


def seconds_of(value: object) -> float | None:
    """Seconds to wait as a platform writes them, an hour at the most; None where that is no number that can be meant."""
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return min(seconds, _LONGEST_WAIT) if seconds >= 0 else None


def body_of(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object that a platform has answered with; empty where it is none."""
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


async def post(
    client: httpx.AsyncClient, path: str, *, wait: Callable[[httpx.Response], float | None] = lambda _: None, **content: Any
) -> httpx.Response:
    """Call a platform.

    Args:
        wait: reads from a 429 how long to wait, where it does not stand in `Retry-After`.
        content: `json`, `data`, `params` … as httpx takes them.

    Returns:
        The response, below 500 and no 429.

    Raises:
        Postponed: the platform did not answer, is in trouble, or asks to wait.
    """
    try:
        response = await client.post(path, **content)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise Postponed(f"no connection: {error or type(error).__name__}") from error
    except httpx.HTTPError as error:
        raise Postponed(f"no answer: {error or type(error).__name__}", uncertain=True) from error
    if response.status_code == 429:
        raise Postponed("too many calls", after=wait(response) or wait_of(response.headers), everything=True)
    if response.status_code >= 500:
        raise Postponed(f"the platform answered {response.status_code}", uncertain=True)
    return response

"""How often somebody may do something."""

from __future__ import annotations

import asyncio
import time

import structlog
from limits import RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

_PATIENCE = 0.5
_PAUSE = 10.0

log = structlog.get_logger()


class RateLimit:
    """At most `most` events a key in `seconds`, counted over a moving window.

    A Redis that does not answer is left alone for a while, in which this process counts for itself.

    Args:
        name: sets its counts apart from those of other limits.
        redis_url: where processes count together; empty: each process counts for itself.
    """

    def __init__(self, most: int, seconds: int, name: str = "", redis_url: str = "") -> None:
        self._item = RateLimitItemPerSecond(most, seconds, namespace=f"tongshi {name}")
        self._own = MovingWindowRateLimiter(storage_from_string("memory://"))
        self._shared = _over_redis(redis_url) if redis_url else None
        self._quiet_until = 0.0

    async def count(self, key: str) -> float:
        """As `wait`; beside the event loop where Redis is asked."""
        return await asyncio.to_thread(self.wait, key) if self._shared else self.wait(key)

    def wait(self, key: str) -> float:
        """Count an event; seconds until the next is allowed, 0 where this one is."""
        if self._shared and time.monotonic() >= self._quiet_until:
            try:
                return self._wait(self._shared, key)
            except StorageError as error:
                self._quiet_until = time.monotonic() + _PAUSE
                log.error("rates.counted_alone", error=str(error), hint="is Redis running? see TONGSHI_REDIS_URL")
        return self._wait(self._own, key)

    def _wait(self, limiter: MovingWindowRateLimiter, key: str) -> float:
        if limiter.hit(self._item, key):
            return 0.0
        return max(limiter.get_window_stats(self._item, key).reset_time - time.time(), 0.1)


def _over_redis(url: str) -> MovingWindowRateLimiter:
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    patience = {"socket_timeout": _PATIENCE, "socket_connect_timeout": _PATIENCE, "retry": Retry(NoBackoff(), 0)}
    return MovingWindowRateLimiter(storage_from_string(url, wrap_exceptions=True, **patience))

"""How often somebody may do something."""

from __future__ import annotations

import time

import structlog
from limits import RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

log = structlog.get_logger()


class RateLimit:
    """At most `most` events a key in `seconds`, counted over a moving window.

    Args:
        name: sets its counts apart from those of other limits.
        redis_url: where processes count together; empty: each process counts for itself.
    """

    def __init__(self, most: int, seconds: int, name: str = "", redis_url: str = "") -> None:
        self._item = RateLimitItemPerSecond(most, seconds, namespace=f"tongshi {name}")
        self._limiter = MovingWindowRateLimiter(storage_from_string(redis_url or "memory://", wrap_exceptions=True))

    def wait(self, key: str) -> float:
        """Count an event; seconds until the next is allowed, 0 where this one is."""
        try:
            if self._limiter.hit(self._item, key):
                return 0.0
            return max(self._limiter.get_window_stats(self._item, key).reset_time - time.time(), 0.1)
        except StorageError as error:
            log.error("rates.uncounted", error=str(error), hint="is Redis running? see TONGSHI_REDIS_URL")
            return 0.0

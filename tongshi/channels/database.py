"""What channels do with a database that does not answer: the log tells it, and they go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import structlog

from tongshi.errors import TongshiError

log = structlog.get_logger()


def log_failure(error: TongshiError) -> None:
    """Tell who runs the system that the database does not answer."""
    log.error("channel.database", error=str(error), hint="check the disk and TONGSHI_DATABASE_URL")


async def in_database(work: Callable[..., Any], *arguments: Any) -> Any:
    """What a store's method gives, in a thread of its own; None where the database does not answer."""
    try:
        return await asyncio.to_thread(work, *arguments)
    except TongshiError as error:
        log_failure(error)
        return None

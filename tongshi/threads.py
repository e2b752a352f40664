"""Threads of their own for what takes the processor for long, or waits for a language model.

asyncio's own threads are few, and every call of the database goes through them: whoever waits for an engine there holds up all channels.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any, Literal, TypeVar

from tongshi.errors import Unavailable

Engine = Literal["hearing", "speaking", "reading", "answering"]
"""Speech to text, text to speech, text in photos, answers to questions."""

T = TypeVar("T")

_AT_ONCE: dict[Engine, int] = {"hearing": 2, "speaking": 2, "reading": 2, "answering": 40}
"""Threads of each; what comes on top waits for one. Whoever answers mostly waits for the language model, whose server takes 32 requests: a few more, so
that a quotation need not wait behind them."""

_PATIENCE: dict[Engine, float] = {"hearing": 180.0}
"""Seconds after which nobody waits any more; two minutes of speech, the most that is listened to, take about one. The others' work is bounded by
its own deadlines, or comes in small pieces."""


async def beside(engine: Engine, work: Callable[..., T], *arguments: Any, **named: Any) -> T:
    """Do an engine's work beside the event loop, as `asyncio.to_thread` does other work.

    Raises:
        Unavailable: it takes too long; what has begun goes on in its thread.
    """
    begun = asyncio.get_running_loop().run_in_executor(_threads(engine), partial(work, *arguments, **named))
    patience = _PATIENCE.get(engine)
    try:
        async with asyncio.timeout(patience) as limit:
            return await begun
    except TimeoutError as error:
        if not limit.expired():
            raise  # the work's own
        raise Unavailable(f"{engine} took longer than {patience:.0f} seconds") from error


@cache
def _threads(engine: Engine) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_AT_ONCE[engine], engine)

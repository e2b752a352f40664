"""WebSockets of Sanic 21.12 on Python 3.11, where `asyncio.wait` takes no coroutine any more, of which Sanic's `recv` gives it one."""

from __future__ import annotations

import asyncio
from functools import wraps

from sanic.server.websockets.frame import WebsocketFrameAssembler


def mend() -> None:
    """Have the assembler give tasks, which can be awaited as well as waited for; a second call changes nothing."""
    get = WebsocketFrameAssembler.get
    if not asyncio.iscoroutinefunction(get):
        return

    @wraps(get)
    def as_task(self: WebsocketFrameAssembler, timeout: float | None = None) -> asyncio.Task:
        return asyncio.ensure_future(get(self, timeout))

    WebsocketFrameAssembler.get = as_task

"""A client of any server that speaks OpenAI's chat completions: ours on llama.cpp, vLLM, Ollama, or a hosted one."""

from __future__ import annotations

import asyncio
import json
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import httpx

from tongshi.errors import Unavailable

IDLE = 2.0
"""Seconds for which an idle connection is kept: llama.cpp closes one after five, and a request sent just then would be lost."""

_LOOK = 0.1
"""Seconds between two looks at whether the reply is still wanted."""

_GRACE = 1.0
"""Seconds after the deadline within which the event loop must have said that it has passed."""

_TOLD = 300
"""Characters that are shown of what a server says of an error."""

_making = threading.Lock()


class Cancelled(Unavailable):
    """Nobody waits for the reply any more."""


class Cut(Unavailable):
    """The reply was not at its end when it had as many tokens as it may have, or as the model has room for."""


def read_reply(pieces: Iterable[str]) -> tuple[str, bool]:
    """A reply, for who can use one that was cut as well.

    Args:
        pieces: of the reply, see `ChatClient.stream`.

    Returns:
        What came, and whether it is whole rather than cut.

    Raises:
        Unavailable: as `ChatClient.stream`, but not where the reply was cut.
    """
    came = []
    try:
        for piece in pieces:
            came.append(piece)
    except Cut:
        return "".join(came), False
    return "".join(came), True


class ChatClient:
    """Streams replies of a language model.

    Requests run on an event loop of their own, so that one can be broken off at any moment: while it is connecting, while the server
    reads the prompt, or between two words.

    Args:
        url: base address, e.g. ``http://127.0.0.1:5056/v1``.
        model: name that the server knows it by.
        key: bearer token, if the server wants one.
        wishes: more fields of each request, for a server that knows them.

    Attributes:
        before: called before each request, e.g. to start the server.
    """

    def __init__(self, url: str, model: str, key: str = "", wishes: Mapping[str, Any] | None = None) -> None:
        self._url = url
        self._model = model
        self._wishes = dict(wishes or {})
        self.before: Callable[[], None] = lambda: None
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        limits = httpx.Limits(keepalive_expiry=IDLE)
        self._http = httpx.AsyncClient(headers=headers, timeout=httpx.Timeout(5, read=None), limits=limits)

    def stream(
        self,
        messages: Sequence[dict[str, str]],
        *,
        deadline: float,
        most_tokens: int = 160,
        gone: threading.Event | None = None,
        form: Mapping[str, Any] | None = None,
    ) -> Iterator[str]:
        """Pieces of the reply as they come. Closing the iterator early cancels the reply at the server.

        Args:
            messages: `{"role", "content"}` in order.
            deadline: `time.monotonic()` at which the last piece must have come.
            most_tokens: where the reply is cut.
            gone: set once nobody waits for the reply any more; the server is told within a tenth of a second.
            form: a JSON schema that the reply is to keep to; not every server sees to it.

        Raises:
            Cancelled: `gone` was set.
            Cut: the reply was longer than `most_tokens`; the pieces before it are what there is of it, see `read_reply`.
            Unavailable: the server does not answer, refuses, breaks off, or is not done by the deadline.
        """
        self.before()
        if deadline <= time.monotonic():
            raise Unavailable("No time is left to ask the language model.")
        body = {
            "model": self._model,
            "messages": list(messages),
            "max_tokens": most_tokens,
            "temperature": 0,
            "stream": True,
            **self._wishes,
        }
        if form is not None:
            body["response_format"] = {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": form}}
        came: queue.Queue[str | Unavailable | None] = queue.Queue()
        request = asyncio.run_coroutine_threadsafe(self._read(body, deadline, came), _loop())
        try:
            while (piece := self._next(came, deadline, gone)) is not None:
                if isinstance(piece, Unavailable):
                    raise piece
                yield piece
        finally:
            request.cancel()

    @staticmethod
    def _next(
        came: queue.Queue[str | Unavailable | None], deadline: float, gone: threading.Event | None
    ) -> str | Unavailable | None:
        """The next piece, None after the last."""
        while True:
            if gone is not None and gone.is_set():
                raise Cancelled("Nobody waits for the reply any more.")
            try:
                return came.get(timeout=_LOOK)
            except queue.Empty:
                # The event loop says so itself, unless it is gone: its thread does not live on in a process that was forked.
                if time.monotonic() > deadline + _GRACE:
                    raise Unavailable("The language model was not done in time.") from None

    async def _read(self, body: dict[str, Any], deadline: float, came: queue.Queue[str | Unavailable | None]) -> None:
        """Put pieces into a queue, then None; or what went wrong."""
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                await self._request(body, came)
        except TimeoutError:
            came.put(Unavailable("The language model was not done in time."))
        except Unavailable as error:
            came.put(error)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            came.put(Unavailable(f"The language model at {self._url} did not answer: {error or type(error).__name__}"))
        except Exception as error:  # whatever it is, who waits must hear of it
            came.put(Unavailable(f"The language model at {self._url} cannot be understood: {type(error).__name__}: {error}"))

    async def _request(self, body: dict[str, Any], came: queue.Queue[str | Unavailable | None]) -> None:
        async with self._http.stream("POST", f"{self._url}/chat/completions", json=body) as response:
            if not response.is_success:
                told = await _beginning(response)
                raise Unavailable(f"The language model at {self._url} refused with status {response.status_code}: {told}")
            finish = None
            async for line in response.aiter_lines():
                # The space after the colon may be left out.
                field, _, data = line.partition(":")
                if field != "data":
                    continue
                if data.strip() == "[DONE]":
                    return came.put(self._ended(finish))
                event = json.loads(data)
                if error := event.get("error"):
                    told = error.get("message") if isinstance(error, dict) else None
                    raise Unavailable(f"The language model at {self._url} failed: {_shown(str(told or error))}")
                choice = (event.get("choices") or [{}])[0]
                finish = choice.get("finish_reason") or finish
                piece = (choice.get("delta") or {}).get("content") or ""
                if not isinstance(piece, str):
                    raise TypeError(f"a piece of the reply is no text: {_shown(str(piece))}")
                if piece:
                    came.put(piece)
        # Not every server breaks off with an error: what ends without the last line is half a reply.
        raise Unavailable(f"The language model at {self._url} broke off in the middle of its reply.")

    def _ended(self, finish: str | None) -> Unavailable | None:
        """What is wrong with a reply that ended for such a reason, None where it is whole."""
        if finish == "length":
            return Cut(f"The reply of the language model at {self._url} was cut: it is longer than it may be.")
        if finish == "content_filter":
            return Unavailable(
                f"The language model at {self._url} broke off in the middle of its reply: a filter held the rest back."
            )
        return None

    def is_up(self) -> bool:
        """Whether the server answers."""
        try:
            return httpx.get(f"{self._url}/models", headers=self._http.headers, timeout=2).is_success
        except (httpx.HTTPError, httpx.InvalidURL):
            return False


async def _beginning(response: httpx.Response) -> str:
    """What a server says of an error, as much as is shown."""
    told = ""
    async for part in response.aiter_text():
        told += part
        if len(told) >= _TOLD:
            break
    return _shown(told)


def _shown(told: str) -> str:
    return " ".join(told.split())[:_TOLD]


def _loop() -> asyncio.AbstractEventLoop:
    """The event loop of all requests."""
    with _making:
        return _made_loop()


@cache
def _made_loop() -> asyncio.AbstractEventLoop:
    """An event loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="language model", daemon=True).start()
    return loop

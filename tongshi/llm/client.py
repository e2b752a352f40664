"""A client of any server that speaks OpenAI's chat completions: ours on llama.cpp, vLLM, Ollama, or a hosted one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence

import httpx

from tongshi.errors import Unavailable


class ChatClient:
    """Streams replies of a language model.

    Args:
        url: base address, e.g. ``http://127.0.0.1:5056/v1``.
        model: name that the server knows it by.
        key: bearer token, if the server wants one.

    Attributes:
        before: called before each request, e.g. to start the server.
    """

    def __init__(self, url: str, model: str, key: str = "") -> None:
        self._url = url
        self._model = model
        self.before: Callable[[], None] = lambda: None
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(headers=headers, timeout=httpx.Timeout(5, read=None))

    def stream(self, messages: Sequence[dict[str, str]], *, deadline: float, most_tokens: int = 160) -> Iterator[str]:
        """Pieces of the reply as they come. Closing the iterator early cancels the reply at the server.

        Args:
            messages: `{"role", "content"}` in order.
            deadline: `time.monotonic()` at which the last piece must have come.
            most_tokens: where the reply is cut.

        Raises:
            Unavailable: the server does not answer, refuses, breaks off, or is not done by the deadline.
        """
        body = {
            "model": self._model,
            "messages": list(messages),
            "max_tokens": most_tokens,
            "temperature": 0,
            "stream": True,
            "cache_prompt": True,
        }
        self.before()
        left = deadline - time.monotonic()
        if left <= 0:
            raise Unavailable("No time is left to ask the language model.")
        try:
            with self._http.stream(
                "POST", f"{self._url}/chat/completions", json=body, timeout=httpx.Timeout(min(5, left), read=left)
            ) as response:
                response.raise_for_status()
                for line in response.iter_lines():
                    if time.monotonic() > deadline:
                        raise Unavailable("The language model was not done in time.")
                    if line == "data: [DONE]":
                        return
                    if not line.startswith("data: "):
                        continue
                    choices = json.loads(line[6:]).get("choices") or [{}]
                    if piece := (choices[0].get("delta") or {}).get("content"):
                        yield piece
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(f"The language model at {self._url} did not answer: {error or type(error).__name__}") from error
        # Not every server breaks off with an error: what ends without the last line is half a reply.
        raise Unavailable(f"The language model at {self._url} broke off in the middle of its reply.")

    def is_up(self) -> bool:
        """Whether the server answers."""
        try:
            return self._http.get(f"{self._url}/models", timeout=2).is_success
        except httpx.HTTPError:
            return False

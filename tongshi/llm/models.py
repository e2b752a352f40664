"""The language model of the settings, whatever runs it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from tongshi.llm.client import ChatClient
from tongshi.settings import Settings

IN_PROCESS = "transformers"
"""`TONGSHI_LLM_URL` for a model in this process."""


class LanguageModel(Protocol):
    """Streams replies; see `ChatClient`.

    Attributes:
        before: called before each request, e.g. to start a server.
    """

    before: Callable[[], None]

    def stream(
        self, messages: Sequence[dict[str, str]], *, deadline: float, most_tokens: int = ..., gone: threading.Event | None = None
    ) -> Iterator[str]: ...

    def is_up(self) -> bool: ...


def make_model(settings: Settings) -> LanguageModel:
    """A client of the server that the settings name, ours by default; with `TONGSHI_LLM_URL=transformers`, the model itself."""
    if settings.llm_url == IN_PROCESS:
        from tongshi.llm.in_process import make_in_process_model

        return make_in_process_model(settings)
    return ChatClient(settings.llm_address, settings.llm, settings.llm_key)

"""The language model of the settings, whatever runs it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from tongshi.llm.client import ChatClient
from tongshi.llm.server import WITHOUT_ADAPTER, installed_adapter, wishes_to_answer
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
        self,
        messages: Sequence[dict[str, str]],
        *,
        deadline: float,
        most_tokens: int = ...,
        gone: threading.Event | None = None,
        form: Mapping[str, Any] | None = None,
    ) -> Iterator[str]: ...

    def is_up(self) -> bool: ...


def make_doubter(settings: Settings) -> LanguageModel | None:
    """Our server's model as it is asked about passages that search is not sure of; None where no adapter was trained to tell, or elsewhere."""
    adapter = None if settings.llm_url else installed_adapter(settings)
    if adapter is None:
        return None
    return ChatClient(settings.llm_address, settings.llm, settings.llm_key, wishes_to_answer(adapter, in_doubt=True))


def make_model(settings: Settings, to_answer: bool = False) -> LanguageModel:
    """A client of the server that the settings name, ours by default; with `TONGSHI_LLM_URL=transformers`, the model itself.

    Args:
        to_answer: from passages, the one job that our adapter was trained for. For any other the model is asked without it.
    """
    if settings.llm_url == IN_PROCESS:
        from tongshi.llm.in_process import make_in_process_model

        return make_in_process_model(settings)
    adapter = None if settings.llm_url else installed_adapter(settings)
    wishes = (wishes_to_answer(adapter) if to_answer else WITHOUT_ADAPTER) if adapter else None
    return ChatClient(settings.llm_address, settings.llm, settings.llm_key, wishes)

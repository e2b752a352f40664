"""The language model in this process, by transformers: for development, where a model is to be tried that no server serves.

The same interface as `client.ChatClient`. Each process that asks has weights of its own, one reply is written at a time, and on a processor
it is several times slower than llama.cpp.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from gguf import GGUFReader
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    StoppingCriteria,
    StoppingCriteriaList,
    TextIteratorStreamer,
)

from tongshi.errors import Unavailable
from tongshi.language.e5 import has_bfloat16
from tongshi.llm.client import Cancelled, Cut
from tongshi.settings import Settings
from tongshi.weights import manifest, path_of

_LOOK = 0.1
"""Seconds between two looks at whether the reply is still wanted."""


def load_tokenizer(model: str, settings: Settings) -> PreTrainedTokenizerBase:
    """The tokenizer of a model, see `load_model`."""
    if model in manifest():
        path = path_of(model, settings)
        return AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    return AutoTokenizer.from_pretrained(model)


def load_model(model: str, settings: Settings) -> PreTrainedModel:
    """The weights of a model, in bfloat16 where the machine computes in it.

    Args:
        model: an entry of the manifest, whose file has been fetched and is dequantised, or a name on the model hub.
    """
    kind = torch.bfloat16 if computes_in_bfloat16() else torch.float32
    if model not in manifest():
        return AutoModelForCausalLM.from_pretrained(model, dtype=kind)
    path = path_of(model, settings)
    base = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    if not any(tensor.name == "output.weight" for tensor in GGUFReader(path).tensors):
        # The file has no output layer of its own: it is the embedding's.
        base.lm_head.weight = base.get_input_embeddings().weight
        base.config.tie_word_embeddings = True
    return base.to(kind)


def computes_in_bfloat16() -> bool:
    """Whether this machine has instructions for it."""
    return torch.cuda.is_bf16_supported() if torch.cuda.is_available() else has_bfloat16()


class InProcessModel:
    """Writes replies in this process. May be asked by several threads, which wait for one another.

    Args:
        load: makes tokenizer and model, at the first question.

    Attributes:
        before: as `ChatClient.before`; there is nothing to be started.
    """

    def __init__(self, load: Callable[[], tuple[PreTrainedTokenizerBase, PreTrainedModel]]) -> None:
        self._load = load
        self._loaded: tuple[PreTrainedTokenizerBase, PreTrainedModel] | None = None
        self._lock = threading.Lock()
        self.before: Callable[[], None] = lambda: None

    def is_up(self) -> bool:
        return True

    def stream(
        self,
        messages: Sequence[dict[str, str]],
        *,
        deadline: float,
        most_tokens: int = 160,
        gone: threading.Event | None = None,
        form: Mapping[str, Any] | None = None,
    ) -> Iterator[str]:
        """As `ChatClient.stream`, but nothing holds the model to the `form`.

        Raises:
            Cancelled: `gone` was set.
            Cut: the reply was longer than `most_tokens`.
            Unavailable: the model is not done by the deadline, or fails.
        """
        self._wait(deadline, gone)
        over = threading.Event()
        came: queue.Queue[str | Exception | None] = queue.Queue()
        # The thread gives the lock back once the model has really stopped.
        threading.Thread(target=self._write, args=(list(messages), most_tokens, came, over), daemon=True).start()
        try:
            while (piece := _next(came, deadline, gone)) is not None:
                yield piece
        finally:
            over.set()

    def _wait(self, deadline: float, gone: threading.Event | None) -> None:
        """Take the lock."""
        while (left := deadline - time.monotonic()) > 0:
            if gone is not None and gone.is_set():
                raise Cancelled("Nobody waits for the reply any more.")
            if self._lock.acquire(timeout=min(left, _LOOK)):
                return
        raise Unavailable("No time is left to ask the language model.")

    def _write(self, messages: list[dict[str, str]], most_tokens: int, came: queue.Queue, over: threading.Event) -> None:
        try:
            self._loaded = self._loaded or self._load()
            tokenizer, model = self._loaded
            asked = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
            prompt = tokenizer(asked, add_special_tokens=False, return_tensors="pt").to(model.device)
            written = model.generate(
                **prompt,
                max_new_tokens=most_tokens,
                do_sample=False,
                streamer=_Pieces(tokenizer, came),
                stopping_criteria=StoppingCriteriaList([_Stop(over)]),
            )[0, prompt["input_ids"].shape[1] :]
            if len(written) == most_tokens and int(written[-1]) not in _ends(model):
                came.put(Cut("The language model's reply was cut: it is longer than it may be."))
        except Exception as error:  # whatever it is, who waits must hear of it
            came.put(error)
        finally:
            self._lock.release()
            came.put(None)


def _ends(model: PreTrainedModel) -> list[int]:
    """The tokens with which a model ends its reply."""
    ends = model.generation_config.eos_token_id
    return [] if ends is None else ends if isinstance(ends, list) else [ends]


class _Pieces(TextIteratorStreamer):
    """Puts the reply's words into a queue."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, came: queue.Queue) -> None:
        super().__init__(tokenizer, skip_prompt=True, skip_special_tokens=True)
        self._came = came

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        if text:
            self._came.put(text)


class _Stop(StoppingCriteria):
    """Ends the reply after the word at which nobody waits for it any more."""

    def __init__(self, over: threading.Event) -> None:
        self._over = over

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        return torch.full((input_ids.shape[0],), self._over.is_set(), device=input_ids.device)


def _next(came: queue.Queue, deadline: float, gone: threading.Event | None) -> str | None:
    """The next piece, None after the last."""
    while True:
        if gone is not None and gone.is_set():
            raise Cancelled("Nobody waits for the reply any more.")
        if time.monotonic() >= deadline:
            raise Unavailable("The language model was not done in time.")
        try:
            piece = came.get(timeout=_LOOK)
        except queue.Empty:
            continue
        if isinstance(piece, Cut):
            raise piece
        if isinstance(piece, Exception):
            raise Unavailable(f"The language model failed: {piece or type(piece).__name__}") from piece
        return piece


def make_in_process_model(settings: Settings) -> InProcessModel:
    """The settings' model, loaded at the first question."""
    if settings.llm_threads:
        torch.set_num_threads(settings.llm_threads)
    return InProcessModel(lambda: (load_tokenizer(settings.llm, settings), load_model(settings.llm, settings).eval()))

"""The language model as a process of its own: llama.cpp, OpenAI-shaped, on loopback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from tongshi import weights
from tongshi.errors import TongshiError
from tongshi.llm.prompting import NO
from tongshi.settings import ROOT, Settings

if TYPE_CHECKING:
    from tongshi.llm.models import LanguageModel

CONTEXT = 2048
"""Tokens a customer's request may take; a prompt with two passages takes about 600."""

PARALLEL = 2
"""Requests that are worked on at once, by continuous batching."""

CONNECTIONS = 32
"""Requests that may wait for their turn. Each holds a thread that does nothing else; with the six that llama.cpp takes by itself, whoever asks
whether the server is up would wait with them."""

KEPT_PROMPTS = 512
"""MiB of prompts kept besides those being worked on, so that each language's orders are read once: 28 KiB a token of the 1.5B model."""


UNKNOWN_BIAS = "tongshi.unknown_bias"
"""Name, in an adapter's file, of what is added to the logit of `prompting.NO`."""

BASE = "tongshi.base_sha256"
"""Name, in an adapter's file, of the sha256 of the model's file that it was made for."""

log = structlog.get_logger()


def adapter_path(settings: Settings) -> Path:
    """Where the LoRA adapter of the settings' model lies, once one is installed."""
    return settings.models / "adapters" / "llm" / f"{settings.llm}.gguf"


def installed_adapter(settings: Settings) -> Path | None:
    """The LoRA adapter that belongs to the settings' model, if one is installed; one of another model is passed over with a warning."""
    path = adapter_path(settings)
    if not path.exists():
        return None
    if not is_made_for(path, settings.llm):
        hint = "the model is used without it; train one for it, or set TONGSHI_LLM to its model"
        log.warning("llm.adapter_of_another_model", adapter=str(path), model=settings.llm, hint=hint)
        return None
    return path


def is_made_for(adapter: Path, model: str) -> bool:
    """Whether an adapter was made for the file that the manifest names for a model; True where it does not tell."""
    wanted, entry = _field(adapter, BASE), weights.manifest().get(model)
    return not wanted or entry is None or entry.sha256 == wanted


DOUBT = 0.3
"""What is added to the logit of `prompting.NO` where search is not sure of a passage, so that the model must be: see docs/answers.md."""


def wishes_to_answer(adapter: Path, *, in_doubt: bool = False) -> dict[str, Any]:
    """What a request for an answer asks of our server besides: how much less readily than its likeliest word the model is to say that it does
    not know. "I don't know" is one word, an answer begins with one of many, so by itself each would lose to it; see `evaluation.abstention`.

    Args:
        in_doubt: it is to say so more readily rather, as `DOUBT` has it.
    """
    bias = DOUBT if in_doubt else _field(adapter, UNKNOWN_BIAS)
    return {} if bias is None else {"logit_bias": [[NO, float(bias)]]}


def _field(adapter: Path, name: str) -> Any:
    """What an adapter's file says under a name; None where it says nothing."""
    from gguf import GGUFReader

    field = GGUFReader(adapter).get_field(name)
    return field.contents() if field else None


WITHOUT_ADAPTER = {"lora": [{"id": 0, "scale": 0.0}]}
"""What a request asks of our server that wants the model as it is without the adapter."""


def serve(settings: Settings, adapter: Path | None = None) -> None:
    """Load the model and answer on `settings.llm_port` until the process is told to stop.

    Args:
        adapter: laid over the model; none by default.

    Raises:
        TongshiError: the model file is missing or damaged, or the adapter was made for another.
    """
    import xllamacpp

    if adapter and not is_made_for(adapter, settings.llm):
        raise TongshiError(
            f"{adapter} was made for another model than {settings.llm}. Set TONGSHI_LLM to its model, or leave it out."
        )

    params = xllamacpp.CommonParams()
    params.model.path = str(weights.path_of(settings.llm, settings))
    params.model_alias = {settings.llm}
    if adapter:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(adapter))]
    params.hostnames = ["127.0.0.1"]
    params.port = settings.llm_port
    params.n_ctx = CONTEXT * PARALLEL
    params.n_parallel = PARALLEL
    params.n_threads_http = CONNECTIONS
    params.cont_batching = True
    params.cache_prompt = True
    params.cache_ram_mib = KEPT_PROMPTS
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings.llm_threads or os.cpu_count() or 2
    params.verbosity = -1
    params.warmup = True
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server = xllamacpp.Server(params)
    with_adapter = f" with {adapter.name}" if adapter else ""
    print(f"language model {settings.llm}{with_adapter} at {server.listening_address}", flush=True)
    stop.wait()
    # llama.cpp's threads do not end by themselves.
    os._exit(0)


@contextmanager
def language_model(settings: Settings, *models: LanguageModel, at_once: bool = False) -> Iterator[None]:
    """Until the block ends, models that ask our server start one at the first need of it, if none runs.

    Args:
        at_once: start it now, so that no answer's time goes into loading it.
    """
    processes: list[subprocess.Popen] = []

    def start() -> None:
        if settings.llm_url or models[0].is_up() or processes:
            return
        command = [sys.executable, "-m", "tongshi.cli", "llm", "serve"]
        processes.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        while processes[0].poll() is None and not models[0].is_up():
            time.sleep(0.2)

    for model in models:
        model.before = start
    try:
        if at_once:
            start()
        yield
    finally:
        for process in processes:
            process.terminate()
            process.wait()
